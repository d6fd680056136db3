"""Hospitals' registers of patients over a small signed HTTP protocol: README.md beside this file describes it."""

import json

import httpx
import structlog

from yitong.core import clock, signatures
from yitong.domains.people.contracts.patients import NumberAnswer, NumberAsk
from yitong.domains.people.contracts.words import NumberOutcome

NUMBERS = "/v1/numbers"
TIMEOUT_S = 8.0
REFUSED = (400, 422)  # this question can't be taken as it is, however often it is asked
UNKNOWN = NumberAnswer(NumberOutcome.UNKNOWN)

log = structlog.get_logger("yitong.links.register")


class HttpHospitalRegister:
    """One address that reaches the hospitals' registers. Without one nothing is asked. Safe for threads."""

    def __init__(self, url: str | None, *, key_id: str, secret: bytes) -> None:
        self.is_open = bool(url)
        self._key_id = key_id
        self._secret = secret
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False) if url else None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def number(self, ask: NumberAsk) -> NumberAnswer:
        if self._client is None:
            return UNKNOWN
        body = json.dumps(
            {
                "id": str(ask.carrier_id),
                "hospital": str(ask.hospital_id),
                "name": ask.name,
                "kind": ask.identity_kind.value,
                "number": ask.identity_number,
                "sex": ask.sex.value,
                "birth_date": ask.birth_date.isoformat() if ask.birth_date else None,
            },
            ensure_ascii=False,
        ).encode()
        timestamp = int(clock.now().timestamp())
        headers = signatures.signed(self._key_id, self._secret, "POST", NUMBERS, body, timestamp=timestamp)
        try:
            answer = self._client.post(NUMBERS, content=body, headers={**headers, "Content-Type": "application/json"})
            if answer.status_code in REFUSED:
                log.warning("register.refused", carrier_id=str(ask.carrier_id), status=answer.status_code)
                return NumberAnswer(NumberOutcome.REFUSED, reason=_why(answer))
            told = answer.json() if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError) as error:
            log.warning("register.no_answer", carrier_id=str(ask.carrier_id), error=type(error).__name__)
            return UNKNOWN
        read = _read(told, str(ask.carrier_id))
        if read is UNKNOWN:
            log.warning("register.unknown", carrier_id=str(ask.carrier_id), status=answer.status_code)
        return read


def _why(answer: httpx.Response) -> str:
    """In the hospital's words, or as its status where it says nothing that can be read."""
    try:
        told = answer.json()
    except ValueError:
        told = None
    reason = told.get("reason") if isinstance(told, dict) else None
    return reason if isinstance(reason, str) and reason.strip() else f"HTTP {answer.status_code}"


def _read(told: object, carrier_id: str) -> NumberAnswer:
    """Only a whole answer to this very question counts."""
    if not isinstance(told, dict) or told.get("id") != carrier_id:
        return UNKNOWN
    number, reason = told.get("hospital_number"), told.get("reason")
    if told.get("outcome") == NumberOutcome.MADE and isinstance(number, str) and number:
        return NumberAnswer(NumberOutcome.MADE, number=number)
    if told.get("outcome") == NumberOutcome.REFUSED and isinstance(reason, str):
        return NumberAnswer(NumberOutcome.REFUSED, reason=reason)
    return UNKNOWN
