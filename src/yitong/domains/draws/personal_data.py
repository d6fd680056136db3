"""What draws hold of a person: export, erase, retain (R-198, R-214)."""

from collections.abc import Collection
from uuid import UUID

from yitong.core.db.scale import cross_hospital
from yitong.domains.draws import models
from yitong.domains.draws.contracts import EntryState
from yitong.domains.people import queries as people

RETAIN_YEARS = 3  # as long as the fairness of a release may be asked about


def export(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, object]:
    """Every entry of these patients, as plain values."""
    rows = []
    keys = models.PatientDraw.objects.filter(patient_id__in=patient_ids).values_list("hospital_id", "id")
    for hospital_id, entry_id in sorted(set(keys)):
        row = models.DrawEntry.objects.get(hospital_id=hospital_id, id=entry_id)
        rows.append(
            {
                "hospital_id": str(row.hospital_id),
                "draw_id": str(row.draw_id),
                "entry_id": str(row.id),
                "ticket": bytes(row.ticket).hex(),
                "state": row.state,
                "reasons": list(row.reasons),
                "rank": row.rank,
                "applied_at": row.applied_at.isoformat(),
            }
        )
    return {"draws": rows}


def erase(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, int]:
    """Takes live entries of these patients out of draws that still take entries. Rows stay: they hold no name, and
    without them a public draw could not be checked any more. Joins the caller's command.

    Locks: Entry. An entry that is committed already loses at its turn: its patient is gone.
    """
    with cross_hospital("a person asked to be forgotten"):
        records = people.records_of(patient_ids)
        own = models.DrawApplicant.objects.filter(patient_id__in=records, live=True)
        keys = list(own.order_by("hospital_id", "entry_id").values_list("hospital_id", "draw_id", "entry_id"))
    taken = 0
    for hospital_id, draw_id, entry_id in keys:
        draw = models.Draw.locked(hospital_id, draw_id)
        if draw.root is not None:
            continue
        rows = models.DrawEntry.objects.filter(hospital_id=hospital_id, id=entry_id, state=EntryState.APPLIED)
        taken += rows.update(state=EntryState.WITHDRAWN.value)
        models.DrawApplicant.objects.filter(hospital_id=hospital_id, entry_id=entry_id).update(live=False)
    return {"draws": taken}


def retain() -> dict[str, str]:
    return {"draws_entry": f"{RETAIN_YEARS} years from the draw (R-214)"}
