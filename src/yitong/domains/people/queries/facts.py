"""What a claim must know (R-005…R-010, R-045, R-103)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery

from yitong.core.actor import Actor
from yitong.core.clock import shanghai_date
from yitong.domains.people import errors, models
from yitong.domains.people.contracts.patients import Bookable, BookingFacts
from yitong.domains.people.contracts.words import IdentityLevel, PatientState, Relation, Sex
from yitong.domains.people.rules import family
from yitong.domains.people.rules.usage import used_since

FACTS = ("id", "state", "level", "sex", "birth_date")  # and nothing that must be deciphered


def booking_facts(patient_id: UUID, actor: Actor, now: datetime) -> BookingFacts:
    """What a claim must know of the patient and of the account that acts. At most two queries; three for a minor.

    Refuses: PatientMissing, and GuardianRequired where the account has the patient but may not act for him (R-103).
    """
    links = _links_of(actor.account_id) if actor.account_id else []
    link = next((found for found in links if found.patient_id == patient_id), None)
    own = next((found for found in links if found.relation == Relation.SELF), None)
    wanted = {patient_id} | ({own.patient_id} if link and own else set())
    people = {row.id: row for row in models.Patient.objects.filter(id__in=wanted).only(*FACTS)}
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
        abuse_locked=link is not None and link.is_locked,
        account_booked_m3=used_since(account.booked_at, now, months=3) if account else 0,
        account_cancels_m1=used_since(account.cancelled_at, now, months=1) if account else 0,
        needs_check=link is not None and link.checked_until is not None and link.checked_until <= now,
    )


def bookable_patients(account_id: UUID, now: datetime) -> Bookable:
    """Those of the account's patients whom its holder may book for (R-103), with their names in clear, and until when
    a check opens booking where the account is on the slow path (R-017). Two queries."""
    links = _links_of(account_id)
    people = models.Patient.objects.in_bulk([link.patient_id for link in links])
    own = next((people[link.patient_id] for link in links if link.relation == Relation.SELF), None)
    day = shanghai_date(now)
    rows = [(people[link.patient_id], link) for link in links]
    mine = [row for row, link in rows if _may_act(row, link, own, day)]
    names = {row.id: row.name for row in mine if row.name is not None}
    births = {row.id: row.birth_date for row in mine if row.birth_date is not None}
    return Bookable(names, births, links[0].checked_until if links else None)


def checked_until(account_id: UUID) -> datetime | None:
    """Until when a check that was passed opens booking; None off the slow path (R-017). One query."""
    rows = models.SlowPath.objects.filter(account_id=account_id).values_list("checked_until", flat=True)
    return rows.order_by("account_id").first()


def _links_of(account_id: UUID) -> list[Any]:
    """All of an account's patients, with the account; `is_locked` (R-010) and `checked_until` (R-017, null off the slow
    path) are the account's. One query."""
    locks = models.AbuseLock.objects.filter(account_id=OuterRef("account_id"), lifted_at=None)
    slow = models.SlowPath.objects.filter(account_id=OuterRef("account_id")).values("checked_until")
    found: Any = (
        models.AccountPatient.objects.filter(account_id=account_id)
        .select_related("account")
        .only(*("seat", "patient_id", "relation", "guardian_consent", "account__booked_at", "account__cancelled_at"))
    )
    return list(found.annotate(is_locked=Exists(locks), checked_until=Subquery(slow)).order_by("seat"))


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
