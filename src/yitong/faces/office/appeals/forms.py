"""A person's decision on an appeal (R-199)."""

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.fairness.contracts import DecideReview as Decided
from yitong.domains.people.contracts.accounts import DecideAppeal
from yitong.domains.people.contracts.words import Decision
from yitong.faces.common.texts import Text
from yitong.faces.office.forms import NO_MEMORY


class Decide(forms.Form):
    decision = forms.ChoiceField(
        label=_("怎么决定"),
        choices=[(Decision.LIFTED.value, _("解除限制，次数重新计")), (Decision.KEPT.value, _("维持限制"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("请选一项")},
    )
    reason = Text(
        label=_("理由"),
        max_length=500,
        help_text=_("自己看过再写；以后查起来，看的是这一段"),
        error_messages={"required": _("请写理由"), "max_length": _("理由太长了，最多 500 字")},
        widget=forms.Textarea(attrs={"rows": 3, **NO_MEMORY}),
    )

    def to_command(self, lock_id: UUID) -> DecideAppeal:
        return DecideAppeal(lock_id, Decision(self.cleaned_data["decision"]), self.cleaned_data["reason"])


class DecideReview(Decide):
    decision = forms.ChoiceField(
        label=_("怎么决定"),
        choices=[
            (Decision.LIFTED.value, _("不用再确认，之前的记录不再计分")),
            (Decision.KEPT.value, _("保留预约前的确认")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("请选一项")},
    )

    def to_review(self, review_id: UUID) -> Decided:
        return Decided(review_id, Decision(self.cleaned_data["decision"]), self.cleaned_data["reason"])
