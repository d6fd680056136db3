"""Search terms, facts and the rules in words, for any input."""

import re

from hypothesis import given
from hypothesis import strategies as st

from yitong.core.policy.keys import KEYS
from yitong.core.policy.values import Policies
from yitong.domains.hospitals import rules
from yitong.domains.hospitals.errors import FactsInvalid

CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=12)


@given(name=CHINESE)
def test_name_pinyin_and_initials_are_found(name):
    terms = rules.search_terms([name])
    words = terms.split()
    assert words[0] == name
    assert all(rules.asked(word) in terms for word in words)


@given(text=st.text(max_size=200))
def test_any_question_is_short_lower_and_plain(text):
    asked = rules.asked(text)
    assert len(asked) <= 40
    assert "\x00" not in asked
    assert rules.asked(asked) == asked or asked.endswith(" ")


@given(text=st.text(max_size=80), most=st.integers(1, 60))
def test_checked_text_is_within_bounds_or_refused(text, most):
    try:
        checked = rules.checked_text("name", text, most=most)
    except FactsInvalid:
        return
    assert 1 <= len(checked) <= most
    assert checked == checked.strip()


DRAWN = st.fixed_dictionaries(
    {
        name: st.integers(int(key.least), int(key.most))
        for name, key in KEYS.items()
        if key.kind in ("int", "minutes") and key.least is not None and key.most is not None
    }
)


@given(values=DRAWN, same_day=st.booleans())
def test_words_hold_the_numbers_that_are_enforced(values, same_day):
    policies = Policies({**values, "booking.window.same_day": same_day})
    for language in ("zh-hans", "en"):
        lines = rules.rules_for_patients(policies, language)
        assert all(line.text and re.fullmatch(r"R-\d{3}", line.rule) and line.policy in KEYS for line in lines)
        text = " ".join(line.text for line in lines)
        assert str(values["booking.pickup.grace_minutes"]) in text
        assert "{" not in text
