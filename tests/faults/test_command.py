"""`@command` and idempotency on real commits: races, lock time-outs, broken constraints."""

import threading
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection, transaction

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import idempotency
from yitong.core.db.command import command, joined
from yitong.core.db.models import DeadLetter, IdempotencyKey, WorkerHeartbeat
from yitong.core.errors import Busy, Conflict, KeyMissing, KeyReused

ACTOR = Actor.system("test")


@dataclass(frozen=True)
class Add:
    key: str
    name: str


@dataclass(frozen=True)
class Added:
    number: int


class SettledByHalves(Conflict):
    code = "TEST_SETTLED"


ran: list[str] = []


@command()
def add(cmd: Add) -> Added:
    once = idempotency.begin(ACTOR, "test.add", cmd)
    if once.answer is not None:
        return Added(**once.answer)
    WorkerHeartbeat.objects.create(name=f"{cmd.name}-{len(ran)}", at=clock.now())
    ran.append(cmd.name)
    if cmd.name == "refused":
        raise SettledByHalves()
    return once.finish(Added(len(ran)))


@pytest.fixture(autouse=True)
def _fresh() -> None:
    ran.clear()


@pytest.mark.usefixtures("committed_db")
def test_a_repeat_gives_the_first_answer() -> None:
    first = add(Add("k", "a"))
    assert add(Add("k", "a")) == first
    assert WorkerHeartbeat.objects.count() == 1


@pytest.mark.usefixtures("committed_db")
def test_ten_at_once_with_one_key_do_it_once() -> None:
    answers: list[Added] = []

    def work() -> None:
        answers.append(add(Add("k", "a")))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [Added(1)] * 10
    assert WorkerHeartbeat.objects.count() == 1


@pytest.mark.usefixtures("committed_db")
def test_same_key_with_other_content_is_refused_and_a_refusal_frees_the_key() -> None:
    add(Add("k", "a"))
    with pytest.raises(KeyReused):
        add(Add("k", "b"))
    with pytest.raises(SettledByHalves):
        add(Add("r", "refused"))
    assert not IdempotencyKey.objects.filter(key="r").exists()
    assert WorkerHeartbeat.objects.count() == 1
    with pytest.raises(KeyMissing):
        add(Add("", "a"))


@pytest.mark.usefixtures("committed_db")
def test_a_broken_constraint_becomes_its_refusal_and_a_stranger_stays_a_bug() -> None:
    @command(refusals={"dead_letter_settled_whole": SettledByHalves})
    def settle_by_halves() -> None:
        DeadLetter.objects.create(
            event_id="018f0000-0000-7000-8000-000000000000",
            handler="h",
            shard="s",
            stops_shard=True,
            error="E",
            at=clock.now(),
            settled_how="skip",
        )

    with pytest.raises(SettledByHalves):
        settle_by_halves()

    @command(refusals={"dead_letter_settled_whole": SettledByHalves})
    def settle_without_saying_how() -> None:
        DeadLetter.objects.create(
            event_id="018f0000-0000-7000-8000-000000000001",
            handler="h",
            shard="s",
            stops_shard=True,
            error="E",
            at=clock.now(),
            settled_at=clock.now(),
            settled_by="staff:1",
        )

    with pytest.raises(SettledByHalves):
        settle_without_saying_how()

    @command()
    def twice() -> None:
        WorkerHeartbeat.objects.bulk_create([WorkerHeartbeat(name="n", at=clock.now())] * 2)

    with pytest.raises(Exception, match="duplicate key"):
        twice()


@pytest.mark.usefixtures("committed_db")
def test_a_lock_that_does_not_come_is_busy_and_nothing_was_done() -> None:
    WorkerHeartbeat.objects.create(name="row", at=clock.now())
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(WorkerHeartbeat.objects.select_for_update().filter(name="row"))
            locked.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(10)

    @command()
    def change() -> None:
        WorkerHeartbeat.objects.filter(name="row").update(at=clock.now() + timedelta(days=1))

    with pytest.raises(Busy):
        change()
    done.set()
    holder.join()
    assert WorkerHeartbeat.objects.get().at < clock.now() + timedelta(hours=1)


@pytest.mark.usefixtures("committed_db")
def test_a_command_is_never_part_of_another_and_a_joined_one_never_alone() -> None:
    @command()
    def outer() -> None:
        add(Add("k", "a"))

    with pytest.raises(RuntimeError, match="durable"):
        outer()
    with pytest.raises(transaction.TransactionManagementError), joined():
        pass
