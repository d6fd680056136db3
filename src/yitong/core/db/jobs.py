"""Jobs: Procrastinate, enqueued in the transaction of the change that wants them."""

from collections.abc import Callable
from typing import Any, TypeVar

from procrastinate.contrib.django import app
from procrastinate.retry import RetryStrategy

OUTSIDE = "outside"  # the queue of jobs that wait for a partner's answer; hands of its own work at it

F = TypeVar("F", bound=Callable[..., Any])


def job(*, queue: str = "default", tries: int = 3) -> Callable[[F], Any]:
    """A job that may be enqueued with `.defer(...)`. Its payload holds ids only."""
    return app.task(queue=queue, retry=RetryStrategy(max_attempts=tries, exponential_wait=2))


def periodic(cron: str, *, queue: str = "default") -> Callable[[F], Any]:
    """A job that comes by the clock, each minute at most; it takes the timestamp of its turn."""
    if len(cron.split()) != 5:
        raise TypeError(f"{cron}: what comes more often than each minute is swept (`core.db.sweeps`)")

    def decorate(function: F) -> Any:
        return app.periodic(cron=cron)(app.task(queue=queue, pass_context=False)(function))

    return decorate


def enqueue(name: str, *, queue: str = "default", **payload: str | int) -> None:
    """Enqueue a job by its full name, in the transaction at hand: for commands, which stand below their jobs."""
    app.configure_task(name, queue=queue).defer(**payload)
