"""What was told, held against what the database held when it was told."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.faults.protocol import facts
from tests.faults.protocol.cast import DESK, Broken, Call
from tests.faults.protocol.facts import Facts

from yitong.domains.booking.contracts import Near

PICTURED = ("SLOT_TAKEN", "SESSION_CANCELLED")  # what a window may tell from its picture, which may lag behind


@dataclass
class Judge:
    calls: list[Call] = field(default_factory=list)
    history: list[Facts] = field(default_factory=list)  # each state that the database had
    told: dict[tuple[str, UUID, str], dict[str, Any]] = field(default_factory=dict)  # the first, by its key
    settled: int = 0  # since this state every window has seen everything
    born: dict[int, int] = field(default_factory=dict)  # since which state there is this window

    def note(self, present: Facts) -> None:
        """Another state of the database."""
        if self.history and present == self.history[-1]:
            return
        broken = facts.wrong(present)
        if self.history:
            broken += facts.wrongly_changed(self.history[-1], present)
        self.history.append(present)
        if broken:
            raise Broken("; ".join(broken))

    def held(self, call: Call, said: dict[str, Any]) -> None:
        """A booking was told: it is there, it is his, it is what he asked for, and the same as ever under this key."""
        row = self.history[-1].by_key(call.place.hospital_id, call.actor, call.key)
        if row is None:
            raise Broken(f"{call.key}: told a booking that is not there")
        first = self.told.setdefault((call.actor, call.place.hospital_id, call.key), said)
        moved = {name: said[name] for name in ("slot_id", "number", "starts_at", "ends_at")}
        if said != {**first, **moved}:
            raise Broken(f"{call.key}: another answer than the first")
        since = (state.by_key(call.place.hospital_id, call.actor, call.key) for state in self.history[call.asked :])
        if (said["slot_id"], said["number"]) not in [(str(one.slot_id), one.number) for one in since if one]:
            raise Broken(f"{call.key}: told an hour that was not its own any more")  # it was moved before he asked
        if (str(row.booking_id), row.patient_id, row.code) != (said["booking_id"], call.patient_id, said["code"]):
            raise Broken(f"{call.key}: told another booking than is there")
        given, named = first["slot_id"], call.place.slot(call.n)
        allowed = [str(one.slot_id) for one in call.place.slots] if call.near is Near.SESSION else [str(named)]
        if given not in allowed:
            raise Broken(f"{call.key}: given a slot that was not asked for")

    def refused(self, call: Call, code: str) -> None:
        if code == "BUSY":
            return  # nobody knows, or nothing was done: with the same key he may ask again
        others = [one for one in self.calls if (one.actor, one.key) == (call.actor, call.key)]
        if code == "KEY_REUSED":
            if all(one.content == call.content for one in others):
                raise Broken(f"{call.key}: no other content was asked under this key")
            return
        if (call.actor, call.place.hospital_id, call.key) in self.told and all(
            one.content == call.content for one in others
        ):
            raise Broken(f"{call.key}: refused {code} after a booking was told")
        since = call.asked
        if call.at != DESK and code in PICTURED:
            since = max(self.settled, self.born[call.at])
        if not any(_is_true(code, call, state) for state in self.history[since:]):
            raise Broken(f"{call.key}: refused {code}, which was not so")


def _is_true(code: str, call: Call, state: Facts) -> bool:
    """Whether the refusal was right when the database was so."""
    place, mine = call.place, state.of(call.patient_id)
    slots = place.slots if call.near is Near.SESSION else [place.slots[call.n]]
    match code:
        case "SLOT_TAKEN":
            return not any(state.is_free(slot.slot_id) for slot in slots)
        case "SESSION_CANCELLED":
            return place.session_id in state.stopped
        case "BOOK_DUP_DEPT":
            return any((one.department_id, one.day) == (place.department_id, place.day) for one in mine)
        case "TIME_CLASH":
            return any(one.starts_at < slot.ends_at and slot.starts_at < one.ends_at for one in mine for slot in slots)
        case "BOOK_LIMIT_DAY":
            return sum(one.day == place.day for one in mine) >= facts.SAME_DAY
        case "BOOK_LIMIT_7D":
            return len(mine) >= facts.IN_A_WEEK
    return False
