"""Winners are booked in the order of ranks, each in a transaction of its own; then what is left is everybody's.

A crash between two leaves `served` at the last rank that had its turn: the next run goes on there. A rule that speaks
against a winner is written down, and the place goes to the next rank that wants it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.command import command, raise_as_refusal
from yitong.core.errors import Busy, Refusal
from yitong.domains.booking.commands import drawn
from yitong.domains.booking.contracts import DrawnWish, Held
from yitong.domains.booking.errors import BY_CONSTRAINT, CodeCollision, SessionCancelled, SlotTaken
from yitong.domains.draws import contracts, models, permissions
from yitong.domains.draws.commands.parts import booking_key, shard_of, write_file
from yitong.domains.draws.contracts import DrawState, EntryState
from yitong.domains.draws.states import Move, next_state
from yitong.domains.schedule.commands import draws as pools
from yitong.domains.schedule.errors import SessionIsStopping

# Not the winner's doing: the next turn finds the places withdrawn, or the lock free.
PASSING = (Busy, CodeCollision, SessionCancelled, SessionIsStopping, SlotTaken)
BATCH = 500  # ranks of one transaction, of which at most one wins


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it was when a rule spoke against it."""

    rank: int
    entry_id: UUID
    session_id: UUID


class RefusedAtTurn(Exception):
    """Leaves `serve` so that its transaction leaves nothing; `turn` and the refusal's code are written down after."""

    def __init__(self, turn: Turn, refusal: Refusal) -> None:
        super().__init__(turn, refusal.code)
        self.turn, self.refusal = turn, refusal


@command(refusals=BY_CONSTRAINT)
def serve(hospital_id: UUID, draw_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """The next ranks, up to the first that wins something: it is booked by the rules of every claim. Says whether there
    may be more to serve.

    Locks: Draw, then what a claim locks. Emits: EntryWon and what a claim emits; PlacesWithdrawn. Raises RefusedAtTurn
    where a rule speaks against the winner: `note_refusal` is then to be called, and `serve` again.
    """
    permissions.check_is_system(actor)
    draw = models.Draw.locked(hospital_id, draw_id)
    if draw.state != DrawState.DRAWN:
        return False
    places = {one.session_id: one for one in _sessions(draw)}
    if not any(one.left for one in places.values()):
        _lose(draw, draw.count or 0, now=now)
        return False
    own = {"hospital_id": hospital_id, "draw_id": draw_id}
    entries = list(models.DrawEntry.objects.filter(**own, rank__gt=draw.served).order_by("rank")[:BATCH])
    refused = _refused(draw, [entry.id for entry in entries])
    for entry in entries:
        assert entry.rank is not None
        session = _first_fit(draw, entry, places, refused.get(entry.id, set()), actor=actor, now=now)
        if session is not None:
            _lose(draw, entry.rank - 1, now=now)
            _book(draw, entry, session, now=now)
            return True
    if entries:
        last = entries[-1].rank
        assert last is not None
        _lose(draw, last, now=now)
    return len(entries) == BATCH


@command()
def note_refusal(hospital_id: UUID, draw_id: UUID, turn: Turn, code: str, *, actor: Actor, now: datetime) -> None:
    """Writes down that a rule spoke against a winner's session: its next choice comes, then the next rank. Repeatable.
    Locks: Draw. Emits: EntryRefused."""
    permissions.check_is_system(actor)
    draw = models.Draw.locked(hospital_id, draw_id)
    own = {"hospital_id": hospital_id, "entry_id": turn.entry_id, "session_id": turn.session_id}
    if draw.state != DrawState.DRAWN or draw.served >= turn.rank or models.DrawChange.objects.filter(**own).exists():
        return
    models.DrawChange.objects.create(**own, draw_id=draw_id, code=code, at=now)
    entry = models.DrawEntry.objects.get(hospital_id=hospital_id, id=turn.entry_id)
    event = contracts.EntryRefused(
        hospital_id=hospital_id,
        subject_id=turn.entry_id,
        draw_id=draw_id,
        account_id=entry.account_id,
        rank=turn.rank,
        session_id=turn.session_id,
        code=code,
    )
    events.append(event, actor, at=now, shard=shard_of(draw_id))


@command()
def settle_draw(hospital_id: UUID, draw_id: UUID, *, actor: Actor, now: datetime) -> DrawState:
    """When every rank had its turn: the rest of the places is everybody's, by the release that their sessions have, and
    the file is written for the last time. Repeatable. Locks: Draw, Session. Emits: SlotsMoved, DrawSettled."""
    permissions.check_is_system(actor)
    draw = models.Draw.locked(hospital_id, draw_id)
    if draw.state != DrawState.DRAWN or draw.served < (draw.count or 0):
        return DrawState(draw.state)
    sessions = [one.session_id for one in _sessions(draw)]
    pools.give_back(hospital_id, sessions, actor=actor, now=now)
    draw.state = next_state(DrawState.DRAWN, Move.SETTLE).value
    draw.own().update(state=draw.state, changed_at=now)
    entries = models.DrawEntry.objects.filter(hospital_id=hospital_id, draw_id=draw_id)
    event = contracts.DrawSettled(
        hospital_id=hospital_id,
        subject_id=draw_id,
        from_state=DrawState.DRAWN.value,
        to_state=draw.state,
        won=entries.filter(state=EntryState.WON).count(),
        lost=entries.filter(state=EntryState.LOST).count(),
        file=write_file(draw, now=now),
    )
    events.append(event, actor, at=now, shard=shard_of(draw_id))
    return DrawState(draw.state)


def _sessions(draw: models.Draw) -> list[models.DrawSession]:
    rows = models.DrawSession.objects.filter(hospital_id=draw.hospital_id, draw_id=draw.id)
    return list(rows.order_by("place"))


def _refused(draw: models.Draw, entry_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    rows = models.DrawChange.objects.filter(hospital_id=draw.hospital_id, draw_id=draw.id, entry_id__in=entry_ids)
    found: dict[UUID, set[UUID]] = {}
    for entry_id, session_id in rows.values_list("entry_id", "session_id"):
        assert entry_id is not None
        found.setdefault(entry_id, set()).add(session_id)
    return found


def _first_fit(
    draw: models.Draw,
    entry: models.DrawEntry,
    places: dict[UUID, models.DrawSession],
    refused: Collection[UUID],
    *,
    actor: Actor,
    now: datetime,
) -> models.DrawSession | None:
    """As `core.lots.order.Places` decides it, after a look at what the hospital left of the session."""
    for session_id in entry.session_ids:
        one = places[session_id]
        if one.left < entry.places or session_id in refused:
            continue
        there = len(drawn.free_places(draw.hospital_id, session_id, now=now))
        if there < one.left:
            _withdraw(draw, one, one.left - there, before=entry.rank or 0, actor=actor, now=now)
        if one.left >= entry.places:
            return one
    return None


def _withdraw(
    draw: models.Draw, one: models.DrawSession, gone: int, *, before: int, actor: Actor, now: datetime
) -> None:
    """The hospital stopped the session, or took slots of it away: what isn't there can't be given."""
    _take(one, gone)
    models.DrawChange.objects.create(
        hospital_id=draw.hospital_id,
        draw_id=draw.id,
        session_id=one.session_id,
        before_rank=before,
        places=gone,
        at=now,
    )
    event = contracts.PlacesWithdrawn(
        hospital_id=draw.hospital_id, subject_id=draw.id, session_id=one.session_id, before_rank=before, places=gone
    )
    events.append(event, actor, at=now, shard=shard_of(draw.id))


def _take(one: models.DrawSession, places: int) -> None:
    one.left -= places
    models.DrawSession.objects.filter(hospital_id=one.hospital_id, id=one.id).update(left=one.left)


def _book(draw: models.Draw, entry: models.DrawEntry, one: models.DrawSession, *, now: datetime) -> None:
    assert entry.rank is not None
    applicants = models.DrawApplicant.objects.filter(hospital_id=draw.hospital_id, entry_id=entry.id).order_by("place")
    rows = list(applicants)
    wishes = [
        DrawnWish(booking_key(row.id), draw.hospital_id, one.session_id, row.patient_id, entry.is_first_visit)
        for row in rows
    ]
    who = Actor.for_account(entry.account_id, channel=entry.channel)
    try:
        held: list[Held] = drawn.book_drawn(wishes, actor=who, now=now)
    except (Refusal, IntegrityError) as error:
        raise _at_turn(error, Turn(entry.rank, entry.id, one.session_id)) from error
    for row, booking in zip(rows, held, strict=True):
        models.DrawApplicant.objects.filter(hospital_id=row.hospital_id, id=row.id).update(
            booking_id=booking.booking_id
        )
    _take(one, entry.places)
    entry.own().update(state=EntryState.WON.value, given_id=one.session_id, changed_at=now)
    draw.own().update(served=entry.rank, changed_at=now)
    event = contracts.EntryWon(
        hospital_id=draw.hospital_id,
        subject_id=entry.id,
        from_state=EntryState.APPLIED.value,
        to_state=EntryState.WON.value,
        draw_id=draw.id,
        account_id=entry.account_id,
        rank=entry.rank,
        session_id=one.session_id,
        bookings=tuple(booking.booking_id for booking in held),
    )
    events.append(event, Actor.system("draws.settle"), at=now, shard=shard_of(draw.id))


def _at_turn(error: Refusal | IntegrityError, turn: Turn) -> Exception:
    """What leaves the command, and with it the transaction: a rule against the winner, or what will pass by itself."""
    if isinstance(error, IntegrityError):
        try:
            raise_as_refusal(error, BY_CONSTRAINT)
        except Refusal as refusal:
            error = refusal
    if isinstance(error, PASSING) or not isinstance(error, Refusal):
        return error
    return RefusedAtTurn(turn, error)


def _lose(draw: models.Draw, last: int, *, now: datetime) -> None:
    """Every rank after the last served one, up to this, had its turn and got nothing."""
    rows = models.DrawEntry.objects.filter(
        hospital_id=draw.hospital_id, draw_id=draw.id, rank__gt=draw.served, rank__lte=last
    )
    rows.update(state=EntryState.LOST.value, changed_at=now)
    if last > draw.served:
        draw.served = last
        draw.own().update(served=last)
