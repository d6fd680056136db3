"""Cards, numbers and the dynamic code."""

import base64
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from yitong.core import masks
from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.db.fields import blind_index
from yitong.core.db.keys import keyring
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.contracts.patients import Carrier, NumberHere, QrCode
from yitong.domains.people.contracts.words import CITY_ISSUER, CarrierKind, CarrierState, IdentityKind, PatientState
from yitong.domains.people.queries.reads import record_read
from yitong.domains.people.queries.survivors import records_of, survivor_of
from yitong.domains.people.rules import identity

QR_COLUMN = "people.qr"
FOUND_EACH = 20  # questions to one hospital in one turn of the sweep


def carrier_of(row: models.Carrier) -> Carrier:
    return Carrier(
        carrier_id=row.id,
        patient_id=row.patient_id,
        kind=CarrierKind(row.kind),
        issuer=row.issuer,
        value_masked=masks.document_number(row.value),
        state=CarrierState(row.state),
        created_at=row.created_at,
        reason=row.reason,
        is_unanswered=row.state == CarrierState.PENDING and row.next_at is None,
    )


def list_carriers(patient_id: UUID, actor: Actor, *, hospital_id: UUID | None = None) -> list[Carrier]:
    """A patient's cards and numbers, masked, those of records merged into him among them."""
    permissions.check_can_read(actor, hospital_id)
    patient_id = survivor_of(patient_id)
    if not models.Patient.objects.visible_to(actor).filter(id=patient_id).exists():
        raise errors.PatientMissing()
    record_read(patient_id, actor, what="carriers", purpose="identification", hospital_id=hospital_id)
    rows = models.Carrier.objects.filter(patient_id__in=records_of([patient_id]))
    return [carrier_of(row) for row in rows.order_by("created_at", "id")[:100]]


def find_hospital_number(patient_id: UUID, hospital_id: UUID, actor: Actor) -> str | None:
    """The patient's number at a hospital, in clear, for the system and the hospital itself; None while there is none.

    Refuses: HospitalNumberRefused where the hospital said no and nobody has asked since (R-049).
    """
    found = find_number_here(patient_id, hospital_id, actor)
    return found.number if found else None


def find_number_here(patient_id: UUID, hospital_id: UUID, actor: Actor) -> NumberHere | None:
    """As `find_hospital_number`, with the id that names it to whoever takes it back."""
    permissions.check_can_note_hospital_number(actor, hospital_id)
    latest = list(_numbers_at([survivor_of(patient_id)], hospital_id).order_by("-id"))
    for row in latest:
        if row.state == CarrierState.ACTIVE:
            assert row.value is not None, "an active one has its value"
            return NumberHere(row.id, row.value)
    if latest and latest[0].state == CarrierState.REFUSED:
        raise errors.HospitalNumberRefused()
    return None


def find_number_of(patient_id: UUID, hospital_id: UUID, actor: Actor) -> Carrier | None:
    """His number at a hospital, masked, or where the question for it stands (R-049); None while nobody has asked.

    For the patient's own account; who isn't it finds nothing.
    """
    patient_id = survivor_of(patient_id)
    own = models.AccountPatient.objects.visible_to(actor).filter(patient_id=patient_id)
    rows = _numbers_at([patient_id], hospital_id).filter(Exists(own)).exclude(state=CarrierState.ENDED.value)
    found = sorted(rows.order_by("-id"), key=lambda row: row.state != CarrierState.ACTIVE)
    return carrier_of(found[0]) if found else None


def lacks_hospital_number(patient_id: UUID, hospital_id: UUID, *, since: datetime) -> bool:
    """Whether a booking of `since` has the hospital asked: no number is there or being made, nobody has asked since (or
    an event that comes twice would ask twice), and the patient has not been forgotten meanwhile."""
    patient_id = survivor_of(patient_id)
    if not models.Patient.objects.filter(id=patient_id, state=PatientState.ACTIVE.value).exists():
        return False
    there = Q(state=CarrierState.ACTIVE.value) | Q(next_at__isnull=False) | Q(created_at__gte=since)
    return not _numbers_at([patient_id], hospital_id).filter(there).exists()


def lack_numbers(patient_ids: Collection[UUID], hospital_id: UUID) -> bool:
    """Whether some of these active patients have no number at a hospital and no question for one on its way; yes where
    nobody is named, since who is new has none. Two queries."""
    if not patient_ids:
        return True
    there = _numbers_at(patient_ids, hospital_id).filter(Q(state=CarrierState.ACTIVE.value) | Q(next_at__isnull=False))
    records = there.values_list("patient_id", flat=True)
    having = {record_id if record_id in patient_ids else survivor_of(record_id) for record_id in records}
    return not having.issuperset(patient_ids)


def list_due_numbers(now: datetime) -> list[tuple[UUID, UUID, UUID]]:
    """(hospital, patient, carrier) of questions whose turn has come, for the sweep: the oldest few of each hospital,
    so that one that is down keeps no other waiting."""
    place = Window(RowNumber(), partition_by="issuer", order_by=["next_at", "id"])
    rows = models.Carrier.objects.filter(next_at__lte=now).annotate(place=place).filter(place__lte=FOUND_EACH)
    found = rows.order_by("issuer", "next_at", "id").values_list("issuer", "patient_id", "id")
    return [(UUID(issuer), patient_id, carrier_id) for issuer, patient_id, carrier_id in found]


def _numbers_at(patient_ids: Collection[UUID], hospital_id: UUID) -> QuerySet[models.Carrier]:
    return models.Carrier.objects.filter(
        patient_id__in=records_of(patient_ids),
        kind=CarrierKind.HOSPITAL_NUMBER.value,
        issuer=str(hospital_id),
    )


def resolve_carrier(
    kind: CarrierKind,
    value: str,
    actor: Actor,
    *,
    purpose: str,
    issuer: str = CITY_ISSUER,
    hospital_id: UUID | None = None,
) -> UUID:
    """The patient to whom a card or number leads, whatever its kind (S-19). Leaves a line. Refuses: CarrierMissing."""
    permissions.check_can_read(actor, hospital_id)
    index = blind_index(f"carrier.{kind.value}.{issuer}", value)
    rows = models.CarrierIndex.objects.filter(kind=kind.value, issuer=issuer, value_index=index)
    return _resolved(rows.order_by("pk").first(), actor, purpose, hospital_id)


def resolve_identity(
    kind: IdentityKind, number: str, actor: Actor, *, purpose: str, hospital_id: UUID | None = None
) -> UUID:
    """The patient whose proven number this is. Leaves a line. Refuses: CarrierMissing, IdInvalid."""
    permissions.check_can_read(actor, hospital_id)
    read = identity.number_of(kind, number)
    family = identity.family_of(kind, read)
    rows = models.PatientIdentity.objects.filter(family=family, number_index=blind_index(f"identity.{family}", read))
    return _resolved(rows.order_by("pk").first(), actor, purpose, hospital_id)


def _resolved(
    row: models.CarrierIndex | models.PatientIdentity | None, actor: Actor, purpose: str, hospital_id: UUID | None
) -> UUID:
    if row is None or actor.kind == "account":
        raise errors.CarrierMissing()
    record_read(row.patient_id, actor, what="resolve", purpose=purpose, hospital_id=hospital_id)
    return row.patient_id


def get_qr(patient_id: UUID, actor: Actor, *, now: datetime) -> QrCode:
    """The dynamic code of a patient of the account (R-104): sealed, so that it shows no id and can't be forged."""
    patient_id = survivor_of(patient_id)
    if not models.AccountPatient.objects.visible_to(actor).filter(patient_id=patient_id).exists():
        raise errors.PatientMissing()
    life = timedelta(seconds=policies.at(None, now).int("identity.qr_seconds"))
    expires_at = (now + life).replace(microsecond=0)
    sealed = keyring().encrypt(f"{patient_id.hex}{int(expires_at.timestamp()):x}", QR_COLUMN)
    return QrCode(base64.urlsafe_b64encode(sealed).decode(), expires_at)
