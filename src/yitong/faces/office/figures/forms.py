"""The days that figures are asked for."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _

from yitong.faces.common.words import Reader
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


@dataclass(frozen=True, slots=True)
class Preset:
    name: str
    href: str
    is_current: bool


def presets(reader: Reader, start: date, end: date) -> list[Preset]:
    """The days that are asked for most, one press each. Weeks begin on Monday."""
    today = reader.today
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    last_month = (first - timedelta(days=1)).replace(day=1), first - timedelta(days=1)
    found = [(now_("今后 7 天"), today, today + timedelta(days=6))]
    for name, ahead in ((now_("上周"), -7), (now_("本周"), 0), (now_("下周"), 7)):
        found.append((name, monday + timedelta(days=ahead), monday + timedelta(days=ahead + 6)))
    found.append((now_("上个月"), *last_month))
    return [
        Preset(name, f"?{urlencode({'start': begin, 'end': until})}", (begin, until) == (start, end))
        for name, begin, until in found
    ]
