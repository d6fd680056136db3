"""Two tabs, or two administrators: what a page showed when it was opened is no longer so when it is pressed."""

from collections.abc import Callable
from uuid import UUID

import pytest
from tests import make
from tests.browser.visitors import Visitor
from tests.browser.wards import Ward, enter, token_of

from yitong.core import clock
from yitong.domains.access.commands import staff
from yitong.domains.access.contracts import GiveRole, RoleName
from yitong.domains.hospitals.queries import directory as hospitals

New = Callable[..., Visitor]
GUIDE = "/desk/first-visit/"
WORDS = "带好身份证和医保卡"


def work_at(someone: Visitor, hospital_id: UUID) -> None:
    """Chooses the hospital, and comes to the words for a first visit there."""
    someone.go(f"/desk/place/?next={GUIDE}")
    someone.page.locator(f"[name=hospital][value='{hospital_id}']").check(force=True)
    someone.press("进入")
    assert someone.page.url.endswith(GUIDE)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_tab_of_the_other_hospital_writes_nothing(visitor: New, ward: Ward, scripts: bool) -> None:
    invited, other = ward.staff("hospital_admin"), make.hospital()
    given = GiveRole(invited.staff_id, RoleName.HOSPITAL_ADMIN, other)
    staff.give_role(given, actor=make.hospital_admin(other), now=clock.now())
    someone = enter(visitor(width="desk", scripts=scripts), token_of(invited))
    first = someone.page
    work_at(someone, other)
    first.locator("[name=text]").fill(WORDS)
    someone.page = first.context.new_page()
    work_at(someone, ward.hospital_id)
    someone.page = first
    first.locator("main form button").first.click()
    someone.settle()
    assert "什么都没有改" in someone.text()
    someone.look("desk-another-hospital")
    assert [hospitals.get_hospital(one).first_visit == WORDS for one in (other, ward.hospital_id)] == [False, False]
    first.go_back()
    assert first.locator("[name=text]").input_value() == WORDS
    work_at(someone, other)
    first.locator("[name=text]").fill(WORDS)
    first.locator("main form button").first.click()
    someone.settle()
    assert hospitals.get_hospital(other).first_visit == WORDS


@pytest.mark.parametrize("options", [{"width": "desk"}, {"width": "phone", "size": "largest", "language": "en"}])
def test_the_second_administrator_is_told_of_the_first(visitor: New, ward: Ward, options: dict[str, str]) -> None:
    own = Ward(make.hospital(), ward.blocker)  # what is changed here, no other test looks at
    make.campus(own.hospital_id)
    [first, second] = [enter(visitor(**options), token_of(own.staff("hospital_admin"))) for _n in range(2)]
    for someone in (first, second):
        someone.go("/desk/hospital/campuses/")
        someone.page.locator("main a[href^='/desk/hospital/campuses/']:not([href$='/add/'])").first.click()
        someone.settle()
    first.page.locator("[name=directions]").fill(f"地铁{make.number()}号线，从东门进。" * 4)
    first.page.locator("main form button").last.click()
    first.settle()
    second.page.locator("[name=address]").fill("示范路8号")
    second.page.locator("main form button").last.click()
    second.settle()
    assert second.page.locator("main [name=address]").input_value() == "示范路8号"
    assert "从东门进" in second.page.locator("main .facts").inner_text()
    second.look(f"desk-changed-meanwhile-{options['width']}")
    second.page.locator("main form button").last.click()
    second.settle()
    assert second.page.url.endswith("/desk/hospital/campuses/")
