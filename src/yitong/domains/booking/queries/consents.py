"""The consent that a booking's press gave (R-049)."""

from uuid import UUID

from yitong.domains.booking import models
from yitong.domains.people.contracts.patients import NumberConsent
from yitong.domains.people.queries.consents import find_kept, notice_in

AGREED_BEFORE = ("waitlist:", "draw:")  # how the keys begin of bookings that somebody's press led to earlier


def find_consent(hospital_id: UUID, booking_id: UUID) -> NumberConsent | None:
    """That the holder agreed, by the press that made this booking, to have the hospital asked for its number.

    Or, from a waitlist or a draw, by the press that he got in with. None where no page said so before: a partner's, the
    desk's and 114's bookings.
    """
    rows = models.Booking.objects.filter(hospital_id=hospital_id, id=booking_id, account_id__isnull=False)
    for account_id, key, made_at, patient_id in rows.values_list("account_id", "key", "created_at", "patient_id"):
        assert account_id is not None, "they are filtered"
        notice = notice_in(key, account_id, hospital_id)
        if notice is not None:
            return NumberConsent(notice, account_id, made_at)
        kept = find_kept(patient_id, hospital_id, key) if key.startswith(AGREED_BEFORE) else None
        if kept is not None and kept.account_id == account_id:
            return kept
    return None
