"""A wish for a slot on its way through the booking window, and the decision about it.

The decision is `booking.rules.check_can_hold`, the same function that desk and pages ask.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yitong.core.errors import Refusal, Unidentified
from yitong.core.policy.values import Policies
from yitong.counter.picture import Board, Known
from yitong.counter.statements import LockedWish
from yitong.domains.booking import rules
from yitong.domains.booking.contracts import HoldSlot, State
from yitong.domains.booking.states import Move, next_state
from yitong.domains.people.contracts import BookingFacts, IdentityLevel, Limits, PatientState, Sex
from yitong.domains.people.errors import PatientMissing
from yitong.domains.people.rules import usage
from yitong.domains.schedule import rules as schedule
from yitong.domains.schedule.contracts import BookableSlot, Session

Answer = Known | Refusal


@dataclass(slots=True)
class Wish:
    """`n` is the slot that the picture proposes, by its place on the board."""

    cmd: HoldSlot
    digest: bytes
    account_id: UUID
    session_id: UUID  # the account's, not the clinic's
    channel: str
    actor_key: str
    name: bytes  # sealed as the booking stores it
    board: Board
    answer: asyncio.Future[Answer]
    n: int = -1

    @property
    def key(self) -> tuple[UUID, str, str]:
        return (self.cmd.hospital_id, self.actor_key, self.cmd.key)


def check(
    wish: Wish,
    found: LockedWish,
    others: Sequence[rules.LiveBooking],
    session: Session,
    policies: Policies,
    now: datetime,
) -> None:
    """Refuses what may not be booked. `found`, `others` and `session` were read under their locks."""
    if not found.is_signed_in:
        raise Unidentified()
    if not found.is_linked or found.moved_to is not None:
        raise PatientMissing()
    slot = wish.board.slots[wish.n]
    rules.check_can_hold(
        rules.Claim(
            cmd=wish.cmd,
            bookable=BookableSlot(slot, session),
            facts=_facts(wish, found, now),
            limits=Limits(
                patient_id=wish.cmd.patient_id,
                live_days=tuple(found.live_days),
                no_show_days=tuple(found.no_show_days),
                locked_until=found.locked_until,
                no_shows_counted=found.no_shows_counted,
            ),
            others=others,
            department=wish.board.department,
            policies=policies,
            channel=wish.channel,
            is_open=schedule.is_open(session, now, policies, pool=slot.pool),
            hides_name=schedule.must_hide_name(session, policies, is_first_visit=wish.cmd.is_first_visit),
            entitled_pool=None,
        ),
        now=now,
    )


def first_state(policies: Policies) -> State:
    """Confirmed at once where the visit is paid on the day, else held until it is paid (R-018)."""
    return next_state(None, Move.BOOK if policies.word("booking.payment") == "at_visit" else Move.HOLD)


def _facts(wish: Wish, found: LockedWish, now: datetime) -> BookingFacts:
    return BookingFacts(
        patient_id=wish.cmd.patient_id,
        state=PatientState(found.state),
        level=IdentityLevel(found.level),
        sex=Sex(found.sex),
        birth_date=found.birth_date,
        may_act=True,  # his pass says so, and the link stands
        abuse_locked=found.is_locked,
        account_booked_m3=usage.used_since(found.booked_at or (), now, months=3),
        account_cancels_m1=usage.used_since(found.cancelled_at or (), now, months=1),
    )
