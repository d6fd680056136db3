"""What a page said of a hospital's number before it booked (R-049): the key of its form bears it.

The press on "确认预约" is the consent. It may reach the booking window, which knows nothing of hospitals' numbers and
need not: it keeps the key as it came, with whose booking it is and when it was made. So the page that says the sentence
writes that into the key which it makes anyway, and only a booking through such a page has such a key. There is no
second request that could be lost while the booking stands, and nothing is held for said because it ought to have been.

Where one gets in line or enters a draw, a booking may follow days later and under a key of its own: there the consent
is kept for that key (`commands.consents`).
"""

import secrets
from collections.abc import Mapping
from uuid import UUID

from yitong.core.db.keys import blind_index
from yitong.domains.people import models
from yitong.domains.people.contracts.patients import NumberConsent
from yitong.domains.people.contracts.words import NUMBER_NOTICES
from yitong.domains.people.queries.survivors import records_of, survivor_of


def key_saying(account_id: UUID, hospital_id: UUID) -> UUID:
    """A key for the form beside which the sentence in force stands, for this account and hospital."""
    return _key(secrets.randbits(64), NUMBER_NOTICES[-1], account_id, hospital_id)


def notice_in(key: str, account_id: UUID, hospital_id: UUID) -> str | None:
    """The version of the sentence that stood beside the form with this key; None where none did."""
    try:
        read = UUID(key)
    except ValueError:
        return None
    chance = read.int >> 64
    return next((one for one in NUMBER_NOTICES if _key(chance, one, account_id, hospital_id) == read), None)


def find_kept(patient_id: UUID, hospital_id: UUID, key: str) -> NumberConsent | None:
    """What was agreed to before for the booking of this key, also of a record that was merged since."""
    rows = models.NumberConsent.objects.filter(
        patient_id__in=records_of([survivor_of(patient_id)]), hospital_id=hospital_id, key=key
    )
    for row in rows.order_by("at", "id"):
        return NumberConsent(row.notice, row.account_id, row.at)
    return None


def hospitals_agreed(keys: Mapping[str, UUID]) -> set[UUID]:
    """The hospitals for which all of these bookings that may result have their consent. `keys`: key → patient."""
    rows = models.NumberConsent.objects.filter(patient_id__in=records_of(set(keys.values())), key__in=list(keys))
    kept: dict[UUID, set[str]] = {}
    for hospital_id, key in rows.values_list("hospital_id", "key"):
        kept.setdefault(hospital_id, set()).add(key)
    return {hospital_id for hospital_id, found in kept.items() if found == set(keys)}


def _key(chance: int, notice: str, account_id: UUID, hospital_id: UUID) -> UUID:
    """A UUIDv8 (RFC 9562 section 5.8): 60 random bits, and 62 of their keyed hash with what is said to whom."""
    high = chance & ~(0xF << 12) | 0x8 << 12
    mac = blind_index("hospital_number_notice", f"{notice}|{account_id}|{hospital_id}|{high:016x}")
    return UUID(int=high << 64 | 0b10 << 62 | int.from_bytes(mac[:8]) >> 2)
