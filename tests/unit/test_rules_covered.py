"""Each code has a test that names it, and the rules page says of each rule what is true."""

import re

from tests import rules

KNOWN = rules.refusals()
PAGE = rules.PAGE.read_text()
UPDATE = "run `python -m tests.rules`, then give a new rule its short words in docs/rules.md"


def test_refusals_are_found_in_the_source() -> None:
    by_code = {one.code: one for one in KNOWN}
    assert by_code["SLOT_TAKEN"] == rules.Refusal("SlotTaken", "SLOT_TAKEN", "R-018", "booking")
    assert len(KNOWN) > 130


def test_every_code_is_named_by_a_test() -> None:
    found = rules.untested(KNOWN, rules.tested_words())
    assert [f"{one.code} ({one.place})" for one in found] == []


def test_a_code_that_no_test_names_would_be_seen() -> None:
    planted = rules.Refusal("NeverTriedAtAll" + "Today", "NEVER_TRIED_AT_ALL" + "_TODAY", None, "booking")
    assert rules.untested([*KNOWN, planted], rules.tested_words())[-1:] == [planted]


def test_every_rule_with_a_code_has_a_marked_test() -> None:
    marked = rules.marked_tests()
    bare = {one.rule: one.code for one in KNOWN if one.rule and one.rule not in marked}
    assert bare == {}


def test_page_lists_the_rules_and_codes_of_the_code() -> None:
    held, listed = rules.held(), rules.rows_on(PAGE)
    assert sorted(listed) == sorted(held), UPDATE
    assert {rule: set(row.codes) for rule, row in listed.items()} == {r: set(row.codes) for r, row in held.items()}, (
        UPDATE
    )


def test_page_claims_no_place_and_no_test_that_is_not_there() -> None:
    held = rules.held()
    for rule, row in rules.rows_on(PAGE).items():
        assert row.places <= held[rule].places, (rule, UPDATE)
        assert row.tests <= held[rule].tests, (rule, UPDATE)
        assert bool(row.tests) == bool(held[rule].tests), (rule, UPDATE)


def test_page_says_each_rule_in_short() -> None:
    assert [rule for rule, words in rules.words_on(PAGE).items() if not words.strip()] == []
    assert all(re.fullmatch(r"R-\d{3}", rule) for rule in rules.words_on(PAGE))
