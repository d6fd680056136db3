"""Schedule: its tables, all of a hospital (class H)."""

from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import connection, models
from django.db.models import F, Func, Q
from psycopg import sql

from yitong.core.db.command import joined
from yitong.core.db.scale import Scale
from yitong.core.ids import new_id
from yitong.domains.schedule import contracts, errors
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
    roster_line_id = models.UUIDField(null=True)
    slots = models.PositiveSmallIntegerField(help_text="how many, extra ones among them")
    extra_slots = models.PositiveSmallIntegerField(default=0)
    referral_returned = models.BooleanField(default=False, help_text="its unused referral slots flowed back (R-012)")
    room = models.CharField(max_length=20, default="", db_default="")

    class Meta:
        db_table = "schedule_clinic_session"
        constraints = [
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


def copy_in(model: type[models.Model], rows: Sequence[Sequence[object]]) -> None:
    """Writes rows, each the values of the model's columns in order, by COPY; every constraint holds as in an INSERT.

    Plain values and no model objects: a city's slots are hundreds of thousands. Joins the caller's transaction.
    """
    if not rows:
        return
    with joined():
        fields = _concrete(model)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(model._meta.db_table), sql.SQL(", ").join(sql.Identifier(f.column) for f in fields)
        )
        with connection.cursor() as cursor, connection.wrap_database_errors, cursor.cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def values_of(row: models.Model) -> list[object]:
    """A row's values as `copy_in` takes them."""
    return [getattr(row, field.attname) for field in _concrete(type(row))]


def session_of(
    hospital_id: UUID, new: contracts.NewSession, *, roster_line_id: UUID | None, now: datetime
) -> ClinicSession:
    """A planned session as a row, not yet written. Released if its time came."""
    return ClinicSession(
        hospital_id=hospital_id,
        id=new.session_id,
        campus_id=new.campus_id,
        department_id=new.department_id,
        practitioner_id=new.practitioner_id,
        clinic_kind=new.clinic_kind,
        title=new.title,
        date=new.date,
        half_day=new.half_day,
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        fee_fen=new.fee_fen,
        state=SessionState.RELEASED if new.release_at <= now else SessionState.PLANNED,
        release_at=new.release_at,
        is_first_visit_named=new.is_first_visit_named,
        room=new.room,
        roster_line_id=roster_line_id,
        slots=len(new.windows),
    )


def slots_of(hospital_id: UUID, new: contracts.NewSession, *, special: Set[int]) -> list[list[object]]:
    """The session's slots as `copy_in` takes them, numbered from 1; `special` are positions from 0."""
    same = Slot(
        hospital_id=hospital_id,
        session_id=new.session_id,
        session_starts_at=new.starts_at,
        session_ends_at=new.ends_at,
    )
    names = _names(Slot)
    row = values_of(same)
    own = [names.index(name) for name in ("id", "number", "starts_at", "ends_at", "pool", "is_special")]
    rows: list[list[object]] = []
    for place, (starts_at, ends_at, pool) in enumerate(new.windows):
        values = (new_id(), place + 1, starts_at, ends_at, pool.value, place in special)
        for index, value in zip(own, values, strict=True):
            row[index] = value
        rows.append(row.copy())
    return rows


def extra_slot_of(session: ClinicSession, patient_id: UUID, *, by: UUID, reason: ExtraReason) -> Slot:
    """One more slot in the session's last window, not yet written (R-014). The session is locked."""
    own = Slot.objects.filter(hospital_id=session.hospital_id, session_id=session.id)
    last = own.latest("ends_at", "number")
    return Slot(
        hospital_id=session.hospital_id,
        id=new_id(),
        session_id=session.id,
        number=session.slots + 1,
        starts_at=last.starts_at,
        ends_at=last.ends_at,
        pool=Pool.ONSITE,
        is_extra=True,
        extra_for_id=patient_id,
        extra_by_id=by,
        extra_reason=reason,
        session_starts_at=session.starts_at,
        session_ends_at=session.ends_at,
    )


def lock_session(hospital_id: UUID, session_id: UUID) -> ClinicSession:
    """The session FOR UPDATE. Refuses SessionMissing. Joins the caller's transaction."""
    with joined():
        rows = ClinicSession.objects.filter(hospital_id=hospital_id, id=session_id)
        session = rows.select_for_update(of=("self",)).order_by("id").first()
        if session is None:
            raise errors.SessionMissing()
        return session


def share(hospital_id: UUID, slot_id: UUID) -> tuple[ClinicSession, Slot] | None:
    """The slot and its session, both locked FOR SHARE, the session first. Joins the caller's transaction.

    Django knows no FOR SHARE. What a waiting statement answers is the row as the other left it.
    """
    with joined(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_columns(ClinicSession, 'c')}, {_columns(Slot, 's')} FROM schedule_clinic_session c"
            " JOIN schedule_slot s ON s.hospital_id = c.hospital_id AND s.session_id = c.id"
            " WHERE c.hospital_id = %s AND s.hospital_id = %s AND s.id = %s FOR SHARE OF c, s",
            [hospital_id, hospital_id, slot_id],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    width = len(_names(ClinicSession))
    session = ClinicSession.from_db(connection.alias, _names(ClinicSession), row[:width])
    return session, Slot.from_db(connection.alias, _names(Slot), row[width:])


def _concrete(model: type[models.Model]) -> "list[models.Field[object, object]]":
    return [field for field in model._meta.concrete_fields if field.column is not None]


def _names(model: type[models.Model]) -> list[str]:
    return [field.attname for field in _concrete(model)]


def _columns(model: type[models.Model], alias: str) -> str:
    return ", ".join(f'{alias}."{field.column}"' for field in _concrete(model))
