"""What is open to a channel: what the schedule offers less live bookings."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from yitong.core.db import policies
from yitong.domains.booking import models, rules
from yitong.domains.booking.contracts import SessionOffer, SlotOffer
from yitong.domains.schedule.contracts import Pool, Session, SessionState
from yitong.domains.schedule.queries import timetable as schedule


def offers(hospital_id: UUID, sessions: Sequence[Session], *, channel: str, now: datetime) -> dict[UUID, SessionOffer]:
    """How much of each session is left for a channel: nothing where it doesn't sell at this instant (R-002, R-016).

    Two queries, and one for the policies, however many sessions.
    """
    pools = rules.pools_open_to(channel, None)
    selling = _selling(hospital_id, sessions, pools, now)
    left: dict[UUID, int] = {}
    if selling:
        left = schedule.count_slots(hospital_id, selling, pools, now, except_ids=_taken(hospital_id, selling))
    return {s.session_id: SessionOffer(s.session_id, s.slots, left.get(s.session_id, 0)) for s in sessions}


def list_sold_out(hospital_id: UUID, sessions: Sequence[Session], *, channel: str, now: datetime) -> list[UUID]:
    """Those of which a channel can have nothing, so that one may wait for what is freed: they are open, or they are not
    released yet and a draw gave all of them (R-017). Three queries, however many sessions."""
    pools = rules.pools_open_to(channel, None)
    in_force = policies.of_hospital(hospital_id, now)
    going = [one for one in sessions if one.state is not SessionState.STOPPED and one.stops_at is None]
    ids = [one.session_id for one in going]
    taken = set(_taken(hospital_id, ids))
    slots = schedule.slots_of_sessions(hospital_id, ids)
    return [
        one.session_id
        for one in going
        if rules.is_given_out(slots[one.session_id], taken, pools, now=now)
        and (now < one.release_at or schedule.is_open(one, now, in_force(one.department_id)))
    ]


def slot_offers(
    hospital_id: UUID, session: Session, *, channel: str, now: datetime, entitlement_id: UUID | None = None
) -> list[SlotOffer]:
    """Every window of a session for one channel, in order, open or not. A handful of queries."""
    return slot_offers_of(hospital_id, [session], channel=channel, now=now, entitlement_id=entitlement_id)


def slot_offers_of(
    hospital_id: UUID, sessions: Sequence[Session], *, channel: str, now: datetime, entitlement_id: UUID | None = None
) -> list[SlotOffer]:
    """As `slot_offers`, of each session in turn; as many queries as for one."""
    by_session = slot_offers_by_session(hospital_id, sessions, channel=channel, now=now, entitlement_id=entitlement_id)
    return [offer for session in sessions for offer in by_session[session.session_id]]


def slot_offers_by_session(
    hospital_id: UUID, sessions: Sequence[Session], *, channel: str, now: datetime, entitlement_id: UUID | None = None
) -> dict[UUID, list[SlotOffer]]:
    """As `slot_offers`, under each session; as many queries as for one."""
    pools = rules.pools_open_to(channel, _entitled_pool(hospital_id, entitlement_id))
    in_force = policies.of_hospital(hospital_id, now)
    ids = [session.session_id for session in sessions]
    taken = set(_taken(hospital_id, ids))
    slots = schedule.slots_of_sessions(hospital_id, ids)
    found = {}
    for session in sessions:
        rules_of = in_force(session.department_id)
        sells = {pool: schedule.is_open(session, now, rules_of, pool=pool) for pool in pools}
        found[session.session_id] = [
            SlotOffer(
                slot.slot_id,
                slot.number,
                slot.starts_at,
                slot.ends_at,
                sells[slot.pool] and slot.slot_id not in taken and rules.is_back(slot, now=now),
                slot.is_special,
            )
            for slot in slots[session.session_id]
            if slot.pool in pools and not slot.is_extra
        ]
    return found


def _selling(hospital_id: UUID, sessions: Sequence[Session], pools: Sequence[Pool], now: datetime) -> list[UUID]:
    in_force = policies.of_hospital(hospital_id, now)
    return [
        s.session_id
        for s in sessions
        if any(schedule.is_open(s, now, in_force(s.department_id), pool=pool) for pool in pools)
    ]


def _taken(hospital_id: UUID, session_ids: Sequence[UUID]) -> list[UUID]:
    with connection.cursor() as cursor:  # by hand: the busiest page asks it
        cursor.execute(
            "SELECT slot_id FROM booking_booking WHERE hospital_id = %s AND session_id = ANY(%s) AND live",
            [hospital_id, list(session_ids)],
        )
        return [slot_id for (slot_id,) in cursor.fetchall()]


def _entitled_pool(hospital_id: UUID, entitlement_id: UUID | None) -> Pool | None:
    if entitlement_id is None:
        return None
    row = models.Entitlement.objects.filter(hospital_id=hospital_id, id=entitlement_id).first()
    return Pool(row.pool) if row else None
