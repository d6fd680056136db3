"""What is left of a department's days, of its sessions, and which windows are open."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from ninja import Router

from yitong.core import clock
from yitong.core.db import policies
from yitong.core.errors import RuleBroken
from yitong.domains.access.contracts import Scope
from yitong.domains.booking.contracts import SessionOffer
from yitong.domains.booking.queries import openings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.contracts import Session, SessionState
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.api.auth import ApiRequest, ChannelKey
from yitong.faces.api.availability import schemas
from yitong.faces.api.fields import Day, Id, Page
from yitong.faces.api.paging import Cursor, Limit, page_of

router = Router(auth=ChannelKey(Scope.COUNTS))

LONGEST = timedelta(days=31)
USUAL = timedelta(days=7)


class RangeInvalid(RuleBroken):
    """The days are in the wrong order, or too many."""

    code = "RANGE_INVALID"


@router.get(
    "/hospitals/{hospital_id}/departments/{department_id}/days",
    response=schemas.Days,
    summary="科室各日余号 · Days of a department",
)
def list_days(
    request: ApiRequest, hospital_id: Id, department_id: Id, from_date: Day | None = None, until_date: Day | None = None
) -> Any:
    """The days [from_date, until_date] on which the department sits; counts only (S-14). Today and a week on, else."""
    now = clock.now()
    sessions = _sessions(hospital_id, department_id, from_date, until_date, now)
    offers = openings.offers(hospital_id, sessions, channel=request.actor.channel, now=now)
    bookable = schedule.bookable_dates(now, policies.at(hospital_id, now, department_id=department_id))
    by_day: dict[date, list[Session]] = {}
    for session in sessions:
        by_day.setdefault(session.date, []).append(session)
    return {"items": [_day(day, held, offers, bookable, now) for day, held in sorted(by_day.items())]}


@router.get(
    "/hospitals/{hospital_id}/departments/{department_id}/sessions",
    response=Page[schemas.Session],
    summary="出诊单元 · Sessions of a department",
)
def list_sessions(
    request: ApiRequest,
    hospital_id: Id,
    department_id: Id,
    from_date: Day | None = None,
    until_date: Day | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Any:
    """Sessions of the days [from_date, until_date] by time, planned and stopped ones too, with what is left of each."""
    now = clock.now()
    sessions = _sessions(hospital_id, department_id, from_date, until_date, now)
    items, next_cursor = page_of(
        sessions,
        key=lambda session: str(session.session_id),
        question=f"sessions:{department_id}",
        cursor=cursor,
        limit=limit,
    )
    offers = openings.offers(hospital_id, items, channel=request.actor.channel, now=now)
    return {"items": [_session(session, offers) for session in items], "next_cursor": next_cursor}


@router.get(
    "/hospitals/{hospital_id}/sessions/{session_id}", response=schemas.Session, summary="出诊单元 · One session"
)
def get_session(request: ApiRequest, hospital_id: Id, session_id: Id) -> Any:
    now = clock.now()
    session = schedule.get_session(hospital_id, session_id)
    return _session(session, openings.offers(hospital_id, [session], channel=request.actor.channel, now=now))


@router.get(
    "/hospitals/{hospital_id}/sessions/{session_id}/slots",
    response=schemas.Slots,
    auth=ChannelKey(Scope.BOOKINGS_WRITE),
    summary="号源时段 · Windows of a session",
)
def list_slots(request: ApiRequest, hospital_id: Id, session_id: Id, entitlement_id: Id | None = None) -> Any:
    """Every window of this channel's pools, open or not, with the id that `hold` takes. For who may book (S-14)."""
    session = schedule.get_session(hospital_id, session_id)
    offered = openings.slot_offers(
        hospital_id, session, channel=request.actor.channel, now=clock.now(), entitlement_id=entitlement_id
    )
    return {"items": offered}


def _sessions(
    hospital_id: Id, department_id: Id, from_date: date | None, until_date: date | None, now: datetime
) -> list[Session]:
    first = from_date or clock.shanghai_date(now)
    last = until_date or first + USUAL
    if not timedelta(0) <= last - first <= LONGEST:
        raise RangeInvalid(days=LONGEST.days)
    hospitals.get_department(hospital_id, department_id)
    return schedule.list_sessions(hospital_id, department_id, first, last)


def _session(session: Session, offers: dict[Id, SessionOffer]) -> dict[str, Any]:
    offer = offers[session.session_id]
    return {**asdict(session), "total": offer.total, "left": offer.left}


def _day(
    day: date, sessions: Sequence[Session], offers: dict[Id, SessionOffer], bookable: Sequence[date], now: datetime
) -> dict[str, Any]:
    held = [session for session in sessions if session.state is not SessionState.STOPPED]
    release = min((session.release_at for session in held), default=None)
    return {
        "date": day,
        "sessions": len(held),
        "total": sum(offers[session.session_id].total for session in held),
        "left": sum(offers[session.session_id].left for session in held),
        "is_open": bool(held) and day in bookable,
        "release_at": release if release is not None and release > now else None,
    }
