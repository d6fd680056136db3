"""Claims that were confirmed already, asked once more: how often the database is asked for them."""

import asyncio
from collections.abc import Iterable
from typing import cast

import pytest

from yitong.core.errors import Busy, Missing
from yitong.counter import repeats
from yitong.counter.picture import Key, Known
from yitong.counter.repeats import Repeats
from yitong.counter.store import Store
from yitong.counter.wishes import Answer

KEYS: list[Key] = [("hospital", "account", f"key-{n}") for n in range(4)]


class Asked:
    """Answers that no key has made anything, until it is lost."""

    def __init__(self, lost_at: int = 99) -> None:
        self.questions: list[list[Key]] = []
        self.lost_at = lost_at

    async def by_key(self, keys: Iterable[Key]) -> dict[Key, Known]:
        self.questions.append(list(keys))
        if len(self.questions) > self.lost_at:
            raise OSError
        return {}


async def told(asked: Asked, *, after_s: float) -> tuple[list[Answer], bool]:
    """What four are told, the first alone and the others after it; and whether the work has failed."""
    works, answers = Repeats(), list[Answer]()
    running = asyncio.create_task(works.run(cast(Store, asked)))
    works.ask(KEYS[0], answers.append)
    while not asked.questions:
        await asyncio.sleep(0)
    for key in KEYS[1:]:
        works.ask(key, answers.append)
        await asyncio.sleep(after_s)
    while len(answers) < len(KEYS) and not running.done():
        await asyncio.sleep(0)
    has_failed = running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return answers, has_failed


def test_those_that_come_just_after_a_question_are_asked_for_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "PAUSE_S", 0.2)
    asked = Asked()
    answers, _ = asyncio.run(told(asked, after_s=0.001))
    assert asked.questions == [KEYS[:1], KEYS[1:]]
    assert {type(answer) for answer in answers} == {Missing}


def test_what_is_lost_tells_everybody_to_ask_again_and_the_first_keeps_his_answer() -> None:
    answers, has_failed = asyncio.run(told(Asked(lost_at=1), after_s=0))
    assert [type(answer) for answer in answers] == [Missing, Busy, Busy, Busy]
    assert has_failed


def test_who_is_cut_off_in_the_pause_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "PAUSE_S", 60.0)

    async def cut() -> list[Answer]:
        works, answers = Repeats(), list[Answer]()
        running = asyncio.create_task(works.run(cast(Store, Asked())))
        works.ask(KEYS[0], answers.append)
        while not answers:
            await asyncio.sleep(0)
        works.ask(KEYS[1], answers.append)
        await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return answers

    assert [type(answer) for answer in asyncio.run(cut())] == [Missing, Busy]
