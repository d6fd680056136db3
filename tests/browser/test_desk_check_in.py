"""A check-in at the desk from a session's list: in its row with scripts, on a page of its own without."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from tests import clinic as build
from tests import make
from tests.browser.practices import Practice
from tests.browser.visitors import Visitor
from tests.browser.wards import enter

from yitong.core import clock
from yitong.domains.booking.commands import claim
from yitong.domains.booking.contracts import HoldSlot, State
from yitong.domains.booking.queries import bookings as booking
from yitong.domains.booking.queries import openings
from yitong.domains.people.contracts.patients import IdentityGiven
from yitong.domains.schedule.contracts import HalfDay

New = Callable[..., Visitor]


@dataclass(frozen=True, slots=True)
class Expected:
    """Two people with bookings of one session of today, and the address of its list."""

    practice: Practice
    path: str
    bookings: tuple[UUID, UUID]
    documents: tuple[IdentityGiven, IdentityGiven]

    def states(self) -> list[State]:
        hospital_id, now = self.practice.clinic.hospital_id, clock.now()
        nurse = make.staff_actor("nurse", hospital_id=hospital_id)
        return [booking.get_booking(hospital_id, one, nurse, now=now).state for one in self.bookings]

    def receive(self, someone: Visitor) -> Page:
        """The list, as a nurse of this hospital has it before her."""
        nurse = make.staff_member("nurse", hospital_id=self.practice.clinic.hospital_id, now=clock.now())
        enter(someone, make.signed_in(nurse, now=clock.now()).token)
        return someone.go(self.path)


@pytest.fixture
def expected(new_practice: Callable[[], Practice]) -> Expected:
    """Booked in the small hours of today for its last half hour: one may check in all day, and nobody has missed it."""
    practice = new_practice()
    hospital_id = practice.clinic.hospital_id
    today = clock.shanghai_date(clock.now())
    night = {"starts": time(23, 30), "ends": time(23, 59), "half_day": HalfDay.NIGHT}
    session = practice.sit(today, **night, slot_minutes=29, per_window=20)
    registrar, early = build.registrar(hospital_id), clock.at_shanghai(today, time(0, 1))
    documents = (build.identity(), build.identity())
    bookings = []
    offers = openings.slot_offers(hospital_id, session, channel="desk", now=early)
    slots = [one for one in offers if one.is_open and not one.is_special]
    for given, slot in zip(documents, slots, strict=False):
        wish = HoldSlot(f"early{make.number()}", hospital_id, slot.slot_id, build.patient(hospital_id, given))
        bookings.append(claim.hold_slot(wish, actor=registrar, now=early).booking_id)
    return Expected(practice, f"/desk/sessions/{session.session_id}/", (bookings[0], bookings[1]), documents)


@pytest.mark.rule("R-001")
def test_a_row_asks_for_the_document_and_says_who_came(visitor: New, expected: Expected) -> None:
    someone = visitor(width="desk")
    page = expected.receive(someone)
    row, other = (page.locator(f"#b{one}") for one in expected.bookings)
    before, arrived = other.inner_text(), page.locator("#figures div", has_text="已到").locator("dd")
    assert arrived.inner_text() == "0"
    here = page.evaluate("window.here = 1")  # goes with the page: a row that is swapped leaves it
    row.get_by_role("link", name="办理报到").click()
    number = row.get_by_role("textbox")
    expect(number).to_be_focused()
    someone.look("desk-check-in-row")

    page.keyboard.type(expected.documents[1].number)  # somebody else's
    page.keyboard.press("Enter")
    expect(row.get_by_role("alert")).to_be_visible()
    expect(number).to_be_focused()
    someone.look("desk-check-in-row-refused")
    assert expected.states() == [State.CONFIRMED, State.CONFIRMED]

    number.fill(expected.documents[0].number)
    page.keyboard.press("Enter")
    expect(row).to_contain_text("已报到")
    expect(row.get_by_role("textbox")).to_have_count(0)
    expect(row.get_by_role("link", name="办理报到")).to_have_count(0)
    expect(row.locator("a[data-row]")).to_be_focused()  # where keys go on from
    assert row.locator("td").count() == other.locator("td").count()
    expect(arrived).to_have_text("1")
    someone.look("desk-check-in-row-done")
    assert expected.states() == [State.CHECKED_IN, State.CONFIRMED]
    assert (other.inner_text(), page.url, page.evaluate("window.here")) == (before, someone.url + expected.path, here)


def test_a_row_is_opened_and_left_by_keys(visitor: New, expected: Expected) -> None:
    someone = visitor(width="desk")
    page = expected.receive(someone)
    rows = [page.locator(f"#b{one}") for one in expected.bookings]
    rows[0].locator("a[data-row]").focus()
    page.keyboard.press("j")
    expect(rows[1].locator("a[data-row]")).to_be_focused()
    page.keyboard.press("c")
    expect(rows[1].get_by_role("textbox")).to_be_focused()
    assert rows[0].get_by_role("textbox").count() == 0
    page.keyboard.type("jxc")  # letters are of the document here
    expect(rows[1].get_by_role("textbox")).to_have_value("jxc")
    someone.settle()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # back
    expect(rows[1].locator("a[data-row]")).to_be_focused()
    expect(rows[1].get_by_role("link", name="办理报到")).to_be_visible()
    assert expected.states() == [State.CONFIRMED, State.CONFIRMED]
    assert someone.complaints == []


@pytest.mark.rule("R-001")
def test_the_same_without_scripts(visitor: New, expected: Expected) -> None:
    someone = visitor(width="desk", scripts=False)
    page = expected.receive(someone)
    page.locator(f"#b{expected.bookings[0]}").get_by_role("link", name="办理报到").click()
    page.wait_for_url("**/check-in/")
    number = page.locator("main input[name=number]")
    number.fill(expected.documents[1].number)
    someone.press("核对并报到")
    page.get_by_role("alert").first.wait_for()
    assert expected.states() == [State.CONFIRMED, State.CONFIRMED]
    number.fill(expected.documents[0].number)
    someone.press("核对并报到")
    page.wait_for_url(f"**/desk/bookings/{expected.bookings[0]}/")
    assert "已报到" in someone.text()
    someone.go(expected.path)
    assert "已报到" in page.locator(f"#b{expected.bookings[0]}").inner_text()
    assert expected.states() == [State.CHECKED_IN, State.CONFIRMED]
