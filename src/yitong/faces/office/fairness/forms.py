"""Which alarms to show, and taking note of one."""

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.fairness.contracts import NoteAlarm
from yitong.faces.common.texts import Text
from yitong.faces.office.forms import NO_MEMORY


class Waiting(forms.Form):
    """A page of the alarms that wait: those after `before`, with which the page before ended."""

    before = forms.UUIDField(required=False)


class Note(forms.Form):
    why = Text(
        label=_("看到了什么，打算怎么办"),
        max_length=500,
        help_text=_("签收后不能改；以后查起来，看的是这一段和您的名字"),
        error_messages={"required": _("请写说明"), "max_length": _("说明太长了，最多 500 字")},
        widget=forms.Textarea(attrs={"rows": 3, **NO_MEMORY}),
    )

    def to_command(self, alarm_id: UUID) -> NoteAlarm:
        return NoteAlarm(alarm_id, self.cleaned_data["why"])
