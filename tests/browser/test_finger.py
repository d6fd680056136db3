"""What a finger presses in tables and lists of the desk, on a phone (R-222; WCAG 2.5.5)."""

from collections.abc import Callable

import pytest
from tests.browser.visitors import Visitor
from tests.browser.wards import Ward, enter, token_of

New = Callable[..., Visitor]
LINKS = ".row-link a, .grid .add, .row-between > a:not(.button)"
HEIGHTS = """(links) => [...document.querySelectorAll(links)].filter((one) => one.checkVisibility())
  .map((one) => Math.round(one.getBoundingClientRect().height))"""
PAGES = ("/desk/staff/", "/desk/hospital/", "/desk/hospital/departments/", "/desk/hospital/campuses/")


@pytest.mark.rule("R-222")
def test_what_leads_on_from_a_row_is_high_enough_for_a_finger(visitor: New, ward: Ward) -> None:
    token = token_of(ward.staff("hospital_admin"))
    phone, desk = (enter(visitor(width=width), token) for width in ("phone", "desk"))
    for path in PAGES:
        heights = phone.go(path).evaluate(HEIGHTS, LINKS)
        assert heights, path
        assert min(heights) >= 44, path
        phone.look(f"finger{path.replace('/', '-')}phone")
    assert min(desk.go("/desk/staff/").evaluate(HEIGHTS, LINKS)) < 44  # a mouse needs less, and rows are many
