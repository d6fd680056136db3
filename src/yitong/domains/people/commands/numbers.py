"""A hospital's number that is wrong, corrected or taken back at its window (R-049)."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events, idempotency
from yitong.core.db.command import command
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.commands import carriers, limits
from yitong.domains.people.commands.patients import keyed
from yitong.domains.people.contracts.events import CarrierLinked, HospitalNumberWithdrawn
from yitong.domains.people.contracts.patients import CarrierKey, CorrectHospitalNumber
from yitong.domains.people.contracts.words import CarrierKind, CarrierState, PatientState
from yitong.domains.people.queries import records_of


@command(refusals=carriers.TAKEN)
def correct_hospital_number(cmd: CorrectHospitalNumber, *, actor: Actor, now: datetime) -> CarrierKey:
    """Take back the number that the page showed, and write the right one in its place where it is known. Answers with
    the number that stands, or with the one that was taken back. Typing a number again undoes it.

    Locks: limits, Carrier. Emits: HospitalNumberWithdrawn, CarrierLinked. Refuses: Forbidden, PatientMissing,
    HospitalNumberChanged (another or none stands there by now), HospitalNumberSame, CarrierInvalid, CarrierTaken,
    KeyReused.
    """
    permissions.check_can_link_carrier(actor, cmd.hospital_id)
    content = keyed(cmd.key, cmd.patient_id, cmd.hospital_id, cmd.carrier_id, cmd.reason.value, cmd.number)
    once = idempotency.begin(actor, "people.correct_hospital_number", content)
    if once.answer is not None:
        return CarrierKey(UUID(once.answer["patient_id"]), UUID(once.answer["carrier_id"]))
    number = carriers.read_value(cmd.number) if cmd.number else None
    patient_id = limits.lock_limits(cmd.patient_id).patient_id
    if not models.Patient.objects.filter(id=patient_id, state=PatientState.ACTIVE.value).exists():
        raise errors.PatientMissing()
    row = _standing(patient_id, cmd.hospital_id, cmd.carrier_id)
    if row.value == number:
        raise errors.HospitalNumberSame()
    carriers.end_row(row, now)
    withdrawn = HospitalNumberWithdrawn(
        subject_id=patient_id,
        hospital_id=cmd.hospital_id,
        carrier_id=row.id,
        from_state=CarrierState.ACTIVE.value,
        to_state=row.state,
        reason=cmd.reason.value,
    )
    events.append(withdrawn, actor, at=now, shard=f"patient:{patient_id}")
    if number is not None:
        row = carriers.put_carrier(patient_id, CarrierKind.HOSPITAL_NUMBER, row.issuer, number, now)
        linked = CarrierLinked(subject_id=patient_id, hospital_id=cmd.hospital_id, carrier_id=row.id, kind=row.kind)
        events.append(linked, actor, at=now, shard=f"patient:{patient_id}")
    return once.finish(CarrierKey(row.patient_id, row.id))


def _standing(patient_id: UUID, hospital_id: UUID, carrier_id: UUID) -> models.Carrier:
    """One that came with a merged record, too. Refuses: HospitalNumberChanged."""
    own = models.Carrier.objects.select_for_update(of=("self",)).filter(
        patient_id__in=records_of([patient_id]),
        id=carrier_id,
        kind=CarrierKind.HOSPITAL_NUMBER.value,
        issuer=str(hospital_id),
        state=CarrierState.ACTIVE.value,
    )
    for row in own.order_by("pk"):
        return row
    raise errors.HospitalNumberChanged()
