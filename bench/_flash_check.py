"""The judge of a flash crowd: what was answered against what the database holds afterwards. Pure.

Nothing of the product's rules is used here: limits are counted by hand, so that an error there is not repeated here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from bench._flash_facts import FOR_EVER, Booking, Facts
from bench._flash_shapes import Answers, Ask, Crowd
from bench._flash_told import Fault, Told, tell
from bench._flash_truth import QUARTER, SAME_DAY, WEEK, Truth

MOST_SHOWN = 5


def judge(facts: Facts, crowd: Crowd, answers: Answers) -> list[Fault]:
    """Everything that is wrong."""
    told = list(tell(crowd, answers))
    return [
        *slots_twice(facts),
        *outside_their_time(facts),
        *over_limits(facts),
        *counts_of_limits(facts),
        *patients_side(facts),
        *events_of_claims(facts),
        *answers_kept(facts, told),
        *answers_repeated(told),
        *Truth(facts, told).faults(),
    ]


def summary(faults: Sequence[Fault]) -> dict[str, list[str]]:
    """By kind: how many, and the first of them."""
    found: dict[str, list[str]] = {}
    for kind, count in Counter(fault.kind for fault in faults).items():
        shown = [fault.text for fault in faults if fault.kind == kind][:MOST_SHOWN]
        found[kind] = [f"{count} in all", *shown]
    return found


# -- the database by itself ----------------------------------------------------------------------------------------


def slots_twice(facts: Facts) -> Iterator[Fault]:
    """At no instant do two bookings hold one slot."""
    by_slot: dict[str, list[Booking]] = defaultdict(list)
    for one in facts.bookings:
        by_slot[one.slot_id].append(one)
    for slot_id, rows in by_slot.items():
        rows.sort(key=lambda one: one.created_at)
        for before, after in pairwise(rows):
            if (FOR_EVER if before.live or before.ended_at is None else before.ended_at) > after.created_at:
                yield Fault("slot twice", f"slot {slot_id}: {before.booking_id} and {after.booking_id}")


def outside_their_time(facts: Facts) -> Iterator[Fault]:
    """Nothing is booked before its release, nor from a pool that is not for everybody's phone."""
    for one in facts.bookings:
        session, slot = facts.sessions[one.session_id], facts.slots[one.slot_id]
        if one.created_at < session.release_at:
            early_ms = (session.release_at - one.created_at) * 1000
            yield Fault("too early", f"{one.booking_id}: {early_ms:.3f} ms before its release")
        if slot.session_id != one.session_id or slot.pool != one.pool:
            yield Fault("wrong slot", f"{one.booking_id}: slot {one.slot_id}")
        if one.pool != "online" and one.actor.startswith("account:"):
            yield Fault("wrong pool", f"{one.booking_id}: {one.pool}")


def over_limits(facts: Facts) -> Iterator[Fault]:
    """R-005 and R-046 over the live bookings of each patient."""
    by_patient: dict[str, list[Booking]] = defaultdict(list)
    for one in facts.bookings:
        if one.live:
            by_patient[one.patient_id].append(one)
    for patient_id, rows in by_patient.items():
        days = sorted(one.day for one in rows)
        places = Counter((one.hospital_id, one.department_id, one.day) for one in rows)
        rows.sort(key=lambda one: one.starts_at)
        broken = {
            "one a day and department": max(places.values()) > 1,
            "two a day": max(Counter(days).values()) > SAME_DAY,
            "three in seven days": any(sum(day <= d < day + 7 for d in days) > WEEK for day in days),
            "five in three months": any(sum(day <= d < _quarter_on(day) for d in days) > QUARTER for day in days),
            "two at once": any(before.ends_at > after.starts_at for before, after in pairwise(rows)),
        }
        for limit, is_broken in broken.items():
            if is_broken:
                yield Fault("over the limit", f"patient {patient_id}: {limit}")


def _quarter_on(day: int) -> int:
    """The same day-number three months on, or the last day of that month."""
    begins = date.fromordinal(day)
    year, month = divmod(begins.year * 12 + begins.month - 1 + 3, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month + 1, min(begins.day, last)).toordinal()


def counts_of_limits(facts: Facts) -> Iterator[Fault]:
    """The row by which a patient is judged says what his live bookings say."""
    days: dict[str, list[int]] = defaultdict(list)
    for one in facts.bookings:
        if one.live:
            days[one.patient_id].append(one.day)
    for patient_id in days.keys() | facts.limits.keys():
        if sorted(days.get(patient_id, [])) != sorted(facts.limits.get(patient_id, [])):
            yield Fault("limits row", f"patient {patient_id}")


def patients_side(facts: Facts) -> Iterator[Fault]:
    """What "my bookings" shows is what was booked."""
    rows = {one.booking_id: one for one in facts.patient_rows}
    for one in facts.bookings:
        row = rows.pop(one.booking_id, None)
        if row is None:
            yield Fault("patient's side", f"{one.booking_id} is missing")
        elif (row.patient_id, row.starts_at, row.ends_at, row.state, row.live) != (
            *(one.patient_id, one.starts_at, one.ends_at),
            *(one.state, one.live),
        ):
            yield Fault("patient's side", f"{one.booking_id} differs")
    for booking_id in rows:
        yield Fault("patient's side", f"{booking_id} is of no booking")


def events_of_claims(facts: Facts) -> Iterator[Fault]:
    """Each booking stands in one batch, or has an event of its own; one of a batch gets its own later, once."""
    batched = Counter(booking_id for names in facts.batches for booking_id in names)
    own = Counter(facts.announced)
    there = {one.booking_id for one in facts.bookings}
    for booking_id in there - batched.keys() - own.keys():
        yield Fault("event", f"{booking_id} was never announced")
    for booking_id in (batched.keys() | own.keys()) - there:
        yield Fault("event", f"{booking_id} was announced and is not there")
    for booking_id in there:
        if batched[booking_id] > 1 or own[booking_id] > 1:
            yield Fault("event", f"{booking_id} was announced more than once")


# -- the answers against it ----------------------------------------------------------------------------------------


def answers_kept(facts: Facts, told: Sequence[Told]) -> Iterator[Fault]:
    """Every 201 is there: that booking, under that key, for that patient, on the slot asked for or one near it."""
    there = {one.booking_id: one for one in facts.bookings}
    for one in told:
        if one.status != 201:
            continue
        booking = there.get(str(one.body.get("booking_id")))
        if booking is None:
            yield Fault("answer lost", f"key {one.ask.key}: booking {one.body.get('booking_id')} is not there")
        elif (booking.key, booking.actor, booking.patient_id, booking.hospital_id, booking.session_id) != (
            *(one.ask.key, one.ask.actor, one.ask.patient_id, one.ask.hospital_id, one.ask.session_id),
        ) or (booking.slot_id, booking.code) != (one.body.get("slot_id"), one.code):
            yield Fault("answer lost", f"key {one.ask.key}: booking {booking.booking_id} is another's, or elsewhere")
        elif not is_near(facts, one.ask, booking.slot_id):
            yield Fault("not near", f"key {one.ask.key}: slot {booking.slot_id} for {one.ask.slot_id}")
        elif booking.created_at > one.answered:
            yield Fault("answer lost", f"key {one.ask.key}: answered before it was made")


def is_near(facts: Facts, ask: Ask, slot_id: str) -> bool:
    wanted, given = facts.slots[ask.slot_id], facts.slots[slot_id]
    if ask.near == "slot":
        return slot_id == ask.slot_id
    if given.session_id != wanted.session_id:
        return False
    return ask.near == "session" or (given.starts_at, given.ends_at) == (wanted.starts_at, wanted.ends_at)


def answers_repeated(told: Sequence[Told]) -> Iterator[Fault]:
    """An answer once given stays: whoever asks again with the same key after a 201 gets that booking."""
    by_key: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for one in told:
        by_key[one.ask.actor, one.ask.key].append(one)
    for (_, key), rows in by_key.items():
        if len(rows) == 1:
            continue
        given = [one for one in rows if one.status == 201]
        if len({(str(one.body.get("booking_id")), one.code) for one in given}) > 1:
            yield Fault("answer changed", f"key {key}: two bookings")
        first = min((one.answered for one in given), default=FOR_EVER)
        for one in rows:
            if one.status not in (0, 201, 429, 503) and one.sent > first:
                yield Fault("answer changed", f"key {key}: {one.code} after a booking")
