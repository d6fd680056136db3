"""The slow path in the browser: led to the check, answered by keys alone, as a screen reader says it, or by a code."""

import re
from collections.abc import Callable

import pytest
from tests import make
from tests.browser.households import Household
from tests.browser.keyboard import Keyboard
from tests.browser.practices import Practice
from tests.browser.visitors import Visitor, code_for

from yitong.domains.fairness.models import Check
from yitong.domains.fairness.rules import questions
from yitong.domains.people.contracts.words import Decision

New = Callable[..., Visitor]
NewHousehold = Callable[..., Household]


def right_words(home: Household, language: int = 0) -> list[str]:
    """The right answer of each question, as its reader would find it."""
    seed = Check.objects.get(account_id=home.actor.account_id).seed
    every = [(one, two) for one in range(questions.CHOICES) for two in range(questions.CHOICES)]
    picked = next(pair for pair in every if questions.is_right(seed, pair))
    return [shown.options[n][language] for shown, n in zip(questions.questions(seed), picked, strict=True)]


@pytest.mark.rule("R-017")
@pytest.mark.rule("R-224")
def test_the_check_by_keys_alone_and_back_to_the_slot(
    visitor: New, household: NewHousehold, practice: Practice
) -> None:
    home = household()
    home.slow_down()
    keys = Keyboard(home.enter(visitor(width="desk")))
    slot = make.slots(practice.sessions[0], make.schedule.Pool.ONLINE)[-1]
    keys.go(f"/book/{practice.clinic.hospital_id}/{slot.slot_id}/?visit=first")
    assert "/me/check/" in keys.page.url
    assert "请先回答两个小问题" in keys.someone.text()
    for n, word in enumerate(right_words(home)):  # a word may stand in both questions
        group = keys.page.locator(f"#id_answer_{n}")
        wanted = group.get_by_role("radio", name=word, exact=True)
        keys.reach(group.locator("input"))
        keys.press("Space")
        while not wanted.is_checked():
            keys.press("ArrowDown")
    keys.enter(keys.page.get_by_role("button", name="确认", exact=True))
    assert "/book/" in keys.page.url
    assert "以前都可以预约" in keys.someone.text()
    assert keys.page.get_by_role("button", name="确认预约").is_enabled()


@pytest.mark.rule("R-224")
def test_the_check_as_a_screen_reader_says_it(visitor: New, household: NewHousehold) -> None:
    home = household()
    home.slow_down()
    someone = home.enter(visitor(language="en", size="largest"))
    someone.go("/me/check/")
    said = someone.page.locator("main").aria_snapshot()
    assert len(re.findall(r'- group "Which of these', said)) == 2
    assert said.count("- radio ") == 8
    assert "- img" not in said.split("Why")[0].replace("- img\n", "")
    someone.look("check-largest-en")
    someone.press("Confirm")
    assert someone.text().count("Choose one") == 2
    for group in ("answer_0", "answer_1"):
        someone.page.locator(f"input[name={group}]").first.check()
    right = right_words(home, 1)
    firsts = [someone.page.locator(f"input[name={g}] + span").first.inner_text() for g in ("answer_0", "answer_1")]
    someone.press("Confirm")
    if firsts == right:
        assert "you can book until" in someone.text()
    else:
        assert someone.page.get_by_role("alert").inner_text().startswith("Not every answer was right")
        someone.look("check-wrong-en")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_code_instead_and_a_person(visitor: New, household: NewHousehold, *, scripts: bool) -> None:
    home = household()
    home.slow_down()
    someone = home.enter(visitor(scripts=scripts))
    someone.go("/me/")
    someone.follow("预约前的确认")
    someone.press("改用短信验证码")
    someone.look("check-code")
    code = code_for(someone, home.phone)
    with someone.page.expect_navigation():
        someone.page.locator("input[name=code]").fill(code)
        someone.page.locator("main form button").first.click()
    assert "已经确认过" in someone.text()
    someone.look("check-passed")
    someone.follow("申请人工复核")
    someone.press("提交")
    assert "请写几句话说明" in someone.text()
    someone.look("check-review-empty")
    someone.page.locator("textarea").fill("我替村里的老人约号。")
    someone.press("提交")
    assert "正在等人看" in someone.text()
    someone.look("check-waiting")
    home.decide_review(Decision.LIFTED if scripts else Decision.KEPT)
    someone.go("/me/check/")
    answer = "之前的记录不再计分" if scripts else "您可以补充说明再申请"
    assert answer in someone.text()
    assert someone.page.get_by_role("link", name="申请人工复核").count() == (0 if scripts else 1)
    someone.look(f"check-answered-{'cleared' if scripts else 'kept'}")
