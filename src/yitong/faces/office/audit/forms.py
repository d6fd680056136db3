"""What an auditor asks for."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.core.clock import day_bounds
from yitong.core.db import audit
from yitong.domains.people.contracts.patients import ReadsAsked
from yitong.faces.common.texts import Text
from yitong.faces.office import words
from yitong.faces.office.forms import NO_MEMORY, Day

KINDS = ("staff", "account", "channel", "system")
DAYS_AT_FIRST = 7
Cursor = tuple[datetime, UUID]


class Asked(forms.Form):
    """Days included at both ends; the cursor is what the page before ended with."""

    start = Day(label=_("从哪天"))
    end = Day(label=_("到哪天"))
    hospital = forms.ChoiceField(label=_("医院"), required=False)
    actor = Text(
        label=_("谁"),
        required=False,
        max_length=64,
        help_text=_("登录名，或像 staff:编号 这样"),
        widget=forms.TextInput(attrs=NO_MEMORY),
    )
    before = Text(required=False, max_length=80, widget=forms.HiddenInput)

    def __init__(self, *args: Any, hospitals: list[tuple[str, str]], **given: Any) -> None:
        super().__init__(*args, **given)
        field = self.fields["hospital"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("全部")), *hospitals]

    def clean_before(self) -> Cursor | None:
        text = self.cleaned_data["before"]
        if not text:
            return None
        try:
            at, _sep, row_id = text.partition("_")
            cursor = datetime.fromisoformat(at), UUID(row_id)
        except ValueError:
            raise forms.ValidationError(_("翻页的地址不对，请从第一页重新看")) from None
        if cursor[0].tzinfo is None:
            raise forms.ValidationError(_("翻页的地址不对，请从第一页重新看"))
        return cursor

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start, end = data.get("start"), data.get("end")
        if start and end and not start <= end < start + audit.LONGEST:
            self.add_error("end", _("结束那天不能早于开始那天，一次最多查 92 天"))
        return data

    def span(self) -> tuple[datetime, datetime]:
        return day_bounds(self.cleaned_data["start"])[0], day_bounds(self.cleaned_data["end"])[1]

    def hospital_id(self) -> UUID | None:
        return UUID(self.cleaned_data["hospital"]) if self.cleaned_data["hospital"] else None


class Events(Asked):
    operation = forms.ChoiceField(label=_("什么事"), required=False)
    subject = forms.UUIDField(
        label=_("对象编号"),
        required=False,
        error_messages={"invalid": _("编号要像 0190a1b2-… 这样完整")},
        widget=forms.TextInput(attrs=NO_MEMORY),
    )
    field_order = ["start", "end", "operation", "hospital", "actor", "subject"]

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        field = self.fields["operation"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("全部")), *_operations()]

    def asked(self, actor: str) -> audit.EventsAsked:
        start, end = self.span()
        return audit.EventsAsked(
            from_at=start,
            until_at=end,
            operation=self.cleaned_data["operation"],
            actor=actor,
            subject_id=self.cleaned_data["subject"],
            hospital_id=self.hospital_id(),
            before=self.cleaned_data["before"],
        )


class Reads(Asked):
    subject = forms.UUIDField(
        label=_("就诊人编号"),
        required=False,
        error_messages={"invalid": _("编号要像 0190a1b2-… 这样完整")},
        widget=forms.TextInput(attrs=NO_MEMORY),
    )
    field_order = ["start", "end", "hospital", "actor", "subject"]

    def asked(self, actor: str) -> ReadsAsked:
        start, end = self.span()
        return ReadsAsked(
            from_at=start,
            until_at=end,
            reader=actor,
            patient_id=self.cleaned_data["subject"],
            hospital_id=self.hospital_id(),
            before=self.cleaned_data["before"],
        )


class Settle(forms.Form):
    event = forms.UUIDField()
    handler = Text(max_length=120)
    how = forms.ChoiceField(choices=[("retry", ""), ("skip", "")])


def _operations() -> list[tuple[str, list[tuple[str, str]]]]:
    """By domain; the domain itself stands first in its group."""
    by_domain: dict[str, list[str]] = {}
    for name in audit.operations():
        by_domain.setdefault(name.split(".")[0], []).append(name)
    return [
        (
            str(words.DOMAINS.get(domain, domain)),
            [(domain, f"{words.DOMAINS.get(domain, domain)} · {_('全部')}")]
            + [(name, words.operation(name)) for name in names],
        )
        for domain, names in by_domain.items()
    ]


def days(today: date) -> dict[str, str]:
    return {"start": (today - timedelta(days=DAYS_AT_FIRST - 1)).isoformat(), "end": today.isoformat()}
