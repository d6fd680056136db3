"""People: reads. What staff or a channel reads of a record leaves a line that the patient sees."""

import hashlib
from collections.abc import Collection, Iterable
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from yitong.core import masks
from yitong.core.actor import Actor
from yitong.core.clock import SHANGHAI, at_shanghai, months_later, shanghai_date
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.contracts import (
    AccountSession,
    BookingFacts,
    IdentityKind,
    IdentityLevel,
    Patient,
    PatientCard,
    PatientState,
    ReadLine,
    Relation,
    Sex,
)
from yitong.domains.people.rules import family

PAGE = 50
MERGES_IN_A_ROW = 10

# -- accounts and sessions ---------------------------------------------------------------------------------------------


def account_of_session(token: str, now: datetime) -> UUID | None:
    """The account that a session's token opens; None where it ended or still waits for the second fact. One query."""
    session = session_of(token, now)
    return session.account_id if session else None


def session_of(token: str, now: datetime) -> AccountSession | None:
    row = _open_sessions(token, now).filter(waits_for_fact=False).first()
    if row is None:
        return None
    return AccountSession(row.account_id, row.id, row.device_id, row.account.language)


def is_waiting_for_fact(token: str, now: datetime) -> bool:
    """Whether this session opens nothing but the question for the second fact (R-048)."""
    return _open_sessions(token, now).filter(waits_for_fact=True).exists()


def _open_sessions(token: str, now: datetime):  # type: ignore[no-untyped-def]
    return (
        models.AccountSession.objects.filter(
            token_hash=hash_of(token), ended_at=None, expires_at__gt=now, account__state="open"
        )
        .select_related("account")
        .order_by("id")
    )


def hash_of(random_value: str) -> bytes:
    """For long random values only: they need no key."""
    return hashlib.sha256(random_value.encode()).digest()


def booking_facts(patient_id: UUID, actor: Actor, now: datetime) -> BookingFacts:
    """What a claim must know of the patient and of the account that acts. At most two queries; three for a minor.

    Refuses: PatientMissing, and GuardianRequired where the account has the patient but may not act for him (R-103).
    """
    links = _links_of(actor.account_id) if actor.account_id else []
    link, is_locked = next(
        ((found, locked) for found, locked in links if found.patient_id == patient_id), (None, False)
    )
    own = next((found for found, _ in links if found.relation == Relation.SELF), None)
    wanted = {patient_id} | ({own.patient_id} if link and own else set())
    people = {row.id: row for row in models.Patient.objects.filter(id__in=wanted).defer("name", "identity_number")}
    patient = people.get(patient_id)
    if patient is None:
        raise errors.PatientMissing()
    holder = people.get(own.patient_id) if own else None
    may_act = link is not None and _may_act(patient, link, holder, shanghai_date(now))
    if link is not None and not may_act:
        raise errors.GuardianRequired()
    account = link.account if link else None
    return BookingFacts(
        patient_id=patient.id,
        state=PatientState(patient.state),
        level=IdentityLevel(patient.level),
        sex=Sex(patient.sex),
        birth_date=patient.birth_date,
        may_act=may_act,
        abuse_locked=is_locked,
        account_booked_m3=used_since(account.booked_at, now, months=3) if account else 0,
        account_cancels_m1=used_since(account.cancelled_at, now, months=1) if account else 0,
    )


def _links_of(account_id: UUID) -> list[tuple[models.AccountPatient, bool]]:
    """All of an account's patients, with the account, and whether it is locked (R-010). One query."""
    locks = models.AbuseLock.objects.filter(account_id=OuterRef("account_id"), lifted_at=None)
    links = models.AccountPatient.objects.filter(account_id=account_id).select_related("account")
    return [(link, link.is_locked) for link in links.annotate(is_locked=Exists(locks)).order_by("seat")]


def _may_act(patient: models.Patient, link: models.AccountPatient, holder: models.Patient | None, day: date) -> bool:
    birth = patient.birth_date
    if birth is None:
        return False  # erased
    return family.may_act(
        relation=Relation(link.relation),
        birth=birth,
        has_consent=link.guardian_consent is not None,
        holder_birth=holder.birth_date if holder else None,
        holder_level=IdentityLevel(holder.level) if holder else None,
        is_guarded_elsewhere=link.relation == Relation.SELF
        and family.is_minor(birth, day)
        and models.AccountPatient.objects.filter(patient_id=patient.id, guardian_consent__isnull=False).exists(),
        day=day,
    )


def used_since(instants: Iterable[datetime], now: datetime, *, months: int) -> int:
    """How many of the instants fall after the same moment `months` ago (R-010)."""
    floor = months_back(now, months)
    return sum(instant > floor for instant in instants)


def months_back(now: datetime, months: int) -> datetime:
    """The same Shanghai time of day, `months` earlier."""
    return at_shanghai(months_later(shanghai_date(now), -months), now.astimezone(SHANGHAI).time())


# -- patients ----------------------------------------------------------------------------------------------------------


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


def patients_of(account_id: UUID) -> list[PatientCard]:
    """The patients of an account, in their order. Two queries."""
    links = list(models.AccountPatient.objects.filter(account_id=account_id).order_by("seat"))
    rows = models.Patient.objects.in_bulk([link.patient_id for link in links])
    return [_card(link, rows[link.patient_id]) for link in links]


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
    """Whether the patient, or the survivor that his record leads to, is in the account."""
    return models.AccountPatient.objects.filter(account_id=account_id, patient_id=survivor_of(patient_id)).exists()


def accounts_of(patient_id: UUID) -> list[UUID]:
    """The accounts that have this patient (or the survivor): those who are told."""
    links = models.AccountPatient.objects.filter(patient_id=survivor_of(patient_id)).order_by("linked_at", "account_id")
    return list(links.values_list("account_id", flat=True))


def survivor_of(patient_id: UUID) -> UUID:
    """Where a merged record leads in the end; the patient himself otherwise, also where he is unknown."""
    for _ in range(MERGES_IN_A_ROW):
        found = models.Patient.objects.filter(id=patient_id, state="merged").values_list("survivor_id", flat=True)
        if not found or found[0] is None:
            return patient_id
        patient_id = found[0]
    raise AssertionError("merges go in a circle")


def records_of(patient_ids: Collection[UUID]) -> set[UUID]:
    """These patients and every record that was merged into them: under which ids their history stands."""
    found, layer = set(patient_ids), set(patient_ids)
    for _ in range(MERGES_IN_A_ROW):
        layer = set(models.Patient.objects.filter(survivor_id__in=layer, state="merged").values_list("id", flat=True))
        if not layer:
            break
        found |= layer
    return found


def names_of(patient_ids: Collection[UUID]) -> dict[UUID, str]:
    """Names in clear, for lists whose rows the actor may see. Erased patients are absent. One query."""
    rows = models.Patient.objects.filter(id__in=patient_ids).exclude(state="erased").only("id", "name")
    return {row.id: row.name for row in rows if row.name is not None}


# -- who read what -----------------------------------------------------------------------------------------------------


def record_read(patient_id: UUID, actor: Actor, *, what: str, purpose: str, hospital_id: UUID | None = None) -> None:
    """One line in the read log, where the reader is staff or a channel. Account holders leave none."""
    _log([(patient_id, hospital_id)], actor, what=what, purpose=purpose, at=None)


def record_reads(
    pairs: Iterable[tuple[UUID, UUID | None]], actor: Actor, *, what: str, purpose: str, now: datetime
) -> None:
    """Many lines at once, of (patient, hospital)."""
    _log(pairs, actor, what=what, purpose=purpose, at=now)


def _log(
    pairs: Iterable[tuple[UUID, UUID | None]], actor: Actor, *, what: str, purpose: str, at: datetime | None
) -> None:
    if actor.kind not in ("staff", "channel") or actor.account_id is not None:
        return
    instant = {} if at is None else {"at": at}
    models.ReadLog.objects.bulk_create(
        [
            models.ReadLog(
                patient_id=patient_id,
                reader=actor.key,
                channel=actor.channel,
                hospital_id=hospital_id,
                what=what,
                purpose=purpose[:80],
                trace_id=actor.trace_id,
                **instant,
            )
            for patient_id, hospital_id in dict.fromkeys(pairs)
        ]
    )


def list_reads(patient_id: UUID, actor: Actor, *, before: datetime | None = None, limit: int = PAGE) -> list[ReadLine]:
    """Who read a patient of the actor's account, newest first; the lines of records merged into him are among them."""
    if actor.account_id is None or not is_linked(actor.account_id, patient_id):
        raise errors.PatientMissing()
    rows = models.ReadLog.objects.filter(patient_id__in=records_of([survivor_of(patient_id)]))
    if before is not None:
        rows = rows.filter(at__lt=before)
    found = rows.order_by("-at", "-id")[: min(limit, PAGE)]
    return [ReadLine(row.at, row.reader, row.hospital_id, row.what, row.purpose) for row in found]
