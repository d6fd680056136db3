"""Hospitals' registers of patients as a process: slow, down, or saying no, as told (`links/register/README.md`).

Each hospital counts its own numbers, and knows again whom it has registered. It refuses names that end with the
character given by `--refused-ending` (by default 拒), and the share given by `--refuse`.
"""

import os
from dataclasses import dataclass, field
from typing import Any

from yitong.simulators.serving import Answer, Partner, parser, partner_of, run, server

ASKED = {"id", "hospital", "name", "kind", "number", "sex", "birth_date"}


@dataclass
class Registers:
    partner: Partner
    refused_ending: str = "拒"
    numbers: dict[str, dict[tuple[str, str], str]] = field(default_factory=dict)  # by hospital, by (kind, number)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)  # id -> what was answered

    def number(self, asked: dict[str, Any]) -> Answer:
        missing = ASKED - set(asked)
        empty = {word for word in ("id", "hospital", "name", "kind", "number") if not asked.get(word)}
        if missing or empty:
            return 400, {"reason": f"missing {sorted(missing | empty)}"}
        says_no = self.partner.happens(self.partner.moods.refuse)
        with self.partner.lock:
            again = asked["id"] in self.answers
            self.partner.seen.append({"id": asked["id"], "hospital": asked["hospital"], "again": again})
            if not again:
                self.answers[asked["id"]] = {"id": asked["id"], **self._answer(asked, says_no=says_no)}
            return 200, self.answers[asked["id"]]

    def _answer(self, asked: dict[str, Any], *, says_no: bool) -> dict[str, Any]:
        if says_no or str(asked["name"]).endswith(self.refused_ending):
            return {"outcome": "refused", "reason": "姓名与院内档案不符"}
        known = self.numbers.setdefault(str(asked["hospital"]), {})
        own = known.setdefault((str(asked["kind"]), str(asked["number"])), f"M{len(known) + 1:08d}")
        return {"outcome": "made", "hospital_number": own}

    def state(self) -> dict[str, Any]:
        with self.partner.lock:
            return {"answers": dict(self.answers)}


def main() -> None:
    arguments = parser(__doc__ or "")
    arguments.add_argument("--refused-ending", default="拒")
    args = arguments.parse_args()
    registers = Registers(partner_of(args, os.environ.get(args.secret_env, "secret").encode()), args.refused_ending)
    run(server(args.port, registers.partner, {"/v1/numbers": registers.number}, registers.state))


if __name__ == "__main__":
    main()
