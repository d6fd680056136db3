"""Rows: written by COPY, made from what is planned, locked for a command."""

from collections.abc import Collection, Sequence, Set
from datetime import datetime
from uuid import UUID

from django.db import connection, models
from django.db.models import Q
from psycopg import sql

from yitong.core.db.command import joined
from yitong.core.ids import new_id
from yitong.domains.schedule import contracts, errors
from yitong.domains.schedule.contracts import ExtraReason, Pool, SessionState
from yitong.domains.schedule.models.tables import ClinicSession, Slot


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
    """A planned session as a row, not yet written. Released if its time came; one that is over, as a file tells of,
    needs no open campus."""
    is_over = new.ends_at <= now
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
        at_open_campus=None if is_over else True,
        left_campus_at=now if is_over else None,
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


def lock_sessions(hospital_id: UUID, which: Q) -> list[ClinicSession]:
    """These sessions FOR UPDATE, in id order. Joins the caller's transaction."""
    with joined():
        rows = ClinicSession.objects.filter(which, hospital_id=hospital_id)
        return list(rows.select_for_update(of=("self",)).order_by("id"))


def share_sessions(hospital_id: UUID, session_ids: Collection[UUID]) -> list[ClinicSession]:
    """These sessions FOR SHARE, in id order. Joins the caller's transaction."""
    with joined(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_columns(ClinicSession, 'c')} FROM schedule_clinic_session c"
            " WHERE c.hospital_id = %s AND c.id = ANY(%s) ORDER BY c.id FOR SHARE OF c",
            [hospital_id, list(session_ids)],
        )
        names = _names(ClinicSession)
        return [ClinicSession.from_db(connection.alias, names, row) for row in cursor.fetchall()]


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
