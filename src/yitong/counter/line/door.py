"""What is asked and said about a line over HTTP, under `/counter/lines/`.

    POST /counter/lines/{department}        patients come into the line (none: only look), and hear where they stand
    POST /counter/lines/{department}/leave  they give their places up

With the pass of the account, in the body: a pass is nobody's to see in an address. The same question asked twice finds
the same place, so it needs no key. A form (a page without scripts) is answered by 303 to its page.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs
from uuid import UUID

import msgspec

from yitong.core import clock
from yitong.core.errors import Busy, Missing, Refusal, Throttled
from yitong.counter import forms
from yitong.counter.line.places import Line
from yitong.counter.line.room import Room
from yitong.counter.pace import Buckets
from yitong.counter.problems import NOT_STORED, refuse
from yitong.counter.requests import Answering, Request
from yitong.counter.tally import Tally
from yitong.counter.wishes import Holder, Member
from yitong.domains.booking import rules
from yitong.domains.booking.contracts import Standing
from yitong.domains.booking.errors import LineNotOpen, LineUnreadable, VerifyRequired
from yitong.domains.people.errors import PatientMissing
from yitong.domains.schedule.contracts import Pool

HELD = [("content-type", "application/json"), NOT_STORED]
NEAR = 50  # who has no more before him asks often
SOON_S, LATER_S = 5.0, 15.0
JITTER = 0.3
PER_MINUTE = 40  # looks of one account, whatever the number of its tabs

HASTY_S = 1.0  # for which who asked too often is told so without being looked at: nobody is told to wait for less
MOST_HASTY = 10_000  # passes

_chance = random.Random()


class Ask(msgspec.Struct):
    pass_: str = msgspec.field(name="pass")
    patients: list[str] = []  # a list of its own for each, as msgspec makes it

    def __post_init__(self) -> None:
        self.patients = [str(UUID(one)) for one in self.patients]


_asks = msgspec.json.Decoder(Ask)


@dataclass
class LineDoor:
    """`who` reads a pass; refuses PassInvalid."""

    room: Room
    who: Callable[[str, datetime], Holder]
    tally: Tally

    def __post_init__(self) -> None:
        self._looks = Buckets()
        self._hasty: dict[
            str, tuple[float, Refusal]
        ] = {}  # by pass: who asked too often: until when he is told so, and what

    async def answer(self, parts: Sequence[str], asked: Request, reply: Answering) -> None:
        """`parts` of the path after `lines`."""
        is_form = forms.is_form(asked)
        now = clock.now()
        department: UUID | None = None
        outcome: tuple[Line, Holder] | Refusal
        try:
            department, is_leaving = _asked(parts)
            ask = _read(asked.body, is_form=is_form)
            outcome = self._too_hasty(ask.pass_, now) or await self._take(
                department, ask, now, is_leaving=is_leaving, is_form=is_form
            )
        except Refusal as refusal:
            outcome = refusal
        if is_form:
            self._send_on(reply, department, outcome.code if isinstance(outcome, Refusal) else "")
        elif isinstance(outcome, Refusal):
            refuse(reply, asked, outcome)
        else:
            reply.response_bytes(200, HELD, msgspec.json.encode(self._told(*outcome, clock.now())))

    def _too_hasty(self, passing: str, now: datetime) -> Refusal | None:
        """What who was told to wait a moment ago is told again, without a look at him. Scripts ask hundreds of times a
        second: unless that costs next to nothing, those who come once are heard late."""
        found = self._hasty.get(passing)
        return found[1] if found is not None and found[0] - HASTY_S <= now.timestamp() < found[0] else None

    async def _take(
        self, department: UUID, ask: Ask, now: datetime, *, is_leaving: bool, is_form: bool
    ) -> tuple[Line, Holder]:
        """The line as it is then, and who asked. Refuses PassInvalid, Throttled, Busy, LineNotOpen, PatientMissing,
        VerifyRequired."""
        holder = self.who(ask.pass_, now)
        try:
            self._looks.take(holder.account_id, PER_MINUTE, now.timestamp())
        except Throttled as refusal:
            if len(self._hasty) >= MOST_HASTY:
                self._hasty.clear()
            self._hasty[ask.pass_] = now.timestamp() + HASTY_S, Throttled(**refusal.params)
            raise
        if not self.room.is_ready:  # who stands where is not known
            raise Busy()
        line = self.room.line_at(department, now)
        if line is None:
            raise LineNotOpen()
        came = await self._change(line, holder, ask, is_leaving=is_leaving)
        self.tally.stand(line.hospital, holder, came, now, is_form=is_form)
        return line, holder

    async def _change(self, line: Line, holder: Holder, ask: Ask, *, is_leaving: bool) -> Sequence[str]:
        """Only who stands otherwise than he wishes costs a row. Gives those who came. Refuses PatientMissing,
        VerifyRequired, Busy."""
        if any(holder.member(one) is None for one in ask.patients):
            raise PatientMissing()
        now = clock.now()
        gone = (Standing.OUTSIDE, Standing.LEFT, Standing.MISSED)
        changing = [one for one in ask.patients if (line.standing(line.places.get(one), now) in gone) is not is_leaving]
        if not changing:
            return ()
        await self.room.change(line, holder.account_id, changing, is_leaving=is_leaving)
        if not is_leaving and any(one not in line.places for one in changing):
            raise VerifyRequired()
        return () if is_leaving else changing

    def _told(self, line: Line, holder: Holder, now: datetime) -> dict[str, object]:
        times = line.times
        is_over_lot = now >= times.doors_at
        places = [self._place(line, member, now, is_over_lot=is_over_lot) for member in holder.patients]
        told: dict[str, object] = {
            "hospital_id": line.hospital,
            "department_id": line.department,
            "release_at": times.release_at,
            "doors_at": times.doors_at,
            "ends_at": times.ends_at,
            "as_of": now,
            "left": self._left(line, now),
            "in_line": line.waiting,
            "lot": rules.lot_hash(rules.lot_seed(self.room.key, UUID(line.id))) if line.id else None,
            "places": places,
            "ask_again_s": round(_again_s(line, places, now), 1),
        }
        return told

    def _place(self, line: Line, member: Member, now: datetime, *, is_over_lot: bool) -> dict[str, object]:
        place = line.places.get(member.patient_id)
        standing = line.standing(place, now)
        told: dict[str, object] = {"patient_id": member.patient_id, "standing": standing}
        if place is None:
            return told
        told["place_id"] = place.id
        if standing is Standing.WAITING and is_over_lot:
            ahead = line.ahead(place)
            wait = line.wait(ahead, now)
            told.update(ahead=ahead, wait_s=None if wait is None else round(wait.total_seconds()))
            told["by_lot"] = not line.is_late(place)
        elif standing in (Standing.ADMITTED, Standing.MISSED):
            told["until"] = place.admitted_until
        return told

    def _left(self, line: Line, now: datetime) -> int:
        """How many slots nobody holds, as this window knows."""
        return sum(
            (board.free(now) & board.pools.get(Pool.ONLINE, 0)).bit_count() for board in self.room.boards_of(line)
        )

    def _send_on(self, reply: Answering, department: UUID | None, refused: str) -> None:
        """To the page of the line, which says what was refused; where there is no such department, home."""
        hospital = self.room.hospital_of(department) if department is not None else None
        where = f"/lines/{hospital}/{department}/" + (f"?refused={refused}" if refused else "") if hospital else "/"
        forms.send_on(reply, where)


def _asked(parts: Sequence[str]) -> tuple[UUID, bool]:
    """The department, and whether its line is to be left. Refuses LineNotOpen, Missing."""
    try:
        department, *what = UUID(parts[0]), *parts[1:]
    except (IndexError, ValueError):
        raise LineNotOpen() from None
    if what not in ([], ["leave"]):
        raise Missing()
    return department, bool(what)


def _read(body: bytes | None, *, is_form: bool) -> Ask:
    if body is None:
        raise LineUnreadable()
    try:
        if not is_form:
            return _asks.decode(body)
        fields = parse_qs(body.decode())
        return msgspec.convert({"pass": fields.get("pass", [""])[-1], "patients": fields.get("patient", [])}, Ask)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError) as error:  # too deep: the last
        raise LineUnreadable() from error


def _again_s(line: Line, places: Sequence[dict[str, object]], now: datetime) -> float:
    """When to ask again: at the doors, often near one's turn, seldom far from it, and never all at once."""
    spread = 1 + JITTER * (2 * _chance.random() - 1)
    to_doors = (line.times.doors_at - now).total_seconds()
    if to_doors > 0:
        # A third of a crowd that gathers asks in the meantime, the others when the doors open, within a few seconds.
        return min(to_doors + _chance.random() * SOON_S, 2 * LATER_S * spread)
    ahead = [place["ahead"] for place in places if "ahead" in place]
    is_near = any(isinstance(one, int) and one <= NEAR for one in ahead)
    return (SOON_S if is_near or not ahead else LATER_S) * spread
