"""The identity authority over a small signed HTTP protocol: README.md beside this file describes it."""

import json

import httpx
import structlog

from yitong.core import clock, signatures
from yitong.domains.people.contracts.patients import IdentityAsk
from yitong.domains.people.contracts.words import Verdict

CHECK = "/v1/checks"
TIMEOUT_S = 8.0

log = structlog.get_logger("yitong.links.identity")


class HttpIdentityAuthority:
    """One account at the authority. Without an address every verdict stays unknown. Safe for threads."""

    def __init__(self, url: str | None, *, key_id: str, secret: bytes) -> None:
        self._key_id = key_id
        self._secret = secret
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False) if url else None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def check(self, ask: IdentityAsk) -> Verdict:
        if self._client is None:
            return Verdict.UNKNOWN
        body = json.dumps(
            {
                "id": str(ask.verification_id),
                "kind": ask.kind.value,
                "name": ask.name,
                "number": ask.number,
                "phone": ask.phone,
            },
            ensure_ascii=False,
        ).encode()
        timestamp = int(clock.now().timestamp())
        headers = signatures.signed(self._key_id, self._secret, "POST", CHECK, body, timestamp=timestamp)
        try:
            answer = self._client.post(CHECK, content=body, headers={**headers, "Content-Type": "application/json"})
            told = answer.json() if answer.status_code == 200 else {}
        except (httpx.HTTPError, ValueError) as error:
            log.warning("identity.no_answer", verification_id=str(ask.verification_id), error=type(error).__name__)
            return Verdict.UNKNOWN
        verdict = told.get("verdict") if isinstance(told, dict) and told.get("id") == str(ask.verification_id) else None
        if verdict in (Verdict.MATCH.value, Verdict.NO_MATCH.value):
            return Verdict(verdict)
        log.warning("identity.unknown", verification_id=str(ask.verification_id), status=answer.status_code)
        return Verdict.UNKNOWN
