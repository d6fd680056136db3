"""Who is next, how long an offer stands, when waiting ends. Pure: everything that a decision needs is handed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from yitong.core import clock
from yitong.core.policy.values import Policies
from yitong.domains.waitlist.contracts import MOST_PATIENTS, Mode, SessionKey
from yitong.domains.waitlist.errors import WishUnclear

NIGHTS = 10  # more than any clock crosses


# -- who is next ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Free:
    """A kept slot that is promised to nobody. `is_fresh`: it has not yet waited for a family."""

    kept_id: UUID
    is_fresh: bool = True


@dataclass(frozen=True, slots=True)
class InLine:
    """An entry in a session's line. `gathered`: how many slots of this session are promised to it so far, where it
    gathers here. `is_busy`: it has an offer, or gathers, elsewhere. `passed`: the keepings that went past it."""

    entry_id: UUID
    people: int
    mode: Mode
    is_busy: bool = False
    gathered: int = 0
    passed: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Turn:
    """These slots are for this entry: all that it needs (`is_whole`), or the first of them."""

    entry_id: UUID
    kept_ids: tuple[UUID, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class LetGo:
    """Nobody in the line can have these."""

    kept_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing to do now: what is free waits for an entry that is busy."""


def next_turn(free: Sequence[Free], line: Sequence[InLine]) -> Turn | LetGo | Hold:
    """The rule of the line, one step. `free` in the order of keeping, `line` in the order of joining.

    The first who waits, is not busy and was not passed by has the slot. A family has its slots together: where too few
    are free, those that are fresh are gathered for it, each once; what has waited for a family already goes to the
    first who can have it as it is. Where only busy entries could have a slot, it is held for them.
    """
    for one in line:
        if one.is_busy:
            continue
        usable = [slot for slot in free if slot.kept_id not in one.passed]
        lacking = one.people - one.gathered
        if usable and len(usable) >= lacking:
            return Turn(one.entry_id, tuple(slot.kept_id for slot in usable[:lacking]), is_whole=True)
        fresh = tuple(slot.kept_id for slot in usable if slot.is_fresh)
        if fresh:
            return Turn(one.entry_id, fresh, is_whole=False)
    busy = [one for one in line if one.is_busy]
    gone = tuple(slot.kept_id for slot in free if all(slot.kept_id in one.passed for one in busy))
    return LetGo(gone) if gone else Hold()


# -- clocks --------------------------------------------------------------------------------------------------------


def closes_at(booking_ends_at: datetime, policies: Policies) -> datetime:
    """The last moment (exclusive) of a session's line: what is freed later has still time to be taken by anybody."""
    return booking_ends_at - policies.minutes("waitlist.close_minutes")


def gathers_until(now: datetime, closes: datetime, policies: Policies) -> datetime:
    return min(now + policies.minutes("waitlist.gather_minutes"), closes)


def can_ask(now: datetime, closes: datetime, policies: Policies) -> bool:
    return closes - now >= policies.minutes("waitlist.least_offer_minutes")


def offer_until(now: datetime, closes: datetime, policies: Policies) -> datetime:
    """When an offer made now runs out.

    It has `offer_minutes`, but no more than half of what is left, so that the next may be asked too, and no less than
    `least_offer_minutes`. In the quiet hours its clock stands still: nobody loses an offer by sleeping. Where the end
    is too near for a night to pass, it runs on.
    """
    span = min(
        policies.minutes("waitlist.offer_minutes"),
        max(policies.minutes("waitlist.least_offer_minutes"), (closes - now) / 2),
    )
    awake = while_awake(now, span, policies.time("waitlist.quiet_from"), policies.time("waitlist.quiet_until"))
    return awake if awake <= closes else min(now + span, closes)


def while_awake(start: datetime, span: timedelta, quiet_from: time, quiet_until: time) -> datetime:
    """The instant at which so much time has passed outside of the quiet hours [from, until), which may hold midnight.
    None are quiet where both are one time."""
    if quiet_from == quiet_until:
        return start + span
    day = clock.shanghai_date(start) - timedelta(days=1)
    for ahead in range(NIGHTS):
        begins = clock.at_shanghai(day + timedelta(days=ahead), quiet_from)
        ends = clock.at_shanghai(day + timedelta(days=ahead + (quiet_until < quiet_from)), quiet_until)
        if start + span <= begins:
            return start + span
        if start < ends:
            span -= max(begins - start, timedelta())
            start = ends
    return start + span


# -- wishes --------------------------------------------------------------------------------------------------------


def check_wish(patient_ids: Sequence[UUID], sessions: Sequence[SessionKey], policies: Policies) -> None:
    """Refuses WishUnclear."""
    most = policies.int("waitlist.sessions_per_entry")
    is_clear = 1 <= len(patient_ids) <= MOST_PATIENTS and 1 <= len(sessions) <= most
    if not is_clear or len(set(patient_ids)) < len(patient_ids) or len(set(sessions)) < len(sessions):
        raise WishUnclear(patients=MOST_PATIENTS, sessions=most)
