"""Cards, codes and hospital numbers that lead to a patient (R-049, R-102, R-104)."""

import base64
import binascii
import hashlib
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.crypto import CryptoError
from yitong.core.db import events, idempotency
from yitong.core.db.command import command
from yitong.core.db.fields import blind_index
from yitong.core.db.keys import keyring
from yitong.core.ids import new_id
from yitong.domains.notify import commands as notify
from yitong.domains.notify.contracts import Tell, TemplateName
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.commands import limits, quotas
from yitong.domains.people.commands.patients import keyed
from yitong.domains.people.contracts.accounts import Done
from yitong.domains.people.contracts.events import (
    CarrierEnded,
    CarrierLinked,
    HospitalNumberAsked,
    HospitalNumberMade,
    HospitalNumberRefused,
)
from yitong.domains.people.contracts.patients import (
    AskHospitalNumber,
    Carrier,
    CarrierKey,
    GiveHospitalNumber,
    LinkCarrier,
    NoteHospitalNumber,
    NumberAnswer,
    NumberAsk,
    NumberConsent,
    UseQr,
)
from yitong.domains.people.contracts.words import (
    CITY_ISSUER,
    NUMBER_NOTICES,
    CarrierKind,
    CarrierState,
    IdentityKind,
    NumberOutcome,
    PatientState,
    Sex,
)
from yitong.domains.people.queries import QR_COLUMN, accounts_of, carrier_of, record_read, records_of, survivor_of

TAKEN = {"people_carrier_index_pkey": errors.CarrierTaken}
LONGEST = 64
CONSENT = ("consent", "consent_by", "consent_at")
WAITS_S = (10, 30, 120, 600, 1800, 7200, 21600, 43200)  # for a hospital: after the first try, the second …


@command(refusals=TAKEN)
def link_carrier(cmd: LinkCarrier, *, actor: Actor, now: datetime) -> CarrierKey:
    """Let a card or number lead to a patient. One that leads to him already is the answer.

    A hospital's number that its window gives ends the question to the hospital (R-049).

    Locks: limits, Carrier. Emits: CarrierLinked. Refuses: Forbidden, PatientMissing, CarrierInvalid, CarrierTaken,
    KeyReused.
    """
    issuer_id = _issuer_id(cmd.kind, cmd.issuer)
    permissions.check_can_link_carrier(actor, issuer_id)
    content = keyed(cmd.key, cmd.patient_id, cmd.kind, cmd.issuer, cmd.value)
    once = idempotency.begin(actor, "people.link_carrier", content)
    if once.answer is not None:
        return CarrierKey(UUID(once.answer["patient_id"]), UUID(once.answer["carrier_id"]))
    patient_id = limits.lock_limits(cmd.patient_id).patient_id
    row = put_carrier(patient_id, cmd.kind, cmd.issuer, read_value(cmd.value), now)
    if cmd.kind is CarrierKind.HOSPITAL_NUMBER:
        _end_questions(patient_id, cmd.issuer, now)
    linked = CarrierLinked(subject_id=patient_id, hospital_id=issuer_id, carrier_id=row.id, kind=cmd.kind.value)
    events.append(linked, actor, at=now, shard=f"patient:{patient_id}")
    return once.finish(CarrierKey(row.patient_id, row.id))


def _issuer_id(kind: CarrierKind, issuer: str) -> UUID | None:
    if kind is not CarrierKind.HOSPITAL_NUMBER:
        if issuer != CITY_ISSUER:
            raise errors.CarrierInvalid()
        return None
    try:
        return UUID(issuer)
    except ValueError:
        raise errors.CarrierInvalid() from None


def read_value(text: str) -> str:
    """Letters and digits as printed, without the spaces between groups. Refuses: CarrierInvalid."""
    value = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9._/-]{2,63}", value):
        raise errors.CarrierInvalid()
    return value


def index_of(kind: CarrierKind, issuer: str, value: str) -> bytes:
    return blind_index(f"carrier.{kind.value}.{issuer}", value)


def put_carrier(patient_id: UUID, kind: CarrierKind, issuer: str, value: str, now: datetime) -> models.Carrier:
    index = index_of(kind, issuer, value)
    known = models.CarrierIndex.objects.filter(kind=kind.value, issuer=issuer, value_index=index).order_by("pk").first()
    if known is not None:
        if known.patient_id != patient_id:
            raise errors.CarrierTaken()
        return models.Carrier.objects.filter(id=known.carrier_id).order_by("id")[0]
    row = models.Carrier.objects.create(
        patient_id=patient_id,
        id=new_id(),
        kind=kind.value,
        issuer=issuer,
        value=value,
        value_index=index,
        state=CarrierState.ACTIVE.value,
        created_at=now,
    )
    _lead(row)
    return row


def _lead(row: models.Carrier) -> None:
    assert row.value_index is not None
    models.CarrierIndex.objects.create(
        kind=row.kind,
        issuer=row.issuer,
        value_index=row.value_index,
        patient_id=survivor_of(row.patient_id),
        carrier_id=row.id,
    )


def _end_questions(patient_id: UUID, issuer: str, now: datetime) -> None:
    pending = models.Carrier.objects.select_for_update(of=("self",)).filter(
        patient_id__in=records_of([patient_id]), issuer=issuer, state=CarrierState.PENDING.value
    )
    for row in pending.order_by("pk"):
        row.state, row.ended_at, row.next_at = CarrierState.ENDED.value, now, None
        row.save(update_fields=["state", "ended_at", "next_at"])


@command()
def end_carrier(patient_id: UUID, carrier_id: UUID, *, actor: Actor, now: datetime) -> Done:
    """A lost or returned card leads nowhere from now on. Emits: CarrierEnded. Refuses: Forbidden, CarrierMissing."""
    row = _locked(patient_id, carrier_id)
    issuer_id = UUID(row.issuer) if row.issuer != CITY_ISSUER else None
    permissions.check_can_link_carrier(actor, issuer_id)
    if row.state != CarrierState.ACTIVE:
        raise errors.CarrierMissing()
    end_row(row, now)
    ended = CarrierEnded(
        subject_id=patient_id,
        hospital_id=issuer_id,
        carrier_id=row.id,
        kind=row.kind,
        from_state=CarrierState.ACTIVE.value,
        to_state=row.state,
    )
    events.append(ended, actor, at=now, shard=f"patient:{patient_id}")
    return Done(patient_id)


def end_row(row: models.Carrier, now: datetime) -> None:
    """It leads to nobody any more, and its value may be given anew."""
    row.state, row.ended_at = CarrierState.ENDED.value, now
    row.save(update_fields=["state", "ended_at"])
    models.CarrierIndex.objects.filter(kind=row.kind, issuer=row.issuer, value_index=row.value_index).delete()


def _locked(patient_id: UUID, carrier_id: UUID) -> models.Carrier:
    rows = list(
        models.Carrier.objects.select_for_update(of=("self",))
        .filter(patient_id=patient_id, id=carrier_id)
        .order_by("pk")
    )
    if not rows:
        raise errors.CarrierMissing()
    return rows[0]


# -- hospital numbers --------------------------------------------------------------------------------------------------


@command()
def ask_hospital_number(cmd: AskHospitalNumber, *, actor: Actor, now: datetime) -> Carrier:
    """Have a patient's number at a hospital made (R-049); one that is there or being made is the answer.

    The sweep `ask_hospitals` carries the question. One that the hospital never answered is asked anew. The consent is
    kept with the question that it allows, and stays with that row through merges.

    Locks: limits, Carrier. Emits: HospitalNumberAsked. Refuses: Forbidden, NumberConsentMissing, PatientMissing,
    Throttled.
    """
    permissions.check_can_ask_hospital_number(actor, cmd.hospital_id)
    if cmd.consent.notice not in NUMBER_NOTICES or actor.account_id not in (None, cmd.consent.account_id):
        raise errors.NumberConsentMissing()
    patient_id = limits.lock_limits(cmd.patient_id).patient_id
    if actor.account_id is not None and actor.account_id not in accounts_of(patient_id):
        raise errors.PatientMissing()
    if not models.Patient.objects.filter(id=patient_id, state=PatientState.ACTIVE.value).exists():
        raise errors.PatientMissing()
    rows = models.Carrier.objects.select_for_update(of=("self",)).filter(
        patient_id__in=records_of([patient_id]),
        kind=CarrierKind.HOSPITAL_NUMBER.value,
        issuer=str(cmd.hospital_id),
        state__in=[CarrierState.ACTIVE.value, CarrierState.PENDING.value],
    )
    known = sorted(rows.order_by("pk"), key=lambda row: (row.state != CarrierState.ACTIVE, row.id))
    if known:
        row = known[0]
        if row.state == CarrierState.PENDING and row.next_at is None:
            _count_ask(actor, now)
            row.tries, row.next_at = 0, now
            _keep_consent(row, cmd.consent)
            row.save(update_fields=["tries", "next_at", *CONSENT])
        return carrier_of(row)
    _count_ask(actor, now)
    row = models.Carrier(
        patient_id=patient_id,
        id=new_id(),
        kind=CarrierKind.HOSPITAL_NUMBER.value,
        issuer=str(cmd.hospital_id),
        state=CarrierState.PENDING.value,
        created_at=now,
        tries=0,
        next_at=now,
    )
    _keep_consent(row, cmd.consent)
    row.save(force_insert=True)
    asked = HospitalNumberAsked(
        subject_id=patient_id, hospital_id=cmd.hospital_id, carrier_id=row.id, to_state=row.state
    )
    events.append(asked, actor, at=now, shard=f"patient:{patient_id}")
    return carrier_of(row)


def _keep_consent(row: models.Carrier, consent: NumberConsent) -> None:
    row.consent, row.consent_by, row.consent_at = consent.notice, consent.account_id, consent.at


def _count_ask(actor: Actor, now: datetime) -> None:
    """Each question goes to a partner, as one to the authority does: an account has one measure for both."""
    if actor.account_id is not None:
        quotas.take("verify", str(actor.account_id), now)


@command(refusals=TAKEN)
def give_hospital_number(cmd: GiveHospitalNumber, *, actor: Actor, now: datetime) -> CarrierKey:
    """Write down the number that a hospital's window reads, where its register gave none (R-049). One that leads to the
    patient already is the answer; an open question to the hospital ends.

    Said of a merged record, it is the survivor's, and stays with him when the merge is taken back. A second number is
    refused: only merged records may have brought two.

    Locks: limits, Carrier. Emits: CarrierLinked. Refuses: Forbidden, PatientMissing, CarrierInvalid, CarrierTaken,
    HospitalNumberOther, KeyReused.
    """
    permissions.check_can_link_carrier(actor, cmd.hospital_id)
    content = keyed(cmd.key, cmd.patient_id, cmd.hospital_id, cmd.number)
    once = idempotency.begin(actor, "people.give_hospital_number", content)
    if once.answer is not None:
        return CarrierKey(UUID(once.answer["patient_id"]), UUID(once.answer["carrier_id"]))
    number = read_value(cmd.number)
    patient_id = limits.lock_limits(cmd.patient_id).patient_id
    if not models.Patient.objects.filter(id=patient_id, state=PatientState.ACTIVE.value).exists():
        raise errors.PatientMissing()
    own = models.Carrier.objects.select_for_update(of=("self",)).filter(
        patient_id__in=records_of([patient_id]),
        kind=CarrierKind.HOSPITAL_NUMBER.value,
        issuer=str(cmd.hospital_id),
        state=CarrierState.ACTIVE.value,
    )
    known = list(own.order_by("pk"))
    row = next((one for one in known if one.value == number), None)
    if row is None:
        if known:
            raise errors.HospitalNumberOther()
        row = put_carrier(patient_id, CarrierKind.HOSPITAL_NUMBER, str(cmd.hospital_id), number, now)
        _end_questions(patient_id, str(cmd.hospital_id), now)
        linked = CarrierLinked(
            subject_id=patient_id,
            hospital_id=cmd.hospital_id,
            carrier_id=row.id,
            kind=row.kind,
        )
        events.append(linked, actor, at=now, shard=f"patient:{patient_id}")
    return once.finish(CarrierKey(row.patient_id, row.id))


@command()
def take_number_turn(patient_id: UUID, carrier_id: UUID, *, now: datetime) -> NumberAsk | None:
    """Take an open question to a hospital for a try; None where it is not its turn.

    The next try is set before this one begins, so whoever dies with it in hand has lost nothing. After the last one
    the question rests until somebody asks again: the next booking there, the patient, the window.

    It is about the very record for which it was asked, also after a merge: the same question never names two people,
    and a merge that is taken back leaves each with his own number. Without a consent on record it rests, too: the one
    gate through which a patient's data leave for a hospital's register.

    Locks: Carrier.
    """
    row = _locked(patient_id, carrier_id)
    if row.state != CarrierState.PENDING or row.next_at is None or row.next_at > now:
        return None
    patient = models.Patient.objects.get(id=patient_id)
    if row.tries >= len(WAITS_S) or patient.state == PatientState.ERASED or row.consent is None:
        row.next_at = None
        row.save(update_fields=["next_at"])
        return None
    row.next_at = now + timedelta(seconds=WAITS_S[row.tries])
    row.tries += 1
    row.save(update_fields=["tries", "next_at"])
    assert patient.name is not None, "only an erased patient has no name"
    return NumberAsk(
        carrier_id=row.id,
        hospital_id=UUID(row.issuer),
        name=patient.name,
        identity_kind=IdentityKind(patient.identity_kind),
        identity_number=patient.identity_number or "",
        sex=Sex(patient.sex),
        birth_date=patient.birth_date,
    )


def note_number_answer(ask: NumberAsk, patient_id: UUID, answer: NumberAnswer, *, actor: Actor, now: datetime) -> None:
    """What a hospital answered to a try. Silence changes nothing: it is asked again.

    A number that can't be one, or that leads to somebody else here, is for the hospital's window to sort out: to the
    patient it is a refusal, and he is told where to go. Refuses: as `note_hospital_number`.
    """
    if answer.outcome is NumberOutcome.UNKNOWN:
        return
    if answer.outcome is NumberOutcome.MADE:
        try:
            note_hospital_number(NoteHospitalNumber(patient_id, ask.carrier_id, answer.number), actor=actor, now=now)
        except (errors.CarrierTaken, errors.CarrierInvalid) as refusal:
            answer = NumberAnswer(NumberOutcome.REFUSED, reason=refusal.code)
        else:
            return
    told = NoteHospitalNumber(patient_id, ask.carrier_id, reason=answer.reason)
    note_hospital_number(told, actor=actor, now=now)


@command(refusals=TAKEN)
def note_hospital_number(cmd: NoteHospitalNumber, *, actor: Actor, now: datetime) -> Carrier:
    """What the hospital said: the number, or why not; then the patient's accounts learn what to do.

    Locks: Carrier. Emits: HospitalNumberMade, HospitalNumberRefused. Refuses: Forbidden, CarrierMissing,
    CarrierInvalid, CarrierTaken, HospitalNumberSettled (it said otherwise before).
    """
    row = _locked(cmd.patient_id, cmd.carrier_id)
    if row.kind != CarrierKind.HOSPITAL_NUMBER:
        raise errors.CarrierMissing()
    hospital_id = UUID(row.issuer)
    permissions.check_can_note_hospital_number(actor, hospital_id)
    number = read_value(cmd.number) if cmd.number else None
    if row.state != CarrierState.PENDING:
        if row.value != number:
            raise errors.HospitalNumberSettled()
        return carrier_of(row)
    if number is not None:
        row.value, row.value_index = number, index_of(CarrierKind.HOSPITAL_NUMBER, row.issuer, number)
        row.state, row.next_at = CarrierState.ACTIVE.value, None
        row.save(update_fields=["value", "value_index", "state", "next_at"])
        _lead(row)
        made = HospitalNumberMade(
            subject_id=row.patient_id,
            hospital_id=hospital_id,
            carrier_id=row.id,
            from_state="pending",
            to_state="active",
        )
        events.append(made, actor, at=now, shard=f"patient:{row.patient_id}")
    else:
        _refuse(row, hospital_id, cmd.reason, actor, now)
    return carrier_of(row)


def _refuse(row: models.Carrier, hospital_id: UUID, reason: str, actor: Actor, now: datetime) -> None:
    said = "".join(sign for sign in reason if sign.isprintable()).strip()  # a partner's words, and not all are storable
    row.state, row.reason, row.ended_at = CarrierState.REFUSED.value, said[:200], now
    row.next_at = None
    row.save(update_fields=["state", "reason", "ended_at", "next_at"])
    refused = HospitalNumberRefused(
        subject_id=row.patient_id,
        hospital_id=hospital_id,
        carrier_id=row.id,
        from_state="pending",
        to_state="refused",
    )
    events.append(refused, actor, at=now, shard=f"patient:{row.patient_id}")
    params = {"patient_id": str(row.patient_id), "hospital_id": str(hospital_id)}
    for account_id in accounts_of(row.patient_id):
        key = f"number:{row.id}:{account_id}"
        notify.tell(Tell(key, account_id, TemplateName.HOSPITAL_NUMBER_REFUSED.value, params), now)


# -- the dynamic code --------------------------------------------------------------------------------------------------


@command(refusals={"people_qr_use_pkey": errors.QrExpired})
def use_qr(cmd: UseQr, *, actor: Actor, now: datetime) -> Done:
    """Take a patient's dynamic code at a terminal, once (R-104). `subject_id` of the answer is the patient.

    Refuses: Forbidden, QrExpired (run out, used, or not ours).
    """
    permissions.check_can_receive(actor, cmd.hospital_id)
    sealed, patient_id, expires_at = open_qr(cmd.text)
    if expires_at <= now:
        raise errors.QrExpired()
    models.QrUse.objects.create(
        code_hash=hashlib.sha256(sealed).digest(),
        expires_at=expires_at,
        used_by=actor.key,
        terminal=cmd.terminal[:64],
    )
    patient_id = survivor_of(patient_id)
    if not models.Patient.objects.filter(id=patient_id, state="active").exists():
        raise errors.QrExpired()
    record_read(patient_id, actor, what="qr", purpose="identification", hospital_id=cmd.hospital_id)
    return Done(patient_id)


def open_qr(text: str) -> tuple[bytes, UUID, datetime]:
    """(sealed bytes, patient, end of life) of a code that we made: others can neither read nor make one.

    The bytes are what is taken once: many texts decode to them.
    """
    try:
        sealed = base64.urlsafe_b64decode(text.strip()[:400].encode("ascii", "strict"))
        plain = keyring().decrypt(sealed, QR_COLUMN)
        return sealed, UUID(plain[:32]), datetime.fromtimestamp(int(plain[32:], 16), tz=UTC)
    except (binascii.Error, UnicodeEncodeError, CryptoError, ValueError):
        raise errors.QrExpired() from None


@command()
def forget_used_codes(*, now: datetime) -> int:
    """Uses of codes that have run out anyway need no memory."""
    return models.QrUse.objects.filter(expires_at__lte=now).delete()[0]
