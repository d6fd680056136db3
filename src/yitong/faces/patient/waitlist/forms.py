"""What the pages of the waitlist send: parsed into commands."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from yitong.domains.people.contracts.patients import SaidNotice
from yitong.domains.waitlist.contracts import Accept, ChangeEntry, Decline, Join, Mode, SessionKey, Withdraw
from yitong.faces.patient import handing
from yitong.faces.patient.booking.forms import Key


class Ids(forms.Field):
    """Several ids; one box may stand for several, apart by a space (R-004)."""

    widget = forms.MultipleHiddenInput
    default_error_messages = {"invalid": _("请重新选择")}

    def to_python(self, value: object) -> tuple[UUID, ...]:
        try:
            ids = [UUID(text) for one in (value if isinstance(value, list) else []) for text in str(one).split()]
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
        return tuple(dict.fromkeys(ids))

    def validate(self, value: object) -> None:
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")


class Boxes(Ids):
    """The same, each box by itself: the ids that it stands for."""

    def to_python(self, value: object) -> tuple[tuple[UUID, ...], ...]:  # type: ignore[override]
        boxes = [super(Boxes, self).to_python([one]) for one in (value if isinstance(value, list) else [])]
        return tuple(dict.fromkeys(one for one in boxes if one))


class Marks(forms.Field):
    """That the page said what a hospital is given to make its number (R-049), once for each hospital."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: object) -> list[str]:
        return [str(one) for one in value] if isinstance(value, list) else []


class Wish(Key):
    """`elsewhere`: boxes that name a hospital and then its sessions."""

    sessions = Boxes(error_messages={"required": _("请选择场次")})
    elsewhere = Boxes(required=False)
    handed = Marks(required=False)
    mode = forms.TypedChoiceField(
        choices=[(mode.value, mode.value) for mode in Mode],
        coerce=Mode,
        error_messages={"required": _("请选择等到号以后怎么办"), "invalid_choice": _("请选择等到号以后怎么办")},
    )

    def named(self, hospital_of: Mapping[UUID, UUID], hospital_id: UUID, *, most: int) -> tuple[SessionKey, ...]:
        """The sessions in the order of the page; what `hospital_of` doesn't know is of `hospital_id`.

        Where a box stands for several doctors (R-004) as many of them are named as there is room for, but of no box
        none: too many boxes are refused.
        """
        chosen = [(hospital_of.get(box[0], hospital_id), box) for box in self.cleaned_data["sessions"]]
        chosen += [(hospital, box) for hospital, *box in self.cleaned_data["elsewhere"] if box]
        first = [SessionKey(hospital, box[0]) for hospital, box in chosen]
        more = [SessionKey(hospital, one) for hospital, box in chosen for one in box[1:]]
        room = max(0, most - len(first))
        order = {SessionKey(hospital, one): n for n, (hospital, box) in enumerate(chosen) for one in box}
        return tuple(sorted([*first, *more[:room]], key=order.__getitem__))

    def said(self, account_id: UUID, sessions: Iterable[SessionKey]) -> tuple[SaidNotice, ...]:
        return handing.said_in(self.cleaned_data["handed"], account_id, [one.hospital_id for one in sessions])


class Change(Wish):
    """Who drops all that he waited for, and names what is elsewhere, waits there."""

    sessions = Boxes(required=False)

    def clean_elsewhere(self) -> tuple[tuple[UUID, ...], ...]:
        elsewhere: tuple[tuple[UUID, ...], ...] = self.cleaned_data["elsewhere"]
        if not elsewhere and not self.cleaned_data.get("sessions"):
            raise ValidationError(_("请选择场次"), code="required")
        return elsewhere

    def to_command(
        self, entry_id: UUID, account_id: UUID, hospital_of: Mapping[UUID, UUID], *, hospital_id: UUID, most: int
    ) -> ChangeEntry:
        """`hospital_of`: the sessions that are waited for already."""
        sessions = self.named(hospital_of, hospital_id, most=most)
        mode, said = self.cleaned_data["mode"], self.said(account_id, sessions)
        return ChangeEntry(self.text(), entry_id, sessions, mode, said)


class JoinWaitlist(Wish):
    patients = Ids(error_messages={"required": _("请选择就诊人")})

    def to_command(self, account_id: UUID, hospital_id: UUID, *, is_first_visit: bool, most: int) -> Join:
        sessions = self.named({}, hospital_id, most=most)
        return Join(
            key=self.text(),
            patient_ids=self.cleaned_data["patients"],
            sessions=sessions,
            mode=self.cleaned_data["mode"],
            is_first_visit=is_first_visit,
            said=self.said(account_id, sessions),
        )


class Answer(Key):
    hospital = forms.UUIDField()
    offer = forms.UUIDField()
    answer = forms.ChoiceField(choices=[("accept", "accept"), ("decline", "decline")])
    handed = Marks(required=False)

    def to_command(self, account_id: UUID) -> Accept | Decline:
        hospital_id, offer_id = self.cleaned_data["hospital"], self.cleaned_data["offer"]
        if self.cleaned_data["answer"] == "decline":
            return Decline(self.text(), hospital_id, offer_id)
        said = handing.said_in(self.cleaned_data["handed"], account_id, [hospital_id])
        return Accept(self.text(), hospital_id, offer_id, said)


class Leave(Key):
    def to_command(self, entry_id: UUID) -> Withdraw:
        return Withdraw(self.text(), entry_id)
