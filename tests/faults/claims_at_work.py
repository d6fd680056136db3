"""A process that books, pays, cancels and relays, made to be killed. Started by `test_claim_kills.py`.

    python -m tests.faults.claims_at_work PLAN [KILL_AT]

PLAN is a JSON file of steps; each is done under its own key, and a line is printed after each answer. KILL_AT is
"command:moment:nth": at that boundary the process kills itself as a power cut would.
"""

import json
import os
import signal
import sys
from datetime import datetime, timedelta
from uuid import UUID

import django

django.setup()

from yitong.core.actor import Actor  # noqa: E402
from yitong.core.db import command, relay  # noqa: E402
from yitong.core.errors import Refusal  # noqa: E402
from yitong.domains.access.contracts import Scope  # noqa: E402
from yitong.domains.booking.commands import change, claim, sweep  # noqa: E402
from yitong.domains.booking.contracts import CancelBooking, ConfirmBooking, HoldSlot  # noqa: E402

SYSTEM = Actor.system("test")
CHANNEL = Actor.for_channel(UUID(int=1), "web", scopes=frozenset(Scope))


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    if len(sys.argv) > 2:
        _kill_at(*sys.argv[2].rsplit(":", 2))
    now = datetime.fromisoformat(plan["now"])
    for step in plan["steps"]:
        try:
            answer = _do(step, UUID(plan["hospital_id"]), now)
        except Refusal as refusal:
            answer = refusal.code
        print(json.dumps({"key": step["key"], "do": step["do"], "answer": answer}), flush=True)


def _do(step: dict[str, str], hospital_id: UUID, now: datetime) -> str:
    match step["do"]:
        case "hold":
            cmd = HoldSlot(step["key"], hospital_id, UUID(step["slot_id"]), UUID(step["patient_id"]))
            return str(claim.hold_slot(cmd, actor=CHANNEL, now=now).booking_id)
        case "confirm":
            booking_id = _booking(step, hospital_id, now)
            return change.confirm_booking(
                ConfirmBooking(step["key"], hospital_id, booking_id), actor=SYSTEM, now=now
            ).state
        case "cancel":
            booking_id = _booking(step, hospital_id, now)
            return change.cancel_booking(
                CancelBooking(step["key"], hospital_id, booking_id), actor=CHANNEL, now=now
            ).state
        case "expire":
            booking_id = _booking(step, hospital_id, now)
            late = now + timedelta(minutes=16)
            return str(sweep.expire_hold(hospital_id, booking_id, actor=SYSTEM, now=late))
        case "relay":
            return str(relay.drain() > 0)
    raise AssertionError(step)


def _booking(step: dict[str, str], hospital_id: UUID, now: datetime) -> UUID:
    """The booking of an earlier hold: asking again under its key is how a client learns a lost answer."""
    cmd = HoldSlot(step["of"], hospital_id, UUID(step["slot_id"]), UUID(step["patient_id"]))
    return claim.hold_slot(cmd, actor=CHANNEL, now=now).booking_id


def _kill_at(name: str, moment: str, nth: str) -> None:
    left = int(nth)

    def hook(at_name: str, at_moment: str) -> None:
        nonlocal left
        if (at_name, at_moment) == (name, moment):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    command.set_boundary(hook)


if __name__ == "__main__":
    main()
