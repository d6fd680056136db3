"""The class of a table: how it would be spread over many nodes (`docs/decisions`, growth)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum


class Scale(StrEnum):
    """H by hospital, P by patient, R a copy on each node, L one node."""

    H = "hospital"
    P = "patient"
    R = "reference"
    L = "local"


_reason: ContextVar[str | None] = ContextVar("cross_hospital", default=None)


@contextmanager
def cross_hospital(reason: str) -> Iterator[None]:
    """Within the block a statement on an H table may go over all hospitals; reader and recorder see the reason."""
    token = _reason.set(reason)
    try:
        yield
    finally:
        _reason.reset(token)


def cross_hospital_reason() -> str | None:
    return _reason.get()


# Tables that packages bring; all of them live on one node.
FOREIGN_TABLES = {
    "django_migrations": Scale.L,
    "django_content_type": Scale.L,
    "django_session": Scale.L,
    "auth_permission": Scale.L,
    "auth_group": Scale.L,
    "auth_group_permissions": Scale.L,
    "procrastinate_jobs": Scale.L,
    "procrastinate_events": Scale.L,
    "procrastinate_periodic_defers": Scale.L,
    "procrastinate_workers": Scale.L,
}
