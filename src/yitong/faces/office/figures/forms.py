"""The days that figures are asked for."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.faces.office.forms import Day

LONGEST_DAYS = 366


class Range(forms.Form):
    """Both days included, as people say it."""

    start = Day(label=_("从哪天"))
    end = Day(label=_("到哪天"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start, end = data.get("start"), data.get("end")
        if start and end and not start <= end < start + timedelta(days=LONGEST_DAYS):
            self.add_error("end", _("结束那天不能早于开始那天，最多看一年"))
        return data


def asked(given: Any, today: date) -> Range:
    """The form as asked, or for seven days ahead where nothing was asked."""
    if "start" in given or "end" in given:
        return Range(given)
    return Range({"start": today.isoformat(), "end": (today + timedelta(days=6)).isoformat()})
