"""People who cannot exist (`yitong.cli.demo.people`), with all rows that make them bookable."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Model

from yitong.cli.demo.people import resident_number
from yitong.core.db.fields import blind_index
from yitong.core.db.keys import keyring
from yitong.core.ids import new_id
from yitong.domains.people import models
from yitong.domains.people.contracts.words import IdentityKind
from yitong.domains.people.rules.identity import family_of

DAY = timedelta(days=1)
PER_AREA = 499  # numbers of one area and one day of birth
STEMS = "甲乙丙丁戊己庚辛壬癸"


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its holder as a verified patient, signed in through one device."""

    number: int
    account_id: UUID
    session_id: UUID
    device_id: UUID
    patient_id: UUID

    @property
    def name(self) -> str:
        return "测试" + "".join(STEMS[int(digit)] for digit in str(self.number))

    @property
    def birth(self) -> date:
        return date(1950, 1, 1) + timedelta(days=self.number % 18_000)

    @property
    def address(self) -> str:
        """Each has one of his own: the window counts requests by address, too."""
        return f"10.{self.number >> 16 & 255}.{self.number >> 8 & 255}.{self.number & 255}"


def people(count: int) -> list[Person]:
    return [Person(number, new_id(), new_id(), new_id(), new_id()) for number in range(count)]


def rows(
    crowd: list[Person], now: datetime
) -> Iterator[tuple[type[Model], tuple[str, ...], Iterator[tuple[Any, ...]]]]:
    """(model, columns, rows), in an order that foreign keys allow."""
    ring = keyring()
    before, until = now - DAY, now + DAY
    phones = [f"154{one.number:08d}" for one in crowd]
    births = [one.birth for one in crowd]
    numbers = [
        resident_number(f"99{one.number // PER_AREA % 10_000:04d}", birth, "female", one.number % PER_AREA)
        for one, birth in zip(crowd, births, strict=True)
    ]
    family = family_of(IdentityKind.RESIDENT_ID, numbers[0])
    indexes = [blind_index(f"identity.{family}", number) for number in numbers]
    yield (
        models.Account,
        ("id", "state", "phone", "language", "booked_at", "cancelled_at", "created_at"),
        (
            (one.account_id, "open", ring.encrypt(phone, "people.account.phone"), "zh", [], [], before)
            for one, phone in zip(crowd, phones, strict=True)
        ),
    )
    yield (
        models.AccountPhone,
        ("phone_index", "account_id"),
        ((blind_index("phone", phone), one.account_id) for one, phone in zip(crowd, phones, strict=True)),
    )
    yield (
        models.Device,
        ("id", "account_id", "device_hash", "label", "first_seen_at", "last_seen_at", "confirmed_at"),
        ((one.device_id, one.account_id, _hash("device", one), "bench", before, before, before) for one in crowd),
    )
    yield (
        models.AccountSession,
        (
            *("id", "token_hash", "account_id", "device_id", "channel"),
            *("waits_for_fact", "fact_tries", "created_at", "expires_at"),
        ),
        (
            (one.session_id, _hash("session", one), one.account_id, one.device_id, "web", False, 0, before, until)
            for one in crowd
        ),
    )
    yield (
        models.Patient,
        (
            *("id", "state", "level", "name", "name_index", "sex", "birth_date", "identity_kind"),
            *("identity_number", "identity_index", "created_at", "level_at"),
        ),
        (
            (
                *(one.patient_id, "active", "verified", ring.encrypt(one.name, "people.patient.name")),
                *(blind_index("name.patient", one.name), "female", birth, "resident_id"),
                *(ring.encrypt(number, "people.patient.identity_number"), index, before, before),
            )
            for one, birth, number, index in zip(crowd, births, numbers, indexes, strict=True)
        ),
    )
    yield (
        models.PatientIdentity,
        ("family", "number_index", "patient_id", "proven_at"),
        ((family, index, one.patient_id, before) for one, index in zip(crowd, indexes, strict=True)),
    )
    yield (
        models.BookingLimits,
        ("patient_id", "live_days", "no_show_days", "no_shows_counted"),
        ((one.patient_id, [], [], 0) for one in crowd),
    )
    yield (
        models.AccountPatient,
        ("account_id", "seat", "patient_id", "relation", "identity_index", "linked_at"),
        ((one.account_id, 1, one.patient_id, "self", index, before) for one, index in zip(crowd, indexes, strict=True)),
    )


def _hash(what: str, one: Person) -> bytes:
    return hashlib.sha256(f"{what}:{one.account_id}".encode()).digest()
