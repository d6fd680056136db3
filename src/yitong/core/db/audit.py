"""What the city's auditor and security officer see of the kernel: events, the hash log, dead letters."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, Literal
from uuid import UUID

from django.db.models import Q

from yitong.core.actor import Actor
from yitong.core.db import events, relay, sealing_check
from yitong.core.db.command import command
from yitong.core.db.models import DeadLetter, EventFailure
from yitong.core.db.models import Event as Row
from yitong.core.db.models_security import DayRoot, Seal
from yitong.core.db.scale import cross_hospital
from yitong.core.db.sealing import logs
from yitong.core.errors import AuditTooWide, DeadLetterMissing, Forbidden, Unidentified
from yitong.core.events import Event

AUDITOR, SECURITY = "auditor", "security_admin"
PAGE = 50
LONGEST = timedelta(days=92)  # of one question to the events
SHOWN_DAYS = 30
MOST_LETTERS = 200
LATE = timedelta(seconds=60)  # a row that waits longer for its seal tells of a sealer that stands
WATCHED = timedelta(hours=24)
MOST_ROWS_AT_ONCE = 50_000  # that a page recomputes while somebody waits; more is for the command line


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterSettled(Event):
    """A person decided on an event that a handler could not take: the subject is the event."""

    operation: ClassVar[str] = "core.dead_letter_settled"
    handler: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsAsked:
    """Which events: recorded in [from_at, until_at), older than the one `before`. `operation` may be a domain."""

    from_at: datetime
    until_at: datetime
    operation: str = ""
    actor: str = ""
    subject_id: UUID | None = None
    hospital_id: UUID | None = None
    before: tuple[datetime, UUID] | None = None


@dataclass(frozen=True, slots=True)
class EventLine:
    event_id: UUID
    recorded_at: datetime
    operation: str
    actor: str
    channel: str
    hospital_id: UUID | None
    subject_id: UUID
    from_state: str | None
    to_state: str | None
    body: dict[str, object]
    trace_id: str


@dataclass(frozen=True, slots=True)
class LogState:
    """One chain: its last seal, its last closed day, and how many rows it holds."""

    log: str
    shard: str
    seals: int
    rows: int
    sealed_at: datetime
    head: str
    last_day: date | None


@dataclass(frozen=True, slots=True)
class DayLine:
    """All that one chain sealed in a day, as the one number that hospitals keep."""

    log: str
    shard: str
    day: date
    rows: int
    root: str


@dataclass(frozen=True, slots=True)
class Letter:
    event_id: UUID
    handler: str
    shard: str
    stops_shard: bool
    error: str
    at: datetime
    operation: str
    hospital_id: UUID | None


def check_can_audit(actor: Actor) -> None:
    _check(actor, AUDITOR)


def check_can_see_letters(actor: Actor) -> None:
    _check(actor, AUDITOR, SECURITY)


def check_can_settle(actor: Actor) -> None:
    _check(actor, SECURITY)


def _check(actor: Actor, *roles: str) -> None:
    if actor.kind == "anonymous":
        raise Unidentified()
    if actor.kind != "staff" or not actor.has_role(*roles):
        raise Forbidden()


def operations() -> list[str]:
    """Every kind of event that the house writes."""
    ours = (kind for kind in _kinds(Event) if kind.__module__.startswith("yitong."))
    return sorted({kind.operation for kind in ours if "operation" in kind.__dict__})


def _kinds(base: type[Event]) -> Iterator[type[Event]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)


def list_events(asked: EventsAsked, actor: Actor) -> list[EventLine]:
    """A page of 50, the newest first. Refuses Forbidden, AuditTooWide."""
    check_can_audit(actor)
    if asked.until_at - asked.from_at > LONGEST:
        raise AuditTooWide(days=LONGEST.days)
    rows = Row.objects.filter(recorded_at__gte=asked.from_at, recorded_at__lt=asked.until_at)
    if asked.operation:
        rows = rows.filter(Q(operation=asked.operation) | Q(operation__startswith=f"{asked.operation}."))
    if asked.actor:
        rows = rows.filter(actor=asked.actor)
    if asked.subject_id is not None:
        rows = rows.filter(subject_id=asked.subject_id)
    if asked.hospital_id is not None:
        rows = rows.filter(hospital_id=asked.hospital_id)
    if asked.before is not None:
        at, event_id = asked.before
        rows = rows.filter(Q(recorded_at__lt=at) | Q(recorded_at=at, id__lt=event_id))
    with cross_hospital("an auditor asks for events of the whole city"):
        return [_line(row) for row in rows.order_by("-recorded_at", "-id")[:PAGE]]


def _line(row: Row) -> EventLine:
    return EventLine(
        row.id,
        row.recorded_at,
        row.operation,
        row.actor,
        row.channel,
        None if row.hospital_id == events.CITY else row.hospital_id,
        row.subject_id,
        row.from_state,
        row.to_state,
        row.body,
        row.trace_id,
    )


def log_states(actor: Actor) -> list[LogState]:
    """The last seal of each chain: two queries."""
    check_can_audit(actor)
    last_days = {
        (log, shard): day
        for log, shard, day in DayRoot.objects.order_by("log", "shard", "-day")
        .distinct("log", "shard")
        .values_list("log", "shard", "day")
    }
    last = Seal.objects.order_by("log", "shard", "-number").distinct("log", "shard")
    return [
        LogState(
            row.log,
            row.shard,
            row.number,
            row.first_seq + row.count - 1,
            row.sealed_at,
            bytes(row.head).hex(),
            last_days.get((row.log, row.shard)),
        )
        for row in last
    ]


def count_late(actor: Actor, now: datetime) -> dict[str, int]:
    """Log → rows of the last day that have waited more than a minute for their seal (1,000 counted at the most)."""
    check_can_audit(actor)
    late = {}
    with cross_hospital("an auditor asks whether the sealer keeps up"):
        for log in logs().values():
            span = {f"{log.recorded_field}__gte": now - WATCHED, f"{log.recorded_field}__lt": now - LATE}
            late[log.name] = len(log.unsealed(log.model._default_manager.filter(**span)).values_list("id")[:1000])
    return late


def list_days(actor: Actor, *, log: str, shard: str) -> list[DayLine]:
    """The roots of one chain's last 30 closed days."""
    check_can_audit(actor)
    rows = DayRoot.objects.filter(log=log, shard=shard).order_by("-day")[:SHOWN_DAYS]
    return [DayLine(row.log, row.shard, row.day, row.count, bytes(row.root).hex()) for row in rows]


def can_verify_here(states: list[LogState]) -> bool:
    return sum(state.rows for state in states) <= MOST_ROWS_AT_ONCE


def verify(actor: Actor) -> sealing_check.VerifyReport | None:
    """Recomputes every chain from its rows; None where there are too many for a page to wait for."""
    return sealing_check.verify() if can_verify_here(log_states(actor)) else None


def count_letters(actor: Actor) -> int:
    check_can_see_letters(actor)
    return DeadLetter.objects.filter(settled_at=None).count()


def list_letters(actor: Actor) -> list[Letter]:
    """The open dead letters, the oldest first."""
    check_can_see_letters(actor)
    letters = list(DeadLetter.objects.filter(settled_at=None).order_by("at", "event_id", "handler")[:MOST_LETTERS])
    with cross_hospital("a person looks at events that no handler could take"):
        rows = {row.id: row for row in Row.objects.filter(id__in={letter.event_id for letter in letters})}
    return [_letter(letter, rows.get(letter.event_id)) for letter in letters]


def _letter(letter: DeadLetter, row: Row | None) -> Letter:
    return Letter(
        letter.event_id,
        letter.handler,
        letter.shard,
        letter.stops_shard,
        letter.error,
        letter.at,
        row.operation if row else "",
        None if row is None or row.hospital_id == events.CITY else row.hospital_id,
    )


@command()
def settle_letter(event_id: UUID, handler: str, how: Literal["retry", "skip"], *, actor: Actor, now: datetime) -> None:
    """Give the event to its handler once more, or leave it behind; its shard goes on.

    Locks: DeadLetter. Emits: DeadLetterSettled. Refuses: Forbidden, DeadLetterMissing.
    """
    check_can_settle(actor)
    rows = DeadLetter.objects.select_for_update(of=("self",)).filter(
        event_id=event_id, handler=handler, settled_at=None
    )
    if not list(rows.order_by("pk")):
        raise DeadLetterMissing()
    relay.settle(event_id, handler, how=how, by=actor.key, at=now)
    event = DeadLetterSettled(subject_id=event_id, to_state=how, handler=handler)
    events.append(event, actor, at=now, shard=f"letter:{event_id}")


def count_waiting(actor: Actor) -> int:
    """Events whose handlers failed and will be tried again by themselves."""
    check_can_see_letters(actor)
    return EventFailure.objects.filter(tries__lt=relay.TRIES).count()
