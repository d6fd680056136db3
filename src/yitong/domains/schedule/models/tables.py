"""All of a hospital (class H)."""

from datetime import timedelta
from enum import StrEnum

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from yitong.core.db.scale import Scale
from yitong.domains.schedule import contracts
from yitong.domains.schedule.contracts import ExtraReason, HalfDay, Pool, SessionState, StopReason

LONGEST_WINDOW = timedelta(
    minutes=60
)  # the national ceiling of R-003; a city's or hospital's tighter value is a policy


def words(names: type[StrEnum]) -> list[str]:
    """The stored words of an enumeration, as constraints and migrations hold them."""
    return [name.value for name in names]


class RosterLine(models.Model):
    """排班: who sits where each week. A changed line is an ended one and a new one.

    `roster_practitioner_sits_once` (an exclusion over minutes of the day and days of validity) stands in the migration.
    """

    scale = Scale.H

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField()
    campus_id = models.UUIDField()
    department_id = models.UUIDField()
    practitioner_id = models.UUIDField(null=True)
    clinic_kind = models.CharField(max_length=16)
    weekday = models.PositiveSmallIntegerField()
    half_day = models.CharField(max_length=8)
    starts = models.TimeField()
    ends = models.TimeField()
    slot_minutes = models.PositiveSmallIntegerField()
    per_window = models.PositiveSmallIntegerField()
    from_date = models.DateField()
    until_date = models.DateField(null=True)
    open_on_holidays = models.BooleanField()
    is_first_visit_named = models.BooleanField()
    room = models.CharField(max_length=20, default="", db_default="")

    class Meta:
        db_table = "schedule_roster_line"
        constraints = [
            models.CheckConstraint(name="roster_weekday_known", condition=Q(weekday__lte=6)),
            models.CheckConstraint(name="roster_half_day_known", condition=Q(half_day__in=words(HalfDay))),
            models.CheckConstraint(name="roster_ends_after_start", condition=Q(ends__gt=F("starts"))),
            models.CheckConstraint(
                name="roster_window_not_too_long", condition=Q(slot_minutes__gte=1, slot_minutes__lte=60)
            ),
            models.CheckConstraint(
                name="roster_per_window_sensible", condition=Q(per_window__gte=1, per_window__lte=100)
            ),
        ]
        indexes = [models.Index(fields=["hospital_id", "department_id", "weekday"], name="roster_of_department")]

    def as_contract(self) -> contracts.RosterLine:
        return contracts.RosterLine(
            hospital_id=self.hospital_id,
            roster_line_id=self.id,
            campus_id=self.campus_id,
            department_id=self.department_id,
            practitioner_id=self.practitioner_id,
            clinic_kind=self.clinic_kind,
            weekday=self.weekday,
            half_day=HalfDay(self.half_day),
            starts=self.starts,
            ends=self.ends,
            slot_minutes=self.slot_minutes,
            per_window=self.per_window,
            from_date=self.from_date,
            until_date=self.until_date,
            open_on_holidays=self.open_on_holidays,
            is_first_visit_named=self.is_first_visit_named,
            room=self.room,
        )


class ClinicSession(models.Model):
    """出诊单元. Its times never change; who sits may (R-016), and in which room."""

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField()
    campus_id = models.UUIDField()
    department_id = models.UUIDField()
    practitioner_id = models.UUIDField(null=True)
    substituted_id = models.UUIDField(null=True)
    clinic_kind = models.CharField(max_length=16)
    title = models.CharField(max_length=16, null=True)
    date = models.DateField()
    half_day = models.CharField(max_length=8)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    fee_fen = models.BigIntegerField()
    state = models.CharField(max_length=16)
    release_at = models.DateTimeField()
    is_first_visit_named = models.BooleanField()
    stop_reason = models.CharField(max_length=16, null=True)
    stopped_at = models.DateTimeField(null=True)
    stops_at = models.DateTimeField(null=True, help_text="a decided stop is done then, unless it is taken back")
    stoppage_id = models.UUIDField(null=True)
    roster_line_id = models.UUIDField(null=True)
    slots = models.PositiveSmallIntegerField(help_text="how many, extra ones among them")
    extra_slots = models.PositiveSmallIntegerField(default=0)
    referral_returned = models.BooleanField(default=False, help_text="its unused referral slots flowed back (R-012)")
    room = models.CharField(max_length=20, default="", db_default="")
    # True is what `session_at_open_campus`, a key in the migration, compares with the campus; null lets the campus go.
    at_open_campus = models.BooleanField(null=True, default=True, db_default=True)
    left_campus_at = models.DateTimeField(null=True, help_text="when the campus was let go, the session being over")

    class Meta:
        db_table = "schedule_clinic_session"
        constraints = [
            models.CheckConstraint(
                name="session_leaves_campus_once_over",
                condition=Q(at_open_campus=True, at_open_campus__isnull=False)  # or null would pass
                | Q(at_open_campus=None, state=SessionState.STOPPED.value)
                | Q(at_open_campus=None, left_campus_at__isnull=False, left_campus_at__gte=F("ends_at")),
            ),
            models.CheckConstraint(name="session_state_known", condition=Q(state__in=words(SessionState))),
            models.CheckConstraint(name="session_half_day_known", condition=Q(half_day__in=words(HalfDay))),
            models.CheckConstraint(name="session_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(name="session_fee_not_negative", condition=Q(fee_fen__gte=0)),
            models.CheckConstraint(name="session_extra_among_slots", condition=Q(extra_slots__lte=F("slots"))),
            models.CheckConstraint(
                name="session_stopped_whole",
                condition=Q(
                    state=SessionState.STOPPED.value,
                    stopped_at__isnull=False,
                    stop_reason__isnull=False,  # or NULL IN (…) would pass
                    stop_reason__in=words(StopReason),
                )
                | Q(~Q(state=SessionState.STOPPED.value), stopped_at=None, stop_reason=None),
            ),
            models.CheckConstraint(
                name="session_stops_on_a_word",
                condition=Q(stops_at=None) | (Q(stoppage_id__isnull=False) & ~Q(state=SessionState.STOPPED.value)),
            ),
            models.CheckConstraint(
                name="session_substitute_is_another",
                condition=Q(substituted_id=None)
                | (Q(practitioner_id__isnull=False) & ~Q(practitioner_id=F("substituted_id"))),
            ),
            # What a slot's own key refers to, so that no slot lies outside its session.
            models.UniqueConstraint(
                name="session_with_its_times", fields=["hospital_id", "id", "starts_at", "ends_at"]
            ),
            models.UniqueConstraint(
                name="session_once_per_roster_line",
                fields=["hospital_id", "roster_line_id", "date"],
                condition=Q(roster_line_id__isnull=False),
            ),
            ExclusionConstraint(
                name="session_practitioner_sits_once",
                expressions=[
                    (F("hospital_id"), RangeOperators.EQUAL),
                    (F("practitioner_id"), RangeOperators.EQUAL),
                    (Func(F("starts_at"), F("ends_at"), function="tstzrange"), RangeOperators.OVERLAPS),
                ],
                condition=Q(practitioner_id__isnull=False) & ~Q(state=SessionState.STOPPED.value),
            ),
        ]
        indexes = [
            models.Index(fields=["hospital_id", "department_id", "date"], name="session_of_department_day"),
            models.Index(fields=["hospital_id", "date"], name="session_of_day"),
            models.Index(
                fields=["hospital_id", "release_at"],
                name="session_to_release",
                condition=Q(state=SessionState.PLANNED.value),
            ),
            models.Index(
                fields=["hospital_id", "date"],
                name="session_referral_to_return",
                condition=Q(referral_returned=False) & ~Q(state=SessionState.STOPPED.value),
            ),
            models.Index(
                fields=["hospital_id", "stops_at"], name="session_to_stop", condition=Q(stops_at__isnull=False)
            ),
            models.Index(
                fields=["hospital_id", "stoppage_id"],
                name="session_of_stoppage",
                condition=Q(stoppage_id__isnull=False),
            ),
        ]

    def own(self) -> "models.QuerySet[ClinicSession]":
        """This one row, for an update."""
        return ClinicSession.objects.filter(hospital_id=self.hospital_id, id=self.id)

    def as_contract(self) -> contracts.Session:
        return contracts.Session(
            hospital_id=self.hospital_id,
            session_id=self.id,
            campus_id=self.campus_id,
            department_id=self.department_id,
            practitioner_id=self.practitioner_id,
            substituted_id=self.substituted_id,
            clinic_kind=self.clinic_kind,
            title=self.title,
            date=self.date,
            half_day=HalfDay(self.half_day),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            fee_fen=self.fee_fen,
            state=SessionState(self.state),
            release_at=self.release_at,
            is_first_visit_named=self.is_first_visit_named,
            stop_reason=self.stop_reason,
            slots=self.slots,
            extra_slots=self.extra_slots,
            room=self.room,
            stops_at=self.stops_at,
        )


class Stoppage(models.Model):
    """One word to stop sessions. What it stops bears its id; `sessions` is how many they were."""

    scale = Scale.H

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField()
    reason = models.CharField(max_length=16)
    sessions = models.PositiveSmallIntegerField()
    planned_by = models.CharField(max_length=80)
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "schedule_stoppage"
        constraints = [
            models.CheckConstraint(name="stoppage_reason_known", condition=Q(reason__in=words(StopReason))),
            models.CheckConstraint(name="stoppage_of_something", condition=Q(sessions__gte=1)),
            models.CheckConstraint(
                name="stoppage_undone_in_time", condition=Q(undone_at=None) | Q(undone_at__lt=F("due_at"))
            ),
        ]
        indexes = [models.Index(fields=["hospital_id", "planned_at"], name="stoppage_of_hospital")]

    def as_contract(self, *, waiting: int, stopped: int) -> contracts.Stoppage:
        return contracts.Stoppage(
            hospital_id=self.hospital_id,
            stoppage_id=self.id,
            reason=StopReason(self.reason),
            sessions=self.sessions,
            planned_by=self.planned_by,
            planned_at=self.planned_at,
            due_at=self.due_at,
            undone_at=self.undone_at,
            waiting=waiting,
            stopped=stopped,
        )


class Slot(models.Model):
    """号源: one number of a session. No column says that it is taken: a live booking does.

    `session_starts_at` and `session_ends_at` repeat the session's times under one foreign key, so that
    `slot_within_session` can be a CHECK.
    """

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField()
    session_id = models.UUIDField()
    number = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    pool = models.CharField(max_length=16)
    is_special = models.BooleanField(default=False)
    is_extra = models.BooleanField(default=False)
    extra_for_id = models.UUIDField(null=True, help_text="the patient, copied: no key leads to a patient")
    extra_by_id = models.UUIDField(null=True, help_text="the practitioner")
    extra_reason = models.CharField(max_length=16, null=True)
    reopens_at = models.DateTimeField(null=True)
    session_starts_at = models.DateTimeField()
    session_ends_at = models.DateTimeField()

    class Meta:
        db_table = "schedule_slot"
        constraints = [
            models.CheckConstraint(name="slot_pool_known", condition=Q(pool__in=words(Pool))),
            models.CheckConstraint(name="slot_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="slot_window_not_too_long",
                condition=Q(ends_at__lte=F("starts_at") + LONGEST_WINDOW),
            ),
            models.CheckConstraint(
                name="slot_within_session",
                condition=Q(starts_at__gte=F("session_starts_at"), ends_at__lte=F("session_ends_at")),
            ),
            models.CheckConstraint(
                name="slot_special_is_onsite", condition=Q(is_special=False) | Q(pool=Pool.ONSITE.value)
            ),
            models.CheckConstraint(
                name="slot_extra_whole",
                condition=Q(is_extra=False, extra_for_id=None, extra_by_id=None, extra_reason=None)
                | Q(
                    is_extra=True,
                    pool=Pool.ONSITE.value,
                    extra_for_id__isnull=False,
                    extra_by_id__isnull=False,
                    extra_reason__isnull=False,
                    extra_reason__in=words(ExtraReason),
                ),
            ),
            models.CheckConstraint(name="slot_number_from_one", condition=Q(number__gte=1)),
            models.UniqueConstraint(
                name="slot_number_once_per_session", fields=["hospital_id", "session_id", "number"]
            ),
        ]

    def as_contract(self) -> contracts.Slot:
        return contracts.Slot(
            hospital_id=self.hospital_id,
            slot_id=self.id,
            session_id=self.session_id,
            number=self.number,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            pool=Pool(self.pool),
            is_extra=self.is_extra,
            reopens_at=self.reopens_at,
            is_special=self.is_special,
            extra_for_id=self.extra_for_id,
        )
