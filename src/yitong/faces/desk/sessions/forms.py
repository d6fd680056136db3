"""What is done to a session or a booking, parsed into commands."""

from collections.abc import Iterable
from uuid import UUID

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from yitong.domains.booking.contracts import AddExtra, CancelBooking, CheckIn
from yitong.domains.people.contracts.patients import FindPatient
from yitong.domains.schedule.contracts import (
    ChangeRoom,
    ExtraReason,
    MoveSlots,
    PlanStoppage,
    Pool,
    StopReason,
    Substitute,
    SubstituteSession,
)
from yitong.faces.common import terms
from yitong.faces.common.texts import Text
from yitong.faces.desk import words
from yitong.faces.desk.forms import NO_MEMORY, Document, Key
from yitong.faces.desk.stops.forms import reason_field

AT_WINDOW = "window"  # the reason that a cancellation at the window leaves in the booking


MOVABLE = tuple(pool for pool in Pool if pool is not Pool.DRAW)  # what was promised to a draw nobody moves


class Arrive(Key):
    number = Text(
        label=_("证件号码"),
        max_length=40,
        help_text=_("照证件原件刷卡或输入，和预约时的证件核对"),
        error_messages={"required": _("请填证件号码")},
        widget=forms.TextInput(attrs={**NO_MEMORY, "autocapitalize": "characters", "autofocus": True}),
    )

    def to_command(self, hospital_id: UUID, booking_id: UUID) -> CheckIn:
        return CheckIn(self.text(), hospital_id, booking_id, self.cleaned_data["number"])


class Cancel(Key):
    def to_command(self, hospital_id: UUID, booking_id: UUID) -> CancelBooking:
        return CancelBooking(self.text(), hospital_id, booking_id, reason=AT_WINDOW)


class Stop(Key):
    reason = reason_field()

    def to_command(self, hospital_id: UUID, session_id: UUID) -> PlanStoppage:
        return PlanStoppage(self.text(), hospital_id, (session_id,), StopReason(self.cleaned_data["reason"]))


class Room(Key):
    room = Text(
        label=_("诊室"),
        max_length=20,
        required=False,
        help_text=_("门上的号码，例如 3 或 B203"),
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )

    def to_command(self, hospital_id: UUID, session_id: UUID) -> ChangeRoom:
        return ChangeRoom(self.text(), hospital_id, session_id, self.cleaned_data["room"])


def _stand_in(one: Substitute) -> SafeString:
    """A name is no word of the page's language."""
    note = "" if one.same_grade else _("（职称更高）")
    return format_html('<span translate="no">{}</span> {}{}', one.name, terms.term(terms.TITLES, one.title), note)


class StandIn(Key):
    def __init__(self, *given: object, candidates: Iterable[Substitute], **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.fields["practitioner"] = forms.ChoiceField(
            label=_("由谁替诊"),
            choices=[(str(one.practitioner_id), _stand_in(one)) for one in candidates],
            widget=forms.RadioSelect,
            error_messages={"required": _("请选替诊医师"), "invalid_choice": _("请选替诊医师")},
        )

    def to_command(self, hospital_id: UUID, session_id: UUID) -> SubstituteSession:
        return SubstituteSession(self.text(), hospital_id, session_id, UUID(self.cleaned_data["practitioner"]))


class Move(Key):
    """`free` are the slots that may be named: (id, words)."""

    to_pool = forms.ChoiceField(
        label=_("移到"), choices=[(pool.value, terms.POOLS[pool]) for pool in MOVABLE], widget=forms.Select
    )

    def __init__(self, *given: object, from_pool: Pool, free: Iterable[tuple[UUID, str]], **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        self.from_pool = from_pool
        self.fields["slots"] = forms.TypedMultipleChoiceField(
            label=_("哪些号"),
            coerce=UUID,
            choices=[(str(key), text) for key, text in free],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": _("请至少选一个号"), "invalid_choice": _("有的号刚被约走，请重新选")},
        )
        others = [(pool.value, terms.POOLS[pool]) for pool in MOVABLE if pool is not from_pool]
        self.fields["to_pool"].choices = others  # type: ignore[attr-defined]
        self.order_fields(["slots", "to_pool"])

    def to_command(self, hospital_id: UUID, session_id: UUID) -> MoveSlots:
        data = self.cleaned_data
        return MoveSlots(
            self.text(), hospital_id, session_id, tuple(data["slots"]), self.from_pool, Pool(data["to_pool"])
        )


class ExtraFor(Document):
    """Whom an extra slot is for: first the document, then the confirmed patient."""

    reason = forms.ChoiceField(
        label=_("加号原因"), choices=[(reason.value, words.EXTRA_REASONS[reason]) for reason in ExtraReason]
    )
    patient = forms.UUIDField(required=False, widget=forms.HiddenInput)
    field_order = ["kind", "number", "reason"]

    def to_wish(self, hospital_id: UUID) -> FindPatient:
        return FindPatient(
            hospital_id, "extra_slot", identity_kind=self.identity_kind(), identity_number=self.cleaned_data["number"]
        )

    def to_command(self, hospital_id: UUID, session_id: UUID, patient_id: UUID) -> AddExtra:
        return AddExtra(self.text(), hospital_id, session_id, patient_id, ExtraReason(self.cleaned_data["reason"]))
