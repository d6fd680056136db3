"""Decisions about two records that may be one person (R-102)."""

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.people.contracts.patients import MergePatients, Patient, UnmergePatients
from yitong.faces.common.texts import Text
from yitong.faces.desk.forms import Key

REASON = {"required": _("请写理由"), "max_length": _("理由太长了")}


class Merge(Key):
    reason = Text(label=_("理由"), max_length=200, help_text=_("怎样核实是同一个人"), error_messages=REASON)

    def __init__(self, *given: object, pair: tuple[Patient, Patient], **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.pair = pair
        self.fields["survivor"] = forms.ChoiceField(
            label=_("保留哪份档案"),
            choices=[
                (str(one.patient_id), _("第一份")) if n == 0 else (str(one.patient_id), _("第二份"))
                for n, one in enumerate(pair)
            ],
            widget=forms.RadioSelect,
            error_messages={"required": _("请选保留哪份")},
        )
        self.order_fields(["survivor", "reason"])

    def to_command(self) -> MergePatients:
        survivor = UUID(self.cleaned_data["survivor"])
        merged = next(one.patient_id for one in self.pair if one.patient_id != survivor)
        return MergePatients(self.text(), survivor, merged, self.cleaned_data["reason"])


class Unmerge(Key):
    merge = forms.UUIDField(widget=forms.HiddenInput)
    survivor = forms.UUIDField(widget=forms.HiddenInput)
    reason = Text(label=_("撤销的理由"), max_length=200, error_messages=REASON)

    def to_command(self) -> UnmergePatients:
        data = self.cleaned_data
        return UnmergePatients(self.text(), data["survivor"], data["merge"], data["reason"])
