"""The checker of `bench flash` finds each fault that is planted, and none where all is well."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import pytest
from bench._flash_check import judge
from bench._flash_facts import Booking, Facts, PatientRow, Session, Slot
from bench._flash_shapes import Answers, Ask, Crowd

MONDAY = date(2026, 11, 30).toordinal()
RELEASE = 1_000_000.0
HALF_HOUR = 1_800.0


def session(number: int, *, day: int = MONDAY) -> Session:
    return Session("hospital", f"department {number}", day, RELEASE, "planned")


def slots(number: int, *, day: int = MONDAY) -> dict[str, Slot]:
    """Two windows with two slots each, and one that only the desk has."""
    begins = RELEASE + 86_400.0 * (day - MONDAY + 3)
    pools = ["online"] * 4 + ["onsite"]
    return {
        f"{number}.{n}": Slot(f"session {number}", begins + n // 2 * HALF_HOUR, begins + (n // 2 + 1) * HALF_HOUR, pool)
        for n, pool in enumerate(pools)
    }


@dataclass
class World:
    """A release that went well: four people took session 1, a fifth was told so, session 2 has room."""

    facts: Facts
    crowd: Crowd
    answers: Answers

    def book(self, slot_id: str, patient: str, *, at: float, key: str = "", pool: str = "online") -> Booking:
        """With all rows that go with it."""
        slot = self.facts.slots[slot_id]
        of = self.facts.sessions[slot.session_id]
        n = len(self.facts.bookings)
        made = Booking(
            hospital_id=of.hospital_id,
            booking_id=f"booking {n}",
            slot_id=slot_id,
            session_id=slot.session_id,
            patient_id=patient,
            department_id=of.department_id,
            day=of.day,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            pool=pool,
            state="confirmed",
            live=True,
            code=f"{n:08d}",
            actor=f"account:{patient}",
            key=key or f"key {n}",
            created_at=at,
            ended_at=None,
        )
        self.facts.bookings.append(made)
        self.facts.limits = {**self.facts.limits, patient: [*self.facts.limits.get(patient, []), of.day]}
        self.facts.patient_rows.append(
            PatientRow(made.booking_id, patient, made.starts_at, made.ends_at, made.state, made.live)
        )
        self.facts.batches.append((made.booking_id,))
        return made

    def ask(self, patient: str, slot_id: str, *, near: str = "session", key: str = "") -> int:
        """The number of the request."""
        n = len(self.crowd.asks)
        session_id = self.facts.slots[slot_id].session_id
        self.crowd.asks.append(
            Ask(key or f"key {n}", f"account:{patient}", patient, "hospital", session_id, slot_id, near)
        )
        self.crowd.add(n)
        return n

    def answer(self, request: int, status: int, body: dict[str, object], *, at: float) -> None:
        told = self.answers
        told.request.append(request)
        told.due.append(at - 0.02)
        told.sent.append(at - 0.01)
        told.answered.append(at)
        told.status.append(status)
        told.body.append(len(told.bodies))
        told.bodies.append(json.dumps(body).encode())

    def sell(self, patient: str, slot_id: str, *, at: float, near: str = "session") -> Booking:
        """Asked, booked and answered."""
        request = self.ask(patient, slot_id, near=near)
        made = self.book(slot_id, patient, at=at, key=self.crowd.asks[request].key)
        self.answer(request, 201, given(made), at=at + 0.01)
        return made

    def kinds(self) -> set[str]:
        return {fault.kind for fault in judge(self.facts, self.crowd, self.answers)}


def given(made: Booking) -> dict[str, object]:
    return {"booking_id": made.booking_id, "slot_id": made.slot_id, "code": made.code, "state": made.state}


@pytest.fixture
def world() -> World:
    days = {1: MONDAY, 2: MONDAY + 1, 3: MONDAY + 2, 4: MONDAY + 3}
    made = World(
        Facts(
            slots={slot_id: slot for n, day in days.items() for slot_id, slot in slots(n, day=day).items()},
            sessions={f"session {n}": session(n, day=day) for n, day in days.items()},
        ),
        Crowd(),
        Answers(),
    )
    for n in range(4):
        made.sell(f"patient {n}", f"1.{n}", at=RELEASE + 0.1 * n)
    late = made.ask("patient 4", "1.0")
    made.answer(late, 409, {"code": "SLOT_TAKEN"}, at=RELEASE + 2.0)
    early = made.ask("patient 5", "2.0")
    made.answer(early, 409, {"code": "BOOK_WINDOW"}, at=RELEASE - 0.5)
    return made


def test_a_release_that_went_well_has_no_fault(world: World) -> None:
    assert world.kinds() == set()


def deleted(world: World) -> None:
    gone = world.facts.bookings.pop()
    world.facts.limits = {k: v for k, v in world.facts.limits.items() if k != gone.patient_id}
    world.facts.patient_rows.pop()
    world.facts.batches.pop()


def doubled(world: World) -> None:
    world.book("1.0", "patient 9", at=RELEASE + 5)


def overlapping_in_time_though_one_ended(world: World) -> None:
    first = world.facts.bookings[0]
    world.facts.bookings[0] = replace(first, state="cancelled", live=False, ended_at=RELEASE + 50)
    world.facts.patient_rows[0] = replace(world.facts.patient_rows[0], state="cancelled", live=False)
    world.facts.limits = {k: v for k, v in world.facts.limits.items() if k != first.patient_id}
    world.book("1.0", "patient 9", at=RELEASE + 40)


def early(world: World) -> None:
    world.book("2.0", "patient 9", at=RELEASE - 0.001)


def from_the_desks_pool(world: World) -> None:
    world.book("2.4", "patient 9", at=RELEASE + 1, pool="onsite")


def under_another_slots_name(world: World) -> None:
    world.facts.bookings[0] = replace(world.facts.bookings[0], session_id="session 2")


def two_of_a_day_and_department(world: World) -> None:
    world.book("2.0", "patient 9", at=RELEASE + 1)
    world.book("2.2", "patient 9", at=RELEASE + 2)


def four_in_a_week(world: World) -> None:
    for n in (1, 2, 3, 4):
        slot_id = f"{n}.0"
        world.facts.bookings = [one for one in world.facts.bookings if one.slot_id != slot_id]
        world.book(slot_id, "patient 9", at=RELEASE + 3)


def limits_row_off(world: World) -> None:
    world.facts.limits = {**world.facts.limits, "patient 0": [MONDAY, MONDAY]}


def limits_row_of_nobody(world: World) -> None:
    world.facts.limits = {**world.facts.limits, "patient 8": [MONDAY]}


def patients_side_missing(world: World) -> None:
    world.facts.patient_rows.pop()


def patients_side_differs(world: World) -> None:
    world.facts.patient_rows[0] = replace(world.facts.patient_rows[0], state="held")


def patients_side_of_nothing(world: World) -> None:
    world.facts.patient_rows.append(replace(world.facts.patient_rows[0], booking_id="booking 99"))


def not_announced(world: World) -> None:
    world.facts.batches.pop()


def announced_in_two_batches(world: World) -> None:
    world.facts.batches.append(("booking 1", "booking 2"))


def announced_twice_by_itself(world: World) -> None:
    world.facts.announced += ["booking 0", "booking 0"]


def announced_and_not_there(world: World) -> None:
    world.facts.batches.append(("booking 99",))


def answered_with_anothers_booking(world: World) -> None:
    request = world.ask("patient 7", "1.0")
    world.answer(request, 201, given(world.facts.bookings[0]), at=RELEASE + 3)


def answered_before_it_was_made(world: World) -> None:
    world.facts.bookings[0] = replace(world.facts.bookings[0], created_at=RELEASE + 0.5)


def given_another_slot_than_the_one_named(world: World) -> None:
    request = world.ask("patient 9", "2.1", near="slot")
    made = world.book("2.0", "patient 9", at=RELEASE + 1, key=world.crowd.asks[request].key)
    world.answer(request, 201, given(made), at=RELEASE + 1.1)


def given_another_window(world: World) -> None:
    request = world.ask("patient 9", "2.0", near="window")
    made = world.book("2.2", "patient 9", at=RELEASE + 1, key=world.crowd.asks[request].key)
    world.answer(request, 201, given(made), at=RELEASE + 1.1)


def a_repeat_was_refused(world: World) -> None:
    world.answer(0, 409, {"code": "SLOT_TAKEN"}, at=RELEASE + 4)


def a_repeat_got_another_booking(world: World) -> None:
    twin = replace(world.facts.bookings[0], booking_id="booking 1")
    world.answer(0, 201, given(twin), at=RELEASE + 4)


def sold_out_while_a_slot_was_free(world: World) -> None:
    request = world.ask("patient 7", "2.0")
    world.sell("patient 9", "2.0", at=RELEASE + 5)
    for n in range(1, 4):
        world.sell(f"patient {n + 10}", f"2.{n}", at=RELEASE + 5 + n)
    world.answer(request, 409, {"code": "SLOT_TAKEN"}, at=RELEASE + 6.5)


def sold_out_and_never_sold(world: World) -> None:
    request = world.ask("patient 7", "2.3", near="slot")
    world.answer(request, 409, {"code": "SLOT_TAKEN"}, at=RELEASE + 1.5)


def closed_after_the_release(world: World) -> None:
    request = world.ask("patient 7", "2.0")
    world.answer(request, 409, {"code": "BOOK_WINDOW"}, at=RELEASE + 0.02)


def refused_for(code: str) -> Callable[[World], None]:
    def plant(world: World) -> None:
        request = world.ask("patient 0", "2.0")
        world.answer(request, 409, {"code": code}, at=RELEASE + 3)

    plant.__name__ = f"refused_for_{code}"
    return plant


def an_error(world: World) -> None:
    request = world.ask("patient 7", "2.0")
    world.answer(request, 500, {}, at=RELEASE + 3)


PLANTED: list[tuple[Callable[[World], None], set[str]]] = [
    (deleted, {"answer lost", "false refusal", "stranded"}),
    (doubled, {"slot twice"}),
    (overlapping_in_time_though_one_ended, {"slot twice"}),
    (early, {"too early"}),
    (from_the_desks_pool, {"wrong pool"}),
    (under_another_slots_name, {"wrong slot", "answer lost"}),
    (two_of_a_day_and_department, {"over the limit"}),
    (limits_row_off, {"limits row"}),
    (limits_row_of_nobody, {"limits row"}),
    (patients_side_missing, {"patient's side"}),
    (patients_side_differs, {"patient's side"}),
    (patients_side_of_nothing, {"patient's side"}),
    (not_announced, {"event"}),
    (announced_in_two_batches, {"event"}),
    (announced_twice_by_itself, {"event"}),
    (announced_and_not_there, {"event"}),
    (answered_with_anothers_booking, {"answer lost"}),
    (answered_before_it_was_made, {"answer lost"}),
    (given_another_slot_than_the_one_named, {"not near"}),
    (given_another_window, {"not near"}),
    (a_repeat_was_refused, {"answer changed"}),
    (a_repeat_got_another_booking, {"answer changed", "answer lost"}),
    (sold_out_while_a_slot_was_free, {"false refusal"}),
    (sold_out_and_never_sold, {"false refusal", "stranded"}),
    (closed_after_the_release, {"false refusal"}),
    *(
        (refused_for(code), {"false refusal"})
        for code in ("BOOK_DUP_DEPT", "BOOK_LIMIT_DAY", "BOOK_LIMIT_7D", "BOOK_LIMIT_3M", "TIME_CLASH")
    ),
    (refused_for("SESSION_CANCELLED"), {"false refusal"}),
    (refused_for("RATE_LIMITED"), {"false refusal"}),
    (refused_for("NOT_ELIGIBLE"), {"unexpected answer"}),
    (an_error, {"unexpected answer"}),
]


@pytest.mark.parametrize(("plant", "found"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED])
def test_a_planted_fault_is_found(world: World, plant: Callable[[World], None], found: set[str]) -> None:
    plant(world)
    assert world.kinds() == found


def test_four_bookings_in_a_week_are_one_too_many(world: World) -> None:
    four_in_a_week(world)
    faults = [fault.text for fault in judge(world.facts, world.crowd, world.answers) if fault.kind == "over the limit"]
    assert faults == ["patient patient 9: three in seven days"]


def test_a_true_refusal_for_each_reason_is_no_fault(world: World) -> None:
    """Patient 9 has a booking on each of three days; he asks for what he has, and for a fourth day."""
    for n in (2, 3, 4):
        world.sell("patient 9", f"{n}.0", at=RELEASE + 1)
    for code, slot_id in (("BOOK_DUP_DEPT", "2.2"), ("TIME_CLASH", "2.1"), ("BOOK_LIMIT_7D", "1.0")):
        request = world.ask("patient 9", slot_id, near="slot")
        world.answer(request, 409, {"code": code}, at=RELEASE + 3)
    assert world.kinds() == set()


def test_a_freed_slot_is_taken_until_it_is_back_and_a_second_longer(world: World) -> None:
    freed = world.facts.bookings[0]
    world.facts.bookings[0] = replace(freed, state="cancelled", live=False, ended_at=RELEASE + 10)
    world.facts.patient_rows[0] = replace(world.facts.patient_rows[0], state="cancelled", live=False)
    world.facts.limits = {k: v for k, v in world.facts.limits.items() if k != freed.patient_id}
    world.facts.slots = {**world.facts.slots, "1.0": replace(world.facts.slots["1.0"], reopens_at=RELEASE + 20)}
    request = world.ask("patient 7", "1.0")
    world.answer(request, 409, {"code": "SLOT_TAKEN"}, at=RELEASE + 20.9)
    assert world.kinds() == set()
    again = world.ask("patient 7", "1.0")
    world.answer(again, 409, {"code": "SLOT_TAKEN"}, at=RELEASE + 21.1)
    assert world.kinds() == {"false refusal"}


def test_a_free_slot_at_which_the_patient_sits_elsewhere_would_not_do(world: World) -> None:
    busy = world.book("2.0", "patient 9", at=RELEASE + 1)
    world.facts.slots = {
        **world.facts.slots,
        "3.1": replace(world.facts.slots["3.1"], starts_at=busy.starts_at, ends_at=busy.ends_at),
    }
    request = world.ask("patient 9", "3.1", near="slot")
    world.answer(request, 409, {"code": "SLOT_TAKEN"}, at=RELEASE + 3)
    assert world.kinds() == set()


def test_a_lost_connection_and_a_repeat_that_gets_the_first_answer_are_no_faults(world: World) -> None:
    request = world.ask("patient 9", "2.0")
    world.answer(request, 0, {}, at=RELEASE + 1)
    made = world.book("2.0", "patient 9", at=RELEASE + 0.99, key=world.crowd.asks[request].key)
    world.answer(request, 503, {"code": "BUSY"}, at=RELEASE + 2)
    world.answer(request, 201, given(made), at=RELEASE + 3)
    world.answer(request, 201, given(made), at=RELEASE + 4)
    assert world.kinds() == set()


def test_a_booking_of_a_batch_gets_its_own_event_and_one_of_the_desk_has_only_that(world: World) -> None:
    world.facts.announced += ["booking 0", "booking 1"]
    world.facts.batches.pop(0)
    assert world.kinds() == set()


def test_six_requests_a_minute_are_free_and_the_seventh_is_one_too_many(world: World) -> None:
    request = world.ask("patient 9", "1.0")
    for n in range(5):
        world.answer(request, 409, {"code": "SLOT_TAKEN"}, at=RELEASE + 10 + n)
    world.answer(request, 429, {"code": "RATE_LIMITED"}, at=RELEASE + 15)
    assert world.kinds() == {"false refusal"}
    world.answers.sent.insert(0, RELEASE + 9)
    for column in (world.answers.request, world.answers.due, world.answers.answered, world.answers.status):
        column.insert(0, column[-2])
    world.answers.body.insert(0, world.answers.body[-2])
    assert world.kinds() == set()
