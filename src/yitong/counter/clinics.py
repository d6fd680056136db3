"""Whether a wish may be granted: what is decided once for a session and a batch, and what for each wish.

The decision is `booking.rules.check_can_hold`, the same function that desk and pages ask. Nearly every wish of a
release is a plain one: nothing is on record against the patient or his account, and the session sells to everybody
alike. Of a plain wish the rules are asked once for the whole batch, then only about the patient's other bookings.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from yitong.core.errors import Refusal, Unidentified
from yitong.core.policy.values import Policies
from yitong.counter.statements import LockedWish
from yitong.counter.wishes import Wish
from yitong.domains.booking import rules
from yitong.domains.booking.contracts import LineTimes, State
from yitong.domains.booking.states import Move, next_state
from yitong.domains.hospitals.contracts.things import Department
from yitong.domains.people.contracts.patients import AccountUse, BookingFacts, Limits
from yitong.domains.people.contracts.words import IdentityLevel, PatientState, Sex
from yitong.domains.people.errors import PatientMissing
from yitong.domains.people.rules import usage
from yitong.domains.schedule.contracts import BookableSlot, Pool, Session, Slot
from yitong.domains.schedule.rules import opening

KEPT = timedelta(seconds=30)  # shorter than any span in which a session is shut and then open again: hours to minutes


@dataclass(slots=True)
class Instant:
    """The moment of one batch: what many of its wishes ask alike."""

    now: datetime
    text: str = ""
    _days: dict[int, list[date]] = field(default_factory=dict)
    _later: "Instant | None" = None
    _holds: dict[int, tuple[datetime, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.text = str(self.now)

    @property
    def later(self) -> "Instant":
        """As long after this one as an answer is kept."""
        if self._later is None:
            self._later = Instant(self.now + KEPT)
        return self._later

    def hold(self, policies: Policies) -> tuple[datetime, str]:
        """Until when what is held now is held under these policies (R-018), and the same as COPY takes it."""
        found = self._holds.get(id(policies))
        if found is None:
            until = self.now + policies.minutes("booking.hold_minutes")
            found = self._holds[id(policies)] = until, str(until)
        return found

    def days(self, policies: Policies) -> list[date]:
        """What may be booked now under these policies."""
        found = self._days.get(id(policies))  # the picture holds on to them
        if found is None:
            found = self._days[id(policies)] = opening.bookable_dates(self.now, policies)
        return found


@dataclass(slots=True)
class Clinic:
    """A session as it was read under its lock, with what decides in it and what its bookings have in common.

    It is kept while its row, its policies and its department stand.
    """

    session: Session
    version: int  # of the row (xmin)
    policies: Policies
    department: Department
    state: State  # of a new booking
    line: str  # the columns of a booking that are the session's, as COPY takes them
    waiting: LineTimes | None  # when people stand in line for it
    _sells: dict[tuple[Pool, str], tuple[datetime, datetime]] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, version: int, policies: Policies, department: Department) -> "Clinic":
        payment = policies.word("booking.payment")
        state = first_state(payment)
        practitioner = session.practitioner_id or "\\N"
        line = (
            f"{session.hospital_id}\t{session.session_id}\t{session.campus_id}\t{session.department_id}\t{practitioner}\t"
            f"{session.clinic_kind}\t{session.date}\t{session.fee_fen}\t{payment}\t{state}"
        )
        times = rules.line_times(session.release_at, policies)
        return cls(session, version, policies, department, state, line, times)

    def stands(self, version: int, policies: Policies, department: Department) -> bool:
        """Whether it still is what would be made now."""
        return self.version == version and self.policies is policies and self.department is department

    def is_open(self, pool: Pool, at: Instant) -> bool:
        return opening.is_open(self.session, at.now, self.policies, pool=pool, days=at.days(self.policies))

    def sells_plainly(self, wish: Wish, slot: Slot, at: Instant) -> bool:
        """Whether the rules grant this slot to anybody of whom nothing is on record.

        Slots of one pool are alike but in their time and in whom they are for. What was granted at two instants that
        lie close to each other is granted between them.
        """
        is_for_some = slot.is_special or slot.extra_for_id is not None
        if wish.by_name or is_for_some or not rules.is_back(slot, now=at.now):
            return False
        what = (slot.pool, wish.holder.channel)
        granted = self._sells.get(what)
        if granted is not None and granted[0] <= at.now <= granted[1]:
            return True
        is_lately = granted is not None and granted[1] <= at.now <= granted[1] + KEPT
        if not (is_lately or self._grants_to_nobody(wish, slot, at)) or not self._grants_to_nobody(
            wish, slot, at.later
        ):
            return False
        self._sells[what] = (at.now, at.later.now)
        return True

    def _grants_to_nobody(self, wish: Wish, slot: Slot, at: Instant) -> bool:
        department = self.department
        if (department.sex, department.age_from, department.age_below) != (None, None, None):
            return False  # who is seen there is asked of each patient
        try:
            rules.check_can_hold(claim(wish, slot, NOBODY, (), self, at), now=at.now)
        except Refusal:
            return False
        return True


# What LOCK_WISHES says of a patient and an account of whom nothing is on record.
NOBODY = LockedWish(0, None, None, 0, None, None, "unknown", None, None, None, "active", "verified", True, True, False)
_NOTHING_ON_RECORD = NOBODY.record, NOBODY._replace(level="seen").record


def check(wish: Wish, found: LockedWish, others: Sequence[rules.LiveBooking], clinic: Clinic, at: Instant) -> None:
    """Refuses what may not be booked. `found`, `others` and the clinic were read under their locks."""
    slot = wish.board.slots[wish.n]
    if is_plain(found, clinic.policies) and clinic.sells_plainly(wish, slot, at):
        if others:
            rules.check_limits_of_slot(others, BookableSlot(slot, clinic.session), clinic.policies)
        return
    if not found.is_signed_in:
        raise Unidentified()
    if not found.is_linked or found.moved_to is not None:
        raise PatientMissing()
    rules.check_can_hold(claim(wish, slot, found, others, clinic, at), now=at.now)


def is_plain(found: LockedWish, policies: Policies) -> bool:
    """Whether nothing is on record that any rule but those of limits could hold against this wish."""
    if found.record not in _NOTHING_ON_RECORD:
        return False
    if found.booked_at is None and found.cancelled_at is None:
        return True
    # Within three months or one it was no more often than ever; who comes near the limit is counted by the rules.
    ever = AccountUse(len(found.booked_at or ()), len(found.cancelled_at or ()))
    try:
        rules.check_account_use(ever, policies)
    except Refusal:
        return False
    return True


def claim(
    wish: Wish, slot: Slot, found: LockedWish, others: Sequence[rules.LiveBooking], clinic: Clinic, at: Instant
) -> rules.Claim:
    """All of it, as the rules judge it."""
    cmd, session = wish.command(), clinic.session
    return rules.Claim(
        cmd=cmd,
        bookable=BookableSlot(slot, session),
        facts=_facts(cmd.patient_id, found, at.now),
        limits=Limits(
            patient_id=cmd.patient_id,
            live_days=tuple(found.live_days or ()),
            no_show_days=tuple(found.no_show_days or ()),
            locked_until=found.locked_until,
            no_shows_counted=found.no_shows_counted,
        ),
        others=others,
        department=clinic.department,
        policies=clinic.policies,
        channel=wish.holder.channel,
        is_open=clinic.is_open(slot.pool, at),
        hides_name=opening.must_hide_name(session, clinic.policies, is_first_visit=cmd.is_first_visit),
        entitled_pool=None,
    )


def first_state(payment: str) -> State:
    """Confirmed at once where the visit is paid on the day, else held until it is paid (R-018)."""
    return next_state(None, Move.BOOK if payment == "at_visit" else Move.HOLD)


def _facts(patient_id: UUID, found: LockedWish, now: datetime) -> BookingFacts:
    return BookingFacts(
        patient_id=patient_id,
        state=PatientState(found.state),
        level=IdentityLevel(found.level),
        sex=Sex(found.sex),
        birth_date=found.birth_date,
        may_act=True,  # his pass says so, and the link stands
        abuse_locked=found.is_locked,
        account_booked_m3=_used(found.booked_at, now, months=3),
        account_cancels_m1=_used(found.cancelled_at, now, months=1),
    )


def _used(instants: Collection[datetime] | None, now: datetime, *, months: int) -> int:
    return usage.used_since(instants or (), now, months=months)
