"""What the booking pages send: parsed into commands."""

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from yitong.domains.booking.contracts import CancelBooking, HoldSlot, MoveBooking
from yitong.domains.people.contracts.patients import AddPatient, IdentityGiven
from yitong.domains.people.contracts.words import IdentityKind, Relation
from yitong.faces.common.texts import Text


class Key(forms.Form):
    """The idempotency key that the page made: a repeat of the same press gives the first answer."""

    key = forms.UUIDField(widget=forms.HiddenInput)

    def text(self) -> str:
        return str(self.cleaned_data["key"])


class Book(Key):
    patient = forms.UUIDField(error_messages={"required": _("请选择就诊人"), "invalid": _("请选择就诊人")})

    def to_command(self, hospital_id: UUID, slot_id: UUID, *, is_first_visit: bool, by_name: bool) -> HoldSlot:
        return HoldSlot(
            key=self.text(),
            hospital_id=hospital_id,
            slot_id=slot_id,
            patient_id=self.cleaned_data["patient"],
            is_first_visit=is_first_visit,
            by_name=by_name,
        )


class Myself(Key):
    """The account's first person, by the commonest document; all others are added on a page of their own."""

    name = Text(
        label=_("姓名"),
        max_length=60,
        error_messages={"required": _("请填姓名"), "max_length": _("姓名太长了")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    number = Text(
        label=_("居民身份证号码"),
        max_length=40,
        error_messages={"required": _("请填证件号码"), "max_length": _("证件号码太长了")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def to_command(self, account_id: UUID) -> AddPatient:
        given = IdentityGiven(
            name=self.cleaned_data["name"], kind=IdentityKind.RESIDENT_ID, number=self.cleaned_data["number"]
        )
        return AddPatient(key=self.text(), account_id=account_id, identity=given, relation=Relation.SELF)


class Cancel(Key):
    def to_command(self, hospital_id: UUID, booking_id: UUID) -> CancelBooking:
        return CancelBooking(key=self.text(), hospital_id=hospital_id, booking_id=booking_id)


class Move(Key):
    def to_command(self, hospital_id: UUID, booking_id: UUID, slot_id: UUID) -> MoveBooking:
        return MoveBooking(key=self.text(), hospital_id=hospital_id, booking_id=booking_id, slot_id=slot_id)
