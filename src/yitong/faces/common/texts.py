"""Texts: what is said of one that is too long; and lines, whose end a browser sends as two signs."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class Text(forms.CharField):
    """A text with a plain sentence for one that is too long, where the field has no words of its own."""

    default_error_messages = {"max_length": _("太长了，最多 %(limit_value)d 个字")}


class Lines(Text):
    """Lines that end in `\\n`, however the browser ended them; the longest allowed length counts such ends."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value)
