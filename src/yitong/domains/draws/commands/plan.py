"""Before anybody applies: a draw is planned, the hospital gives the hash of its secret, the draw opens."""

import secrets
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command
from yitong.core.ids import new_id
from yitong.core.lots.seed import promise_of
from yitong.core.lots.terms import SECRET_BYTES, Party
from yitong.domains.draws import contracts, errors, models, permissions, rules
from yitong.domains.draws.commands.parts import changed, changed_again, shard_of, terms_of
from yitong.domains.draws.commands.voiding import make_void
from yitong.domains.draws.contracts import FILE_HALF_DAYS, FILE_TITLES, BeaconState, DrawState, VoidReason
from yitong.domains.draws.ports import beacon
from yitong.domains.draws.states import Move, next_state
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.commands import draws as pools
from yitong.domains.schedule.contracts import Session
from yitong.domains.schedule.queries import timetable as schedule


@command()
def plan_draw(
    hospital_id: UUID, department_id: UUID, release_at: datetime, *, actor: Actor, now: datetime
) -> UUID | None:
    """Announces the draw of what a department releases at an instant, with times and weights as the policies are now.
    None where it is planned already, or where it is too late for one. Emits: DrawPlanned."""
    permissions.check_is_system(actor)
    own = {"hospital_id": hospital_id, "department_id": department_id, "release_at": release_at}
    in_force = policies.at(hospital_id, now, department_id=department_id)
    times = rules.times(release_at, in_force)
    if now >= times.opens_at or models.Draw.objects.filter(**own).exists():
        return None
    source, draw_id = beacon.taken(), new_id()
    secret = secrets.token_bytes(SECRET_BYTES)
    promise = promise_of(Party.OPERATOR, draw_id, secret)
    number = source.round_at(int(times.beacon_from.timestamp())) if source.chain else None
    models.Draw.objects.create(
        **own,
        id=draw_id,
        state=DrawState.PLANNED.value,
        hospital_name=hospitals.get_hospital(hospital_id).name,
        department_name=hospitals.get_department(hospital_id, department_id).name,
        opens_at=times.opens_at,
        closes_at=times.closes_at,
        reveal_by=times.reveal_by,
        weights=rules.weights(in_force),
        operator_secret=secret.hex(),
        operator_promise=promise,
        beacon_state=(BeaconState.NONE if number is None else BeaconState.AWAITED).value,
        beacon_chain=source.chain,
        beacon_round=number,
        beacon_at=None if number is None else datetime.fromtimestamp(source.time_of(number), tz=UTC),
        beacon_deadline=None if number is None else times.beacon_deadline,
        planned_at=now,
        changed_at=now,
    )
    event = contracts.DrawPlanned(
        hospital_id=hospital_id,
        subject_id=draw_id,
        to_state=DrawState.PLANNED.value,
        department_id=department_id,
        release_at=release_at,
        operator_promise=promise.hex(),
    )
    events.append(event, actor, at=now, shard=shard_of(draw_id))
    return draw_id


@command()
def promise_secret(cmd: contracts.PromiseSecret, *, actor: Actor, now: datetime) -> contracts.DrawChanged:
    """The hospital gives the hash of its secret; until the draw opens it may give another one. The secret itself never
    comes near us before all entries are fixed.

    Locks: Draw. Emits: SecretPromised. Refuses: PromiseInvalid, PromiseLate, DrawMissing, KeyReused.
    """
    permissions.check_can_keep_secret(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "draws.promise_secret", cmd)
    if once.answer is not None:
        return changed_again(once.answer)
    promise = rules.hex_bytes(cmd.promise, SECRET_BYTES)
    draw = models.Draw.locked(cmd.hospital_id, cmd.draw_id)
    if promise is None or promise == bytes(draw.operator_promise):
        raise errors.PromiseInvalid()
    if draw.state != DrawState.PLANNED or now >= draw.opens_at:
        raise errors.PromiseLate()
    draw.own().update(hospital_promise=promise, changed_at=now)
    event = contracts.SecretPromised(
        hospital_id=cmd.hospital_id, subject_id=cmd.draw_id, hospital_promise=promise.hex()
    )
    events.append(event, actor, at=now, shard=shard_of(cmd.draw_id))
    return once.finish(changed(draw))


@command()
def open_draw(hospital_id: UUID, draw_id: UUID, *, actor: Actor, now: datetime) -> DrawState:
    """Sets the places aside and publishes the terms; void where the hospital gave no hash, or there is nothing to give.
    Repeatable.

    Locks: Draw, Session. Emits: SlotsMoved, DrawOpened or DrawVoided.
    """
    permissions.check_is_system(actor)
    draw = models.Draw.locked(hospital_id, draw_id)
    if draw.state != DrawState.PLANNED or now < draw.opens_at:
        return DrawState(draw.state)
    if draw.hospital_promise is None:
        return make_void(draw, VoidReason.HOSPITAL, actor=actor, now=now)
    if now >= draw.closes_at:
        return make_void(draw, VoidReason.LATE, actor=actor, now=now)
    given = pools.set_aside(hospital_id, draw.department_id, draw.release_at, actor=actor, now=now)
    if not given:
        return make_void(draw, VoidReason.NOTHING, actor=actor, now=now)
    for place, (session, places) in enumerate(given):
        models.DrawSession.objects.create(
            hospital_id=hospital_id,
            draw_id=draw_id,
            session_id=session.session_id,
            place=place,
            what=_what(session, now),
            places=places,
            left=places,
        )
    draw.state = next_state(DrawState.PLANNED, Move.OPEN).value
    draw.own().update(state=draw.state, changed_at=now)
    event = contracts.DrawOpened(
        hospital_id=hospital_id,
        subject_id=draw_id,
        from_state=DrawState.PLANNED.value,
        to_state=draw.state,
        terms=sha256(terms_of(draw).line()).hexdigest(),
        operator_promise=bytes(draw.operator_promise).hex(),
        hospital_promise=bytes(draw.hospital_promise).hex(),
        places=sum(places for _, places in given),
    )
    events.append(event, actor, at=now, shard=shard_of(draw_id))
    return DrawState(draw.state)


def _what(session: Session, now: datetime) -> str:
    """`3月8日 上午 张三 主任医师`; without the name where first visits may not name a doctor (R-004)."""
    in_force = policies.at(session.hospital_id, now, department_id=session.department_id)
    name = ""
    if session.practitioner_id and not schedule.must_hide_name(session, in_force, is_first_visit=True):
        name = hospitals.get_practitioner(session.hospital_id, session.practitioner_id).name
    title = FILE_TITLES.get(session.title or "", "")
    starts = session.starts_at.astimezone(clock.SHANGHAI)
    parts = [
        f"{session.date.month}月{session.date.day}日",
        FILE_HALF_DAYS[session.half_day],
        f"{starts:%H:%M}",
        name,
        title,
    ]
    return " ".join(part for part in parts if part)
