"""A wish for a slot on its way through the booking window, and the decision about it.

The decision is `booking.rules.check_can_hold`, the same function that desk and pages ask.
"""

import asyncio
import hashlib
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
from yitong.domains.schedule.contracts import BookableSlot, Pool, Session

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


@dataclass(slots=True)
class Clinic:
    """A session as it was read under its lock, with what decides in it; asked once for all of a batch's wishes."""

    session: Session
    policies: Policies
    payment: str
    state: State  # of a new booking
    line: str  # the columns of a booking that are the session's, as COPY takes them
    _open: dict[Pool, bool]

    @classmethod
    def of(cls, session: Session, policies: Policies) -> "Clinic":
        payment = policies.word("booking.payment")
        state = first_state(payment)
        practitioner = session.practitioner_id or "\\N"
        line = (
            f"{session.hospital_id}\t{session.session_id}\t{session.campus_id}\t{session.department_id}\t{practitioner}\t"
            f"{session.clinic_kind}\t{session.date}\t{session.fee_fen}\t{payment}\t{state}\t"
        )
        return cls(session, policies, payment, state, line, {})

    def is_open(self, pool: Pool, now: datetime) -> bool:
        found = self._open.get(pool)
        if found is None:
            found = self._open[pool] = schedule.is_open(self.session, now, self.policies, pool=pool)
        return found


def check(wish: Wish, found: LockedWish, others: Sequence[rules.LiveBooking], clinic: Clinic, now: datetime) -> None:
    """Refuses what may not be booked. `found`, `others` and the clinic were read under their locks."""
    if not found.is_signed_in:
        raise Unidentified()
    if not found.is_linked or found.moved_to is not None:
        raise PatientMissing()
    slot = wish.board.slots[wish.n]
    rules.check_can_hold(
        rules.Claim(
            cmd=wish.cmd,
            bookable=BookableSlot(slot, clinic.session),
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
            policies=clinic.policies,
            channel=wish.channel,
            is_open=clinic.is_open(slot.pool, now),
            hides_name=schedule.must_hide_name(clinic.session, clinic.policies, is_first_visit=wish.cmd.is_first_visit),
            entitled_pool=None,
        ),
        now=now,
    )


def first_state(payment: str) -> State:
    """Confirmed at once where the visit is paid on the day, else held until it is paid (R-018)."""
    return next_state(None, Move.BOOK if payment == "at_visit" else Move.HOLD)


def digest_of_hold(cmd: HoldSlot) -> bytes:
    """What `core.digests.digest_of` says of this command, in a twentieth of its time. Without an entitlement."""
    content = (
        f'{{"by_name": {_words[cmd.by_name]}, "entitlement_id": null, "hospital_id": "{cmd.hospital_id}",'
        f' "is_first_visit": {_words[cmd.is_first_visit]}, "near": "{cmd.near}", "patient_id": "{cmd.patient_id}",'
        f' "slot_id": "{cmd.slot_id}"}}'
    )
    return hashlib.sha256(content.encode()).digest()


_words = {True: "true", False: "false"}
# The enumerations' own look-ups take five times as long.
_STATES = {one.value: one for one in PatientState}
_LEVELS = {one.value: one for one in IdentityLevel}
_SEXES = {one.value: one for one in Sex}


def _facts(wish: Wish, found: LockedWish, now: datetime) -> BookingFacts:
    return BookingFacts(
        patient_id=wish.cmd.patient_id,
        state=_STATES[found.state],
        level=_LEVELS[found.level],
        sex=_SEXES[found.sex],
        birth_date=found.birth_date,
        may_act=True,  # his pass says so, and the link stands
        abuse_locked=found.is_locked,
        account_booked_m3=usage.used_since(found.booked_at or (), now, months=3),
        account_cancels_m1=usage.used_since(found.cancelled_at or (), now, months=1),
    )
