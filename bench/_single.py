"""One transaction per request: the product's own `hold_slot` behind Granian WSGI, as the booking window speaks.

What the batches are compared with. It serves in the environment of a city; `near` is not known here, each request
wants its own slot.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yitong.config.settings")
os.environ["YITONG_POOL"] = "1"  # as `yitong up` serves

import django

django.setup()

from bench import _flash_passes  # noqa: E402
from django.db import close_old_connections  # noqa: E402

from yitong.core import clock  # noqa: E402
from yitong.core.actor import Actor  # noqa: E402
from yitong.core.errors import Refusal  # noqa: E402
from yitong.domains.booking.commands import claim  # noqa: E402
from yitong.domains.booking.contracts import HoldSlot  # noqa: E402

Start = Callable[[str, list[tuple[str, str]]], object]


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    if environ["REQUEST_METHOD"] != "POST":
        return _answer(start, "200 OK", {"status": "ready"})
    asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    cmd = HoldSlot(
        asked["key"],
        UUID(asked["hospital_id"]),
        UUID(asked["slot_id"]),
        UUID(asked["patient_id"]),
        asked["is_first_visit"],
        asked["by_name"],
    )
    try:
        actor = Actor.for_account(_flash_passes.account_of(asked["pass"]))
        held = claim.hold_slot(cmd, actor=actor, now=clock.now())
    except Refusal as refusal:
        return _answer(start, f"{refusal.status} Refused", {"code": refusal.code})
    finally:
        close_old_connections()
    answer = {
        "hospital_id": str(held.hospital_id),
        "booking_id": str(held.booking_id),
        "slot_id": asked["slot_id"],
        "state": held.state.value,
        "code": held.code,
    }
    return _answer(start, "201 Created", answer)


def _answer(start: Start, status: str, content: dict[str, str]) -> list[bytes]:
    body = json.dumps(content).encode()
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
