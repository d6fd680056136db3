"""What several forms of the office share."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.core.errors import Busy, Conflict, Refusal, RuleBroken
from yitong.faces.common import days
from yitong.faces.common.texts import Text

# What a page says beside its form; who may not gets a page of its own.
IN_PLACE = (Conflict, RuleBroken, Busy)
NO_MEMORY = {"autocomplete": "off", "spellcheck": "false"}


def status_of(form: forms.Form, refusal: Refusal | None) -> int:
    return refusal.status if refusal else 422 if form.is_bound and form.errors else 200


class Key(forms.Form):
    """The idempotency key that the page made: a repeat of the same press gives the first answer."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def text(self) -> str:
        return str(self.cleaned_data["key"])


class Day(forms.DateField):
    """A Shanghai day, as the browser's own date field gives it."""

    default_validators = [days.check]

    def __init__(self, **given: Any) -> None:
        given.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        given.setdefault("error_messages", {"required": _("请填日期"), "invalid": _("日期要像 2026-12-01 这样")})
        super().__init__(input_formats=["%Y-%m-%d"], **given)


class Clock(forms.TimeField):
    """A time of day in Shanghai."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("widget", forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
        given.setdefault("error_messages", {"required": _("请填时间"), "invalid": _("时间要像 15:00 这样")})
        super().__init__(input_formats=["%H:%M"], **given)


class Reason(forms.Form):
    """Why, in words that the history keeps."""

    reason = Text(
        label=_("理由"),
        max_length=200,
        help_text=_("写明依据，记入历史，不能修改；不要写个人信息"),
        error_messages={"required": _("请写理由"), "max_length": _("理由太长了，最多 200 字")},
        widget=forms.Textarea(attrs={"rows": 3, **NO_MEMORY}),
    )
