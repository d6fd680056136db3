"""`@command`: one transaction for each thing that a person or a machine can want."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, TypeVar

import psycopg.errors as pg
from django.db import DatabaseError, IntegrityError, connection, transaction

from yitong.core.errors import Busy, Refusal

P = ParamSpec("P")
R = TypeVar("R")

LOCK_TIMEOUT = "2s"
PASSING = (pg.LockNotAvailable, pg.DeadlockDetected, pg.SerializationFailure, pg.QueryCanceled)

# Called with (command, moment) at "begin", "before_commit", "after_commit": crash tests hang themselves in here.
boundary: Callable[[str, str], None] = lambda name, moment: None  # noqa: E731


def set_boundary(hook: Callable[[str, str], None]) -> None:
    """For fault tests: a hook that is called at each boundary of each command."""
    global boundary
    boundary = hook


def command(
    *, refusals: Mapping[str, type[Refusal]] | None = None, still_named: type[Refusal] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Makes a function one durable transaction with a lock time-out.

    On the way out the name of a broken constraint becomes its refusal; lock time-outs and deadlocks become Busy.
    `still_named`: of a command that deletes: its refusal where a key of any table, of a higher domain too, leads to
    what is to go. A refusal rolls everything back, the idempotency row included, so that the key is free again.
    """
    by_constraint = dict(refusals or {})

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        name = f"{function.__module__.removeprefix('yitong.domains.')}.{function.__name__}"

        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            boundary(name, "begin")
            try:
                with transaction.atomic(durable=True):
                    with connection.cursor() as cursor:
                        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                    answer = function(*args, **kwargs)
                    boundary(name, "before_commit")
            except IntegrityError as error:
                raise_as_refusal(error, by_constraint)
                if still_named is not None and isinstance(error.__cause__, pg.ForeignKeyViolation):
                    raise still_named() from error
                raise
            except DatabaseError as error:
                if isinstance(error.__cause__, PASSING):
                    raise Busy() from error
                raise
            boundary(name, "after_commit")
            return answer

        return run

    return decorate


def raise_as_refusal(error: IntegrityError, by_constraint: Mapping[str, type[Refusal]]) -> None:
    """Raises the refusal that stands for the broken constraint; returns where none does."""
    cause = error.__cause__
    broken = cause.diag.constraint_name if isinstance(cause, pg.Error) else None
    if broken is not None and broken in by_constraint:
        raise by_constraint[broken]() from error


def joined() -> transaction.Atomic:
    """For a function that joins its caller's command: no savepoint, and never alone."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("joins a command's transaction")
    return transaction.atomic(savepoint=False)
