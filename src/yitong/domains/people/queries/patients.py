"""Patients, where merged records lead, and what staff find at a desk."""

import hmac
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection

from yitong.core import masks
from yitong.core.actor import Actor
from yitong.core.db.fields import blind_index
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.contracts.patients import (
    Candidate,
    FindPatient,
    MergeLine,
    Patient,
    PatientCard,
    Verification,
)
from yitong.domains.people.contracts.words import (
    IdentityKind,
    IdentityLevel,
    PatientState,
    Relation,
    Sex,
    VerificationState,
)
from yitong.domains.people.queries.reads import record_read, record_reads
from yitong.domains.people.queries.survivors import records_of_account, survivor_of
from yitong.domains.people.rules import identity

PAGE = 50
FOUND = 20


def get_patient(patient_id: UUID, actor: Actor, *, purpose: str, hospital_id: UUID | None = None) -> Patient:
    """One patient in clear. Staff and channels leave a line in the read log. Refuses: PatientMissing, Forbidden."""
    permissions.check_can_read(actor, hospital_id)
    row = models.Patient.objects.visible_to(actor).filter(id=patient_id).exclude(state="erased").order_by("id").first()
    if row is None:
        raise errors.PatientMissing()
    record_read(patient_id, actor, what="patient", purpose=purpose, hospital_id=hospital_id)
    return patient_of(row)


def patient_of(row: models.Patient) -> Patient:
    assert row.name is not None
    assert row.identity_number is not None
    return Patient(
        patient_id=row.id,
        name=row.name,
        sex=Sex(row.sex),
        birth_date=row.birth_date,
        identity_kind=IdentityKind(row.identity_kind),
        identity_number=row.identity_number,
        level=IdentityLevel(row.level),
        state=PatientState(row.state),
    )


def is_same_document(patient: Patient, shown: str) -> bool:
    """Whether the number on the document that somebody shows is the patient's, however it is typed (R-001)."""
    try:
        number = identity.number_of(patient.identity_kind, shown)
    except errors.IdInvalid:
        return False
    return hmac.compare_digest(patient.identity_number.encode(), number.encode())


def patients_of(account_id: UUID) -> list[PatientCard]:
    """The patients of an account, in their order. Two queries."""
    links = list(models.AccountPatient.objects.filter(account_id=account_id).order_by("seat"))
    rows = models.Patient.objects.in_bulk([link.patient_id for link in links])
    return [_card(link, rows[link.patient_id]) for link in links]


def ids_of(account_id: UUID) -> set[UUID]:
    """The patients of an account, where their names are not needed. One query."""
    with connection.cursor() as cursor:  # by hand, as the next one: pages of an account ask them
        cursor.execute("SELECT patient_id FROM people_account_patient WHERE account_id = %s", [account_id])
        return {patient_id for (patient_id,) in cursor.fetchall()}


def _card(link: models.AccountPatient, row: models.Patient) -> PatientCard:
    assert row.name is not None
    return PatientCard(
        patient_id=row.id,
        name_masked=masks.name(row.name),
        name=row.name,
        identity_masked=masks.identity_number(row.identity_number),
        relation=Relation(link.relation),
        sex=Sex(row.sex),
        birth_date=row.birth_date,
        level=IdentityLevel(row.level),
        is_guarded=link.guardian_consent is not None,
    )


def is_linked(account_id: UUID, patient_id: UUID) -> bool:
    """Whether the patient, or the survivor that his record leads to, is in the account. One query."""
    return patient_id in records_of_account(account_id)


def accounts_of(patient_id: UUID) -> list[UUID]:
    """The accounts that have this patient (or the survivor): those who are told."""
    links = models.AccountPatient.objects.filter(patient_id=survivor_of(patient_id)).order_by("linked_at", "account_id")
    return list(links.values_list("account_id", flat=True))


def has_own_account(patient_id: UUID) -> bool:
    """Whether the patient opened an account for himself: the one whose phone is his."""
    own = models.AccountPatient.objects.filter(patient_id=survivor_of(patient_id), relation=Relation.SELF.value)
    return own.exists()


def with_an_account(patient_ids: Collection[UUID]) -> set[UUID]:
    """Those of these patients whom a message reaches, because some account has them or the survivor of their record.
    As many queries for a thousand as for one."""
    merged = models.Patient.objects.filter(id__in=patient_ids, state="merged")
    heads = {one: survivor_of(one) for one in merged.values_list("id", flat=True)}
    heads = {one: heads.get(one, one) for one in patient_ids}
    links = models.AccountPatient.objects.filter(patient_id__in=set(heads.values()))
    reached = set(links.values_list("patient_id", flat=True))
    return {one for one, head in heads.items() if head in reached}


def names_of(patient_ids: Collection[UUID]) -> dict[UUID, str]:
    """Names in clear, for lists whose rows the actor may see. Erased patients are absent. One query."""
    rows = models.Patient.objects.filter(id__in=patient_ids).exclude(state="erased").only("id", "name")
    return {row.id: row.name for row in rows if row.name is not None}


def list_verifications(patient_id: UUID, actor: Actor) -> list[Verification]:
    """The questions asked about a patient of the actor's account, the newest first (R-045)."""
    if not models.AccountPatient.objects.visible_to(actor).filter(patient_id=patient_id).exists():
        raise errors.PatientMissing()
    rows = models.Verification.objects.filter(patient_id=patient_id).order_by("-id")[:PAGE]
    return [
        Verification(row.id, row.patient_id, VerificationState(row.state), row.asked_at, row.settled_at) for row in rows
    ]


def list_holders(patient_id: UUID, actor: Actor) -> list[tuple[UUID, Relation, datetime]]:
    """Which accounts have the actor himself as a patient: (account, relation, since). For “who books for me”."""
    patient_id = survivor_of(patient_id)
    own = models.AccountPatient.objects.visible_to(actor).filter(patient_id=patient_id, relation=Relation.SELF.value)
    if not own.exists():
        raise errors.PatientMissing()
    rows = models.AccountPatient.objects.filter(patient_id=patient_id).exclude(relation=Relation.SELF.value)
    return [(row.account_id, Relation(row.relation), row.linked_at) for row in rows.order_by("linked_at", "account_id")]


# -- at a desk ---------------------------------------------------------------------------------------------------------


def find_patients(wish: FindPatient, actor: Actor, *, now: datetime) -> list[Patient]:
    """Proven patients by document, card, or name and birth date. Each one shown leaves a line in the read log."""
    permissions.check_can_read(actor, wish.hospital_id)
    if actor.kind == "account":
        raise errors.PatientMissing()
    ids = _found_ids(wish)
    rows = models.Patient.objects.filter(id__in=ids, state="active").order_by("id")[:FOUND]
    found = [patient_of(row) for row in rows]
    pairs = [(patient.patient_id, wish.hospital_id) for patient in found]
    record_reads(pairs, actor, what="search", purpose=wish.purpose, now=now)
    return found


def _found_ids(wish: FindPatient) -> Collection[UUID]:
    if wish.identity_kind is not None:
        number = identity.number_of(wish.identity_kind, wish.identity_number)
        family = identity.family_of(wish.identity_kind, number)
        index = blind_index(f"identity.{family}", number)
        rows = models.PatientIdentity.objects.filter(family=family, number_index=index)
        return list(rows.values_list("patient_id", flat=True))
    if wish.carrier_kind is not None:
        index = blind_index(f"carrier.{wish.carrier_kind.value}.{wish.carrier_issuer}", wish.carrier_value)
        cards = models.CarrierIndex.objects.filter(
            kind=wish.carrier_kind.value, issuer=wish.carrier_issuer, value_index=index
        )
        return list(cards.values_list("patient_id", flat=True))
    if wish.name and wish.birth_date is not None:
        index = blind_index("name.patient", wish.name)
        people = models.Patient.objects.filter(name_index=index, birth_date=wish.birth_date, state="active")
        proven = people.exclude(level=IdentityLevel.DECLARED.value).order_by("id")
        return list(proven.values_list("id", flat=True)[:FOUND])
    return []


# -- merges ------------------------------------------------------------------------------------------------------------


def list_merges(patient_id: UUID, actor: Actor) -> list[MergeLine]:
    """Every merge that this record had a part in, the newest first: both histories (R-102)."""
    permissions.check_can_decide(actor)
    rows = [
        *models.PatientMerge.objects.filter(patient_id=patient_id).order_by("-id")[:PAGE],
        *models.PatientMerge.objects.filter(merged_id=patient_id).order_by("-id")[:PAGE],
    ]
    return [
        MergeLine(row.id, row.patient_id, row.merged_id, row.basis, row.at, row.by, row.unmerged_at, row.unmerged_by)
        for row in sorted(rows, key=lambda row: row.at, reverse=True)
    ]


def list_candidates(actor: Actor, *, after: UUID | None = None) -> list[Candidate]:
    """Probable matches that wait for a person, the oldest first; `after` continues the list."""
    permissions.check_can_decide(actor)
    rows = models.MergeCandidate.objects.filter(state="open")
    if after is not None:
        rows = rows.filter(id__gt=after)
    return [
        Candidate(row.id, row.patient_id, row.other_id, tuple(row.matches), row.found_at)
        for row in rows.order_by("id")[:PAGE]
    ]


def get_pair(candidate: Candidate, actor: Actor, *, now: datetime) -> tuple[Patient, Patient]:
    """Both records of a probable match, in clear, for the person who decides. Leaves lines in the read log."""
    permissions.check_can_decide(actor)
    rows = models.Patient.objects.in_bulk([candidate.patient_id, candidate.other_id])
    pair = [patient_of(rows[key]) for key in (candidate.patient_id, candidate.other_id) if key in rows]
    if len(pair) != 2:
        raise errors.PatientMissing()
    record_reads([(one.patient_id, None) for one in pair], actor, what="patient", purpose="merge", now=now)
    return pair[0], pair[1]


def list_due_verifications(now: datetime) -> list[tuple[UUID, UUID]]:
    """(patient, verification) of open questions whose turn has come, the oldest first: for the sweep."""
    rows = models.Verification.objects.filter(state=VerificationState.ASKED.value, next_at__lte=now)
    return list(rows.order_by("next_at", "id").values_list("patient_id", "id")[:FOUND])
