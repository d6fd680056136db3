"""When there is no draw after all: its places go to everybody in the ordinary release, and the reason is public."""

from datetime import datetime

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.command import joined
from yitong.domains.draws import contracts, models
from yitong.domains.draws.commands.parts import shard_of, write_file
from yitong.domains.draws.contracts import DrawState, VoidReason
from yitong.domains.draws.states import Move, next_state
from yitong.domains.schedule.commands import draws as pools


def make_void(draw: models.Draw, reason: VoidReason, *, actor: Actor, now: datetime) -> DrawState:
    """Joins a command that holds the draw. There is never another draw of these sessions: silence chooses nothing.
    Emits: SlotsMoved, DrawVoided."""
    with joined():
        before = DrawState(draw.state)
        draw.state, draw.void_reason = next_state(before, Move.VOID).value, reason.value
        draw.own().update(state=draw.state, void_reason=draw.void_reason, changed_at=now)
        sessions = models.DrawSession.objects.filter(hospital_id=draw.hospital_id, draw_id=draw.id)
        pools.give_back(draw.hospital_id, list(sessions.values_list("session_id", flat=True)), actor=actor, now=now)
        if draw.root is not None:
            write_file(draw, now=now)
        event = contracts.DrawVoided(
            hospital_id=draw.hospital_id,
            subject_id=draw.id,
            from_state=before.value,
            to_state=draw.state,
            reason=reason.value,
        )
        events.append(event, actor, at=now, shard=shard_of(draw.id))
        return DrawState.VOID
