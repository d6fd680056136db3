"""Sessions, their slots and the rosters that make them. Each function names one hospital; lists are bounded."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from yitong.core.actor import Actor
from yitong.core.clock import shanghai_date
from yitong.core.db.scale import cross_hospital
from yitong.core.policy.values import Policies
from yitong.domains.schedule import errors, permissions
from yitong.domains.schedule.contracts import (
    DepartmentDay,
    HalfDay,
    Pool,
    ReleasedSession,
    RosterLine,
    Session,
    SessionPage,
    SessionState,
    Slot,
)
from yitong.domains.schedule.models import ClinicSession
from yitong.domains.schedule.models import RosterLine as RosterRow
from yitong.domains.schedule.models import Slot as SlotRow
from yitong.domains.schedule.rules import cutting, opening, roster

LONGEST_RANGE = timedelta(days=92)
MOST_SESSIONS = 500
PAGE = 100

SESSION = [field.name for field in fields(Session)]
COLUMNS = ["id" if name == "session_id" else name for name in SESSION]
# By hand, as the busiest pages ask them: building them took longer than their answers.
SESSIONS = f"SELECT {', '.join(COLUMNS)} FROM schedule_clinic_session WHERE hospital_id = %s"
OF_SESSION = SESSIONS + " AND id = %s"
OF_DEPARTMENT = (
    SESSIONS + " AND department_id = %s AND date BETWEEN %s AND %s ORDER BY starts_at, practitioner_id, id LIMIT %s"
)
OF_PRACTITIONER = SESSIONS + " AND practitioner_id = %s AND date BETWEEN %s AND %s ORDER BY starts_at, id LIMIT %s"
SLOT = [field.name for field in fields(Slot)]
SLOT_COLUMNS = ", ".join("id" if name == "slot_id" else name for name in SLOT)
SLOTS = (
    f"SELECT {SLOT_COLUMNS} FROM schedule_slot WHERE hospital_id = %s AND session_id = ANY(%s)"
    " ORDER BY session_id, number"
)
RELEASED = """
    SELECT one.hospital_id, one.id, one.release_at, one.referral_returned, count(*)
    FROM schedule_clinic_session one JOIN schedule_slot slot ON slot.hospital_id = one.hospital_id
        AND slot.session_id = one.id AND slot.pool = 'online' AND NOT slot.is_extra
    WHERE one.date >= %s AND one.date < %s AND one.release_at <= %s AND one.state <> 'stopped'
    GROUP BY one.hospital_id, one.id, one.release_at, one.referral_returned"""


# -- when it may be booked (pure; the rules are shared with every face) ----------------------------------------------


def bookable_dates(now: datetime, policies: Policies) -> list[date]:
    """The days that a booking channel may book now, in order (R-002)."""
    return opening.bookable_dates(now, policies)


def release_at(day: date, policies: Policies) -> datetime:
    """When that day opens (R-002)."""
    return opening.release_at(day, policies)


def is_open(session: Session, now: datetime, policies: Policies, *, pool: Pool = Pool.ONLINE) -> bool:
    """Whether a slot of that pool may be claimed now (R-002, R-012): the one answer for pages and claims."""
    return opening.is_open(session, now, policies, pool=pool)


def booking_ends_at(session: Session, policies: Policies) -> datetime:
    """The instant (exclusive) until which the session's open pools may be booked (R-002)."""
    return opening.booking_ends_at(session, policies)


def must_hide_name(session: Session, policies: Policies, *, is_first_visit: bool) -> bool:
    """Whether this visit is booked by specialty and title, its doctor unnamed (R-004)."""
    return opening.must_hide_name(session, policies, is_first_visit=is_first_visit)


def plan_windows(
    starts_at: datetime, ends_at: datetime, slot_minutes: int, per_window: int, policies: Policies, clinic_kind: str
) -> tuple[tuple[datetime, datetime, Pool], ...]:
    """The windows of a session with their pools, as `NewSession.windows` takes them (R-003, R-012)."""
    windows = cutting.cut_windows(starts_at, ends_at, slot_minutes, per_window)
    return cutting.pool_windows(windows, policies, clinic_kind)


def is_rostered(line: RosterLine, day: date) -> bool:
    """Whether the line makes a session on that day: holidays and worked weekends are known."""
    return roster.runs_on(line, day, roster.day_kind(day), {})


# -- sessions ------------------------------------------------------------------------------------------------------


def get_session(hospital_id: UUID, session_id: UUID) -> Session:
    """Refuses SessionMissing."""
    found = _sessions(OF_SESSION, hospital_id, session_id)
    if not found:
        raise errors.SessionMissing()
    return found[0]


def sessions_by_id(hospital_id: UUID, ids: Collection[UUID]) -> dict[UUID, Session]:
    rows = ClinicSession.objects.filter(hospital_id=hospital_id, id__in=set(ids))
    return {row.id: row.as_contract() for row in rows}


def list_sessions(hospital_id: UUID, department_id: UUID, from_date: date, until_date: date) -> list[Session]:
    """Sessions of the days [from_date, until_date], planned and stopped ones too, by time; at most 500."""
    _check_range(from_date, until_date)
    return _sessions(OF_DEPARTMENT, hospital_id, department_id, from_date, until_date, MOST_SESSIONS)


def list_department_days(
    hospital_id: UUID, department_id: UUID, from_date: date, until_date: date
) -> list[DepartmentDay]:
    """The days [from_date, until_date] on which the department sits, in order; one query whatever their number."""
    return _days(between(hospital_id, from_date, until_date).filter(department_id=department_id))


def list_practitioner_sessions(
    hospital_id: UUID, practitioner_id: UUID, from_date: date, until_date: date
) -> list[Session]:
    """Where one practitioner sits on the days [from_date, until_date], by time; at most 500."""
    _check_range(from_date, until_date)
    return _sessions(OF_PRACTITIONER, hospital_id, practitioner_id, from_date, until_date, MOST_SESSIONS)


def day_list(
    hospital_id: UUID,
    day: date,
    *,
    actor: Actor,
    department_id: UUID | None = None,
    practitioner_id: UUID | None = None,
    cursor: str | None = None,
) -> SessionPage:
    """One day for a desk, a page of at most 100 sessions by time."""
    return week_list(
        hospital_id,
        day,
        day,
        actor=actor,
        department_id=department_id,
        practitioner_id=practitioner_id,
        cursor=cursor,
    )


def week_list(
    hospital_id: UUID,
    from_date: date,
    until_date: date,
    *,
    actor: Actor,
    department_id: UUID | None = None,
    practitioner_id: UUID | None = None,
    cursor: str | None = None,
) -> SessionPage:
    """The days [from_date, until_date] for a desk, 100 sessions a page, by time. `cursor` is the last page's."""
    permissions.check_can_see_lists(actor, hospital_id)
    rows = between(hospital_id, from_date, until_date)
    if department_id is not None:
        rows = rows.filter(department_id=department_id)
    if practitioner_id is not None:
        rows = rows.filter(practitioner_id=practitioner_id)
    if cursor:
        after_at, after_id = _read_cursor(cursor)
        rows = rows.filter(Q(starts_at__gt=after_at) | Q(starts_at=after_at, id__gt=after_id))
    found = [row.as_contract() for row in rows.order_by("starts_at", "id")[: PAGE + 1]]
    more = len(found) > PAGE
    page = tuple(found[:PAGE])
    return SessionPage(page, f"{page[-1].starts_at.isoformat()}~{page[-1].session_id}" if more else None)


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    at, _, identifier = cursor.partition("~")
    try:
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None:
            raise ValueError("naive")
        return instant, UUID(identifier)
    except ValueError as error:
        raise errors.CursorInvalid() from error


def between(hospital_id: UUID, from_date: date, until_date: date) -> QuerySet[ClinicSession]:
    """The hospital's sessions of these days, the last included."""
    _check_range(from_date, until_date)
    return ClinicSession.objects.filter(hospital_id=hospital_id, date__gte=from_date, date__lte=until_date)


def _check_range(from_date: date, until_date: date) -> None:
    if until_date - from_date > LONGEST_RANGE:
        raise errors.TimesInvalid()


def _sessions(sql: str, *bounds: UUID | date | int) -> list[Session]:
    """As contracts, without a model object for each: a department's week is dozens of rows, asked at each page."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(sql, bounds)
        for row in cursor.fetchall():
            values = dict(zip(SESSION, row, strict=True))
            values["half_day"], values["state"] = HalfDay(values["half_day"]), SessionState(values["state"])
            found.append(Session(**values))
    return found


def _days(rows: QuerySet[ClinicSession]) -> list[DepartmentDay]:
    days: dict[date, list[tuple[str, int, datetime]]] = {}
    for day, state, slots, release in rows.values_list("date", "state", "slots", "release_at").order_by("date"):
        days.setdefault(day, []).append((state, slots, release))
    return [_day(day, sessions) for day, sessions in days.items()]


def _day(day: date, sessions: Sequence[tuple[str, int, datetime]]) -> DepartmentDay:
    held = [(slots, release) for state, slots, release in sessions if state != SessionState.STOPPED]
    return DepartmentDay(
        date=day,
        sessions=len(held),
        stopped=len(sessions) - len(held),
        slots=sum(slots for slots, _ in held),
        release_at=min((release for _, release in held), default=None),
    )


# -- slots ---------------------------------------------------------------------------------------------------------


def list_slots(hospital_id: UUID, session_id: UUID) -> list[Slot]:
    """Every slot of the session, by number."""
    return slots_of_sessions(hospital_id, [session_id])[session_id]


def slots_of_sessions(hospital_id: UUID, session_ids: Collection[UUID]) -> dict[UUID, list[Slot]]:
    """Every slot of these sessions, by number; one query."""
    found: dict[UUID, list[Slot]] = {session_id: [] for session_id in session_ids}
    with connection.cursor() as cursor:
        cursor.execute(SLOTS, [hospital_id, list(found)])
        for row in cursor.fetchall():
            values = dict(zip(SLOT, row, strict=True))
            values["pool"] = Pool(values["pool"])
            found[values["session_id"]].append(Slot(**values))
    return found


def get_slot(hospital_id: UUID, slot_id: UUID) -> Slot:
    """Refuses SlotMissing."""
    row = SlotRow.objects.filter(hospital_id=hospital_id, id=slot_id).order_by("id").first()
    if row is None:
        raise errors.SlotMissing()
    return row.as_contract()


def count_slots(
    hospital_id: UUID,
    session_ids: Collection[UUID],
    pools: Collection[Pool],
    now: datetime,
    *,
    except_ids: Collection[UUID] = (),
) -> dict[UUID, int]:
    """How many slots each session has in these pools; extra ones and those that are over or reopen later are not
    counted (R-002, R-014, R-017). One query. What is taken of them booking knows, and may leave out by `except_ids`."""
    wanted = list(set(session_ids))
    with connection.cursor() as cursor:  # by hand: the busiest page asks it; building it took longer than its answer
        cursor.execute(
            "SELECT session_id, count(*) FROM schedule_slot WHERE hospital_id = %s AND session_id = ANY(%s)"
            " AND pool = ANY(%s) AND NOT is_extra AND (reopens_at IS NULL OR reopens_at <= %s)"
            " AND ends_at > %s AND id <> ALL(%s) GROUP BY session_id",
            [hospital_id, wanted, [pool.value for pool in pools], now, now, list(except_ids)],
        )
        found = dict(cursor.fetchall())
    return {session_id: found.get(session_id, 0) for session_id in session_ids}


def list_released(from_date: date, until_date: date, now: datetime) -> list[ReleasedSession]:
    """Every session of the city with a day in [from_date, until_date) that was released and has online slots, extra
    ones apart; stopped ones are left out. At most 92 days. One query. For figures: nothing here is of a person."""
    _check_range(from_date, until_date)
    with cross_hospital("city figures"), connection.cursor() as cursor:
        cursor.execute(RELEASED, [from_date, until_date, now])
        return [ReleasedSession(*row) for row in cursor.fetchall()]


def list_releases(hospital_id: UUID, now: datetime) -> list[tuple[UUID, datetime]]:
    """(department, instant) of the releases to come, the earliest first; at most 500."""
    rows = ClinicSession.objects.filter(hospital_id=hospital_id, state=SessionState.PLANNED, release_at__gt=now)
    found = rows.order_by("release_at", "department_id").values_list("department_id", "release_at").distinct()
    return list(found[:MOST_SESSIONS])


def count_sessions_ahead(from_at: datetime) -> int:
    """Planned and released sessions of the city that begin at that instant or later: those that a new rule meets."""
    with cross_hospital("city figures"):
        return ClinicSession.objects.filter(
            ~Q(state=SessionState.STOPPED), date__gte=shanghai_date(from_at), starts_at__gte=from_at
        ).count()


def count_pools(hospital_id: UUID, session_id: UUID) -> dict[Pool, int]:
    """The session's slots by pool, extra ones apart."""
    rows = SlotRow.objects.filter(hospital_id=hospital_id, session_id=session_id, is_extra=False)
    found = dict(rows.values_list("pool").annotate(n=Count("number")).order_by())
    return {pool: found.get(pool.value, 0) for pool in Pool}


# -- rosters -------------------------------------------------------------------------------------------------------


def list_roster(hospital_id: UUID, day: date, *, actor: Actor, department_id: UUID | None = None) -> list[RosterLine]:
    """The week grid as it stands on `day`: lines in force then or later, by weekday and time; at most 500."""
    permissions.check_can_see_lists(actor, hospital_id)
    rows = RosterRow.objects.filter(Q(until_date=None) | Q(until_date__gte=day), hospital_id=hospital_id)
    if department_id is not None:
        rows = rows.filter(department_id=department_id)
    ordered = rows.order_by("weekday", "starts", "department_id", "id")[:MOST_SESSIONS]
    return [row.as_contract() for row in ordered]


def has_roster(hospital_id: UUID, day: date, *, actor: Actor) -> bool:
    """Whether anybody sits by a line that is in force on `day` or later."""
    permissions.check_can_see_lists(actor, hospital_id)
    rows = RosterRow.objects.filter(Q(until_date=None) | Q(until_date__gte=day), hospital_id=hospital_id)
    return rows.exists()


def has_sessions_ahead(hospital_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """Whether any session is still to come that isn't stopped."""
    permissions.check_can_see_lists(actor, hospital_id)
    rows = ClinicSession.objects.filter(hospital_id=hospital_id, date__gte=shanghai_date(now), ends_at__gt=now)
    return rows.filter(~Q(state=SessionState.STOPPED)).exists()


def list_made_of_line(
    hospital_id: UUID, roster_line_id: UUID, from_date: date, *, actor: Actor, now: datetime
) -> list[Session]:
    """What was already made of a line for that day and later, and is neither stopped nor over, by time; at most 500.
    A line that moves leaves it behind."""
    permissions.check_can_manage(actor, hospital_id)
    rows = ClinicSession.objects.filter(
        ~Q(state=SessionState.STOPPED),
        hospital_id=hospital_id,
        roster_line_id=roster_line_id,
        date__gte=from_date,
        ends_at__gt=now,
    )
    return [row.as_contract() for row in rows.order_by("starts_at", "id")[:MOST_SESSIONS]]
