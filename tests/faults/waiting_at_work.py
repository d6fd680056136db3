"""A process that waits, frees, serves and answers, made to be killed. Started by `test_waitlist_kills.py`.

    python -m tests.faults.waiting_at_work PLAN [KILL_AT]

PLAN is a JSON file of steps, each with the minutes since NOW at which it happens; a line is printed after each answer.
KILL_AT is "command:moment:nth": at that boundary the process kills itself as a power cut would.
"""

import json
import os
import signal
import sys
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import django

django.setup()

from yitong.core import clock  # noqa: E402
from yitong.core.actor import Actor  # noqa: E402
from yitong.core.db import command, relay  # noqa: E402
from yitong.core.errors import Refusal  # noqa: E402
from yitong.domains.booking.commands import change  # noqa: E402
from yitong.domains.booking.contracts import CancelBooking  # noqa: E402
from yitong.domains.waitlist import jobs, queries  # noqa: E402
from yitong.domains.waitlist.commands import answering, joining  # noqa: E402
from yitong.domains.waitlist.contracts import Accept, ChangeEntry, Decline, Entry, Join, Mode, SessionKey, Withdraw  # noqa: E402

SYSTEM = Actor("system", "test", "web")


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    if len(sys.argv) > 2:
        _kill_at(*sys.argv[2].rsplit(":", 2))
    for n, step in enumerate(plan["steps"]):
        now = datetime.fromisoformat(plan["now"]) + timedelta(minutes=step.get("after", 0))
        with clock.frozen(now):
            try:
                answer = _do(step, f"{step['do']}{n}", now)
            except Refusal as refusal:
                answer = refusal.code
        print(json.dumps({"key": f"{step['do']}{n}", "answer": answer}), flush=True)


def _do(step: dict[str, Any], key: str, now: datetime) -> str:
    match step["do"]:
        case "join":
            where = SessionKey(UUID(step["hospital_id"]), UUID(step["session_id"]))
            people = tuple(UUID(one) for one in step["patients"])
            cmd = Join(key, people, (where,), Mode(step["mode"]))
            return joining.join_waitlist(cmd, actor=_holder(step), now=now).state
        case "cancel":
            gone = CancelBooking(key, UUID(step["hospital_id"]), UUID(step["booking_id"]))
            return change.cancel_booking(gone, actor=SYSTEM, now=now).state
        case "relay":
            return str(relay.drain(everything=True) >= 0)
        case "sweep":
            return str(jobs.serve_kept(0) >= 0)
        case "lapse":
            return str(jobs.end_offers(0) >= 0)
        case "close":
            return str(jobs.close_choices(0) >= 0)
        case "change":  # to be booked at once, in the same line
            (entry,) = queries.list_my_entries(_holder(step))
            sessions = tuple(SessionKey(line.hospital_id, line.session_id) for line in entry.lines)
            change_of_mind = ChangeEntry(key, entry.entry_id, sessions, Mode.AT_ONCE)
            return joining.change_entry(change_of_mind, actor=_holder(step), now=now).state
        case "accept" | "decline" | "withdraw":
            return _answer(step["do"], key, _holder(step), now)
    raise AssertionError(step)


def _answer(do: str, key: str, holder: Actor, now: datetime) -> str:
    entry: Entry = queries.list_my_entries(holder)[0]
    if do == "withdraw":
        return joining.withdraw_entry(Withdraw(key, entry.entry_id), actor=holder, now=now).state
    if entry.offer is None:
        return entry.state
    if do == "accept":
        accept = Accept(key, entry.offer.hospital_id, entry.offer.offer_id)
        return answering.accept_offer(accept, actor=holder, now=now).state
    decline = Decline(key, entry.offer.hospital_id, entry.offer.offer_id)
    return answering.decline_offer(decline, actor=holder, now=now).state


def _holder(step: dict[str, Any]) -> Actor:
    return Actor.for_account(UUID(step["account_id"]))


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
