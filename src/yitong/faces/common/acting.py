"""A form's command is run where the form stands: what is refused is said there, at its field where it names one."""

from collections.abc import Callable

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.core.errors import Busy, Conflict, Refusal, RuleBroken
from yitong.core.sentences import Sentence
from yitong.faces.common import pages
from yitong.faces.common.words import Reader

REFUSED = _("太长了，或有不能用的字符")  # where the field has no words of its own for what a rule says of it


def attempt(form: forms.Form, act: Callable[[], object]) -> Refusal | None:
    """Runs the command of a valid form. What it refuses it gives back: who may not, and what is absent, is for a page
    of its own and goes on."""
    try:
        act()
    except (Conflict, RuleBroken, Busy) as refusal:
        field = str(refusal.params.get("field", ""))
        if field in form.fields:
            form.add_error(field, form.fields[field].error_messages.get("refused", REFUSED))
        return refusal
    return None


def said(form: forms.Form, refusal: Refusal | None, reader: Reader) -> Sentence | None:
    """What stands above the form: a refusal that no field of it tells."""
    return None if form.errors else pages.said(refusal, reader)
