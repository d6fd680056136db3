"""An identity authority as a process: slow, down, or saying no, as told (`links/identity/README.md` is its protocol).

It knows nobody. What it is asked it confirms, but for names that end with the character given by `--unknown-ending`
(by default 否), and for the share given by `--refuse`; the same question under another name gets no.
"""

import os
from dataclasses import dataclass, field
from typing import Any

from yitong.simulators.serving import Answer, Partner, parser, partner_of, run, server


@dataclass
class Authority:
    partner: Partner
    unknown_ending: str = "否"
    names: dict[str, str] = field(default_factory=dict)  # number -> the name it was first confirmed with
    verdicts: dict[str, str] = field(default_factory=dict)  # id -> verdict

    def check(self, asked: dict[str, Any]) -> Answer:
        missing = {"id", "kind", "name", "number", "phone"} - set(asked)
        if missing:
            return 400, {"error": f"missing {sorted(missing)}"}
        says_no = self.partner.happens(self.partner.moods.refuse)
        with self.partner.lock:
            self.partner.seen.append({"id": asked["id"], "again": asked["id"] in self.verdicts})
            if asked["id"] not in self.verdicts:
                self.verdicts[asked["id"]] = "no_match" if says_no else self._verdict(asked)
            return 200, {"id": asked["id"], "verdict": self.verdicts[asked["id"]]}

    def _verdict(self, asked: dict[str, Any]) -> str:
        name, number = str(asked["name"]), str(asked["number"])
        if not name or not number or name.endswith(self.unknown_ending):
            return "no_match"
        return "match" if self.names.setdefault(number, name) == name else "no_match"

    def state(self) -> dict[str, Any]:
        with self.partner.lock:
            return {"verdicts": dict(self.verdicts)}


def main() -> None:
    arguments = parser(__doc__ or "")
    arguments.add_argument("--unknown-ending", default="否")
    args = arguments.parse_args()
    authority = Authority(partner_of(args, os.environ.get(args.secret_env, "secret").encode()), args.unknown_ending)
    run(server(args.port, authority.partner, {"/v1/checks": authority.check}, authority.state))


if __name__ == "__main__":
    main()
