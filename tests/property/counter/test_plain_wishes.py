"""The window's short way to a decision says what the rules say, of every wish, whatever it was asked a moment before.

The long way is `booking.rules.check_can_hold` of all that is known of the wish, as desk and pages ask it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import windows

from yitong.core import clock
from yitong.core.errors import Refusal, Unidentified
from yitong.core.ids import new_id
from yitong.core.policy.values import Policies
from yitong.counter import clinics
from yitong.counter.clinics import KEPT, Clinic, Instant
from yitong.counter.picture import Board
from yitong.counter.statements import LockedWish
from yitong.counter.wishes import Holder, Member, Wish
from yitong.domains.booking import rules
from yitong.domains.booking.contracts import Near
from yitong.domains.booking.errors import SlotReserved
from yitong.domains.people.errors import PatientMissing
from yitong.domains.schedule.contracts import Pool, SessionState
from yitong.domains.schedule.rules import opening

LONG = bool(os.environ.get("YITONG_LONG"))
NOW = datetime(2026, 11, 23, 1, 59, 45, tzinfo=UTC)  # before ten, when something may open or shut
BOARD = windows.board_at(slots=4)
SESSION, PATIENT = BOARD.session, new_id()
KEPT_S = KEPT.total_seconds()


PAST = st.lists(st.integers(0, 120).map(lambda days: NOW - timedelta(days=days)), min_size=1, max_size=12)
OTHERS = st.lists(
    st.builds(
        lambda day, department, hours: rules.LiveBooking(
            new_id(),
            SESSION.hospital_id,
            department,
            day,
            clock.at_shanghai(day, time(8)) + timedelta(minutes=30 * hours),
            clock.at_shanghai(day, time(8)) + timedelta(minutes=30 * hours + 30),
        ),
        st.sampled_from([SESSION.date + timedelta(days=ahead) for ahead in (-100, -60, -3, 0, 0, 1, 5)]),
        st.sampled_from([new_id(), new_id(), SESSION.department_id]),
        st.integers(0, 8),
    ),
    min_size=1,
    max_size=5,
)


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


# What is usual, and what may be odd. A wish has a few oddities, or the first would hide all others.
FOUND: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "booked_at": (None, PAST),
    "cancelled_at": (None, PAST),
    "sex": ("female", one_of("male", "unknown")),
    "birth_date": (date(1980, 1, 1), one_of(None, date(2020, 11, 23), date(1950, 1, 1))),
    "locked_until": (None, one_of(date(2026, 11, 23), date(2026, 11, 24), SESSION.date)),
    "moved_to": (None, st.just(new_id())),
    "state": ("active", one_of("merged", "erased")),
    "level": ("verified", one_of("seen", "declared")),
    "is_linked": (True, st.just(False)),
    "is_signed_in": (True, st.just(False)),
    "is_locked": (False, st.just(True)),
}
ASKED: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "channel": ("web", one_of("phone", "partner", "desk")),
    "is_first_visit": (True, st.just(False)),
    "by_name": (False, st.just(True)),
    "others": ((), OTHERS),
}
SLOT: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "pool": (Pool.ONLINE, one_of(*Pool)),
    "reopens_at": (None, one_of(NOW, NOW + timedelta(seconds=10))),
    "extra_for_id": (None, one_of(PATIENT, new_id())),
    "is_special": (False, st.just(True)),
}
DEPARTMENT: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "is_bookable": (True, st.just(False)),
    "sex": (None, one_of("female", "male")),
    "age_from": (None, st.just(14)),
    "age_below": (None, st.just(14)),
}
SESSIONS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "date": (SESSION.date, one_of(date(2026, 11, 23), date(2026, 11, 24))),
    "state": (SessionState.RELEASED, one_of(SessionState.PLANNED, SessionState.STOPPED)),
    "stops_at": (None, st.just(NOW)),
    "release_at": (NOW - timedelta(days=1), one_of(NOW, NOW + timedelta(seconds=15))),
    "practitioner_id": (new_id(), st.none()),
    "is_first_visit_named": (False, st.just(True)),
}
POLICIES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "booking.limits.per_phone_m3": (10, st.integers(0, 12)),
    "booking.limits.cancels_m1": (5, st.integers(0, 12)),
    "booking.limits.same_day": (2, st.just(1)),
    "booking.limits.d7": (3, st.integers(1, 2)),
    "booking.limits.m3": (5, st.integers(1, 4)),
    "booking.verified_only": (True, st.just(False)),
    "booking.first_visit_named_doctor": (False, st.just(True)),
    "booking.window.min_days": (1, one_of(0, 3)),
    "booking.window.max_days": (7, one_of(1, 14)),
    "booking.window.stop_for_tomorrow": ("16:00", st.just("10:00")),
}


@st.composite
def drawn(draw: st.DrawFn, values: dict[str, tuple[Any, st.SearchStrategy[Any]]], *, most: int = 1) -> dict[str, Any]:
    """All usual but so many."""
    odd = draw(st.sets(st.sampled_from(sorted(values)), max_size=most))
    return {name: draw(strange) if name in odd else usual for name, (usual, strange) in values.items()}


@dataclass
class Asked:
    """One wish and all that decides it."""

    wish: Wish
    found: LockedWish
    others: Sequence[rules.LiveBooking]


@st.composite
def asked(draw: st.DrawFn, board: Board) -> Asked:
    how = draw(drawn(ASKED, most=2))
    member = Member(str(PATIENT), b"sealed")
    holder = Holder(str(new_id()), str(new_id()), how["channel"], (member,), NOW)
    key, flags = (board.hospital, holder.actor, "key-0001"), (how["is_first_visit"], how["by_name"])
    n = draw(st.integers(0, 1))
    wish = Wish(key, "", holder, member, board, board.texts[n], Near.SESSION, *flags, n=n)
    found = draw(drawn(FOUND, most=2))
    return Asked(wish, LockedWish(n=1, live_days=None, no_show_days=None, no_shows_counted=1, **found), how["others"])


def outcome(decide: Any, *facts: Any) -> object:
    try:
        decide(*facts)
    except Refusal as refusal:
        return type(refusal), refusal.params
    return "granted"


def at_length(one: Asked, clinic: Clinic, at: Instant) -> None:
    """Every rule, asked of everything."""
    if not one.found.is_signed_in:
        raise Unidentified()
    if not one.found.is_linked or one.found.moved_to is not None:
        raise PatientMissing()
    slot = one.wish.board.slots[one.wish.n]
    rules.check_can_hold(clinics.claim(one.wish, slot, one.found, one.others, clinic, at), now=at.now)


@pytest.mark.rule("R-002", "R-004", "R-005", "R-009", "R-010", "R-012", "R-014", "R-016", "R-017", "R-046", "R-103")
@settings(max_examples=600 if LONG else 150)
@given(
    st.data(),
    drawn(POLICIES),
    drawn(SLOT),
    drawn(SESSIONS, most=2),
    drawn(DEPARTMENT),
    st.integers(-1, int(KEPT_S) + 1),
)
def test_the_short_way_decides_as_the_rules(
    data: st.DataObject,
    policies: dict[str, Any],
    slot: dict[str, Any],
    session: dict[str, Any],
    department: dict[str, Any],
    later_s: int,
) -> None:
    """Two wishes within half a minute, the second one perhaps answered by what was kept of the first."""
    board = Board(
        replace(SESSION, **session),
        replace(BOARD.department, **department),
        [BOARD.slots[0], replace(BOARD.slots[1], **slot)],
    )
    clinic = Clinic.of(board.session, 1, Policies(policies), board.department)
    for at in (Instant(NOW), Instant(NOW + timedelta(seconds=later_s))):
        one = data.draw(asked(board))
        told = outcome(clinics.check, one.wish, one.found, one.others, clinic, at)
        assert told == outcome(at_length, one, clinic, at)


@pytest.mark.rule("R-013")
def test_a_number_kept_for_the_old_is_not_granted_for_its_neighbours_sake() -> None:
    slots = [replace(BOARD.slots[n], pool=Pool.ONSITE, is_special=n == 1) for n in (0, 1)]
    anybody = {name: value for name, (value, _) in DEPARTMENT.items()}
    board = Board(SESSION, replace(BOARD.department, **anybody), slots)
    policies = Policies({name: usual for name, (usual, _) in POLICIES.items()})
    clinic, at = Clinic.of(SESSION, 1, policies, board.department), Instant(NOW)
    holder = Holder(str(new_id()), str(new_id()), rules.DESK, (Member(str(PATIENT), b"sealed"),), NOW)
    usual = {name: value for name, (value, _) in FOUND.items()}
    found = LockedWish(n=1, live_days=None, no_show_days=None, no_shows_counted=1, **usual)
    told = []
    for n in (0, 1):
        key = (board.hospital, holder.actor, f"key-000{n}")
        wish = Wish(key, "", holder, holder.patients[0], board, board.texts[n], Near.SESSION, True, False, n=n)
        told.append(outcome(clinics.check, wish, found, (), clinic, at))
    assert told == ["granted", (SlotReserved, {"age_from": rules.OLD_FROM})]


times = st.sampled_from(["00:00", "00:01", "07:30", "08:00", "16:00", "23:59"])


@settings(max_examples=500 if LONG else 150)
@given(
    st.fixed_dictionaries(
        {
            "booking.window.release": times,
            "booking.window.stop_for_tomorrow": times,
            "booking.window.same_day": st.booleans(),
            "booking.window.lead_minutes": st.sampled_from([0, 1, 30, 60]),
            "pools.referral_lead_days": st.integers(0, 3),
        }
    ).map(Policies),
    st.sampled_from(Pool),
    st.integers(-9, 1),
    st.sampled_from(["00:00", "release", "stop_for_tomorrow", "end"]),
    st.integers(0, int(KEPT_S)),
)
def test_what_is_open_at_two_instants_so_close_is_open_between(
    policies: Policies, pool: Pool, day: int, what: str, before_s: int
) -> None:
    """So an answer may be kept for so long, if it is the same at both ends. It can change when a day begins, when a
    release or a stop comes, and some time before the session's end."""
    turns = {
        "00:00": time(0),
        **{name: policies.time(f"booking.window.{name}") for name in ("release", "stop_for_tomorrow")},
    }
    turn = clock.at_shanghai(SESSION.date + timedelta(days=day), turns.get(what, time(0)))
    if what == "end":
        turn = SESSION.ends_at - policies.minutes("booking.window.lead_minutes")
    since = turn - timedelta(seconds=before_s)
    instants = sorted({since, turn, turn + timedelta(seconds=1), since + KEPT / 2, since + KEPT})
    is_open = [opening.is_open(SESSION, now, policies, pool=pool) for now in instants if now <= since + KEPT]
    if is_open[0] and is_open[-1]:
        assert all(is_open)
