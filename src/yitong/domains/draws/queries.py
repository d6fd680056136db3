"""Reading draws. What is public needs no actor; an entry is its account's alone."""

import gzip
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from yitong.core.actor import Actor
from yitong.core.db.scale import cross_hospital
from yitong.core.lots.commitment import prove
from yitong.core.lots.terms import Party
from yitong.domains.draws import errors, models, permissions, rules
from yitong.domains.draws.contracts import (
    ENDED,
    BeaconState,
    Draw,
    DrawnSession,
    DrawState,
    Due,
    Entry,
    EntryProof,
    EntryState,
    StoredFile,
    VoidReason,
)
from yitong.domains.draws.contracts import Count as Counted
from yitong.domains.people import queries as people

PAGE = 50
MINE, LOOKED_AT = 20, 200
MOST_DUE = 500


def get_draw(hospital_id: UUID, draw_id: UUID) -> Draw:
    """Refuses DrawMissing."""
    found = _draws(Q(hospital_id=hospital_id, id=draw_id), hospital_id)
    if not found:
        raise errors.DrawMissing()
    return found[0]


def draws_by_id(hospital_id: UUID, draw_ids: Collection[UUID]) -> dict[UUID, Draw]:
    """Those of these that the hospital has; at most 50. Three queries at most."""
    return {one.draw_id: one for one in _draws(Q(hospital_id=hospital_id, id__in=draw_ids), hospital_id)}


def list_draws(
    hospital_id: UUID, *, department_id: UUID | None = None, after: UUID | None = None, most: int = PAGE
) -> list[Draw]:
    """The hospital's draws, the latest release first, or those that come after one of them. Three queries at most, and
    one for that draw. Refuses DrawMissing."""
    which = Q(hospital_id=hospital_id)
    if department_id is not None:
        which &= Q(department_id=department_id)
    if after is not None:
        last = models.Draw.objects.filter(hospital_id=hospital_id, id=after).values_list("release_at", flat=True)
        if not last:
            raise errors.DrawMissing()
        which &= Q(release_at__lt=last[0]) | Q(release_at=last[0], id__gt=after)
    return _draws(which, hospital_id, most)


def list_under_way(hospital_id: UUID, department_id: UUID) -> list[Draw]:
    """The department's draws that are planned, open or being decided."""
    return _draws(Q(hospital_id=hospital_id, department_id=department_id) & ~Q(state__in=ENDED), hospital_id)


def find_draw_of_session(hospital_id: UUID, session_id: UUID) -> UUID | None:
    """The draw that gives this session's online places, whatever became of it."""
    rows = models.DrawSession.objects.filter(hospital_id=hospital_id, session_id=session_id)
    return rows.order_by("id").values_list("draw_id", flat=True).first()


def get_entry(hospital_id: UUID, entry_id: UUID, actor: Actor) -> Entry:
    """Refuses EntryMissing where it isn't the account's own."""
    found = _entries(hospital_id, Q(id=entry_id))
    if not found:
        raise errors.EntryMissing()
    permissions.check_is_own(actor, found[0][0])
    return found[0][1]


def find_my_entry(hospital_id: UUID, draw_id: UUID, actor: Actor) -> list[Entry]:
    """The account's entries in a draw, withdrawn ones last."""
    account_id = permissions.check_can_apply(actor)
    found = [entry for _, entry in _entries(hospital_id, Q(draw_id=draw_id, account_id=account_id))]
    return sorted(found, key=lambda entry: entry.state is EntryState.WITHDRAWN)


def list_my_entries(actor: Actor) -> list[Entry]:
    """The account's latest entries everywhere, the newest first; at most 20."""
    account_id = permissions.check_can_apply(actor)
    patients = people.records_of_account(account_id)
    rows = models.PatientDraw.objects.filter(patient_id__in=patients).order_by("-applied_at")
    # Others who act for these patients apply for them too: whose an entry is shows only when it is read.
    keys = dict.fromkeys(rows.values_list("hospital_id", "id")[:LOOKED_AT])
    by_hospital: dict[UUID, list[UUID]] = {}
    for hospital_id, entry_id in keys:
        by_hospital.setdefault(hospital_id, []).append(entry_id)
    found = [
        entry
        for hospital_id, ids in by_hospital.items()
        for owner, entry in _entries(hospital_id, Q(id__in=ids))
        if owner == account_id
    ]
    return sorted(found, key=lambda entry: entry.applied_at, reverse=True)[:MINE]


def counts(hospital_id: UUID, draw_id: UUID) -> list[Counted]:
    """By weight, for the public: once entries are committed. Small cells are left out (R-213)."""
    rows = models.DrawEntry.objects.filter(hospital_id=hospital_id, draw_id=draw_id, weight__isnull=False)
    found = rows.values_list("weight").annotate(n=Count("places"), won=Count("given_id")).order_by("weight")
    return [
        Counted(weight, rules.told(n), rules.told(won) if rules.told(n) is not None else None)
        for weight, n, won in found
    ]


def has_file(hospital_id: UUID, draw_id: UUID) -> bool:
    return models.DrawFile.objects.filter(hospital_id=hospital_id, id=draw_id).exists()


def get_file(hospital_id: UUID, draw_id: UUID) -> StoredFile:
    """For anybody. Refuses FileMissing where none is published yet."""
    rows = models.DrawFile.objects.filter(hospital_id=hospital_id, id=draw_id)
    for row in rows:
        return StoredFile(bytes(row.content), row.is_final)
    raise errors.FileMissing()


def get_proof(hospital_id: UUID, entry_id: UUID, actor: Actor) -> EntryProof:
    """That one's own entry stood in the list when it was sealed. Refuses EntryMissing where it isn't the account's own,
    ProofMissing where it stands in no file."""
    entry = get_entry(hospital_id, entry_id, actor)
    draw = get_draw(hospital_id, entry.draw_id)
    if draw.count is None or draw.root is None or not has_file(hospital_id, entry.draw_id):
        raise errors.ProofMissing()
    lines = plain(get_file(hospital_id, entry.draw_id)).split(b"\n")[: draw.count + 1]  # the terms, then the entries
    own = b'"ticket":"%s"' % entry.ticket.hex().encode()
    for index, line in enumerate(lines):
        if own in line:
            path = prove(lines, index).path
            return EntryProof(draw.draw_id, entry.ticket, line.decode(), index, len(lines), path, draw.root)
    raise errors.ProofMissing()


def plain(file: StoredFile) -> bytes:
    """The file's own bytes, for who can't take them compressed."""
    return gzip.decompress(file.content)


def list_due() -> list[Due]:
    """Every draw of the city that is not over, the first to open first; at most 500."""
    with cross_hospital("sweep of draws"):
        rows = models.Draw.objects.filter(~Q(state__in=ENDED)).order_by("opens_at").defer("operator_secret")
        return [
            Due(
                row.hospital_id,
                row.id,
                DrawState(row.state),
                BeaconState(row.beacon_state),
                row.beacon_round,
                row.opens_at,
                row.closes_at,
                row.beacon_at,
                row.beacon_deadline,
                row.reveal_by,
            )
            for row in rows[:MOST_DUE]
        ]


def planned_releases(hospital_id: UUID) -> set[tuple[UUID, datetime]]:
    """(department, release) of the hospital's draws: none of them is planned again."""
    rows = models.Draw.objects.filter(hospital_id=hospital_id).order_by("-release_at")
    return set(rows.values_list("department_id", "release_at")[: 20 * PAGE])


def _draws(which: Q, hospital_id: UUID, most: int = PAGE) -> list[Draw]:
    rows = list(models.Draw.objects.filter(which).order_by("-release_at", "id").defer("operator_secret")[:most])
    sessions: dict[UUID, list[DrawnSession]] = {}
    for one in models.DrawSession.objects.filter(
        hospital_id=hospital_id, draw_id__in=[row.id for row in rows]
    ).order_by("draw_id", "place"):
        sessions.setdefault(one.draw_id, []).append(DrawnSession(one.session_id, one.places, one.what))
    opened = _operator_secrets(hospital_id, [row.id for row in rows if row.state in models.KNOWS_SECRETS])
    return [_draw(row, sessions.get(row.id, []), opened.get(row.id)) for row in rows]


def _operator_secrets(hospital_id: UUID, ids: Collection[UUID]) -> dict[UUID, str]:
    """Of draws whose secrets are open: nobody else's is ever read here."""
    if not ids:
        return {}
    rows = models.Draw.objects.filter(hospital_id=hospital_id, id__in=ids, state__in=models.KNOWS_SECRETS)
    return {row.id: str(row.operator_secret) for row in rows.only("operator_secret")}


def _draw(row: models.Draw, sessions: Sequence[DrawnSession], operator_secret: str | None) -> Draw:
    promises = {Party.OPERATOR: bytes(row.operator_promise)}
    if row.hospital_promise is not None:
        promises[Party.HOSPITAL] = bytes(row.hospital_promise)
    secrets = {}
    if operator_secret is not None and row.hospital_secret is not None:
        secrets = {Party.OPERATOR: bytes.fromhex(operator_secret), Party.HOSPITAL: bytes(row.hospital_secret)}
    return Draw(
        hospital_id=row.hospital_id,
        draw_id=row.id,
        department_id=row.department_id,
        state=DrawState(row.state),
        release_at=row.release_at,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        reveal_by=row.reveal_by,
        weights=row.weights,
        sessions=tuple(sessions),
        promises=promises,
        beacon_state=BeaconState(row.beacon_state),
        beacon_chain=row.beacon_chain,
        beacon_round=row.beacon_round,
        beacon_at=row.beacon_at,
        beacon_deadline=row.beacon_deadline,
        beacon_randomness=_bytes(row.beacon_randomness),
        secrets=secrets,
        count=row.count,
        root=_bytes(row.root),
        signer=row.signer,
        seed=_bytes(row.seed),
        void_reason=VoidReason(row.void_reason) if row.void_reason else None,
    )


def _entries(hospital_id: UUID, which: Q) -> list[tuple[UUID, Entry]]:
    """(account, entry), the newest first. Three queries."""
    rows = list(models.DrawEntry.objects.filter(which, hospital_id=hospital_id).order_by("-applied_at", "id"))
    ids = [row.id for row in rows]
    patients: dict[UUID, list[models.DrawApplicant]] = {}
    own = {"hospital_id": hospital_id, "entry_id__in": ids}
    for one in models.DrawApplicant.objects.filter(**own).order_by("entry_id", "place"):
        patients.setdefault(one.entry_id, []).append(one)
    refusals: dict[UUID, dict[UUID, str]] = {}
    for change in models.DrawChange.objects.filter(**own):
        assert change.entry_id is not None
        refusals.setdefault(change.entry_id, {})[change.session_id] = change.code or ""
    return [(row.account_id, _entry(row, patients.get(row.id, []), refusals.get(row.id, {}))) for row in rows]


def _entry(row: models.DrawEntry, patients: Sequence[models.DrawApplicant], refusals: dict[UUID, str]) -> Entry:
    return Entry(
        hospital_id=row.hospital_id,
        entry_id=row.id,
        draw_id=row.draw_id,
        state=EntryState(row.state),
        ticket=bytes(row.ticket),
        patient_ids=tuple(one.patient_id for one in patients),
        session_ids=tuple(row.session_ids),
        is_first_visit=row.is_first_visit,
        applied_at=row.applied_at,
        reasons=tuple(row.reasons),
        weight=row.weight,
        rank=row.rank,
        given=row.given_id,
        bookings=tuple(one.booking_id for one in patients if one.booking_id is not None),
        refusals=refusals,
    )


def _bytes(value: bytes | memoryview | None) -> bytes | None:
    return None if value is None else bytes(value)
