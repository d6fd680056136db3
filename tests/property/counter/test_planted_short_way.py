"""Faults that are planted in the window's short way to a decision, each found by the wish after a plain one.

The first wish is plain and granted, so the clinic keeps the answer; the second is refused by the rules, and a short way
that forgets what makes it another wish would grant it. The drawn check (`test_plain_wishes`) meets these too seldom to
be relied on for each.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from tests.property.counter.test_plain_wishes import (
    BOARD,
    DEPARTMENT,
    FOUND,
    NOW,
    PATIENT,
    POLICIES,
    SESSION,
    Asked,
    at_length,
    outcome,
)

from yitong.core.ids import new_id
from yitong.core.policy.values import Policies
from yitong.counter import clinics
from yitong.counter.clinics import KEPT, Clinic, Instant
from yitong.counter.picture import Board
from yitong.counter.statements import LockedWish
from yitong.counter.wishes import Holder, Member, Wish
from yitong.domains.booking.contracts import Near
from yitong.domains.schedule.contracts import Slot

TOMORROW = date(2026, 11, 24)
SHUTS_AT_TEN = {"booking.window.stop_for_tomorrow": "10:00"}  # a quarter of a minute after NOW

Plant = Callable[[pytest.MonkeyPatch], None]
FAULTS: dict[str, tuple[Plant, "Second"]] = {}


@dataclass(frozen=True)
class Second:
    """What makes the second wish another one than the first: refused by the rules, though the first was granted."""

    slot: dict[str, Any] = field(default_factory=dict)
    session: dict[str, Any] = field(default_factory=dict)  # of both
    policies: dict[str, Any] = field(default_factory=dict)  # of both
    by_name: bool = False
    later: timedelta = timedelta()


def planted(name: str, second: Second) -> Callable[[Plant], Plant]:
    def register(plant: Plant) -> Plant:
        FAULTS[name] = plant, second
        return plant

    return register


def seen_otherwise(patch: pytest.MonkeyPatch, change: Callable[[Wish, Slot], tuple[Wish, Slot]]) -> None:
    """The short way sees another wish, or another slot, than there is."""
    sells = Clinic.sells_plainly

    def sells_otherwise(self: Clinic, wish: Wish, slot: Slot, at: Instant) -> bool:
        return sells(self, *change(wish, slot), at)

    patch.setattr(Clinic, "sells_plainly", sells_otherwise)


@planted(
    "a wish by name passes for one without",
    Second(by_name=True, policies={"booking.first_visit_named_doctor": False}),
)
def name_unseen(patch: pytest.MonkeyPatch) -> None:
    seen_otherwise(patch, lambda wish, slot: (msgspec.structs.replace(wish, by_name=False), slot))


@planted("a slot on its way back passes for a free one", Second(slot={"reopens_at": NOW + timedelta(seconds=10)}))
def return_unseen(patch: pytest.MonkeyPatch) -> None:
    seen_otherwise(patch, lambda wish, slot: (wish, replace(slot, reopens_at=None)))


@planted("somebody else's extra number passes for anybody's", Second(slot={"extra_for_id": new_id()}))
def owner_unseen(patch: pytest.MonkeyPatch) -> None:
    seen_otherwise(patch, lambda wish, slot: (wish, replace(slot, extra_for_id=None)))


@planted(
    "a kept answer is believed for longer than it was asked for",
    Second(session={"date": TOMORROW}, policies={"booking.window.stop_for_tomorrow": "10:01"}, later=KEPT * 3),
)
def kept_too_long(patch: pytest.MonkeyPatch) -> None:
    sells = Clinic.sells_plainly

    def sells_for_an_hour(self: Clinic, wish: Wish, slot: Slot, at: Instant) -> bool:
        is_sold = sells(self, wish, slot, at)
        self._sells.update({what: (since, since + timedelta(hours=1)) for what, (since, _) in self._sells.items()})
        return is_sold

    patch.setattr(Clinic, "sells_plainly", sells_for_an_hour)


@planted(
    "an answer is kept that was asked for at its beginning only",
    Second(session={"date": TOMORROW}, policies=SHUTS_AT_TEN, later=KEPT * 2 / 3),
)
def asked_once(patch: pytest.MonkeyPatch) -> None:
    grants = Clinic._grants_to_nobody

    def grants_at_first(self: Clinic, wish: Wish, slot: Slot, at: Instant) -> bool:
        return at.now == NOW + KEPT or grants(self, wish, slot, at)

    patch.setattr(Clinic, "_grants_to_nobody", grants_at_first)


def wish_for(board: Board, n: int, *, by_name: bool) -> Asked:
    holder = Holder(str(new_id()), str(new_id()), "web", (Member(str(PATIENT), b"sealed"),), NOW)
    key = (board.hospital, holder.actor, f"key-000{n}")
    wish = Wish(key, "", holder, holder.patients[0], board, board.texts[n], Near.SESSION, True, by_name, n=n)
    usual = {name: value for name, (value, _) in FOUND.items()}
    return Asked(wish, LockedWish(n=1, live_days=None, no_show_days=None, no_shows_counted=1, **usual), ())


def told(second: Second) -> tuple[list[object], list[object]]:
    """Both wishes the short way, and as the rules say."""
    usual = {name: value for name, (value, _) in POLICIES.items()}
    department = replace(BOARD.department, **{name: value for name, (value, _) in DEPARTMENT.items()})
    session = replace(SESSION, practitioner_id=new_id(), **second.session)
    board = Board(session, department, [BOARD.slots[0], replace(BOARD.slots[1], **second.slot)])
    clinic = Clinic.of(session, 1, Policies({**usual, **second.policies}), department)
    asked = [
        (wish_for(board, 0, by_name=False), Instant(NOW)),
        (wish_for(board, 1, by_name=second.by_name), Instant(NOW + second.later)),
    ]
    shortly = [outcome(clinics.check, one.wish, one.found, one.others, clinic, at) for one, at in asked]
    return shortly, [outcome(at_length, one, clinic, at) for one, at in asked]


@pytest.mark.rule("R-004", "R-014", "R-017")
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_in_the_short_way_is_found_and_nothing_is_wrong_without_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    plant, second = FAULTS[name]
    shortly, at_length = told(second)
    assert shortly == at_length
    assert at_length[0] == "granted" != at_length[1]
    with monkeypatch.context() as patch:
        plant(patch)
        assert told(second)[0] == ["granted", "granted"]
