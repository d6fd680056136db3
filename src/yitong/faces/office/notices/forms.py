"""A notice of the city."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.core.clock import day_bounds
from yitong.domains.hospitals.contracts.writes import PublishAnnouncement
from yitong.faces.common.texts import Lines, Text
from yitong.faces.office.forms import Day, Key


class Publish(Key):
    """`from_at` is the instant of the empty form, so that a repeat of the press is the same command."""

    from_at = Text(widget=forms.HiddenInput, max_length=40)
    title = Text(
        label=_("标题"),
        max_length=120,
        error_messages={"required": _("请写标题"), "max_length": _("标题太长了，最多 120 字")},
    )
    body = Lines(
        label=_("内容"),
        max_length=4000,
        help_text=_("先说患者要做什么，再说为什么"),
        error_messages={"required": _("请写内容"), "max_length": _("内容太长了，最多 4000 字")},
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    until = Day(label=_("挂到哪天"), required=False, help_text=_("那天结束时自动撤下；不填就一直挂着"))

    def clean_from_at(self) -> datetime:
        try:
            at = datetime.fromisoformat(self.cleaned_data["from_at"])
        except ValueError:
            raise forms.ValidationError(_("页面过期了，请刷新后再发布")) from None
        if at.tzinfo is None:
            raise forms.ValidationError(_("页面过期了，请刷新后再发布"))
        return at

    def to_command(self) -> PublishAnnouncement:
        data: dict[str, Any] = self.cleaned_data
        until = day_bounds(data["until"])[1] if data["until"] else None
        return PublishAnnouncement(None, data["title"], data["body"], data["from_at"], until, self.text())
