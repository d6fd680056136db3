"""Where merged records lead (R-102)."""

from collections.abc import Collection
from uuid import UUID

from yitong.domains.people import models

MERGES_IN_A_ROW = 10


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
