"""The days that may be asked for: beyond them nothing was and nothing will be, and a calendar has an end."""

from datetime import date

from django import forms
from django.utils.translation import gettext_lazy as _

EARLIEST, LATEST = date(1880, 1, 1), date(2199, 12, 31)


def is_within(day: date) -> bool:
    return EARLIEST <= day <= LATEST


def check(day: date) -> None:
    """A validator of forms."""
    if not is_within(day):
        raise forms.ValidationError(_("没有这一天的安排，请检查年份"))
