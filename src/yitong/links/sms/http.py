"""The SMS gateway over a small signed HTTP protocol: README.md beside this file describes it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import httpx
import structlog

from yitong.core import clock, signatures
from yitong.domains.notify.contracts import Answer, Outgoing, Report

SEND = "/v1/messages"
TIMEOUT_S = 5.0

log = structlog.get_logger("yitong.links.sms")


class HttpSmsGateway:
    """One gateway account. Without an address nothing is sent and every outcome stays unknown. Safe for threads."""

    def __init__(
        self, url: str | None, *, key_id: str, secret: bytes, report_path: str, shows_texts: bool = False
    ) -> None:
        self.shows_texts = shows_texts
        self._key_id = key_id
        self._secret = secret
        self._report_path = report_path
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False) if url else None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def send(self, outgoing: Outgoing) -> Answer:
        if self._client is None:
            return Answer.UNKNOWN
        body = json.dumps(
            {
                "id": str(outgoing.message_id),
                "phone": outgoing.phone,
                "text": outgoing.text,
                "expires_at": outgoing.expires_at.isoformat(),
            },
            ensure_ascii=False,
        ).encode()
        timestamp = int(clock.now().timestamp())
        headers = signatures.signed(self._key_id, self._secret, "POST", SEND, body, timestamp=timestamp)
        try:
            answer = self._client.post(SEND, content=body, headers={**headers, "Content-Type": "application/json"})
        except httpx.HTTPError as error:
            log.warning("sms.no_answer", message_id=str(outgoing.message_id), error=type(error).__name__)
            return Answer.UNKNOWN
        if answer.status_code in (200, 202):
            return Answer.ACCEPTED
        log.warning("sms.not_accepted", message_id=str(outgoing.message_id), status=answer.status_code)
        return Answer.REFUSED if answer.status_code == 422 else Answer.UNKNOWN

    def read_report(self, headers: Mapping[str, str], body: bytes) -> Report | None:
        now = int(clock.now().timestamp())
        if not signatures.is_signed(self._key_id, self._secret, "POST", self._report_path, body, headers, now=now):
            return None
        try:
            told = json.loads(body)
            at = datetime.fromisoformat(told["at"])
            return Report(UUID(told["id"]), {"delivered": True, "failed": False}[told["state"]], at.astimezone(UTC))
        except (ValueError, KeyError, TypeError):
            return None
