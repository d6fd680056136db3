"""A hospital's own number, from a first booking over the worker and the hospitals' registers to the patient's pages."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests import clinic as build
from tests import make
from tests.browser.households import Household
from tests.browser.practices import Practice
from tests.browser.test_patient_booking import until_sold
from tests.browser.visitors import Visitor
from tests.browser.wards import enter

from yitong.core import clock
from yitong.domains.booking.commands import claim
from yitong.domains.booking.contracts import HoldSlot
from yitong.domains.people.queries.consents import key_saying
from yitong.domains.schedule.contracts import Pool

pytestmark = pytest.mark.rule("R-049")

New = Callable[..., Visitor]
NewHousehold = Callable[..., Household]
NewPractice = Callable[[], Practice]
NewIdentity = Callable[[], tuple[str, str]]


def booked(home: Household, at: Practice) -> str:
    """The path of a first booking there."""
    if not at.sessions:
        at.sit(at.days[0])
    hospital_id, slot = at.clinic.hospital_id, make.slots(at.sessions[0], Pool.ONLINE)[0]
    assert home.actor.account_id is not None
    cmd = HoldSlot(str(key_saying(home.actor.account_id, hospital_id)), hospital_id, slot.slot_id, home.patients[0])
    return f"/bookings/{hospital_id}/{claim.hold_slot(cmd, actor=home.actor, now=clock.now()).booking_id}/"


def test_the_number_comes_by_itself(visitor: New, household: NewHousehold, new_practice: NewPractice) -> None:
    """Through the booking window, which keeps what the page said in the key."""
    home, at = household(), new_practice()
    at.sit(at.days[0])
    someone = home.enter(visitor())
    until_sold(someone, at)
    someone.go(f"{at.path}?visit=first")
    someone.open("a.offer")
    someone.open("a.window")
    assert "按“确认预约”，就是同意我们把就诊人的姓名" in someone.text()
    someone.look("book-with-consent")
    someone.press("确认预约")
    path = someone.page.url.removeprefix(someone.url)
    assert path.startswith("/bookings/")
    someone.until(path, "M******01")
    someone.look("booking-with-number")
    someone.go(f"/me/people/{home.patients[0]}/")
    assert "M******01" in someone.text()
    someone.look("person-with-number")


@pytest.mark.parametrize(("language", "size"), [("zh", "normal"), ("en", "largest")])
def test_a_refusal_says_what_to_do_and_is_asked_again(
    visitor: New,
    household: NewHousehold,
    new_practice: NewPractice,
    new_identity: NewIdentity,
    language: str,
    size: str,
) -> None:
    home, (name, number) = household(with_self=False), new_identity()
    home.add(name + "拒", number)  # whom the registers refuse
    path = booked(home, new_practice())
    someone = home.enter(visitor(language=language, size=size))
    someone.until(path, "医院建档未成功" if language == "zh" else "The hospital could not open a file")
    someone.look(f"booking-number-refused-{language}")
    someone.go(f"/me/people/{home.patients[0]}/")
    someone.look(f"person-number-refused-{language}")
    button = someone.page.get_by_role("button", name="再请医院建档" if language == "zh" else "Ask the hospital again")
    expect(button).to_have_count(1)
    button.click()
    expect(someone.page.get_by_text("已请医院建档" if language == "zh" else "The hospital was asked")).to_be_visible()
    expect(button).to_have_count(0)


@pytest.mark.parametrize(("language", "size"), [("zh", "normal"), ("en", "largest")])
def test_the_desk_corrects_a_number_and_takes_it_back(
    visitor: New, new_practice: NewPractice, language: str, size: str
) -> None:
    def words(chinese: str, english: str) -> str:
        return chinese if language == "zh" else english

    hospital_id = new_practice().clinic.hospital_id
    patient_id, number = build.patient(hospital_id), f"W{make.number():06}"
    someone = visitor(width="desk", language=language, size=size)
    registrar = make.staff_member("registrar", hospital_id=hospital_id, now=clock.now())
    enter(someone, make.signed_in(registrar, now=clock.now()).token)
    page = someone.go(f"/desk/patients/{patient_id}/")
    page.locator("input[name=number]").fill(number)
    someone.press(words("记下就诊号", "Save the number"))
    page.get_by_text(words("就诊号不对？", "Is the number wrong?")).click()
    someone.look(f"desk-number-wrong-{language}")
    page.get_by_label(words("为什么不对", "Why it is wrong")).select_option("mistyped")
    page.locator("input[name=right]").fill(f"{number}9")
    someone.press(words("更正或收回", "Correct or take back"))
    assert f"{number}9" in someone.text()
    page.get_by_text(words("就诊号不对？", "Is the number wrong?")).click()
    page.get_by_label(words("为什么不对", "Why it is wrong")).select_option("of_another")
    someone.press(words("更正或收回", "Correct or take back"))
    assert words("就诊号已收回", "The number is taken back") in someone.text()
    someone.look(f"desk-number-taken-back-{language}")
