"""Whether every refusal was true at its time: the timeline of slots and people, made from the bookings."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench._flash_facts import FOR_EVER, Booking, Facts
from bench._flash_told import Fault, Told

KNOWS_WITHIN_S = 1.0  # a slot that is free shows within a second
MINUTE_S, MOST_A_MINUTE = 60.0, 6
SAME_DAY, WEEK, QUARTER = 2, 3, 5
SOLD_OUT = ("SLOT_TAKEN", "POOL_EXHAUSTED")
NOTHING_SAID = (0, 201, 503)  # lost, booked, or told to come again: no statement that could be false


@dataclass(frozen=True, slots=True)
class Held:
    """A booking's time on its slot: from when, until when."""

    since: float
    until: float
    booking: Booking


@dataclass(slots=True)
class Group:
    """Slots that would all have done for an ask. `full_since`: from then on all were held for good, if ever."""

    slots: tuple[str, ...]
    full_since: float


@dataclass(slots=True)
class Truth:
    facts: Facts
    told: Sequence[Told]
    by_slot: dict[str, list[Held]] = field(default_factory=lambda: defaultdict(list))
    by_patient: dict[str, list[Held]] = field(default_factory=lambda: defaultdict(list))
    by_session: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    sent_by: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.facts.bookings:
            reopens_at = self.facts.slots[one.slot_id].reopens_at or 0.0
            freed_at = FOR_EVER if one.live or one.ended_at is None else max(one.ended_at, reopens_at)
            self.by_slot[one.slot_id].append(Held(one.created_at, freed_at, one))
            ended_at = FOR_EVER if one.live or one.ended_at is None else one.ended_at
            self.by_patient[one.patient_id].append(Held(one.created_at, ended_at, one))
        for slot_id, slot in self.facts.slots.items():
            if slot.pool == "online":
                self.by_session[slot.session_id].append(slot_id)
        for one_told in self.told:
            self.sent_by[one_told.ask.actor].append(one_told.sent)

    def faults(self) -> Iterator[Fault]:
        for one in self.told:
            if one.status in NOTHING_SAID:
                continue
            if one.code in SOLD_OUT:
                yield from self.of_sold_out(one)
                continue
            truth = self.of_person(one)
            if truth is None:
                yield Fault("unexpected answer", f"key {one.ask.key}: {one.status} {one.code}")
            elif not truth:
                yield Fault("false refusal", f"key {one.ask.key}: {one.code}")

    def of_sold_out(self, one: Told) -> Iterator[Fault]:
        """False if a slot that would have done was free for the whole second before; stranded if it stayed so."""
        free = self.free_for(one)
        if free is None:
            return
        yield Fault("false refusal", f"key {one.ask.key}: {one.code}, and slot {free} was free")
        if not self.by_slot.get(free):
            yield Fault("stranded", f"slot {free} was refused to key {one.ask.key} and never sold")

    def free_for(self, one: Told) -> str | None:
        since, until = one.answered - KNOWS_WITHIN_S, one.answered
        if since < self.facts.sessions[one.ask.session_id].release_at:
            return None
        group = self.group(one)
        if until >= group.full_since:
            return None
        for slot_id in group.slots:
            if any(held.since <= until and held.until >= since for held in self.by_slot.get(slot_id, ())):
                continue
            if not self.clashes(one, slot_id):
                return slot_id
        return None

    def group(self, one: Told) -> Group:
        ask = one.ask
        wanted = self.facts.slots[ask.slot_id]
        place = {
            "slot": ("slot", ask.slot_id),
            "window": ("window", f"{ask.session_id} {wanted.starts_at}"),
            "session": ("session", ask.session_id),
        }[ask.near]
        found = self.groups.get(place)
        if found is None:
            of_session = self.by_session[ask.session_id]
            if ask.near == "slot":
                slots = (ask.slot_id,)
            elif ask.near == "session":
                slots = tuple(of_session)
            else:
                slots = tuple(s for s in of_session if self.facts.slots[s].starts_at == wanted.starts_at)
            full = max(
                min((held.since for held in self.by_slot.get(s, ()) if held.until == FOR_EVER), default=FOR_EVER)
                for s in slots
            )
            found = self.groups[place] = Group(slots, full)
        return found

    def clashes(self, one: Told, slot_id: str) -> bool:
        """Whether the patient sat elsewhere at that time: then the slot would not have done for him."""
        slot = self.facts.slots[slot_id]
        return any(
            held.booking.starts_at < slot.ends_at and slot.starts_at < held.booking.ends_at for held in self.had(one)
        )

    def had(self, one: Told) -> list[Held]:
        """The patient's bookings that were live at some instant between the question and the answer."""
        rows = self.by_patient.get(one.ask.patient_id, ())
        return [held for held in rows if held.since <= one.answered and held.until >= one.sent]

    def of_person(self, one: Told) -> bool | None:
        """Whether a refusal for the person's or the session's sake was true; None where nobody expects that code."""
        session = self.facts.sessions[one.ask.session_id]
        had = [held.booking for held in self.had(one)]
        days = [other.day for other in had]
        match one.code:
            case "BOOK_WINDOW":
                return one.sent < session.release_at
            case "SESSION_CANCELLED":
                return session.state == "stopped"
            case "BOOK_DUP_DEPT":
                here = (session.hospital_id, session.department_id, session.day)
                return any((other.hospital_id, other.department_id, other.day) == here for other in had)
            case "BOOK_LIMIT_DAY":
                return days.count(session.day) >= SAME_DAY
            case "BOOK_LIMIT_7D":
                starts = range(session.day - 6, session.day + 1)
                return any(sum(start <= day < start + 7 for day in days) >= WEEK for start in starts)
            case "BOOK_LIMIT_3M":
                return len(days) >= QUARTER
            case "TIME_CLASH":
                return any(self.clashes(one, slot_id) for slot_id in self.group(one).slots)
            case "RATE_LIMITED":
                sent = self.sent_by[one.ask.actor]
                return sum(one.answered - MINUTE_S <= instant <= one.answered for instant in sent) > MOST_A_MINUTE
        return None
