from collections import Counter

import pytest

from yitong.cli.demo import facts, terms
from yitong.core.policy.keys import KEYS
from yitong.core.policy.kinds import PolicyKey

CODES = frozenset(one.code for one in facts.hospitals())


def test_every_value_is_one_that_the_kernel_knows() -> None:
    for one in (*terms.city_policies(), *terms.hospital_policies(CODES)):
        assert KEYS[one.key].checked(one.value) == one.value


@pytest.mark.rule("R-003")
def test_no_hospital_is_looser_than_the_city() -> None:
    city = {one.key: one.value for one in terms.city_policies()}
    for one in terms.hospital_policies(CODES):
        key: PolicyKey = KEYS[one.key]
        if one.key in city:
            key.check_not_looser(key.checked(one.value), key.checked(city[one.key]))


def test_hospitals_differ_in_release_and_cancelling() -> None:
    keys = Counter(one.key for one in terms.hospital_policies(CODES))
    assert keys["booking.window.release"] >= 8
    assert keys["booking.cancel.time"] >= 8
    releases = {one.value for one in terms.hospital_policies(CODES) if one.key == "booking.window.release"}
    assert {"00:00", "05:00", "06:00", "07:00"} <= releases
