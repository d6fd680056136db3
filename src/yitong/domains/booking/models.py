"""Booking: its tables. A live booking is the only sign that a slot is taken."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from yitong.core.db.fields import EncryptedText
from yitong.core.db.scale import Scale
from yitong.core.ids import new_id
from yitong.domains.booking.contracts import ENDED, LIVE, PATIENT_NAME, Kept, State


class TsTzRange(Func):
    function = "tstzrange"


class Booking(models.Model):
    """预约. Its patient never changes (R-017); its slot changes only by a move (R-047).

    No foreign key leads to the slot: it would cost a row lock in every claim, and the other side is guarded,
    because nobody may delete a slot (`docs/decisions/claim-of-a-slot.md`).
    """

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    slot_id = models.UUIDField()
    session_id = models.UUIDField()
    patient_id = models.UUIDField()
    account_id = models.UUIDField(null=True)
    campus_id = models.UUIDField()
    department_id = models.UUIDField()
    practitioner_id = models.UUIDField(null=True)
    clinic_kind = models.CharField(max_length=16)
    visit_date = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    number = models.PositiveSmallIntegerField()
    pool = models.CharField(max_length=16)
    is_extra = models.BooleanField(default=False)
    is_first_visit = models.BooleanField()
    entitlement_id = models.UUIDField(null=True)
    state = models.CharField(max_length=16)
    live = models.BooleanField()
    code = models.CharField(max_length=8)
    code_open = models.BooleanField(default=True)
    fee_fen = models.BigIntegerField()
    payment = models.CharField(max_length=16)
    channel = models.CharField(max_length=32)
    actor = models.CharField(max_length=64)
    key = models.CharField(max_length=80)
    digest = models.BinaryField(max_length=32)
    patient_name = EncryptedText(aad=PATIENT_NAME)
    created_at = models.DateTimeField()
    hold_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=32, null=True)

    class Meta:
        db_table = "booking_booking"
        constraints = [
            models.CheckConstraint(name="booking_state_known", condition=Q(state__in=list(State))),
            models.CheckConstraint(
                name="booking_live_as_its_state",
                condition=Q(live=True, state__in=LIVE) | Q(live=False, state__in=ENDED),
            ),
            models.CheckConstraint(
                name="booking_ended_whole",
                condition=Q(live=True, ended_at=None, end_reason=None)
                | Q(live=False, ended_at__isnull=False, end_reason__isnull=False),
            ),
            models.CheckConstraint(
                name="booking_held_has_an_end", condition=~Q(state=State.HELD) | Q(hold_until__isnull=False)
            ),
            models.CheckConstraint(name="booking_fee_not_negative", condition=Q(fee_fen__gte=0)),
            models.CheckConstraint(name="booking_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(name="booking_code_eight_digits", condition=Q(code__regex=r"^[0-9]{8}$")),
            models.UniqueConstraint(
                name="booking_one_live_per_slot", fields=["hospital_id", "slot_id"], condition=Q(live=True)
            ),
            models.UniqueConstraint(
                name="booking_one_live_per_department_day",
                fields=["hospital_id", "patient_id", "department_id", "visit_date"],
                condition=Q(live=True),
            ),
            models.UniqueConstraint(
                name="booking_one_open_code", fields=["hospital_id", "code"], condition=Q(code_open=True)
            ),
            models.UniqueConstraint(name="booking_key_once", fields=["hospital_id", "actor", "key"]),
        ]
        indexes = [
            models.Index(
                fields=["hospital_id", "session_id"],
                name="booking_live_of_session",
                condition=Q(live=True),
                include=["slot_id"],
            ),
            models.Index(fields=["hospital_id", "hold_until"], name="booking_held", condition=Q(state=State.HELD)),
            models.Index(
                fields=["hospital_id", "ends_at"], name="booking_to_close", condition=Q(state=State.CONFIRMED)
            ),
            models.Index(fields=["hospital_id", "visit_date", "department_id"], name="booking_of_day"),
        ]


class PatientBooking(models.Model):
    """The patient's side of a booking, in the same transaction: "my bookings" across hospitals, and no two at once."""

    scale = Scale.P
    no_delete = True

    pk = models.CompositePrimaryKey("patient_id", "id")
    patient_id = models.UUIDField()
    id = models.UUIDField(help_text="the booking's id")
    hospital_id = models.UUIDField()
    department_id = models.UUIDField()
    visit_date = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=16)
    live = models.BooleanField()

    class Meta:
        db_table = "booking_patient_booking"
        constraints = [
            ExclusionConstraint(
                name="patient_booking_no_overlap",
                expressions=[
                    (F("patient_id"), RangeOperators.EQUAL),
                    (TsTzRange("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(live=True),
            ),
        ]
        indexes = [models.Index(fields=["patient_id", "-visit_date"], name="patient_booking_by_day")]


class Entitlement(models.Model):
    """On somebody's word one patient may draw from one pool of one department until a day (R-012, R-096)."""

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    patient_id = models.UUIDField()
    department_id = models.UUIDField()
    pool = models.CharField(max_length=16)
    until_date = models.DateField()
    source = models.CharField(max_length=80)
    granted_by = models.CharField(max_length=64)
    granted_at = models.DateTimeField()
    used_by_id = models.UUIDField(null=True, help_text="the live booking that draws on it")

    class Meta:
        db_table = "booking_entitlement"
        constraints = [
            models.CheckConstraint(name="entitlement_pool_known", condition=Q(pool__in=["referral", "revisit"])),
            models.UniqueConstraint(
                name="entitlement_one_open",
                fields=["hospital_id", "patient_id", "department_id", "pool", "until_date"],
                condition=Q(used_by_id=None),
            ),
        ]


class Line(models.Model):
    """排队: those who want a department's slots of one release, in one line before the window (R-017)."""

    scale = Scale.H

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    department_id = models.UUIDField()
    release_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, help_text="its seed is told from then on")

    class Meta:
        db_table = "booking_line"
        constraints = [
            models.UniqueConstraint(name="line_one_a_release", fields=["hospital_id", "department_id", "release_at"]),
        ]


class Place(models.Model):
    """A patient's place in a line: one, however many tabs, devices or accounts ask for it.

    `rank` orders a line: by lot for those who came before its doors, after them by arrival. Who missed his turn and
    asks once more comes last.
    """

    scale = Scale.H

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    line_id = models.UUIDField()
    patient_id = models.UUIDField()
    account_id = models.UUIDField(help_text="who asked for it")
    arrived_at = models.DateTimeField()
    rank = models.BigIntegerField()
    admitted_at = models.DateTimeField(null=True)
    admitted_until = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=32, help_text="the window that did: others read what it wrote")

    class Meta:
        db_table = "booking_place"
        constraints = [
            models.UniqueConstraint(name="place_one_a_patient", fields=["hospital_id", "line_id", "patient_id"]),
            models.CheckConstraint(
                name="place_admitted_whole",
                condition=Q(admitted_at=None, admitted_until=None) | Q(admitted_until__gt=F("admitted_at")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["hospital_id", "line_id", "rank"],
                name="place_waiting",
                condition=Q(admitted_at=None, left_at=None),
            ),
            models.Index(fields=["changed_at"], name="place_changed"),
        ]


class AwaitedSession(models.Model):
    """Whether somebody waits for a session: then whoever frees a slot of it keeps the slot for them (R-017).

    `is_awaited` changes only under the session FOR UPDATE, so that who frees a slot and holds the session shared reads
    what will stand at his commit. The row's own lock is that of serving: one turn at a time in a session.
    """

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(help_text="the session's id")
    is_awaited = models.BooleanField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "booking_awaited_session"
        indexes = [models.Index(fields=["hospital_id", "changed_at"], name="awaited_now", condition=Q(is_awaited=True))]


class KeptSlot(models.Model):
    """A freed slot that is kept for those who wait for its session, from its freeing to its giving or letting go."""

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    slot_id = models.UUIDField()
    session_id = models.UUIDField()
    number = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    kept_at = models.DateTimeField()
    promised_id = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, null=True)

    class Meta:
        db_table = "booking_kept_slot"
        constraints = [
            models.CheckConstraint(
                name="kept_slot_ended_whole",
                condition=Q(ended_at=None, outcome=None)
                | Q(
                    ended_at__isnull=False,
                    promised_id=None,
                    outcome__isnull=False,
                    outcome__in=["given", "let_go", "stopped"],
                ),
            ),
            models.UniqueConstraint(
                name="kept_slot_once", fields=["hospital_id", "slot_id"], condition=Q(ended_at=None)
            ),
        ]
        indexes = [
            models.Index(
                fields=["hospital_id", "session_id", "kept_at"], name="kept_slot_now", condition=Q(ended_at=None)
            )
        ]

    def as_contract(self) -> Kept:
        return Kept(
            hospital_id=self.hospital_id,
            kept_id=self.id,
            slot_id=self.slot_id,
            session_id=self.session_id,
            number=self.number,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            kept_at=self.kept_at,
            promised_id=self.promised_id,
        )
