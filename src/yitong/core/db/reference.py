"""Reference data kept in this process for pages: places, people who practise, prices, rules.

Nothing relies on it for truth. It serves only inside `kept()` (a visitor's GET) and outside every transaction, so each
command reads the tables; and it is keyed by a fingerprint of all class R tables, taken again when older than a second:
one changed row anywhere, and all that was kept is forgotten.
"""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from hashlib import sha256
from typing import ParamSpec, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import connection

from yitong.core.db.scale import Scale

P = ParamSpec("P")
R = TypeVar("R")

LOOK_AFTER_S = 1.0  # how old a fingerprint may be: what somebody has changed is seen by visitors a second later
EDITION = "edition"
MOST = 20_000  # answers; when so many are kept, all are forgotten


class _Reading:
    """One visitor's page; it holds on to the answers of one fingerprint from its first question on."""

    def __init__(self) -> None:
        self.answers: dict[object, object] | None = None


_reading: ContextVar[_Reading | None] = ContextVar("reference_reading", default=None)


class _Kept:
    """The answers of one fingerprint. A new fingerprint brings a new dict, so a slow reader fills only the old one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.fingerprint: str | None = None
        self.looked_at = float("-inf")
        self.answers: dict[object, object] = {}

    def current(self) -> dict[object, object]:
        if time.monotonic() - self.looked_at > LOOK_AFTER_S:
            with self.lock:
                started = time.monotonic()
                if started - self.looked_at > LOOK_AFTER_S:
                    found = _fingerprint()
                    if found != self.fingerprint or len(self.answers) >= MOST:
                        self.fingerprint, self.answers = found, {EDITION: found}
                    self.looked_at = started
        return self.answers


_kept = _Kept()


@contextmanager
def kept() -> Iterator[None]:
    """Within, functions marked `@keeps` may answer from what this process holds, where the settings say so."""
    token = _reading.set(_Reading() if settings.YITONG_KEEPS_REFERENCE else None)
    try:
        yield
    finally:
        _reading.reset(token)


def keeps(function: Callable[P, R]) -> Callable[P, R]:
    """For a function that reads class R tables only, with hashable arguments, whose answer nobody changes."""

    @wraps(function)
    def ask(*args: P.args, **kwargs: P.kwargs) -> R:
        return keep((function, args, tuple(kwargs.items())), lambda: function(*args, **kwargs))

    return ask


def keep(key: Hashable, make: Callable[[], R]) -> R:
    """What was made under this key before, where it may be kept; else it is made now."""
    answers = _answers()
    if answers is None:
        return make()
    if key in answers:
        return answers[key]  # type: ignore[return-value]
    made = make()
    if len(answers) < MOST:
        answers[key] = made
    return made


def edition() -> str | None:
    """Stands for the reference data as it is, in every process alike: another one after each change of it. None where
    nothing may be kept."""
    answers = _answers()
    return None if answers is None else str(answers[EDITION])


def _answers() -> dict[object, object] | None:
    reading = _reading.get()
    if reading is None or connection.in_atomic_block:
        return None
    if reading.answers is None:
        reading.answers = _kept.current()
    return reading.answers


def _fingerprint() -> str:
    """Changes with every row inserted, updated or deleted in a class R table, whichever transaction commits last."""
    tables = sorted(model._meta.db_table for model in apps.get_models() if getattr(model, "scale", None) is Scale.R)
    parts = " UNION ALL ".join(
        f"SELECT {place}, count(*), sum(xmin::text::bigint) FROM {connection.ops.quote_name(table)}"
        for place, table in enumerate(tables)
    )
    with connection.cursor() as cursor:
        cursor.execute(parts)
        return sha256(repr(sorted(cursor.fetchall())).encode()).hexdigest()
