"""Patients and the accounts that have them (R-006, R-100…R-103)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.clock import shanghai_date
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command
from yitong.core.db.fields import blind_index
from yitong.core.errors import Unidentified
from yitong.core.ids import new_id
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.commands import limits, phones, proving, quotas
from yitong.domains.people.contracts.accounts import Done
from yitong.domains.people.contracts.events import PatientAdded, PatientRemoved
from yitong.domains.people.contracts.patients import AddPatient, PatientAdd, RegisterAtDesk, Registered, RemovePatient
from yitong.domains.people.contracts.words import IdentityLevel, Relation
from yitong.domains.people.queries import survivor_of
from yitong.domains.people.rules import family, identity

SEATS = {
    "people_account_patient_pkey": errors.AccountPatientLimit,
    "account_patient_once": errors.PatientAlreadyAdded,
    "account_patient_identity_once": errors.PatientAlreadyAdded,
    "account_patient_one_self": errors.SelfAlreadyAdded,
}


@dataclass(frozen=True, slots=True)
class _Keyed:
    """What idempotency compares: blind indexes, since a plain hash of a number could be guessed back."""

    key: str
    content: str


def keyed(key: str, *parts: object) -> _Keyed:
    return _Keyed(key, blind_index("idempotency", "|".join(map(str, parts))).hex())


@command(refusals=SEATS)
def add_patient(cmd: AddPatient, *, actor: Actor, now: datetime) -> PatientAdd:
    """Add a patient to an account, and have his identity verified.

    The answer is the same whether the person is known or not: what an account says of somebody is only declared, and
    leads to his record when the authority confirms it (R-045, R-102).

    Locks: Account. Emits: PatientAdded, VerificationAsked. Refuses: NameInvalid, IdInvalid, IdFifteen,
    IdTypeUnsupported, BirthDateNeeded (R-100, R-101), RelationImpossible, GuardianRequired, ConsentMissing (R-103),
    AccountPatientLimit (R-006), PatientAlreadyAdded, SelfAlreadyAdded, Throttled, KeyReused.
    """
    permissions.check_is_account(actor, cmd.account_id)
    given = cmd.identity
    once = idempotency.begin(
        actor,
        "people.add_patient",
        keyed(cmd.key, given.name, given.kind, given.number, given.birth_date, given.sex, cmd.relation),
    )
    if once.answer is not None:
        return PatientAdd(UUID(once.answer["patient_id"]), UUID(once.answer["verification_id"]))
    account = phones.locked_account(cmd.account_id)
    known = identity.read(given, shanghai_date(now))
    _check_relation(cmd, account, known, now)
    seat = _free_seat(account, cmd.relation, identity_index(known), now)
    quotas.take("verify", str(account.id), now)
    patient = make_patient(known, now)
    models.AccountPatient.objects.create(
        account=account,
        seat=seat,
        patient_id=patient.id,
        relation=cmd.relation.value,
        identity_index=patient.identity_index,
        guardian_consent=cmd.guardian_consent if cmd.relation in family.GUARDIANS else None,
        linked_at=now,
    )
    added = PatientAdded(subject_id=patient.id, account_id=account.id, to_state=patient.level)
    events.append(added, actor, at=now, shard=f"patient:{patient.id}")
    verification_id = proving.ask(patient, account.id, asks_phone=cmd.relation is Relation.SELF, actor=actor, now=now)
    return once.finish(PatientAdd(patient.id, verification_id))


def _check_relation(cmd: AddPatient, account: models.Account, known: identity.Identity, now: datetime) -> None:
    today = shanghai_date(now)
    if not family.is_possible(cmd.relation, known.birth_date, today):
        raise errors.RelationImpossible(relation=cmd.relation.value)
    if not family.is_minor(known.birth_date, today):
        return
    if cmd.relation is Relation.SELF:
        if not family.may_hold_account(known.birth_date, today):
            raise errors.GuardianRequired()
        return
    if cmd.relation not in family.GUARDIANS:
        raise errors.GuardianRequired()
    own = models.AccountPatient.objects.filter(account=account, relation=Relation.SELF.value).values("patient_id")
    holder = models.Patient.objects.filter(id__in=own).order_by("id").first()
    if holder is None or holder.birth_date is None or family.is_minor(holder.birth_date, today):
        raise errors.GuardianRequired()
    if not cmd.guardian_consent.strip() or len(cmd.guardian_consent) > 40:
        raise errors.ConsentMissing()


def _free_seat(account: models.Account, relation: Relation, index: bytes, now: datetime) -> int:
    most = policies.at(None, now).int("booking.account.patients")
    links = list(models.AccountPatient.objects.filter(account=account).order_by("seat"))
    if any(bytes(link.identity_index) == index for link in links):
        raise errors.PatientAlreadyAdded()
    if relation is Relation.SELF and any(link.relation == Relation.SELF for link in links):
        raise errors.SelfAlreadyAdded()
    free = set(range(1, most + 1)) - {link.seat for link in links}
    if len(links) >= most or not free:
        raise errors.AccountPatientLimit(n=most)
    return min(free)


def identity_index(known: identity.Identity) -> bytes:
    return blind_index(f"identity.{known.family}", known.number)


def make_patient(known: identity.Identity, now: datetime) -> models.Patient:
    """A declared patient with his row of limits. Joins the caller's command."""
    patient = models.Patient.objects.create(
        id=new_id(),
        name=known.name,
        name_index=blind_index("name.patient", known.name),
        sex=known.sex.value,
        birth_date=known.birth_date,
        identity_kind=known.kind.value,
        identity_number=known.number,
        identity_index=identity_index(known),
        created_at=now,
    )
    models.BookingLimits.objects.create(patient=patient)
    return patient


@command()
def remove_patient(cmd: RemovePatient, *, actor: Actor, now: datetime) -> Done:
    """Take a patient off an account; his record stays. A patient may take himself off another's account.

    Emits: PatientRemoved. Refuses: PatientMissing, Unidentified, KeyReused.
    """
    if actor.account_id is None:
        raise Unidentified()
    once = idempotency.begin(actor, "people.remove_patient", cmd)
    if once.answer is not None:
        return Done(cmd.patient_id)
    patient_id = survivor_of(cmd.patient_id)
    link = models.AccountPatient.objects.filter(account_id=cmd.account_id, patient_id=patient_id)
    is_own_account = actor.account_id == cmd.account_id
    is_himself = models.AccountPatient.objects.filter(
        account_id=actor.account_id, patient_id=patient_id, relation=Relation.SELF.value
    ).exists()
    if not (is_own_account or is_himself) or link.delete()[0] == 0:
        raise errors.PatientMissing()
    removed = PatientRemoved(subject_id=patient_id, account_id=cmd.account_id)
    events.append(removed, actor, at=now, shard=f"patient:{patient_id}")
    return once.finish(Done(patient_id))


@command()
def register_at_desk(cmd: RegisterAtDesk, *, actor: Actor, now: datetime) -> Registered:
    """Find or make the patient whose document a registrar holds: his identity is `seen`.

    Emits: PatientAdded, PatientVerified. Refuses: Forbidden, those of the identity (R-100, R-101), NameDiffers (R-001).
    """
    permissions.check_can_register(actor, cmd.hospital_id)
    given = cmd.identity
    content = keyed(cmd.key, cmd.hospital_id, given.name, given.kind, given.number, given.birth_date, given.sex)
    once = idempotency.begin(actor, "people.register_at_desk", content)
    if once.answer is not None:
        return Registered(UUID(once.answer["patient_id"]), once.answer["is_new"])
    known = identity.read(given, shanghai_date(now))
    holder = proving.holder_of(known.family, identity_index(known))
    if holder is None:
        patient = make_patient(known, now)
        added = PatientAdded(subject_id=patient.id, to_state=IdentityLevel.SEEN.value)
        events.append(added, actor, at=now, shard=f"patient:{patient.id}")
    else:
        limits.lock_limits(holder.id)
        patient = holder
        if bytes(patient.name_index or b"") != blind_index("name.patient", known.name):
            raise errors.NameDiffers()
    proving.prove(patient, IdentityLevel.SEEN, actor, now)
    models.ReadLog.objects.create(
        patient_id=patient.id,
        reader=actor.key,
        channel=actor.channel,
        hospital_id=cmd.hospital_id,
        what="registration",
        purpose="registration",
        trace_id=actor.trace_id,
        at=now,
    )
    return once.finish(Registered(patient.id, is_new=holder is None))
