"""While a draw is open: apply, change one's choices, withdraw."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from yitong.core.actor import Actor
from yitong.core.clock import shanghai_date
from yitong.core.db import events, idempotency
from yitong.core.db.command import command, joined
from yitong.core.ids import new_id
from yitong.core.lots.terms import TICKET_BYTES
from yitong.domains.booking.commands import drawn
from yitong.domains.draws import contracts, errors, models, permissions, rules
from yitong.domains.draws.commands.parts import booking_key, shard_of
from yitong.domains.draws.contracts import DrawState, EntryChanged, EntryState
from yitong.domains.people.commands import consents
from yitong.domains.schedule.queries import timetable as schedule


@command(refusals=errors.BY_CONSTRAINT)
def apply(cmd: contracts.Apply, *, actor: Actor, now: datetime) -> EntryChanged:
    """报名: one entry for a family, with its choices in order. Who may not book today may not apply; limits (R-005) are
    asked when a place is booked.

    Locks: Draw (share: closing waits, or is seen here), the patients' limits in id order. Emits: EntryApplied.
    Refuses: DrawNotOpen, AppliedAlready, FamilyInvalid, ChoicesInvalid, DrawMissing, AccountNeeded, VerifyRequired
    (R-045), NoShowLocked (R-009), AbuseLocked (R-010), NotEligible (R-046), PatientMissing, KeyReused.
    """
    account_id = permissions.check_can_apply(actor)
    rules.check_family(cmd.patient_ids)
    once = idempotency.begin(actor, "draws.apply", cmd)
    if once.answer is not None:
        return _again(once.answer)
    draw = _share_open(cmd.hospital_id, cmd.draw_id, now)
    rules.check_choices(cmd.session_ids, _given(draw))
    births = _check_patients(cmd.patient_ids, draw, cmd.session_ids, actor, now)
    closing_day = shanghai_date(draw.closes_at)
    entry = models.DrawEntry(
        hospital_id=cmd.hospital_id,
        id=new_id(),
        draw_id=draw.id,
        account_id=account_id,
        channel=actor.channel,
        ticket=secrets.token_bytes(TICKET_BYTES),
        places=len(cmd.patient_ids),
        session_ids=list(cmd.session_ids),
        is_first_visit=cmd.is_first_visit,
        is_older=any(birth is not None and rules.is_older(birth, closing_day) for birth in births),
        state=EntryState.APPLIED.value,
        applied_at=now,
        changed_at=now,
    )
    entry.save(force_insert=True)
    said = [one for one in cmd.said if one.hospital_id == cmd.hospital_id]
    for place, patient_id in enumerate(cmd.patient_ids):
        applicant = models.DrawApplicant.objects.create(
            hospital_id=cmd.hospital_id, draw_id=draw.id, entry_id=entry.id, patient_id=patient_id, place=place
        )
        consents.keep_consent(patient_id, said, booking_key(applicant.id), actor=actor, now=now)
        models.PatientDraw.objects.create(
            patient_id=patient_id, id=entry.id, hospital_id=cmd.hospital_id, applied_at=now
        )
    event = contracts.EntryApplied(
        hospital_id=cmd.hospital_id,
        subject_id=entry.id,
        to_state=EntryState.APPLIED.value,
        draw_id=draw.id,
        account_id=account_id,
        places=entry.places,
    )
    events.append(event, actor, at=now, shard=shard_of(draw.id))
    return once.finish(EntryChanged(cmd.hospital_id, entry.id, EntryState.APPLIED))


@command()
def change_entry(cmd: contracts.ChangeEntry, *, actor: Actor, now: datetime) -> EntryChanged:
    """Other choices, or another order, until closing. Locks: Draw (share), Entry. Emits: EntryAltered.

    Refuses: DrawNotOpen, ChoicesInvalid, EntryMissing, StateForbids, NotEligible (R-046), KeyReused.
    """
    permissions.check_can_apply(actor)
    once = idempotency.begin(actor, "draws.change_entry", cmd)
    if once.answer is not None:
        return _again(once.answer)
    entry, draw = _own_entry(cmd.hospital_id, cmd.entry_id, actor, now)
    rules.check_choices(cmd.session_ids, _given(draw))
    patients = models.DrawApplicant.objects.filter(hospital_id=cmd.hospital_id, entry_id=entry.id, live=True)
    _check_patients(list(patients.values_list("patient_id", flat=True)), draw, cmd.session_ids, actor, now)
    entry.own().update(session_ids=list(cmd.session_ids), changed_at=now)
    event = contracts.EntryAltered(
        hospital_id=cmd.hospital_id, subject_id=entry.id, draw_id=draw.id, account_id=entry.account_id
    )
    events.append(event, actor, at=now, shard=shard_of(draw.id))
    return once.finish(EntryChanged(cmd.hospital_id, entry.id, EntryState.APPLIED))


@command()
def withdraw_entry(cmd: contracts.WithdrawEntry, *, actor: Actor, now: datetime) -> EntryChanged:
    """Takes an entry back, until closing; its patients may be in another one then. Locks: Draw (share), Entry.
    Emits: EntryWithdrawn. Refuses: DrawNotOpen, EntryMissing, StateForbids, KeyReused."""
    permissions.check_can_apply(actor)
    once = idempotency.begin(actor, "draws.withdraw_entry", cmd)
    if once.answer is not None:
        return _again(once.answer)
    entry, draw = _own_entry(cmd.hospital_id, cmd.entry_id, actor, now)
    entry.own().update(state=EntryState.WITHDRAWN.value, changed_at=now)
    models.DrawApplicant.objects.filter(hospital_id=cmd.hospital_id, entry_id=entry.id).update(live=False)
    event = contracts.EntryWithdrawn(
        hospital_id=cmd.hospital_id,
        subject_id=entry.id,
        from_state=EntryState.APPLIED.value,
        to_state=EntryState.WITHDRAWN.value,
        draw_id=draw.id,
        account_id=entry.account_id,
    )
    events.append(event, actor, at=now, shard=shard_of(draw.id))
    return once.finish(EntryChanged(cmd.hospital_id, entry.id, EntryState.WITHDRAWN))


def _share_open(hospital_id: UUID, draw_id: UUID, now: datetime) -> models.Draw:
    """The draw FOR SHARE, while it takes entries. Many apply at once; who closes it takes it FOR UPDATE."""
    with joined(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT state FROM draws_draw WHERE hospital_id = %s AND id = %s FOR SHARE", [hospital_id, draw_id]
        )
        if cursor.fetchone() is None:
            raise errors.DrawMissing()
        draw = models.Draw.objects.defer("operator_secret").get(hospital_id=hospital_id, id=draw_id)
    if draw.state != DrawState.OPENED or not draw.opens_at <= now < draw.closes_at:
        raise errors.DrawNotOpen(opens_at=draw.opens_at.isoformat(), closes_at=draw.closes_at.isoformat())
    return draw


def _own_entry(hospital_id: UUID, entry_id: UUID, actor: Actor, now: datetime) -> tuple[models.DrawEntry, models.Draw]:
    found = models.DrawEntry.objects.filter(hospital_id=hospital_id, id=entry_id).order_by("id").first()
    if found is None:
        raise errors.EntryMissing()
    permissions.check_is_own(actor, found.account_id)
    draw = _share_open(hospital_id, found.draw_id, now)
    rows = models.DrawEntry.objects.select_for_update(of=("self",)).filter(hospital_id=hospital_id, id=entry_id)
    entry = rows.order_by("id").get()
    if entry.state != EntryState.APPLIED:
        raise errors.StateForbids(state=entry.state, wanted="change")
    return entry, draw


def _given(draw: models.Draw) -> list[UUID]:
    rows = models.DrawSession.objects.filter(hospital_id=draw.hospital_id, draw_id=draw.id)
    return list(rows.order_by("place").values_list("session_id", flat=True))


def _check_patients(
    patient_ids: Sequence[UUID], draw: models.Draw, session_ids: Sequence[UUID], actor: Actor, now: datetime
) -> list[date | None]:
    """Each patient for each session; the days of birth, which nothing here keeps."""
    sessions = schedule.sessions_by_id(draw.hospital_id, session_ids)
    births: list[date | None] = []
    for patient_id in sorted(patient_ids):
        for session_id in session_ids:
            facts = drawn.check_applicant(sessions[session_id], patient_id, actor=actor, now=now)
        births.append(facts.birth_date)
    return births


def _again(answer: dict[str, str]) -> EntryChanged:
    return EntryChanged(UUID(answer["hospital_id"]), UUID(answer["entry_id"]), EntryState(answer["state"]))
