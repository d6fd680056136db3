"""Two who decide the same rule of the city at once, on real connections."""

from datetime import timedelta
from functools import partial

import pytest
from tests import make
from tests.faults.test_schedule_races import at_once

from yitong.core.db.models import PolicyRecord
from yitong.domains.hospitals.commands import policies
from yitong.domains.hospitals.contracts.writes import Made, SetPolicy, seen_of
from yitong.domains.hospitals.errors import FactsChanged
from yitong.domains.hospitals.queries import facts

pytestmark = pytest.mark.usefixtures("committed_db")
RULE, ROUNDS = "booking.hold_minutes", 5


def decide(minutes: int, seen: str) -> Made:
    n = make.number()
    cmd = SetPolicy(RULE, minutes, None, None, make.NOW + timedelta(minutes=n), "京卫", f"key{n}", seen)
    return policies.set_policy(cmd, actor=make.staff_actor("policy_officer"), now=make.NOW)


def test_of_two_who_saw_the_same_one_decides() -> None:
    """In the first round the row at which they wait is not there yet."""
    for _ in range(ROUNDS):
        before = PolicyRecord.objects.filter(key=RULE, scope="city").count()
        seen = seen_of(facts.decisions(None, RULE))
        answers = at_once(partial(decide, 20, seen), partial(decide, 25, seen))
        assert {type(answer) for answer in answers} == {Made, FactsChanged}
        assert PolicyRecord.objects.filter(key=RULE, scope="city").count() == before + 1
