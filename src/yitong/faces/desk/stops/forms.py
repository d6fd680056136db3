"""Which sessions a stop is about, and the word to stop them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.schedule.contracts import PlanStoppage, StopReason, UndoStoppage
from yitong.faces.desk import words
from yitong.faces.desk.forms import Day, Key

LONGEST_DAYS = 31
KINDS = ("campus", "department", "doctor")
Named = Iterable[tuple[UUID, str]]


def reason_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("停诊原因"),
        choices=[(reason.value, words.STOP_REASONS[reason]) for reason in StopReason],
        widget=forms.RadioSelect,
        error_messages={"required": _("请选停诊原因")},
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """A campus, a department or a doctor, and the days [from_date, until_date]."""

    kind: str
    id: UUID
    from_date: date
    until_date: date
    line_id: UUID | None = None


class Which(forms.Form):
    """Asked by GET: it changes nothing, and its address can be kept."""

    what = forms.ChoiceField(label=_("停谁的诊"), error_messages={"required": _("请选院区、科室或医师")})
    from_date = Day(label=_("从哪天"))
    until_date = Day(label=_("到哪天"))
    line = forms.UUIDField(required=False, widget=forms.HiddenInput)  # only what was made of this roster line

    def __init__(self, *given: object, campuses: Named, departments: Named, doctors: Named, **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        groups = (
            (_("院区"), "campus", campuses),
            (_("科室"), "department", departments),
            (_("医师"), "doctor", doctors),
        )
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            ("", _("请选择")),
            *((label, [(f"{kind}:{key}", name) for key, name in named]) for label, kind, named in groups),
        ]

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        first, last = data.get("from_date"), data.get("until_date")
        if first and last and not first <= last < first + timedelta(days=LONGEST_DAYS):
            self.add_error("until_date", _("最后一天不早于第一天，一次最多 31 天"))
        return data

    def scope(self) -> Scope:
        kind, _colon, key = self.cleaned_data["what"].partition(":")
        data = self.cleaned_data
        return Scope(kind, UUID(key), data["from_date"], data["until_date"], data["line"])


class Ids(forms.TypedMultipleChoiceField):
    """Ids that need not be among those on the page: a repeat of the same press comes when they no longer are, and gets
    the first answer by its key. Whether they may be named, the command says."""

    def valid_value(self, value: object) -> bool:
        try:
            return bool(UUID(str(value)))
        except ValueError:
            return False


class Stop(Key):
    """`sessions` are those that may be ticked; which of them are is the wish."""

    reason = reason_field()

    def __init__(self, *given: object, sessions: Mapping[UUID, str], **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.fields["sessions"] = Ids(
            label=_("停哪些出诊"),
            coerce=UUID,
            choices=[(str(key), name) for key, name in sessions.items()],
            error_messages={
                "required": _("请至少勾选一个出诊"),
                "invalid_choice": _("名单有变化，请再看一遍"),
            },
        )

    def ticked(self) -> set[UUID]:
        """What is ticked as far as it can be read, to show the form again."""
        every = {str(key): key for key in (UUID(value) for value, _name in self.fields["sessions"].choices)}  # type: ignore[attr-defined]
        if not self.is_bound:
            return set(every.values())
        return {every[one] for one in self.data.getlist("sessions") if one in every}  # type: ignore[attr-defined]

    def to_command(self, hospital_id: UUID) -> PlanStoppage:
        chosen = tuple(self.cleaned_data["sessions"])
        return PlanStoppage(self.text(), hospital_id, chosen, StopReason(self.cleaned_data["reason"]))


class Undo(Key):
    def to_command(self, hospital_id: UUID, stoppage_id: UUID) -> UndoStoppage:
        return UndoStoppage(self.text(), hospital_id, stoppage_id)
