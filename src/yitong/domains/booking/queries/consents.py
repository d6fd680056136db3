"""The consent that a booking's press gave (R-049)."""

from uuid import UUID

from yitong.domains.booking import models
from yitong.domains.people.contracts.patients import NumberConsent
from yitong.domains.people.queries.consents import notice_in


def find_consent(hospital_id: UUID, booking_id: UUID) -> NumberConsent | None:
    """That the holder agreed, by the press that made this booking, to have the hospital asked for its number.

    None where no page said so before: a partner's, the desk's and 114's bookings, one from a waitlist or a draw.
    """
    rows = models.Booking.objects.filter(hospital_id=hospital_id, id=booking_id, account_id__isnull=False)
    for account_id, key, made_at in rows.values_list("account_id", "key", "created_at"):
        assert account_id is not None, "they are filtered"
        notice = notice_in(key, account_id, hospital_id)
        if notice is not None:
            return NumberConsent(notice, account_id, made_at)
    return None
