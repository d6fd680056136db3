"""Real-name verification (R-045): from what is declared to what is proven."""

from datetime import datetime, timedelta
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, jobs
from yitong.core.db.command import command, joined
from yitong.core.errors import Busy
from yitong.core.ids import new_id
from yitong.domains.notify import commands as notify
from yitong.domains.notify.contracts import Tell, TemplateName
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.commands import limits, merging, quotas
from yitong.domains.people.contracts.events import PatientVerified, VerificationAsked, VerificationEnded
from yitong.domains.people.contracts.patients import AskVerification, IdentityAsk, Verification
from yitong.domains.people.contracts.words import (
    IdentityKind,
    IdentityLevel,
    PatientState,
    Relation,
    Verdict,
    VerificationState,
)
from yitong.domains.people.rules.identity import LEVELS, family_of

VERIFY_JOB = "yitong.domains.people.jobs.verify"
TRIES = 8
WAITS_S = (10, 30, 120, 600, 1800, 7200, 21600, 43200)  # after the first try, the second …


@command()
def ask_verification(cmd: AskVerification, *, actor: Actor, now: datetime) -> Verification:
    """Ask again for the verification of a patient of the account; while a question is open it is the answer.

    Emits: VerificationAsked. Refuses: PatientMissing, AlreadyVerified, Throttled, KeyReused.
    """
    link = models.AccountPatient.objects.visible_to(actor).filter(patient_id=cmd.patient_id).order_by("seat").first()
    if link is None:
        raise errors.PatientMissing()
    once = idempotency.begin(actor, "people.ask_verification", cmd)
    if once.answer is not None:
        return get(cmd.patient_id, UUID(once.answer["verification_id"]))
    limits.lock_limits(cmd.patient_id)
    patient = models.Patient.objects.get(id=cmd.patient_id)
    if patient.level != IdentityLevel.DECLARED:
        raise errors.AlreadyVerified()
    open_ = (
        models.Verification.objects.filter(patient=patient, state=VerificationState.ASKED.value).order_by("id").first()
    )
    if open_ is None:
        quotas.take("verify", str(link.account_id), now)
        asks_phone = link.relation == Relation.SELF
        verification_id = ask(patient, link.account_id, asks_phone=asks_phone, actor=actor, now=now)
    else:
        verification_id = open_.id
    return once.finish(get(cmd.patient_id, verification_id))


def get(patient_id: UUID, verification_id: UUID) -> Verification:
    row = models.Verification.objects.get(patient_id=patient_id, id=verification_id)
    return Verification(row.id, row.patient_id, VerificationState(row.state), row.asked_at, row.settled_at)


def ask(patient: models.Patient, account_id: UUID | None, *, asks_phone: bool, actor: Actor, now: datetime) -> UUID:
    """Open a question to the authority; a job carries it. Joins the caller's command."""
    row = models.Verification.objects.create(
        patient=patient, id=new_id(), account_id=account_id, asks_phone=asks_phone, next_at=now, asked_at=now
    )
    asked = VerificationAsked(subject_id=patient.id, verification_id=row.id)
    events.append(asked, actor, at=now, shard=f"patient:{patient.id}")
    jobs.enqueue(VERIFY_JOB, queue=jobs.OUTSIDE, patient_id=str(patient.id), verification_id=str(row.id))
    return row.id


@command()
def take_turn(patient_id: UUID, verification_id: UUID, *, now: datetime) -> IdentityAsk | None:
    """Take an open question for a try; None where it is not its turn. The next try is set before this one begins.

    Locks: Verification.
    """
    row = _locked(patient_id, verification_id)
    if row is None or row.state != VerificationState.ASKED or row.next_at is None or row.next_at > now:
        return None
    if row.tries >= TRIES:
        _end(row, VerificationState.UNKNOWN, Actor.system("people.verify"), now)
        return None
    patient = models.Patient.objects.get(id=patient_id)
    if patient.state != PatientState.ACTIVE or patient.name is None or patient.identity_number is None:
        _end(row, VerificationState.UNKNOWN, Actor.system("people.verify"), now)
        return None
    phone = None
    if row.asks_phone and row.account_id is not None:
        phone = models.Account.objects.get(id=row.account_id).phone
    row.tries += 1
    row.next_at = now + timedelta(seconds=WAITS_S[row.tries - 1])
    row.save(update_fields=["tries", "next_at"])
    return IdentityAsk(row.id, IdentityKind(patient.identity_kind), patient.name, patient.identity_number, phone)


@command()
def note_verdict(
    patient_id: UUID, verification_id: UUID, verdict: Verdict, *, actor: Actor, now: datetime
) -> VerificationState:
    """What the authority said. Unknown changes nothing: the level stays, and the question is asked again.

    A match proves the identity: the patient becomes its one holder, or his record leads to the one who is. A record
    that can't lead there by itself waits for a person.

    Locks: limits, Verification. Emits: PatientVerified, PatientsMerged, VerificationEnded.
    """
    permissions.check_is_system(actor)
    limits.lock_limits(patient_id)
    row = _locked(patient_id, verification_id)
    if row is None:
        raise errors.PatientMissing()
    if row.state != VerificationState.ASKED or verdict is Verdict.UNKNOWN:
        return VerificationState(row.state)
    patient = models.Patient.objects.get(id=patient_id)
    if verdict is Verdict.NO_MATCH:
        return _end(row, VerificationState.NOT_MATCHED, actor, now)
    if patient.state == PatientState.ACTIVE:
        outcome = _lead_to_holder(patient, row, actor, now)
        if outcome is not None:
            return _end(row, outcome, actor, now)
        proven = prove(patient, IdentityLevel.VERIFIED, actor, now)
        _tell_others(proven, row.account_id, row.id, now)
    return _end(row, VerificationState.MATCHED, actor, now)


def _lead_to_holder(
    patient: models.Patient, row: models.Verification, actor: Actor, now: datetime
) -> VerificationState | None:
    """None where the way is free; else why this record can't lead to the known holder of its number."""
    holder = holder_of(_family(patient), bytes(patient.identity_index or b""))
    if holder is None or holder.id == patient.id:
        return None
    is_self = models.AccountPatient.objects.filter(patient_id=patient.id, relation=Relation.SELF.value).exists()
    has_account = models.AccountPatient.objects.filter(patient_id=holder.id, relation=Relation.SELF.value).exists()
    if is_self and has_account:
        return VerificationState.ELSEWHERE
    busy = models.OpenEpisode.objects.filter(patient_id__in=[patient.id, holder.id]).exists()
    has_days = models.BookingLimits.objects.exclude(live_days=[]).filter(patient_id=patient.id).exists()
    if busy or has_days or bytes(holder.name_index or b"") != bytes(patient.name_index or b""):
        first, second = sorted([patient.id, holder.id])
        candidate = models.MergeCandidate(
            patient_id=first, id=new_id(), other_id=second, matches=["number"], found_at=now
        )
        models.MergeCandidate.objects.bulk_create([candidate], ignore_conflicts=True)
        return VerificationState.UNKNOWN
    return None


def prove(patient: models.Patient, level: IdentityLevel, actor: Actor, now: datetime) -> models.Patient:
    """Enter a proven identity in the city's register and raise the level. Joins the caller's command.

    Gives the patient whose identity it is: this one, or the known holder, to whom this record leads from now on.
    Emits: PatientVerified, PatientsMerged. Refuses: OpenVisit, Busy (another proved the same number just now).
    """
    index = bytes(patient.identity_index or b"")
    entry = models.PatientIdentity(family=_family(patient), number_index=index, patient_id=patient.id, proven_at=now)
    models.PatientIdentity.objects.bulk_create([entry], ignore_conflicts=True)
    holder = holder_of(_family(patient), index)
    if holder is None:
        raise Busy()
    if holder.id != patient.id:
        holder, patient = merging.locked_pair(holder.id, patient.id)
        reason = "the same number was proven"
        merging.lead_to(holder, patient, basis="same_identity", reason=reason, actor=actor, now=now)
        patient = holder
    if LEVELS[level] > LEVELS[IdentityLevel(patient.level)]:
        before = patient.level
        patient.level, patient.level_at = level.value, now
        patient.save(update_fields=["level", "level_at"])
        verified = PatientVerified(subject_id=patient.id, from_state=before, to_state=level.value)
        events.append(verified, actor, at=now, shard=f"patient:{patient.id}")
        if before == IdentityLevel.DECLARED:
            merging.find_candidates(patient, now)
    return patient


def mark_seen(patient_id: UUID, actor: Actor, *, now: datetime) -> None:
    """A member of staff has seen the document of somebody who checks in (R-001). Joins the caller's command.

    Where the number is known to be another's record, nothing is raised: two records then wait for a person.
    """
    if actor.kind != "staff":
        return
    with joined():
        row = limits.locked(patient_id)
        patient = models.Patient.objects.get(id=row.patient_id)
        if patient.state != PatientState.ACTIVE or patient.level == IdentityLevel.SEEN:
            return
        holder = holder_of(_family(patient), bytes(patient.identity_index or b""))
        if holder is None or holder.id == patient.id:
            prove(patient, IdentityLevel.SEEN, actor, now)


def holder_of(family: str, index: bytes) -> models.Patient | None:
    """The one patient whose proven identity this is."""
    entry = models.PatientIdentity.objects.filter(family=family, number_index=index).order_by("pk").first()
    return models.Patient.objects.get(id=entry.patient_id) if entry else None


def _family(patient: models.Patient) -> str:
    return family_of(IdentityKind(patient.identity_kind), patient.identity_number or "")


def _locked(patient_id: UUID, verification_id: UUID) -> models.Verification | None:
    rows = list(
        models.Verification.objects.select_for_update(of=("self",))
        .filter(patient_id=patient_id, id=verification_id)
        .order_by("pk")
    )
    return rows[0] if rows else None


TOLD = {
    VerificationState.MATCHED: TemplateName.PATIENT_VERIFIED,
    VerificationState.NOT_MATCHED: TemplateName.PATIENT_NOT_VERIFIED,
    VerificationState.UNKNOWN: TemplateName.VERIFICATION_UNKNOWN,
    VerificationState.ELSEWHERE: TemplateName.PATIENT_ELSEWHERE,
}


def _end(row: models.Verification, state: VerificationState, actor: Actor, now: datetime) -> VerificationState:
    row.state, row.settled_at, row.next_at = state.value, now, None
    row.save(update_fields=["state", "settled_at", "next_at"])
    ended = VerificationEnded(
        subject_id=row.patient_id, verification_id=row.id, from_state="asked", to_state=state.value
    )
    events.append(ended, actor, at=now, shard=f"patient:{row.patient_id}")
    if row.account_id is not None:
        params = {"patient_id": str(row.patient_id)}
        notify.tell(Tell(f"verification:{row.id}", row.account_id, TOLD[state].value, params), now)
    return state


def _tell_others(patient: models.Patient, account_id: UUID | None, verification_id: UUID, now: datetime) -> None:
    """Whoever has an account of his own learns that another account has him now."""
    own = models.AccountPatient.objects.filter(patient_id=patient.id, relation=Relation.SELF.value)
    for link in own.order_by("account_id"):
        if link.account_id == account_id:
            continue
        params = {"patient_id": str(patient.id), "at": now.isoformat()}
        key = f"linked:{verification_id}"
        notify.tell(Tell(key, link.account_id, TemplateName.PATIENT_LINKED.value, params), now)
