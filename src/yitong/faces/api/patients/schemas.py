"""Patients as JSON: masked, except where the one who asks gave the words himself (R-108)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from yitong.domains.people.contracts.words import (
    CarrierKind,
    CarrierState,
    IdentityKind,
    IdentityLevel,
    Relation,
    Sex,
    VerificationState,
)
from yitong.faces.api.fields import Day, DocumentNumber, Id, In, Instant, Out, PersonName, Plain

Masked = Field(examples=["110***********003X"])
Purpose = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=64),
    Plain,
    Field(examples=["电话预约"], description="Why the record is looked up; the patient sees it in the access log"),
]
CarrierValue = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=4, max_length=64, pattern=r"^[0-9A-Za-z._:/+=\-]+$"),
    Field(examples=["000123456789"]),
]
Issuer = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,40}$"), Field(examples=["city"])]


class Resolve(In):
    """By identity (with the name, as the caller says it), or by a carrier. One of the two."""

    hospital_id: Id | None = Field(None, description="Where the patient stands, for a kiosk or a desk", examples=[None])
    purpose: Purpose
    identity_kind: IdentityKind | None = Field(None, examples=["resident_id"])
    identity_number: DocumentNumber | None = None
    name: PersonName | None = None
    carrier_kind: CarrierKind | None = Field(None, examples=[None])
    carrier_value: CarrierValue | None = Field(None, examples=[None])
    carrier_issuer: Issuer = "city"


class Resolved(Out):
    patient_id: Id
    name_masked: str = Field(examples=["张*"])
    identity_masked: str = Masked
    sex: Sex
    birth_year: int | None = Field(examples=[1990])
    level: IdentityLevel


class AddPatient(In):
    name: PersonName
    kind: IdentityKind = Field(examples=["resident_id"])
    number: DocumentNumber
    birth_date: Day | None = Field(None, description="Only where the number does not say it", examples=[None])
    sex: Sex = Field(Sex.UNKNOWN, description="Only where the number does not say it", examples=["unknown"])
    relation: Relation = Field(examples=["self"])
    guardian_consent: Annotated[
        str,
        StringConstraints(max_length=40),
        Plain,
        Field(examples=[""], description="For a minor: the version of the notice that the guardian agreed to (R-103)"),
    ] = ""


class PatientAdded(Out):
    patient_id: Id
    verification_id: Id


class PatientCard(Out):
    patient_id: Id
    name: str = Field(examples=["张三"])
    name_masked: str = Field(examples=["张*"])
    identity_masked: str = Masked
    relation: Relation
    sex: Sex
    birth_date: Day | None
    level: IdentityLevel
    is_guarded: bool = Field(examples=[False])


class Patients(Out):
    items: list[PatientCard]


class Verification(Out):
    verification_id: Id
    patient_id: Id
    state: VerificationState
    asked_at: Instant
    settled_at: Instant | None


class LinkCarrier(In):
    kind: CarrierKind = Field(examples=["jingyitong"])
    value: CarrierValue
    issuer: Issuer = "city"


class Carrier(Out):
    carrier_id: Id
    patient_id: Id
    kind: CarrierKind
    issuer: str = Field(examples=["city"])
    value_masked: str = Field(examples=["0*********89"])
    state: CarrierState
    created_at: Instant
    reason: str = Field(examples=[""])


class CarrierLinked(Out):
    patient_id: Id
    carrier_id: Id


class Carriers(Out):
    items: list[Carrier]


class QrCode(Out):
    text: str = Field(examples=["YT1.…"], description="Goes into the picture; once at a terminal (R-104)")
    expires_at: Instant


class UseQr(In):
    text: Annotated[str, StringConstraints(min_length=8, max_length=200, pattern=r"^[\x21-\x7e]+$")] = Field(
        examples=["YT1.abcdefgh"]
    )
    hospital_id: Id
    terminal: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,40}$")] = Field(examples=["kiosk-3"])


class ReadLine(Out):
    at: Instant
    reader: str = Field(examples=["channel:114"])
    hospital_id: Id | None
    what: str = Field(examples=["booking"])
    purpose: str = Field(examples=["booking"])
