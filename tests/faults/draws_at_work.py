"""A process that takes one draw through its life, made to be killed. Started by `test_draw_kills.py`.

    python -m tests.faults.draws_at_work PLAN [KILL_AT]

PLAN is a JSON file: hospital, draw, applicants under their keys, and the instants of the draw. KILL_AT is
"command:moment:nth": at that boundary the process kills itself as a power cut would.
"""

import json
import sys
from datetime import datetime
from uuid import UUID

import django

django.setup()

from tests.draws import SECRET, plug  # noqa: E402
from tests.faults.claims_at_work import _kill_at  # noqa: E402

from yitong.core import clock  # noqa: E402
from yitong.core.actor import Actor, Role  # noqa: E402
from yitong.core.db import relay  # noqa: E402
from yitong.domains.draws import jobs, queries  # noqa: E402
from yitong.domains.draws.commands import applying, stages  # noqa: E402
from yitong.domains.draws.contracts import Apply, RevealSecret  # noqa: E402


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    plug()
    if len(sys.argv) > 2:
        _kill_at(*sys.argv[2].rsplit(":", 2))
    hospital_id, draw_id = UUID(plan["hospital_id"]), UUID(plan["draw_id"])
    at = {name: datetime.fromisoformat(text) for name, text in plan["at"].items()}
    _advance(at["opens"])
    for one in plan["applicants"]:
        wish = Apply(one["key"], hospital_id, draw_id, (UUID(one["patient"]),), tuple(map(UUID, plan["sessions"])))
        applying.apply(wish, actor=Actor.for_account(UUID(one["account"])), now=at["opens"])
        print(one["key"], flush=True)
    _advance(at["closes"])
    _advance(at["beacon"])
    admin = Actor.for_staff(UUID(plan["admin"]), roles=frozenset({Role("hospital_admin", hospital_id)}))
    cmd = RevealSecret("reveal", hospital_id, draw_id, SECRET.hex())
    stages.reveal_secret(cmd, actor=admin, now=at["beacon"])
    _advance(at["beacon"])
    while relay.drain():
        pass


def _advance(now: datetime) -> None:
    """As the worker's clock does it, until nothing of that instant is left to do."""
    with clock.frozen(now):
        before = None
        while (due := queries.list_due()) != before:
            before = due
            for one in due:
                jobs.advance(one)


if __name__ == "__main__":
    main()
