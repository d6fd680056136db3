"""Patients: of an account, or found by document, card or code for one who stands or calls before us."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Router
from ninja.responses import Status

from yitong.core import clock, masks
from yitong.core.errors import RuleBroken
from yitong.domains.access.contracts import Scope
from yitong.domains.people import queries
from yitong.domains.people.commands import carriers, patients, proving
from yitong.domains.people.contracts.patients import (
    AddPatient,
    AskVerification,
    FindPatient,
    IdentityGiven,
    LinkCarrier,
    Patient,
    RemovePatient,
    UseQr,
)
from yitong.domains.people.errors import PatientMissing
from yitong.faces.api.auth import ApiRequest, ChannelKey, Holder
from yitong.faces.api.fields import Id, Page
from yitong.faces.api.paging import Cursor, Limit, pack, unpack
from yitong.faces.api.patients import schemas

FIND = ChannelKey(Scope.PATIENTS)
MINE = ChannelKey(Scope.ACCOUNTS, holder=Holder.MUST)
CHANGE_MINE = ChannelKey(Scope.PATIENTS_WRITE, holder=Holder.MUST, is_command=True)

router = Router()


class ResolveUnclear(RuleBroken):
    """Neither a whole document nor a whole card was given, or both were."""

    code = "RESOLVE_UNCLEAR"


@router.post("/patients/resolve", response=schemas.Resolved, auth=FIND, summary="查找就诊人 · Find a patient")
def resolve_patient(request: ApiRequest, data: schemas.Resolve) -> Any:
    """By document and name, or by card. POST, so that no number stands in an address. The patient sees each look.

    A wrong name is the same answer as an unknown number.
    """
    by_document = bool(data.identity_kind and data.identity_number and data.name)
    by_card = bool(data.carrier_kind and data.carrier_value)
    if by_document == by_card:
        raise ResolveUnclear()
    wish = FindPatient(
        hospital_id=data.hospital_id,
        purpose=data.purpose,
        identity_kind=data.identity_kind if by_document else None,
        identity_number=data.identity_number or "",
        carrier_kind=data.carrier_kind if by_card else None,
        carrier_value=data.carrier_value or "",
        carrier_issuer=data.carrier_issuer,
    )
    found = [
        one for one in queries.find_patients(wish, request.actor, now=clock.now()) if data.name in (None, one.name)
    ]
    if len(found) != 1:
        raise PatientMissing()
    return _resolved(found[0])


@router.post(
    "/patients/qr",
    response=schemas.Resolved,
    auth=ChannelKey(Scope.PATIENTS, is_command=True),
    summary="扫动态码 · Take a dynamic code at a terminal",
)
def use_qr(request: ApiRequest, data: schemas.UseQr) -> Any:
    """The code works once and for a minute (R-104). The patient sees the look."""
    cmd = UseQr(data.text, data.terminal, data.hospital_id)
    patient_id = carriers.use_qr(cmd, actor=request.actor, now=clock.now()).subject_id
    return _resolved(queries.get_patient(patient_id, request.actor, purpose="qr", hospital_id=data.hospital_id))


@router.get("/me/patients", response=schemas.Patients, auth=MINE, summary="我的就诊人 · My patients")
def list_patients(request: ApiRequest) -> Any:
    """In clear: they are the account holder's own. Three at most (R-006)."""
    return {"items": queries.patients_of(request.account_id)}


@router.post(
    "/me/patients", response={201: schemas.PatientAdded}, auth=CHANGE_MINE, summary="添加就诊人 · Add a patient"
)
def add_patient(request: ApiRequest, data: schemas.AddPatient) -> Any:
    """Declared at once; verified when the authority answers. The answer is the same for a person known or new."""
    identity = IdentityGiven(data.name, data.kind, data.number, data.birth_date, data.sex)
    cmd = AddPatient(request.idempotency_key, request.account_id, identity, data.relation, data.guardian_consent)
    return Status(201, patients.add_patient(cmd, actor=request.actor, now=clock.now()))


@router.delete(
    "/me/patients/{patient_id}", response={204: None}, auth=CHANGE_MINE, summary="移除就诊人 · Remove a patient"
)
def remove_patient(request: ApiRequest, patient_id: Id) -> Any:
    """Off this account; the record stays."""
    cmd = RemovePatient(request.idempotency_key, request.account_id, patient_id)
    patients.remove_patient(cmd, actor=request.actor, now=clock.now())
    return Status(204, None)


@router.get(
    "/me/patients/{patient_id}/verification",
    response=schemas.Verification,
    auth=MINE,
    summary="实名核验状态 · State of the verification",
)
def get_verification(request: ApiRequest, patient_id: Id) -> Any:
    asked = queries.list_verifications(patient_id, request.actor)
    if not asked:
        raise PatientMissing()
    return asked[0]


@router.post(
    "/me/patients/{patient_id}/verification",
    response={202: schemas.Verification},
    auth=CHANGE_MINE,
    summary="重新核验 · Ask for verification again",
)
def ask_verification(request: ApiRequest, patient_id: Id) -> Any:
    """While a question is open, that one is the answer."""
    cmd = AskVerification(request.idempotency_key, patient_id)
    return Status(202, proving.ask_verification(cmd, actor=request.actor, now=clock.now()))


@router.get(
    "/me/patients/{patient_id}/carriers", response=schemas.Carriers, auth=MINE, summary="就诊卡 · Cards and numbers"
)
def list_carriers(request: ApiRequest, patient_id: Id) -> Any:
    return {"items": queries.list_carriers(patient_id, request.actor)}


@router.post(
    "/patients/{patient_id}/carriers",
    response={201: schemas.CarrierLinked},
    auth=ChannelKey(Scope.PATIENTS_WRITE, is_command=True),
    summary="绑定就诊卡 · Link a card",
)
def link_carrier(request: ApiRequest, patient_id: Id, data: schemas.LinkCarrier) -> Any:
    """By a channel that has seen the card (R-102)."""
    cmd = LinkCarrier(request.idempotency_key, patient_id, data.kind, data.value, data.issuer)
    return Status(201, carriers.link_carrier(cmd, actor=request.actor, now=clock.now()))


@router.post("/me/patients/{patient_id}/qr", response=schemas.QrCode, auth=MINE, summary="动态码 · Make a dynamic code")
def make_qr(request: ApiRequest, patient_id: Id) -> Any:
    """Good for a minute and once; the page asks for the next (R-104). Costs nothing, so it needs no key."""
    return queries.get_qr(patient_id, request.actor, now=clock.now())


@router.get(
    "/me/patients/{patient_id}/reads",
    response=Page[schemas.ReadLine],
    auth=MINE,
    summary="谁查看过 · Who read the record",
)
def list_reads(request: ApiRequest, patient_id: Id, cursor: Cursor = None, limit: Limit = 20) -> Any:
    """Each look of staff or of a channel, the newest first."""
    question = f"read_lines:{patient_id}"
    place = unpack(cursor, question)
    before = (datetime.fromisoformat(place[0]), UUID(place[1])) if place else None
    found = queries.list_reads(patient_id, request.actor, before=before, most=limit + 1)
    part = found[:limit]
    place_now = [part[-1].at.isoformat(), str(part[-1].read_id)] if len(found) > limit else None
    return {"items": part, "next_cursor": pack(place_now, question) if place_now else None}


def _resolved(patient: Patient) -> dict[str, Any]:
    """Enough to say "is this you?", no more."""
    return {
        **asdict(patient),
        "name_masked": masks.name(patient.name),
        "identity_masked": masks.identity_number(patient.identity_number),
        "birth_year": patient.birth_date.year if patient.birth_date else None,
    }
