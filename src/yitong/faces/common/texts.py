"""Texts of several lines: a browser sends each line's end as two signs, of which one is enough."""

from typing import Any

from django import forms


class Lines(forms.CharField):
    """Lines that end in `\\n`, however the browser ended them; the longest allowed length counts such ends."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value)
