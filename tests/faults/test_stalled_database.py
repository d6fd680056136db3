"""PostgreSQL is alive and doesn't answer: a process of it is stopped, as by a debugger or a disk that hangs.

Nothing is closed, so nobody hears of a loss: the window has to give up by itself.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import psycopg
import pytest
from tests import clinic as build
from tests import windows
from tests.whole_window import Window, window

from yitong.core import clock
from yitong.counter import app, feed, loss, store
from yitong.domains.booking.models import Booking

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committed_db")]

PIDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s"
GIVES_UP_S = 0.5
HEARD_WITHIN_S = 5.0
BACK_WITHIN_S = 15.0


@pytest.fixture
def stop(observer: psycopg.Connection) -> Iterator[Callable[[str], list[int]]]:
    """Stops the server's processes behind the connections of that name; gives them. They go on after the test."""
    stopped: list[int] = []

    def stop(name: str) -> list[int]:
        found = [pid for (pid,) in observer.execute(PIDS, [name])]
        for pid in found:
            os.kill(pid, signal.SIGSTOP)
        stopped.extend(found)
        return found

    yield stop
    go_on(stopped)


def go_on(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def until(look: Callable[[], bool], limit_s: float) -> None:
    end = time.monotonic() + limit_s
    while not look():
        assert time.monotonic() < end
        time.sleep(0.02)


def are_gone(observer: psycopg.Connection, pids: list[int]) -> bool:
    return not observer.execute("SELECT FROM pg_stat_activity WHERE pid = ANY(%s)", [pids]).fetchall()


def booked(place: build.Clinic) -> int:
    return Booking.objects.filter(hospital_id=place.hospital_id).count()


def left(opened: Window, place: build.Clinic) -> int:
    return int(opened.get(f"/counter/sessions/{place.hospital_id}/{place.session_id}").json["left"])


def test_a_statement_that_never_returns_is_a_loss_and_the_same_key_books_once(
    stop: Callable[[str], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "ANSWER_S", GIVES_UP_S)
    place, who = build.clinic(slots=2), windows.holder()
    sent = windows.claim(who, place, key="key-0001")
    with clock.frozen(build.NOW), window() as opened:
        stop("yitong counter")
        began = time.monotonic()
        told = opened.claim(sent)
        took = time.monotonic() - began
        until(lambda: opened.counter.door.is_ready, BACK_WITHIN_S)
        again = opened.claim(sent)
    assert (told.status, told.code) == (503, "BUSY")
    assert took < HEARD_WITHIN_S
    assert (again.status, booked(place)) == (201, 1)


def test_a_commit_that_was_given_up_never_comes_late(
    observer: psycopg.Connection, stop: Callable[[str], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies before the stopped process when the window has read its picture anew: it would make a booking that the
    window doesn't know of, in a slot that it tells as free."""
    monkeypatch.setattr(store, "ANSWER_S", GIVES_UP_S)
    place, who = build.clinic(slots=2), windows.holder()
    sent = windows.claim(who, place, key="key-0001")
    stopped: list[int] = []

    async def at(moment: str) -> None:
        if moment == "before_commit" and not stopped:
            stopped.extend(stop("yitong counter"))

    with clock.frozen(build.NOW), window() as opened:
        opened.counter.batches.boundary = at
        told = opened.claim(sent)
        until(lambda: opened.counter.door.is_ready, BACK_WITHIN_S)
        assert (told.code, left(opened, place)) == ("BUSY", 2)
        go_on(stopped)
        until(lambda: are_gone(observer, stopped), HEARD_WITHIN_S)
        assert booked(place) == 0
        again = opened.claim(sent)
    assert (again.status, booked(place)) == (201, 1)


def test_a_look_that_never_returns_is_a_loss(stop: Callable[[str], list[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    """What it doesn't see would be told as free, or as sold out."""
    monkeypatch.setattr(feed, "LOOK_S", GIVES_UP_S)
    place, who = build.clinic(slots=2), windows.holder()
    with clock.frozen(build.NOW), window() as opened:
        stop("yitong counter asking")
        until(lambda: not opened.counter.door.is_ready, HEARD_WITHIN_S)
        until(lambda: opened.counter.door.is_ready, BACK_WITHIN_S)
        assert opened.claim(windows.claim(who, place, key="key-0001")).status == 201


def test_the_first_reading_is_given_up_too(stop: Callable[[str], list[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "LOOK_S", GIVES_UP_S)
    build.clinic(slots=2)
    load, tried = feed.Feed._load_days, 0

    async def stopped_once(self: feed.Feed) -> None:
        nonlocal tried
        tried += 1
        if tried == 1:
            stop("yitong counter asking")
        await load(self)

    monkeypatch.setattr(feed.Feed, "_load_days", stopped_once)
    with clock.frozen(build.NOW), window() as opened:
        assert opened.counter.door.is_ready
    assert tried == 2


@pytest.mark.parametrize(
    ("silent", "first"),
    [("asking", "end_backends"), ("listening", "ordinal")],
)
def test_a_window_that_starts_before_a_server_without_a_word_starts_again(
    silent: str, first: str, stop: Callable[[str], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connections stand already: nothing else would ever end its waiting."""
    for module, name in ((feed, "LOOK_S"), (store, "ANSWER_S"), (loss, "ENDED_S")):
        monkeypatch.setattr(module, name, GIVES_UP_S)
    asks, tried = getattr(app, first), 0

    async def stopped_once(connection: object, *more: object) -> object:
        nonlocal tried
        tried += 1
        if tried == 1:
            stop(f"yitong counter {silent}")
        return await asks(connection, *(more and ([2**31 - 1], *more[1:])))  # one that lived before

    monkeypatch.setattr(app, first, stopped_once)
    with clock.frozen(build.NOW), window() as opened:
        assert opened.counter.door.is_ready
    assert tried == 2
