"""Who may take which slot, and when: the decisions of a claim, shared by desk, pages, API and the booking window.

Pure: everything that a decision needs is handed in. Each function refuses with the code of its rule.
"""

import hashlib
import hmac
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from yitong.core import clock
from yitong.core.policy.values import Policies
from yitong.domains.booking import errors
from yitong.domains.booking.contracts import MEANT, AgeBand, Booking, HoldAtDesk, HoldSlot, LineTimes, Standing, Usual
from yitong.domains.hospitals.contracts.things import Department
from yitong.domains.people.contracts.patients import AccountUse, BookingFacts, Limits
from yitong.domains.people.contracts.words import IdentityLevel, PatientState, Sex
from yitong.domains.people.errors import PatientMissing
from yitong.domains.schedule.contracts import (
    POOLS_OF_CHANNEL,
    BookableSlot,
    Pool,
    ReleasedSession,
    Session,
    SessionState,
    Slot,
)
from yitong.domains.schedule.errors import SessionIsStopping

DESK = "desk"
KEPT_POOLS = (Pool.ONLINE, Pool.PHONE)  # who waits draws on no pool, but these are what everybody may have
ONLINE_ONLY = (Pool.ONLINE,)
OLD_FROM = 60  # years: 老年人 by law
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LiveBooking:
    """What a claim asks of the patient's other live bookings."""

    booking_id: UUID
    hospital_id: UUID
    department_id: UUID
    visit_date: date
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """All that decides one claim, read under the locks of the patient's limits and of the session."""

    cmd: HoldSlot
    bookable: BookableSlot
    facts: BookingFacts
    limits: Limits
    others: Sequence[LiveBooking]  # the patient's live bookings, without the one that is being moved
    department: Department
    policies: Policies
    channel: str
    is_open: bool  # whether the slot's pool sells at this instant: `schedule.rules.opening.is_open`
    hides_name: bool  # whether a first visit may not name this doctor
    entitled_pool: Pool | None  # a pool opened by a referral or contract
    has_turn: bool = True  # False: a line stands before this slot, and it is not this patient's turn


def check_can_hold(claim: Claim, *, now: datetime) -> None:
    """Every rule of a claim, the person first, then the slot, then the limits (R-002…R-018, R-045, R-046, R-103)."""
    check_person(claim, now=now)
    check_session(claim.bookable.session)
    check_window(claim)
    check_pool(claim.bookable.slot.pool, claim.channel, claim.entitled_pool)
    check_special(claim)
    check_slot(claim, now=now)
    check_eligible(claim.department, claim.facts, claim.bookable.session.date)
    if claim.hides_name and claim.cmd.by_name:
        raise errors.FirstVisitBySpecialty()
    check_limits(claim)
    check_turn(has_turn=claim.has_turn)


def check_person(claim: Claim, *, now: datetime) -> None:
    facts, policies = claim.facts, claim.policies
    if facts.state is not PatientState.ACTIVE:
        raise PatientMissing()
    if policies.flag("booking.verified_only") and facts.level is IdentityLevel.DECLARED:
        raise errors.VerifyRequired()
    if claim.channel == DESK:
        return  # at the window locks don't hold: "急诊和现场就诊不受影响"
    if facts.abuse_locked:
        raise errors.AbuseLocked()
    if facts.needs_check:
        raise errors.CheckRequired()
    check_account_use(AccountUse(facts.account_booked_m3, facts.account_cancels_m1), policies)
    locked_until = claim.limits.locked_until
    if locked_until is not None and clock.shanghai_date(now) < locked_until:
        raise errors.NoShowLocked(n=claim.limits.no_shows_counted, date=locked_until.isoformat())


def check_account_use(use: AccountUse, policies: Policies) -> None:
    """R-010. Asked twice: early, for a kind answer, and of the counts under the account's lock, which decides."""
    if use.booked_m3 >= policies.int("booking.limits.per_phone_m3"):
        raise errors.AbuseLocked(bookings=use.booked_m3)
    if use.cancels_m1 > policies.int("booking.limits.cancels_m1"):
        raise errors.AbuseLocked(cancels=use.cancels_m1)


def check_session(session: Session) -> None:
    if session.state is SessionState.STOPPED:
        raise errors.SessionCancelled()
    if session.stops_at is not None:
        raise SessionIsStopping()


def check_window(claim: Claim) -> None:
    """R-002: days, release time, stop time, as the schedule says them."""
    if not claim.is_open:
        raise errors.WindowClosed(**window_in_words(claim.policies))


def window_in_words(policies: Policies) -> dict[str, int | str]:
    return {
        "min": policies.int("booking.window.min_days"),
        "max": policies.int("booking.window.max_days"),
        "release_time": policies.word("booking.window.release"),
    }


def pools_open_to(channel: str, entitled_pool: Pool | None) -> tuple[Pool, ...]:
    """The pools that a channel draws from (R-012); an entitlement opens one more."""
    pools = POOLS_OF_CHANNEL.get(channel, ONLINE_ONLY)
    return pools if entitled_pool is None else (*pools, entitled_pool)


def check_pool(pool: Pool, channel: str, entitled_pool: Pool | None) -> None:
    if pool not in pools_open_to(channel, entitled_pool):
        raise errors.PoolExhausted()


def check_special(claim: Claim) -> None:
    """Numbers that are kept on site go to the old, or to whom the desk says that he is one of the others, and to nobody
    else as long as they are there: no rule lets them flow back (R-013)."""
    if not claim.bookable.slot.is_special:
        return
    born, cmd = claim.facts.birth_date, claim.cmd
    is_old = born is not None and age_on(born, claim.bookable.session.date) >= OLD_FROM
    is_shown = claim.channel == DESK and isinstance(cmd, HoldAtDesk) and cmd.is_special_group
    if not is_old and not is_shown:
        raise errors.SlotReserved(age_from=OLD_FROM)


def may_be_kept(slot: Slot, *, now: datetime) -> bool:
    """Whether a freed slot may go to those who wait: one that is sold to everybody, and not over (R-012, R-017)."""
    return slot.pool in KEPT_POOLS and not slot.is_extra and not slot.is_special and slot.ends_at > now


def is_given_out(slots: Iterable[Slot], taken: Collection[UUID], pools: Collection[Pool], *, now: datetime) -> bool:
    """Whether all that these pools have of a session is gone. What a draw holds as yet is not."""
    ours = [slot for slot in slots if slot.pool in (*pools, Pool.DRAW) and not slot.is_extra and slot.ends_at > now]
    return bool(ours) and not any(slot.slot_id not in taken and is_back(slot, now=now) for slot in ours)


def returns_at(policies: Policies, *, now: datetime, booking_ends_at: datetime, draw: Callable[[int], int]) -> datetime:
    """When a freed slot returns to all (R-017): after a delay that is drawn (`draw(n)` gives one of 0 … n-1), or at the
    next set time that is no nearer than the least delay. Where booking ends before that, the delay holds: else nobody
    would ever have the slot.
    """
    least = policies.int("booking.rerelease.min_minutes") * 60
    most = max(least, policies.int("booking.rerelease.max_minutes") * 60)
    by_chance = now + timedelta(seconds=least + draw(most - least + 1))
    if policies.word("booking.rerelease.mode") == "random":
        return by_chance
    today, at = clock.shanghai_date(now), policies.time("booking.rerelease.at_time")
    earliest = now + timedelta(seconds=least)
    turns = (clock.at_shanghai(today + timedelta(days=ahead), at) for ahead in (0, 1, 2))
    set_time = next(turn for turn in turns if turn >= earliest)
    return set_time if set_time < booking_ends_at else by_chance


def is_back(slot: Slot, *, now: datetime) -> bool:
    """Whether time lets it be taken: its window is not over, and if it was freed it is back (R-017)."""
    return slot.ends_at > now and (slot.reopens_at is None or slot.reopens_at <= now)


def check_slot(claim: Claim, *, now: datetime) -> None:
    if not is_back(claim.bookable.slot, now=now):
        raise errors.SlotTaken()  # to everybody a slot on its way back looks taken
    if claim.bookable.slot.extra_for_id not in (None, claim.cmd.patient_id):
        raise errors.SlotTaken()  # an extra slot is one patient's, freed or not


def check_eligible(department: Department, facts: BookingFacts, day: date) -> None:
    """Sex and age of those whom the department sees, on the day of the visit (R-046)."""
    if not department.is_bookable:
        raise errors.NotEligible()
    if department.sex is not None and facts.sex is not Sex.UNKNOWN and facts.sex.value != department.sex:
        raise errors.NotEligible(sex=department.sex)
    if facts.birth_date is None:
        return
    age = age_on(facts.birth_date, day)
    if (department.age_from is not None and age < department.age_from) or (
        department.age_below is not None and age >= department.age_below
    ):
        raise errors.NotEligible(age_from=department.age_from, age_below=department.age_below)


def check_limits(claim: Claim) -> None:
    """R-005 under the lock of the patient's limit row; the table's CHECKs hold the city's ceilings whatever happens."""
    check_limits_of_slot(claim.others, claim.bookable, claim.policies)


def check_limits_of_slot(others: Sequence[LiveBooking], bookable: BookableSlot, policies: Policies) -> None:
    """What the patient's other live bookings say: R-005, and no two visits at once (R-046)."""
    slot = bookable.slot
    check_limits_of_session(others, bookable.session, policies)
    for other in others:
        if other.starts_at < slot.ends_at and slot.starts_at < other.ends_at:
            raise errors.TimeClash()


def check_limits_of_session(others: Sequence[LiveBooking], session: Session, policies: Policies) -> None:
    """R-005, whichever slot of the session it will be: one booking in a department and day, so many in each span."""
    for other in others:
        there = (other.hospital_id, other.department_id, other.visit_date)
        if there == (session.hospital_id, session.department_id, session.date):
            raise errors.DuplicateDepartment()
    if not others:
        return  # no span of one booking is full: each limit is at least one
    days, day = [other.visit_date for other in others], session.date
    for refusal, span, most in (
        (errors.DayLimitReached, "same_day", policies.int("booking.limits.same_day")),
        (errors.WeekLimitReached, "d7", policies.int("booking.limits.d7")),
        (errors.QuarterLimitReached, "m3", policies.int("booking.limits.m3")),
    ):
        # So few that they fit into any span: nothing need be counted.
        if len(days) >= most and most_in_span([*days, day], span, around=day) > most:
            raise refusal(n=most)


def most_in_span(days: Collection[date], span: str, *, around: date) -> int:
    """The largest number of `days` in any window of the span that holds `around`.

    A window of 7 days is [d, d+7); one of 3 months is [d, same day-number three months on).
    """
    if span == "same_day":
        return sum(1 for day in days if day == around)
    best = 0
    for start in days:
        end = start + timedelta(days=7) if span == "d7" else clock.months_later(start, 3)
        if start <= around < end:
            best = max(best, sum(1 for day in days if start <= day < end))
    return best


def age_on(birth: date, day: date) -> int:
    """Whole years on that day; who is born on 29 February grows older on 1 March of a common year."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def age_band(birth: date, day: date) -> AgeBand:
    age = age_on(birth, day)
    below = {18: AgeBand.CHILD, 45: AgeBand.YOUNG, OLD_FROM: AgeBand.MIDDLE, 75: AgeBand.OLD}
    return next((band for limit, band in below.items() if age < limit), AgeBand.OLDEST)


def cancel_deadline(day: date, policies: Policies) -> datetime:
    """R-007: the last instant (exclusive) at which a booking for `day` may be cancelled or moved by its channel."""
    return clock.at_shanghai(
        day - timedelta(days=policies.int("booking.cancel.days_before")), policies.time("booking.cancel.time")
    )


def check_can_cancel(day: date, policies: Policies, *, channel: str, now: datetime) -> None:
    deadline = cancel_deadline(day, policies)
    if channel != DESK and now >= deadline:
        raise errors.CancelTooLate(deadline=deadline.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M"))


def missed_at(ends_at: datetime, policies: Policies) -> datetime:
    """R-008: from when on a booking that was not picked up is a no-show."""
    return ends_at + policies.minutes("booking.pickup.grace_minutes")


def usual_of(mine: Iterable[Booking], *, most: int) -> list[Usual]:
    """Who and where the bookings were with, the most frequent first, then the latest; undone and missed ones say
    nothing about where one likes to go."""
    met: dict[tuple[UUID, UUID, UUID | None], list[date]] = {}
    for one in mine:
        if one.state in MEANT:
            met.setdefault((one.hospital_id, one.department_id, one.practitioner_id), []).append(one.date)
    found = [Usual(*place, len(days), max(days)) for place, days in met.items()]
    return sorted(found, key=lambda one: (-one.visits, -one.last_date.toordinal(), str(one.practitioner_id)))[:most]


def sold_out_after(
    session: ReleasedSession, online: int, online_at: datetime | None, referral: int, referral_at: datetime | None
) -> timedelta | None:
    """How long after its release the last of its online slots was first taken: given how many slots were ever drawn
    from the online and the referral pool, and when the last of each. None: some slot has never been taken.

    A booking from before the release (its patient had an entitlement, or was moved here) took no time at all.
    """
    taken = [(online, online_at), *([(referral, referral_at)] if session.referral_returned else [])]
    instants = [at for _n, at in taken if at is not None]
    if not instants or sum(n for n, _at in taken) < session.online_slots:
        return None
    return max(max(instants) - session.release_at, timedelta())


# -- the line before the window (R-017) ------------------------------------------------------------------------------

LATE = 1 << 62  # ranks of those who came after the doors begin here; every lot is below it


def line_times(release_at: datetime, policies: Policies) -> LineTimes | None:
    """When people may stand in line for what is released then; None where nobody has to."""
    if policies.word("booking.line.mode") == "off":
        return None
    return LineTimes(
        opens_at=release_at - policies.minutes("booking.line.opens_minutes"),
        release_at=release_at,
        doors_at=release_at + timedelta(seconds=policies.int("booking.line.gather_seconds")),
        ends_at=release_at + policies.minutes("booking.line.minutes"),
    )


def check_turn(*, has_turn: bool) -> None:
    """Last of all: who may not book here anyway hears that, and doesn't wait for it."""
    if not has_turn:
        raise errors.NotYourTurn()


def needs_turn(slot: Slot, times: LineTimes | None, *, now: datetime) -> bool:
    """Whether only who was let in by the line may take this slot: one of the pool in which all of a city race."""
    return times is not None and slot.pool is Pool.ONLINE and times.release_at <= now < times.ends_at


def standing_of(
    admitted_until: datetime | None, left_at: datetime | None, times: LineTimes, *, now: datetime
) -> Standing:
    """Of who has a place."""
    if left_at is not None:
        return Standing.LEFT
    if admitted_until is not None:
        return Standing.ADMITTED if now < admitted_until else Standing.MISSED
    return Standing.GATHERING if now < times.doors_at else Standing.WAITING


def lot_seed(key: bytes, line_id: UUID) -> bytes:
    """What the lots of a line are drawn with. Its SHA-256 is told while people gather, itself when the line is over."""
    return hmac.digest(key, line_id.bytes, "sha256")


def lot_hash(seed: bytes) -> str:
    return hashlib.sha256(seed).hexdigest()


def rank_of(place_id: UUID, arrived_at: datetime, times: LineTimes, seed: bytes) -> int:
    """Where a place stands: by lot for who came before the doors, by the microsecond of his arrival for the others."""
    if arrived_at < times.doors_at:
        return int.from_bytes(hashlib.sha256(seed + place_id.bytes).digest()[:8]) >> 2
    return LATE + round((arrived_at - EPOCH) / timedelta(microseconds=1))
