"""Announcements and shared desks."""

from dataclasses import asdict
from datetime import datetime, time, timedelta
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.core.clock import at_shanghai
from yitong.domains.access.contracts import RegisterTerminal
from yitong.domains.hospitals.contracts.writes import GuideFacts, PublishAnnouncement, SetFirstVisitGuide, seen_of
from yitong.faces.common.texts import Lines, Text
from yitong.faces.desk.forms import Day, Key, Seen


class Publish(Key):
    title = Text(
        label=_("标题"), max_length=120, error_messages={"required": _("请填标题"), "max_length": _("标题太长了")}
    )
    body = Lines(
        label=_("内容"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("请填内容"), "max_length": _("内容太长了")},
    )
    until = Day(label=_("显示到哪天"), required=False, help_text=_("不填就一直显示，直到撤下"))

    def to_command(self, hospital_id: UUID, now: datetime) -> PublishAnnouncement:
        data = self.cleaned_data
        until = at_shanghai(data["until"] + timedelta(days=1), time(0)) if data["until"] else None
        return PublishAnnouncement(hospital_id, data["title"], data["body"], now, until, self.text())


class Guide(Seen):
    """What the hospital tells who comes for the first time; emptied, the page stands without it."""

    text = Lines(
        label=_("给第一次来的患者"),
        max_length=2000,
        required=False,
        help_text=_("到哪里建卡、怎么报到、找谁帮忙；带什么和怎么走，页面上已经有"),
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"max_length": _("内容太长了")},
    )
    text_en = Lines(
        label=_("英文"),
        max_length=4000,
        required=False,
        help_text=_("不填，看英文页面的人看到中文"),
        widget=forms.Textarea(attrs={"rows": 6, "lang": "en"}),
        error_messages={"max_length": _("内容太长了")},
    )

    @staticmethod
    def of(one: GuideFacts) -> dict[str, object]:
        return {**asdict(one), "seen": seen_of(one)}

    def to_command(self, hospital_id: UUID) -> SetFirstVisitGuide:
        data = self.cleaned_data
        return SetFirstVisitGuide(hospital_id, data["text"], data["text_en"], data["seen"])


class Register(forms.Form):
    name = Text(
        label=_("叫什么"),
        max_length=80,
        help_text=_("例如：门诊一楼 3 号窗口"),
        error_messages={"required": _("请填名字")},
    )

    def to_command(self, hospital_id: UUID) -> RegisterTerminal:
        return RegisterTerminal(hospital_id, self.cleaned_data["name"])
