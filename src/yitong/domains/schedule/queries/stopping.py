"""What may be stopped and was, and who may stand in. Lists are bounded."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet

from yitong.core.actor import Actor
from yitong.core.clock import shanghai_date
from yitong.domains.hospitals.contracts.things import Practitioner, StillPlanned
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule import errors, permissions
from yitong.domains.schedule.contracts import Session, SessionState, Stoppage, Substitute
from yitong.domains.schedule.models import ClinicSession
from yitong.domains.schedule.models import Stoppage as StoppageRow
from yitong.domains.schedule.queries.timetable import between, get_session
from yitong.domains.schedule.rules import changes

MOST_STOPPAGES = 50


def list_substitutes(hospital_id: UUID, session_id: UUID, *, actor: Actor) -> list[Substitute]:
    """Who could sit in for the session's doctor: of the department, free at that time, of the same grade first, then
    of a higher one (R-016)."""
    permissions.check_can_manage(actor, hospital_id)
    session = get_session(hospital_id, session_id)
    return substitutes_of(hospital_id, [session], actor=actor)[session_id]


def substitutes_of(hospital_id: UUID, sessions: Collection[Session], *, actor: Actor) -> dict[UUID, list[Substitute]]:
    """As `list_substitutes`, of each session; as many queries for a hundred as for one. Each is looked at alone: one
    colleague may be named for two sessions of the same hour."""
    permissions.check_can_manage(actor, hospital_id)
    if not sessions:
        return {}
    colleagues = hospitals.list_practitioners(hospital_id)
    busy: dict[UUID, list[tuple[datetime, datetime]]] = {}
    sittings = ClinicSession.objects.filter(
        ~Q(state=SessionState.STOPPED),
        hospital_id=hospital_id,
        date__in={session.date for session in sessions},
        practitioner_id__in=[colleague.practitioner_id for colleague in colleagues],
    )
    for practitioner_id, starts_at, ends_at in sittings.values_list("practitioner_id", "starts_at", "ends_at"):
        assert practitioner_id is not None
        busy.setdefault(practitioner_id, []).append((starts_at, ends_at))
    return {session.session_id: _fit(session, colleagues, busy) for session in sessions}


def _fit(
    session: Session, colleagues: Iterable[Practitioner], busy: Mapping[UUID, Sequence[tuple[datetime, datetime]]]
) -> list[Substitute]:
    """Of the session's department, of its grade or a higher one, and free at its time; the same grade first (R-016)."""
    wanted = changes.grade(session.title)
    fit = [
        (changes.grade(one.title), one)
        for one in colleagues
        if session.department_id in one.department_ids
        and one.practitioner_id != session.practitioner_id
        and changes.grade(one.title) >= wanted
        and not any(
            starts < session.ends_at and session.starts_at < ends for starts, ends in busy.get(one.practitioner_id, ())
        )
    ]
    fit.sort(key=lambda pair: (pair[0], pair[1].name))
    return [Substitute(one.practitioner_id, one.name, one.title, same_grade=rank == wanted) for rank, one in fit]


def list_stoppable(
    hospital_id: UUID,
    from_date: date,
    until_date: date,
    *,
    actor: Actor,
    now: datetime,
    practitioner_id: UUID | None = None,
    department_id: UUID | None = None,
    campus_id: UUID | None = None,
    roster_line_id: UUID | None = None,
) -> list[Session]:
    """The sessions of the days [from_date, until_date] that may still be stopped, by time: one more than one word may
    stop, so that the caller sees that they are too many."""
    permissions.check_can_manage(actor, hospital_id)
    rows = between(hospital_id, from_date, until_date).filter(~Q(state=SessionState.STOPPED), ends_at__gt=now)
    for name, value in (
        ("practitioner_id", practitioner_id),
        ("department_id", department_id),
        ("campus_id", campus_id),
        ("roster_line_id", roster_line_id),
    ):
        if value is not None:
            rows = rows.filter(**{name: value})
    found = rows.filter(stops_at=None).order_by("starts_at", "department_id", "id")[: changes.MOST_STOPPED + 1]
    return [row.as_contract() for row in found]


def planned_at(hospital_id: UUID, campus_id: UUID, now: datetime) -> StillPlanned | None:
    """What is planned at a campus and not over yet, a stop that may still be taken back among it; None: nothing."""
    return planned_by_campus(hospital_id, now).get(campus_id)


def planned_by_campus(hospital_id: UUID, now: datetime) -> dict[UUID, StillPlanned]:
    """As `planned_at`, of each campus where something is planned. One query."""
    rows = ClinicSession.objects.filter(
        ~Q(state=SessionState.STOPPED),
        hospital_id=hospital_id,
        date__gte=shanghai_date(now) - timedelta(days=1),  # by the index; a night ends on the day after its own
        ends_at__gt=now,
    )
    found = rows.values_list("campus_id").annotate(Count("id"), Min("date"), Max("date")).order_by()
    return {campus_id: StillPlanned(n, first, last) for campus_id, n, first, last in found}


def get_stoppage(hospital_id: UUID, stoppage_id: UUID, *, actor: Actor) -> Stoppage:
    """Refuses StoppageMissing."""
    permissions.check_can_manage(actor, hospital_id)
    found = _stoppages(StoppageRow.objects.filter(hospital_id=hospital_id, id=stoppage_id))
    if not found:
        raise errors.StoppageMissing()
    return found[0]


def list_stoppages(hospital_id: UUID, since: datetime, *, actor: Actor) -> list[Stoppage]:
    """What was planned since then, the latest first; at most 50. Two queries."""
    permissions.check_can_manage(actor, hospital_id)
    rows = StoppageRow.objects.filter(hospital_id=hospital_id, planned_at__gte=since)
    return _stoppages(rows.order_by("-planned_at", "id")[:MOST_STOPPAGES])


def list_sessions_of_stoppage(hospital_id: UUID, stoppage_id: UUID, *, actor: Actor) -> list[Session]:
    """Its sessions by time; none where it was undone."""
    permissions.check_can_manage(actor, hospital_id)
    rows = ClinicSession.objects.filter(hospital_id=hospital_id, stoppage_id=stoppage_id)
    return [row.as_contract() for row in rows.order_by("starts_at", "department_id", "id")]


def _stoppages(rows: QuerySet[StoppageRow]) -> list[Stoppage]:
    found = list(rows)
    if not found:
        return []
    counted = (
        ClinicSession.objects.filter(hospital_id=found[0].hospital_id, stoppage_id__in=[row.id for row in found])
        .values_list("stoppage_id")
        .annotate(
            waiting=Count("id", filter=Q(stops_at__isnull=False)),
            stopped=Count("id", filter=Q(state=SessionState.STOPPED)),
        )
        .order_by()
    )
    counts = {stoppage_id: (waiting, stopped) for stoppage_id, waiting, stopped in counted}
    each = ((row, *counts.get(row.id, (0, 0))) for row in found)
    return [row.as_contract(waiting=waiting, stopped=stopped) for row, waiting, stopped in each]
