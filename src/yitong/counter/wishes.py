"""A wish for a slot on its way through the booking window, and the decision about it.

The decision is `booking.rules.check_can_hold`, the same function that desk and pages ask.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from yitong.core.errors import Refusal, Unidentified
from yitong.core.policy.values import Policies
from yitong.counter.picture import Board, Known
from yitong.counter.statements import LockedWish
from yitong.domains.booking import rules
from yitong.domains.booking.contracts import HoldSlot, Pass, PassPatient, State
from yitong.domains.booking.states import Move, next_state
from yitong.domains.people.contracts import BookingFacts, IdentityLevel, Limits, PatientState, Sex
from yitong.domains.people.errors import PatientMissing
from yitong.domains.people.rules import usage
from yitong.domains.schedule import rules as schedule
from yitong.domains.schedule.contracts import BookableSlot, Pool, Session

Answer = Known | Refusal
Key = tuple[UUID, str, str]  # hospital, actor, key: what finds the first answer


@dataclass(frozen=True, slots=True)
class Member:
    """A patient of a pass, with what a booking stores of him as COPY takes it."""

    patient_id: UUID
    text: str
    name: str  # sealed, in hexadecimal

    @classmethod
    def of(cls, patient: PassPatient) -> "Member":
        return cls(patient.patient_id, str(patient.patient_id), patient.name.hex())


@dataclass(frozen=True, slots=True)
class Holder:
    """Who shows a pass: read from it once, with its ids in the forms that a claim needs."""

    account_id: UUID
    account: str
    session: str  # the account's, not the clinic's
    channel: str
    pools: tuple[Pool, ...]  # which the channel draws from
    actor_key: str
    expires_at: datetime
    patients: dict[UUID, PassPatient]
    key_id: UUID | None = None  # of the channel that asked for the pass

    @classmethod
    def of(cls, said: Pass) -> "Holder":
        account = str(said.account_id)
        return cls(
            account_id=said.account_id,
            account=account,
            session=str(said.session_id),
            channel=said.channel,
            pools=rules.pools_open_to(said.channel, None),
            actor_key=f"account:{account}",
            expires_at=said.expires_at,
            patients={one.patient_id: one for one in said.patients},
            key_id=said.key_id,
        )


@dataclass(slots=True)
class Wish:
    """`n` is the slot that the picture proposes, by its place on the board. `answers`: one for each request that waits
    under the same key, so that a client who hangs up takes nobody else's answer away."""

    cmd: HoldSlot
    digest: bytes
    holder: Holder
    member: Member
    board: Board
    key: Key
    answers: list[asyncio.Future[Answer]] = field(default_factory=list)
    n: int = -1


@dataclass(slots=True)
class Instant:
    """The moment of one batch: what many of its wishes ask alike."""

    now: datetime
    text: str = ""
    _days: dict[int, list[date]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.text = str(self.now)

    def days(self, policies: Policies) -> list[date]:
        """What may be booked now under these policies."""
        found = self._days.get(id(policies))  # the picture holds on to them
        if found is None:
            found = self._days[id(policies)] = schedule.bookable_dates(self.now, policies)
        return found


@dataclass(slots=True)
class Clinic:
    """A session as it was read under its lock, with what decides in it and what its bookings have in common.

    It is kept on the board while that row and those policies stand; `_open` holds for one batch.
    """

    session: Session
    version: int  # of the row (xmin)
    policies: Policies
    state: State  # of a new booking
    line: str  # the columns of a booking that are the session's, as COPY takes them
    patients_line: str  # those of the patient's side
    _open: dict[Pool, bool]
    _asked: Instant | None = None

    @classmethod
    def of(cls, session: Session, version: int, policies: Policies) -> "Clinic":
        payment = policies.word("booking.payment")
        state = first_state(payment)
        practitioner = session.practitioner_id or "\\N"
        line = (
            f"{session.hospital_id}\t{session.session_id}\t{session.campus_id}\t{session.department_id}\t{practitioner}\t"
            f"{session.clinic_kind}\t{session.date}\t{session.fee_fen}\t{payment}\t{state}\t"
        )
        return cls(
            session,
            version,
            policies,
            state,
            line,
            f"{session.hospital_id}\t{session.department_id}\t{session.date}",
            {},
        )

    def is_open(self, pool: Pool, at: Instant) -> bool:
        if self._asked is not at:
            self._asked, self._open = at, {}
        found = self._open.get(pool)
        if found is None:
            found = schedule.is_open(self.session, at.now, self.policies, pool=pool, days=at.days(self.policies))
            self._open[pool] = found
        return found


def check(wish: Wish, found: LockedWish, others: Sequence[rules.LiveBooking], clinic: Clinic, at: Instant) -> None:
    """Refuses what may not be booked. `found`, `others` and the clinic were read under their locks."""
    if not found.is_signed_in:
        raise Unidentified()
    if not found.is_linked or found.moved_to is not None:
        raise PatientMissing()
    slot, cmd, session, policies = wish.board.slots[wish.n], wish.cmd, clinic.session, clinic.policies
    rules.check_can_hold(
        rules.Claim(
            cmd=cmd,
            bookable=BookableSlot(slot, session),
            facts=_facts(cmd.patient_id, found, at.now),
            limits=Limits(
                patient_id=cmd.patient_id,
                live_days=tuple(found.live_days),
                no_show_days=tuple(found.no_show_days),
                locked_until=found.locked_until,
                no_shows_counted=found.no_shows_counted,
            ),
            others=others,
            department=wish.board.department,
            policies=policies,
            channel=wish.holder.channel,
            is_open=clinic.is_open(slot.pool, at),
            hides_name=schedule.must_hide_name(session, policies, is_first_visit=cmd.is_first_visit),
            entitled_pool=None,
        ),
        now=at.now,
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


def _facts(patient_id: UUID, found: LockedWish, now: datetime) -> BookingFacts:
    return BookingFacts(
        patient_id=patient_id,
        state=_STATES[found.state],
        level=_LEVELS[found.level],
        sex=_SEXES[found.sex],
        birth_date=found.birth_date,
        may_act=True,  # his pass says so, and the link stands
        abuse_locked=found.is_locked,
        account_booked_m3=usage.used_since(found.booked_at or (), now, months=3),
        account_cancels_m1=usage.used_since(found.cancelled_at or (), now, months=1),
    )
