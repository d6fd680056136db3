"""What the commands of this package have in common: a draw's rows as `core.lots` knows them, and its file."""

import gzip
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from yitong.core.crypto import DecryptionFailed, KeyUnknown
from yitong.core.lots import file as lots
from yitong.core.lots.commitment import Commitment
from yitong.core.lots.order import Refusal, Withdrawal
from yitong.core.lots.seed import Beacon, promise_of
from yitong.core.lots.terms import BeaconRound, Entry, Offer, Party, Terms
from yitong.domains.draws import models
from yitong.domains.draws.contracts import MOST_PATIENTS, BeaconState, DrawChanged, DrawState, EntryState

IN_DRAW = (EntryState.APPLIED, EntryState.WON, EntryState.LOST)


def shard_of(draw_id: UUID) -> str:
    return f"draw:{draw_id}"


def booking_key(applicant_id: UUID) -> str:
    """The key of the booking that an applicant gets who wins."""
    return f"draw:{applicant_id}"


def terms_of(draw: models.Draw) -> Terms:
    """The terms as they were opened: the same bytes each time."""
    assert draw.hospital_promise is not None
    sessions = models.DrawSession.objects.filter(hospital_id=draw.hospital_id, draw_id=draw.id).order_by("place")
    beacon = None
    if draw.beacon_round is not None and draw.beacon_deadline is not None:
        beacon = BeaconRound(draw.beacon_chain, draw.beacon_round, draw.beacon_deadline)
    return Terms(
        draw_id=draw.id,
        hospital=draw.hospital_name,
        department=draw.department_name,
        opens_at=draw.opens_at,
        closes_at=draw.closes_at,
        weights=draw.weights,
        most_places=MOST_PATIENTS,
        offers=[Offer(str(one.session_id), one.places, one.what) for one in sessions],
        promises={Party.OPERATOR: bytes(draw.operator_promise), Party.HOSPITAL: bytes(draw.hospital_promise)},
        beacon=beacon,
    )


def entries_of(draw: models.Draw) -> list[tuple[UUID, Entry]]:
    """(entry's id, entry), by ticket: those that the commitment covers."""
    rows = models.DrawEntry.objects.filter(hospital_id=draw.hospital_id, draw_id=draw.id, state__in=IN_DRAW)
    columns = ("id", "ticket", "reasons", "weight", "places", "session_ids")
    return [
        (id_, Entry(bytes(ticket), tuple(reasons), weight, places, tuple(str(session) for session in sessions)))
        for id_, ticket, reasons, weight, places, sessions in rows.order_by("ticket").values_list(*columns)
    ]


def commitment_of(draw: models.Draw) -> Commitment:
    assert draw.root is not None
    assert draw.count is not None
    assert draw.signature is not None
    return Commitment(draw.id, draw.count, bytes(draw.root), draw.signer, bytes(draw.signature))


def beacon_of(draw: models.Draw) -> Beacon | None:
    if draw.beacon_state != BeaconState.HAD:
        return None
    assert draw.beacon_round is not None
    assert draw.beacon_randomness is not None
    assert draw.beacon_signature is not None
    return Beacon(draw.beacon_round, bytes(draw.beacon_randomness), bytes(draw.beacon_signature))


def operator_secret_of(draw: models.Draw) -> bytes | None:
    """The operator's secret; None where it can't be opened, or doesn't fit its hash. Rows are read without it: it is
    asked for here alone."""
    own = models.Draw.objects.filter(hospital_id=draw.hospital_id, id=draw.id)
    try:
        secret = bytes.fromhex(str(own.values_list("operator_secret", flat=True).get()))
    except (DecryptionFailed, KeyUnknown, ValueError):  # keys that can't be reached now are no silence: those raise
        return None
    fits = promise_of(Party.OPERATOR, draw.id, secret) == bytes(draw.operator_promise)
    return secret if fits else None


def secrets_of(draw: models.Draw) -> dict[Party, bytes]:
    """Both, of a draw that is revealed."""
    ours = operator_secret_of(draw)
    assert ours is not None
    assert draw.hospital_secret is not None
    return {Party.OPERATOR: ours, Party.HOSPITAL: bytes(draw.hospital_secret)}


def changes_of(draw: models.Draw) -> tuple[list[Refusal], list[Withdrawal]]:
    """What happened while winners were booked, in an order that doesn't change."""
    own = {"hospital_id": draw.hospital_id, "draw_id": draw.id}
    tickets = dict(
        models.DrawEntry.objects.filter(
            **own, id__in=models.DrawChange.objects.filter(**own).values("entry_id")
        ).values_list("id", "ticket")
    )
    refusals, withdrawals = [], []
    for row in models.DrawChange.objects.filter(**own).order_by("id"):
        if row.entry_id is not None:
            refusals.append(Refusal(bytes(tickets[row.entry_id]), str(row.session_id)))
        else:
            assert row.before_rank is not None
            assert row.places is not None
            withdrawals.append(Withdrawal(row.before_rank, str(row.session_id), row.places))
    return refusals, withdrawals


def write_file(draw: models.Draw, *, now: datetime) -> str:
    """Writes the public file of a draw that is drawn, settled or void; gives its SHA-256. Joins its command."""
    entries = [entry for _, entry in entries_of(draw)]
    terms, commitment = terms_of(draw), commitment_of(draw)
    if draw.state == DrawState.VOID:
        lines = lots.write_void(terms, entries, commitment, [Party(str(draw.void_reason))])
        return _store(draw, lines, is_final=True, now=now)
    refusals, withdrawals = changes_of(draw)
    assert draw.seed is not None
    seed = lots.Seed(secrets_of(draw), beacon_of(draw), bytes(draw.seed))
    ranks = lots.rank(terms, entries, seed.seed, refusals, withdrawals)
    is_final = draw.state == DrawState.SETTLED
    lines = lots.write(
        terms, entries, commitment, seed, ranks, refusals=refusals, withdrawals=withdrawals, is_settled=is_final
    )
    return _store(draw, lines, is_final=is_final, now=now)


def _store(draw: models.Draw, lines: Iterable[bytes], *, is_final: bool, now: datetime) -> str:
    content = b"".join(lines)
    models.DrawFile.objects.update_or_create(
        hospital_id=draw.hospital_id,
        id=draw.id,
        defaults={"content": gzip.compress(content, mtime=0), "is_final": is_final, "written_at": now},
    )
    return sha256(content).hexdigest()


def changed(draw: models.Draw) -> DrawChanged:
    return DrawChanged(draw.hospital_id, draw.id, DrawState(draw.state))


def changed_again(answer: dict[str, str]) -> DrawChanged:
    return replace(
        DrawChanged(UUID(answer["hospital_id"]), UUID(answer["draw_id"]), DrawState.PLANNED),
        state=DrawState(answer["state"]),
    )
