"""An SMS gateway as a process: slow, down, twice, or saying no, as told (`links/sms/README.md` is its protocol).

python -m yitong.simulators.sms --secret-env SMS_SECRET --report-url http://127.0.0.1:8000/hooks/sms/ --slow 0.2
"""

import json
import os
import queue
import re
import secrets
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from yitong.simulators.serving import Answer, Partner, parser, partner_of, run, server

PHONE = re.compile(r"1[3-9][0-9]{9}")
REPORT_AFTER_S = 1.0
REPORT_TRIES = 5


@dataclass
class Gateway:
    partner: Partner
    report_url: str = ""
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    reports: "queue.Queue[str]" = field(default_factory=queue.Queue)

    def take(self, asked: dict[str, Any]) -> Answer:
        missing = {"id", "phone", "text", "expires_at"} - set(asked)
        if missing:
            return 400, {"error": f"missing {sorted(missing)}"}
        if (
            not PHONE.fullmatch(str(asked["phone"]))
            or not asked["text"]
            or self.partner.happens(self.partner.moods.refuse)
        ):
            return 422, {"error": "not carried"}
        with self.partner.lock:
            known = asked["id"] in self.sent
            self.partner.seen.append({"id": asked["id"], "again": known})
            if not known:
                self.sent[asked["id"]] = asked
        if not known:
            for _ in range(2 if self.partner.happens(self.partner.moods.duplicate) else 1):
                self.reports.put(asked["id"])
        return (200 if known else 202), {"id": asked["id"], "state": "accepted"}

    def state(self) -> dict[str, Any]:
        with self.partner.lock:
            return {"sent": list(self.sent.values())}

    def report_for_ever(self) -> None:
        while True:
            message_id = self.reports.get()
            self.partner.wait(REPORT_AFTER_S)
            for tries in range(REPORT_TRIES):
                if self.report(message_id):
                    break
                self.partner.wait(2**tries)

    def report(self, message_id: str) -> bool:
        if not self.report_url:
            return True
        body = json.dumps({"id": message_id, "state": "delivered", "at": datetime.now(UTC).isoformat()}).encode()
        stamp, nonce = int(time.time()), secrets.token_hex(16)
        headers = {
            "Content-Type": "application/json",
            "X-Key": self.partner.key_id,
            "X-Timestamp": str(stamp),
            "X-Nonce": nonce,
            "X-Signature": self.partner.sign("POST", urlsplit(self.report_url).path, stamp, nonce, body),
        }
        request = urllib.request.Request(self.report_url, data=body, headers=headers, method="POST")
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=5) as answer:
                return 200 <= answer.status < 300
        except OSError:
            return False


def main() -> None:
    arguments = parser(__doc__ or "")
    arguments.add_argument("--report-url", default="")
    args = arguments.parse_args()
    gateway = Gateway(partner_of(args, os.environ.get(args.secret_env, "secret").encode()), args.report_url)
    threading.Thread(target=gateway.report_for_ever, daemon=True).start()
    run(server(args.port, gateway.partner, {"/v1/messages": gateway.take}, gateway.state))


if __name__ == "__main__":
    main()
