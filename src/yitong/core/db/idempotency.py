"""Idempotent by key: a repeat gives the first answer.

The row is unique on (actor, operation, key) and lies in the command's own transaction: two at once wait for each
other at the unique index, and a refusal frees the key again.
"""

import json
from dataclasses import asdict, is_dataclass
from typing import Any, Protocol, TypeVar

from django.db import connection

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db.models import IdempotencyKey
from yitong.core.digests import digest_of, plain
from yitong.core.errors import KeyMissing, KeyReused


class Keyed(Protocol):
    """A command contract: a frozen dataclass with the client's key."""

    @property
    def key(self) -> str: ...


A = TypeVar("A")


class Once:
    """One run of a command under its key. `answer` is the first answer where there is one."""

    def __init__(self, actor: Actor, operation: str, key: str, answer: dict[str, Any] | None) -> None:
        self.answer = answer
        self._where = (actor.key, operation, key)

    def finish(self, answer: A) -> A:
        """Keeps the answer (a flat dataclass of ids, words, numbers, instants) and gives it back."""
        assert is_dataclass(answer)
        assert not isinstance(answer, type)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE core_idempotency_key SET answer = %s WHERE actor = %s AND operation = %s AND key = %s",
                [json.dumps(plain(asdict(answer))), *self._where],
            )
        return answer


def begin(actor: Actor, operation: str, cmd: Keyed) -> Once:
    """Claims the key, or finds the first answer. Refuses KeyMissing, KeyReused (same key, other content)."""
    if not cmd.key or len(cmd.key) > 80:
        raise KeyMissing()
    digest = digest_of(cmd)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_idempotency_key (actor, operation, key, digest, at) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [actor.key, operation, cmd.key, digest, clock.now()],
        )
        if cursor.rowcount == 1:
            return Once(actor, operation, cmd.key, None)
    first = IdempotencyKey.objects.get(actor=actor.key, operation=operation, key=cmd.key)
    if bytes(first.digest) != digest:
        raise KeyReused()
    return Once(actor, operation, cmd.key, first.answer)
