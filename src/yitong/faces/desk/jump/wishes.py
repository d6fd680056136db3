"""What somebody typed into the jump box, and who that may be. Numbers travel in the body of a request alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from yitong.domains.people.contracts.patients import FindPatient
from yitong.domains.people.contracts.words import CITY_ISSUER, CarrierKind, IdentityKind
from yitong.faces.desk.patients.forms import CITY_CARDS, PURPOSE

CODE = re.compile(r"\d{8}")
RESIDENT_ID = re.compile(r"\d{17}[\dX]")
NUMBER = re.compile(r"(?=.*\d)[0-9A-Z\-]{5,40}")


@dataclass(frozen=True, slots=True)
class Wish:
    """`text` is what pages, departments and doctors are looked for by; `number` what patients are."""

    text: str
    number: str

    @property
    def is_code(self) -> bool:
        return CODE.fullmatch(self.number) is not None

    def patients(self, hospital_id: UUID) -> Iterator[FindPatient]:
        """By which sign to look, the likeliest first: the document, the hospital's own number, a card of the city."""
        if RESIDENT_ID.fullmatch(self.number):
            kind = IdentityKind.RESIDENT_ID
            yield FindPatient(hospital_id, PURPOSE, identity_kind=kind, identity_number=self.number)
            return
        if not self.number:
            return
        own = (CarrierKind.HOSPITAL_NUMBER, str(hospital_id))
        for card, issuer in (own, *((card, CITY_ISSUER) for card in CITY_CARDS)):
            yield FindPatient(hospital_id, PURPOSE, carrier_kind=card, carrier_value=self.number, carrier_issuer=issuer)


def read(typed: str) -> Wish:
    text = typed.strip()
    number = "".join(text.split()).upper()
    return Wish(text, number if NUMBER.fullmatch(number) else "")
