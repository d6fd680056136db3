"""What people holds of a person: export, erase, retain (R-198, R-214)."""

from collections.abc import Collection
from uuid import UUID

from yitong.core import clock
from yitong.domains.people import commands, models


def export(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, object]:
    """All that is known of these patients and this account, as plain values. The caller has checked whose they are."""
    return {
        "account": _account(account_id) if account_id else None,
        "patients": [_patient(row) for row in models.Patient.objects.filter(id__in=patient_ids).order_by("id")],
        "carriers": [
            {
                "kind": row.kind,
                "issuer": row.issuer,
                "number": row.value,
                "state": row.state,
                "created_at": row.created_at.isoformat(),
                "consent": row.consent,
                "consent_at": row.consent_at.isoformat() if row.consent_at else None,
            }
            for row in models.Carrier.objects.filter(patient_id__in=patient_ids).order_by("created_at", "id")
        ],
        "consents_before_a_booking": [
            {"hospital_id": str(row.hospital_id), "consent": row.notice, "consent_at": row.at.isoformat()}
            for row in models.NumberConsent.objects.filter(patient_id__in=patient_ids).order_by("at", "id")
        ],
        "verifications": [
            {"patient_id": str(row.patient_id), "state": row.state, "asked_at": row.asked_at.isoformat()}
            for row in models.Verification.objects.filter(patient_id__in=patient_ids).order_by("id")
        ],
        "limits": [
            {
                "patient_id": str(row.patient_id),
                "booked_days": [day.isoformat() for day in row.live_days],
                "no_show_days": [day.isoformat() for day in row.no_show_days],
                "locked_until": row.locked_until.isoformat() if row.locked_until else None,
            }
            for row in models.BookingLimits.objects.filter(patient_id__in=patient_ids).order_by("patient_id")
        ],
        "merges": [
            {"patient_id": str(row.patient_id), "merged_id": str(row.merged_id), "at": row.at.isoformat()}
            for row in models.PatientMerge.objects.filter(patient_id__in=patient_ids).order_by("id")
        ],
        "reads": [
            {
                "at": row.at.isoformat(),
                "reader": row.reader,
                "hospital_id": str(row.hospital_id) if row.hospital_id else None,
                "what": row.what,
                "purpose": row.purpose,
            }
            for row in models.ReadLog.objects.filter(patient_id__in=patient_ids).order_by("at", "id")
        ],
    }


def _account(account_id: UUID) -> dict[str, object]:
    row = models.Account.objects.get(id=account_id)
    links = models.AccountPatient.objects.filter(account_id=account_id).order_by("seat")
    devices = models.Device.objects.filter(account_id=account_id).order_by("first_seen_at", "id")
    return {
        "account_id": str(row.id),
        "phone": row.phone,
        "language": row.language,
        "created_at": row.created_at.isoformat(),
        "patients": [
            {"patient_id": str(link.patient_id), "relation": link.relation, "since": link.linked_at.isoformat()}
            for link in links
        ],
        "devices": [{"label": device.label, "first_seen_at": device.first_seen_at.isoformat()} for device in devices],
        "booked_at": [instant.isoformat() for instant in row.booked_at],
        "cancelled_at": [instant.isoformat() for instant in row.cancelled_at],
    }


def _patient(row: models.Patient) -> dict[str, object]:
    return {
        "patient_id": str(row.id),
        "state": row.state,
        "level": row.level,
        "name": row.name,
        "sex": row.sex,
        "birth_date": row.birth_date.isoformat() if row.birth_date else None,
        "identity_kind": row.identity_kind,
        "identity_number": row.identity_number,
        "created_at": row.created_at.isoformat(),
    }


def erase(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, int]:
    """Forget these patients and this account. Joins the caller's command, which asked every domain what the law keeps.

    A patient whom another account has, or who is in a visit, stays: RightsDenied. The lines of who read his record stay
    under his id, which then leads to nobody.
    """
    return commands.erase(patient_ids, account_id, now=clock.now())


def retain() -> dict[str, str]:
    """How long what is kept, and by which rule."""
    return {
        "people_patient": "15 years after the last visit (R-214), asked of the domains that hold the visits",
        "people_account": "until it is closed (R-194)",
        "people_read_log": "3 years (R-195)",
        "people_account_session": "7 days for the keyed hash of its address (R-017)",
        "people_sign_in_code": "5 minutes; the row is taken over by the next code",
        "people_quota": "1 day",
        "people_verification": "as long as the patient",
        "people_number_consent": "as long as the patient (R-049)",
    }
