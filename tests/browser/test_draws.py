"""摇号 in the browser: a family applies, changes its mind, sees rank and proof and checks them with the network off;
who lost gets in line; the hospital seals and opens its secret."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import expect
from tests import draws
from tests.browser import judges, lots
from tests.browser.households import Household
from tests.browser.visitors import Visitor
from tests.browser.wards import Ward, enter, token_of

from yitong.core import clock
from yitong.core.lots.seed import promise_of
from yitong.core.lots.terms import Party
from yitong.domains.draws.contracts import FILE_TITLES
from yitong.domains.people.contracts.words import Relation
from yitong.domains.schedule.queries import timetable as schedule

pytestmark = pytest.mark.rule("R-017")
OUT_OF_TABBAR = "(bar => bar.scrollWidth - bar.clientWidth)(document.querySelector('.tabbar'))"
New = Callable[..., Visitor]
NewHousehold = Callable[..., Household]
NewIdentity = Callable[[], tuple[str, str]]


@pytest.fixture
def family(household: NewHousehold, new_identity: NewIdentity) -> Household:
    """Two who live together."""
    home = household()
    home.add(*new_identity(), relation=Relation.SPOUSE)
    return home


def path_of(place: draws.Place, more: str = "") -> str:
    return f"/draws/{place.hospital_id}/{place.draw_id}/{more}"


def entry_path(place: draws.Place, entry_id: UUID) -> str:
    return f"/me/draws/{place.hospital_id}/{entry_id}/"


def rank(someone: Visitor, *places: str) -> None:
    """The order of the sessions, in the order of the page."""
    for n, place in enumerate(places):
        someone.page.locator(f"select[name=place_{n}]").select_option(place)


def said_of(
    someone: Visitor, content: bytes, folder: Path, *, is_whole: bool, button: str = "核对", **fields: str
) -> str:
    """What the checker says of a file with this content."""
    file = folder / f"{is_whole}.jsonl"
    file.write_bytes(content)
    someone.page.locator("#file").set_input_files(file)
    for name, text in fields.items():
        someone.page.locator(f"#{name}").fill(text)
    someone.press(button)
    expect(someone.page.locator("[data-said]")).to_have_attribute("data-kind", "whole" if is_whole else "wrong")
    return someone.page.locator("[data-said]").inner_text()


def test_a_family_applies_wins_and_checks_the_draw_without_network(
    visitor: New, family: Household, ward: Ward, tmp_path: Path
) -> None:
    place = lots.opened(ward.hospital_id, slots=(1, 2))
    someone = family.enter(visitor())
    someone.go(path_of(place))
    someone.look("draw-open")
    someone.follow("去报名")
    for box in someone.page.locator("input[name=patients]").all():
        box.check()
    rank(someone, "1", "1")
    someone.press("报名")
    assert "两个场次不能是同一个志愿" in someone.text()
    someone.look("draw-apply-twice-the-same")
    rank(someone, "1", "2")
    someone.press("报名")
    assert "截止，随后开奖" in someone.text()
    path = someone.page.url.removeprefix(someone.url)
    someone.follow("修改志愿")
    someone.look("draw-change")
    rank(someone, "2", "1")
    someone.press("保存")
    assert "已修改志愿" in someone.text()
    someone.look("draw-applied")
    place.entries.append(UUID(path.rstrip("/").rsplit("/", 1)[1]))
    place.accounts[place.entries[0]] = family.actor
    draws.apply(place, sessions=place.sessions[:1], now=clock.now())
    draws.settled(place)
    entry = place.entry()
    assert entry.given == place.sessions[1]
    someone.go(path)
    assert f"第 {entry.rank} 名，共 2 份" in someone.text()
    someone.look("draw-won")
    root = place.draw.root
    assert root is not None
    someone.go("/draws/check/")
    someone.page.context.set_offline(True)
    content = b"".join(draws.file_of(place))
    said = said_of(someone, content, tmp_path, is_whole=True, ticket=entry.ticket.hex(), root=root.hex())
    assert "这次摇号完整" in said
    assert f"您是第 {entry.rank} 名，共 2 份报名" in said
    someone.look("draw-check-good")


def test_the_checker_from_a_disk_finds_what_was_changed(visitor: New, ward: Ward, tmp_path: Path) -> None:
    place = lots.opened(ward.hospital_id, slots=(1,))
    for _ in range(2):
        draws.apply(place, now=clock.now())
    draws.settled(place)
    someone = visitor()
    with someone.page.expect_download() as download:
        someone.go("/draws/check/")
        someone.follow("下载这个页面")
    carried = tmp_path / "draw-check.html"
    download.value.save_as(carried)
    someone.page.context.set_offline(True)
    someone.page.goto(carried.as_uri())
    content, (one, other) = b"".join(draws.file_of(place)), (place.entry(n).ticket.hex().encode() for n in (0, 1))
    swapped = content.replace(one, b"-").replace(other, one).replace(b"-", other)
    assert "文件有问题" in said_of(someone, swapped, tmp_path, is_whole=False)
    someone.look("draw-check-forged")
    assert "这次摇号完整" in said_of(someone, content, tmp_path, is_whole=True)


@pytest.mark.parametrize("from_disk", [False, True])
def test_the_checker_says_the_words_of_the_file_in_the_readers_language(
    visitor: New, ward: Ward, tmp_path: Path, from_disk: bool
) -> None:
    place = lots.opened(ward.hospital_id, slots=(1,))
    draws.apply(place, now=clock.now())
    draws.settled(place)
    someone = visitor(language="en")
    someone.go("/draws/check/")
    if from_disk:
        with someone.page.expect_download() as download:
            someone.follow("Download this page")
        download.value.save_as(tmp_path / "draw-check.html")
        someone.page.goto((tmp_path / "draw-check.html").as_uri())
    someone.page.context.set_offline(True)
    (what,) = [one.what for one in place.draw.sessions]
    content, ticket = b"".join(draws.file_of(place)), place.entry(0).ticket.hex()
    said = said_of(someone, content, tmp_path, is_whole=True, button="Check", ticket=ticket)
    day, half_day, hour, *who = what.split()
    starts = schedule.get_session(place.hospital_id, place.sessions[0]).starts_at.astimezone(clock.SHANGHAI)
    assert f"{starts:%b} {starts.day} Morning {hour}" in said
    assert (day in said, half_day in said) == (False, False)
    assert [word for word in who if word in FILE_TITLES.values() and word in said] == []
    someone.look("draw-check-en")


def test_who_lost_gets_in_line_and_changes_his_mind_in_english_and_large(
    visitor: New, family: Household, ward: Ward
) -> None:
    place = lots.lost(ward.hospital_id, family.actor, family.patients)
    someone = family.enter(visitor(language="en", size="largest"))
    someone.go(path_of(place))
    someone.look("draw-over-en")
    someone.go(entry_path(place, place.entries[-1]))
    someone.look("draw-lost-en")
    assert judges.torn(someone.page) == []
    assert someone.page.evaluate(OUT_OF_TABBAR) <= 0
    someone.press("Join the waitlist")
    assert "When your turn comes it is booked" in someone.text()
    someone.look("draw-lost-waiting-en")
    someone.follow("Change the waitlist entry")
    someone.look("waitlist-change-en")
    someone.page.get_by_label("Ask me first").check()
    someone.press("Save")
    assert "The waitlist entry is changed" in someone.text()
    someone.go(entry_path(place, place.entries[-1]))
    assert "See my waitlist" in someone.text()


def test_the_hospital_seals_and_opens_its_secret(visitor: New, ward: Ward) -> None:
    place = lots.planned(ward.hospital_id)
    someone = enter(visitor(width="desk"), token_of(ward.staff("hospital_admin")))
    someone.go("/desk/draws/")
    someone.look("desk-draws")
    someone.go(f"/desk/draws/{place.draw_id}/")
    digits = someone.page.locator("input[name=digits]")
    digits.fill("12ab")
    someone.press("提交封条")
    someone.look("desk-draw-seal-wrong")
    digits.fill(promise_of(Party.HOSPITAL, place.draw_id, draws.SECRET).hex())
    someone.press("提交封条")
    assert "封条已提交" in someone.text()
    draws.advance(place, place.row.opens_at)
    draws.apply(place)
    draws.closed(place)
    phone = enter(visitor(language="en", scripts=False), token_of(ward.staff("hospital_admin")))
    phone.go(f"/desk/draws/{place.draw_id}/")
    phone.page.locator("input[name=digits]").fill("00" * 32)
    phone.page.locator("main form button").last.click()
    phone.look("desk-draw-open-wrong-en")
    assert place.row.state == "closed"
    phone.page.locator("input[name=digits]").fill(draws.SECRET.hex())
    phone.page.locator("main form button").last.click()
    assert place.row.state in ("revealed", "drawn", "settled")
    phone.look("desk-draw-opened-en")
