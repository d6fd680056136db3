"""After closing: entries are committed, the beacon is decided, secrets are opened, ranks are drawn. Each once."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, sealing
from yitong.core.db.command import command
from yitong.core.lots import file as lots
from yitong.core.lots.commitment import commit
from yitong.core.lots.seed import Beacon, promise_of
from yitong.core.lots.terms import SECRET_BYTES, Party
from yitong.domains.draws import contracts, errors, models, permissions, rules
from yitong.domains.draws.commands.parts import (
    beacon_of,
    changed,
    changed_again,
    commitment_of,
    entries_of,
    operator_secret_of,
    secrets_of,
    shard_of,
    terms_of,
    write_file,
)
from yitong.domains.draws.commands.voiding import make_void
from yitong.domains.draws.contracts import LOST_WITHIN_DAYS, BeaconState, DrawState, EntryState, VoidReason
from yitong.domains.draws.states import Move, next_state

BATCH = 5000  # rows of one statement


@command()
def close_draw(hospital_id: UUID, draw_id: UUID, *, actor: Actor, now: datetime) -> DrawState:
    """Weighs every entry by the published policy and commits to all of them: root and count are signed and in the log.
    Void where the beacon's number could be known by now, or the list could have been made for it. Repeatable.

    Locks: Draw (who applies holds it shared). Emits: DrawCommitted or DrawVoided.
    """
    permissions.check_is_system(actor)
    draw = models.Draw.locked(hospital_id, draw_id)
    if draw.state != DrawState.OPENED or now < draw.closes_at:
        return DrawState(draw.state)
    if draw.beacon_at is not None and now >= draw.beacon_at:
        return make_void(draw, VoidReason.LATE, actor=actor, now=now)
    _weigh(draw)
    entries = [entry for _, entry in entries_of(draw)]
    made = commit(terms_of(draw), entries, sealing.signer())
    draw.state = next_state(DrawState.OPENED, Move.CLOSE).value
    draw.own().update(
        state=draw.state,
        count=made.count,
        root=made.root,
        signer=made.signer,
        signature=made.signature,
        changed_at=now,
    )
    event = contracts.DrawCommitted(
        hospital_id=hospital_id,
        subject_id=draw_id,
        from_state=DrawState.OPENED.value,
        to_state=draw.state,
        root=made.root.hex(),
        count=made.count,
    )
    events.append(event, actor, at=now, shard=shard_of(draw_id))
    return DrawState(draw.state)


@command()
def decide_beacon(
    hospital_id: UUID, draw_id: UUID, found: Beacon | None, *, actor: Actor, now: datetime
) -> BeaconState:
    """Writes down the named round, or, past its deadline, that it was missed: then the draw goes without, and says so.
    Another round, or one that doesn't fit itself, counts as none. Repeatable; the first decision stands.

    Locks: Draw. Emits: BeaconDecided.
    """
    permissions.check_is_system(actor)
    draw = models.Draw.locked(hospital_id, draw_id)
    if draw.state != DrawState.CLOSED or draw.beacon_state != BeaconState.AWAITED:
        return BeaconState(draw.beacon_state)
    assert draw.beacon_round is not None
    assert draw.beacon_deadline is not None
    is_good = found is not None and found.round == draw.beacon_round and found.is_consistent
    if is_good and found is not None:
        after = BeaconState.HAD
        draw.own().update(
            beacon_state=after.value,
            beacon_randomness=found.randomness,
            beacon_signature=found.signature,
            changed_at=now,
        )
    elif now >= draw.beacon_deadline:
        after = BeaconState.MISSED
        draw.own().update(beacon_state=after.value, changed_at=now)
    else:
        return BeaconState.AWAITED
    event = contracts.BeaconDecided(
        hospital_id=hospital_id,
        subject_id=draw_id,
        from_state=BeaconState.AWAITED.value,
        to_state=after.value,
        round=draw.beacon_round,
        randomness=found.randomness.hex() if is_good and found is not None else "",
    )
    events.append(event, actor, at=now, shard=shard_of(draw_id))
    return after


@command()
def reveal_secret(cmd: contracts.RevealSecret, *, actor: Actor, now: datetime) -> contracts.DrawChanged:
    """The hospital opens its secret; ours is opened in the same act, so nobody sees one without the other. Where ours
    can't be opened any more (a lost key) the draw is void, by the operator's silence.

    Locks: Draw. Emits: DrawRevealed or DrawVoided. Refuses: SecretEarly, SecretLate, SecretInvalid, StateForbids,
    DrawMissing, KeyReused.
    """
    permissions.check_can_keep_secret(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "draws.reveal_secret", cmd)
    if once.answer is not None:
        return changed_again(once.answer)
    draw = models.Draw.locked(cmd.hospital_id, cmd.draw_id)
    before = DrawState(draw.state)
    if before in (DrawState.PLANNED, DrawState.OPENED) or draw.beacon_state == BeaconState.AWAITED:
        raise errors.SecretEarly()
    after = next_state(before, Move.REVEAL)
    if now >= draw.reveal_by:
        raise errors.SecretLate()
    secret = rules.hex_bytes(cmd.secret, SECRET_BYTES)
    assert draw.hospital_promise is not None
    if secret is None or promise_of(Party.HOSPITAL, draw.id, secret) != bytes(draw.hospital_promise):
        raise errors.SecretInvalid()
    ours = operator_secret_of(draw)
    if ours is None:
        make_void(draw, VoidReason.OPERATOR, actor=actor, now=now)
        return once.finish(changed(draw))
    draw.state = after.value
    draw.own().update(state=draw.state, hospital_secret=secret, changed_at=now)
    event = contracts.DrawRevealed(
        hospital_id=cmd.hospital_id,
        subject_id=cmd.draw_id,
        from_state=before.value,
        to_state=after.value,
        operator_secret=ours.hex(),
        hospital_secret=secret.hex(),
    )
    events.append(event, actor, at=now, shard=shard_of(cmd.draw_id))
    return once.finish(changed(draw))


@command()
def end_silence(hospital_id: UUID, draw_id: UUID, *, actor: Actor, now: datetime) -> DrawState:
    """The hospital didn't open its secret in time: the draw is void and says so. Repeatable. Locks: Draw, Session."""
    permissions.check_is_system(actor)
    draw = models.Draw.locked(hospital_id, draw_id)
    if draw.state != DrawState.CLOSED or draw.beacon_state == BeaconState.AWAITED or now < draw.reveal_by:
        return DrawState(draw.state)
    return make_void(draw, VoidReason.HOSPITAL, actor=actor, now=now)


@command()
def draw_lots(hospital_id: UUID, draw_id: UUID, *, actor: Actor, now: datetime) -> DrawState:
    """Seed and ranks, once and for good, and the public file. Repeatable. Locks: Draw. Emits: DrawDrawn."""
    permissions.check_is_system(actor)
    draw = models.Draw.locked(hospital_id, draw_id)
    if draw.state != DrawState.REVEALED:
        return DrawState(draw.state)
    terms, listed = terms_of(draw), entries_of(draw)
    seed = lots.draw(terms, commitment_of(draw), secrets_of(draw), beacon_of(draw)).seed
    ids = {entry.ticket: id_ for id_, entry in listed}
    ranks = lots.rank(terms, [entry for _, entry in listed], seed)
    _write_ranks(draw, [(ids[one.ticket], one.rank, one.key) for one in ranks])
    draw.state, draw.seed = next_state(DrawState.REVEALED, Move.DRAW).value, seed
    draw.own().update(state=draw.state, seed=seed, changed_at=now)
    event = contracts.DrawDrawn(
        hospital_id=hospital_id,
        subject_id=draw_id,
        from_state=DrawState.REVEALED.value,
        to_state=draw.state,
        seed=seed.hex(),
        file=write_file(draw, now=now),
    )
    events.append(event, actor, at=now, shard=shard_of(draw_id))
    return DrawState(draw.state)


def _weigh(draw: models.Draw) -> None:
    """Reasons and lots of every live entry, as the policy that was published says."""
    own = {"hospital_id": draw.hospital_id, "draw_id": draw.id}
    unlucky = _unlucky(draw)
    patients: dict[UUID, list[UUID]] = {}
    for entry_id, patient_id in models.DrawApplicant.objects.filter(**own, live=True).values_list(
        "entry_id", "patient_id"
    ):
        patients.setdefault(entry_id, []).append(patient_id)
    entries = models.DrawEntry.objects.filter(**own, state=EntryState.APPLIED).values_list("id", "is_older")
    groups: dict[tuple[str, ...], list[UUID]] = {}
    for entry_id, is_older in entries:
        has_lost = any(patient in unlucky for patient in patients.get(entry_id, ()))
        groups.setdefault(rules.reasons(draw.weights, has_lost=has_lost, is_older=is_older), []).append(entry_id)
    for reasons, ids in groups.items():
        weight = sum(draw.weights[reason] for reason in reasons)
        for start in range(0, len(ids), BATCH):
            rows = models.DrawEntry.objects.filter(hospital_id=draw.hospital_id, id__in=ids[start : start + BATCH])
            rows.update(reasons=list(reasons), weight=weight)


def _unlucky(draw: models.Draw) -> set[UUID]:
    """Patients who had no luck in a draw of this department within 30 days before this one closed."""
    since = draw.closes_at - timedelta(days=LOST_WITHIN_DAYS)
    earlier = models.Draw.objects.filter(
        hospital_id=draw.hospital_id,
        department_id=draw.department_id,
        state=DrawState.SETTLED,
        closes_at__gte=since,
        closes_at__lt=draw.closes_at,
    ).values("id")
    lost = models.DrawEntry.objects.filter(
        hospital_id=draw.hospital_id, draw_id__in=earlier, state=EntryState.LOST
    ).values("id")
    rows = models.DrawApplicant.objects.filter(hospital_id=draw.hospital_id, entry_id__in=lost, live=True)
    return set(rows.values_list("patient_id", flat=True))


def _write_ranks(draw: models.Draw, ranks: list[tuple[UUID, int, bytes]]) -> None:
    with connection.cursor() as cursor:
        for start in range(0, len(ranks), BATCH):
            part = ranks[start : start + BATCH]
            cursor.execute(
                "UPDATE draws_entry SET rank = drawn.rank, key = drawn.key"
                " FROM unnest(%s::uuid[], %s::int[], %s::bytea[]) AS drawn (id, rank, key)"
                " WHERE draws_entry.hospital_id = %s AND draws_entry.id = drawn.id",
                [
                    [id_ for id_, _, _ in part],
                    [rank for _, rank, _ in part],
                    [key for _, _, key in part],
                    draw.hospital_id,
                ],
            )
