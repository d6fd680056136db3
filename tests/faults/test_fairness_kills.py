"""A worker that dies while it gathers or scores loses no act, counts none twice, and leaves nobody half slowed down."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import UUID

import pytest
from tests import clinic as build
from tests.clinic import NOW
from tests.faults.test_claim_races import at_once
from tests.unit.fairness.test_scores import decide, trade

from yitong.core.db import command
from yitong.core.db.models import Event
from yitong.domains.fairness import models
from yitong.domains.fairness.commands import gathering, scoring
from yitong.domains.notify.models import Message
from yitong.domains.people.contracts.words import Relation
from yitong.domains.people.models import SlowPath

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]
LATER = NOW + timedelta(hours=1)
MOMENTS = [
    (f"fairness.commands.{name}", moment)
    for name in ("gathering.gather", "scoring.score_stale")
    for moment in ("begin", "before_commit", "after_commit")
]


class PowerCut(BaseException):
    """Nothing after it is done."""


@contextmanager
def cut_at(name: str, moment: str) -> Iterator[None]:
    """The first time that this command comes to this moment."""
    cuts = iter([PowerCut()])

    def boundary(at: str, when: str) -> None:
        if (at, when) == (name, moment) and (cut := next(cuts, None)) is not None:
            raise cut

    command.set_boundary(boundary)
    try:
        yield
    finally:
        command.set_boundary(lambda at, when: None)


def work() -> None:
    """One turn of the job, without its two minutes of waiting."""
    while gathering.gather(now=LATER, settled=timedelta(0)):
        pass
    while scoring.score_stale(now=LATER):
        pass


def trader() -> UUID:
    actor, holder = build.holder()
    buyer = build.add_patient(actor, relation=Relation.OTHER)
    for key, value in (("undone.free", 0), ("handed_over.free", 0), ("undone.points", 20)):
        decide(f"fairness.{key}", value)
    trade(actor, [holder, buyer], times=2)
    assert actor.account_id is not None
    return actor.account_id


@pytest.mark.parametrize(("name", "moment"), MOMENTS)
def test_a_killed_worker_is_made_good_by_the_next(name: str, moment: str) -> None:
    account_id = trader()
    with cut_at(name, moment), suppress(PowerCut):
        work()
        raise AssertionError("it was not cut")
    assert SlowPath.objects.count() == models.Score.objects.filter(level="slow").count()
    work()
    assert models.Act.objects.filter(account_id=account_id).count() == 6
    score = models.Score.objects.get(account_id=account_id)
    assert (score.points, score.level, score.is_stale) == (70, "slow", False)
    assert sum(models.ScoreReason.objects.values_list("points", flat=True)) == 70
    assert SlowPath.objects.filter(account_id=account_id).count() == 1
    assert Event.objects.filter(operation="fairness.level_changed").count() == 1
    assert Message.objects.filter(template="slow_path_begun").count() == 2  # in the app and by text message


def test_three_workers_at_once_count_each_act_once() -> None:
    account_id = trader()
    assert at_once([work] * 3) == [None] * 3
    assert models.Act.objects.filter(account_id=account_id).count() == 6
    assert models.Score.objects.get(account_id=account_id).points == 70
    assert Event.objects.filter(operation="fairness.level_changed").count() == 1
