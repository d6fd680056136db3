"""The booking window behind the page: booked by script and without, and a service that is away for a while."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.browser.practices import Practice
from tests.browser.visitors import Visitor

New = Callable[..., Visitor]


def to_confirm(someone: Visitor, practice: Practice) -> None:
    someone.go(f"{practice.path}?visit=first")
    someone.open("a.offer")
    someone.open("a.window")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_claim_goes_through_the_window(patient: New, practice: Practice, scripts: bool) -> None:
    someone = patient(scripts=scripts)
    to_confirm(someone, practice)
    assert someone.page.locator("form[data-window]").get_attribute("action") == "/counter/claims"
    someone.open(someone.page.get_by_role("button", name="确认预约"))
    assert "预约成功" in someone.text()
    assert "new=" not in someone.page.url
    assert re.fullmatch(r"\d{4} \d{4}", someone.page.locator(".code").inner_text())
    to_confirm(someone, practice)
    button = someone.page.get_by_role("button", name="确认预约")
    if scripts:
        button.click()
    else:
        someone.open(button)
    someone.page.get_by_text("同一就诊日同一科室只能预约1次").wait_for()
    someone.look(f"window-refused-{'scripts' if scripts else 'plain'}")


def test_a_service_that_is_away_is_asked_again_with_the_same_key(patient: New, practice: Practice) -> None:
    someone = patient()
    to_confirm(someone, practice)
    keys: list[str] = []

    def away(route: Any) -> None:
        keys.append(json.loads(route.request.post_data)["key"])
        match len(keys):
            case 1:
                route.fulfill(status=503, body="{}")
            case 2:
                route.abort()
            case _:
                route.continue_()

    someone.page.route("**/counter/claims", away)
    with someone.page.expect_navigation():
        someone.page.get_by_role("button", name="确认预约").click()
        someone.page.get_by_text("服务正在恢复，会自动再试，不会约成两个").wait_for()
        someone.page.get_by_text("网络断了，连上后会自动再试，不会约成两个").wait_for()
    assert "预约成功" in someone.text()
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_the_way_back_from_a_booking_leads_to_the_times_and_another_tab_hears_of_it(
    patient: Callable[..., Visitor], new_practice: Callable[[], Practice]
) -> None:
    practice, someone = new_practice(), patient()
    session = practice.sit(practice.days[0])
    someone.go(f"/hospitals/{session.hospital_id}/sessions/{session.session_id}/?visit=again")
    times = someone.page.url
    someone.open("a.window")
    other = someone.page.context.new_page()
    other.goto(someone.page.url)
    someone.open(someone.page.get_by_role("button", name="确认预约"))
    assert "预约成功" in someone.text()
    booking = someone.page.url
    someone.page.go_back()
    assert someone.page.url == times
    other.get_by_role("button", name="确认预约").click()
    other.get_by_role("link", name="看这个预约").click()
    other.wait_for_url(booking)
