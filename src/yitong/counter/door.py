"""What the booking window hears and says over HTTP, under `/counter/`.

A claim comes as JSON (a page's script, a partner) or as a form (a page without scripts). What memory can refuse it
refuses at once; all else joins the next batch.
"""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import structlog

from yitong.core import clock
from yitong.core.errors import Busy, KeyMissing, KeyReused, Missing, Refusal
from yitong.core.tokens import TokenInvalid, Tokens
from yitong.counter import asks, channels, forms, offers, rsgi
from yitong.counter.asks import Ask
from yitong.counter.batch import Batches, gone
from yitong.counter.line.door import LineDoor
from yitong.counter.line.room import Room
from yitong.counter.pace import Pace
from yitong.counter.picture import Board, Key, Known, Picture
from yitong.counter.problems import NOT_STORED, refuse
from yitong.counter.requests import Answering, Request
from yitong.counter.tally import Tally
from yitong.counter.wishes import Answer, Holder, Member, Tell, Wish, digest_of_hold
from yitong.domains.access.contracts import KeyInUse
from yitong.domains.booking.contracts import Pass
from yitong.domains.booking.errors import ClaimUnreadable, PassInvalid, SessionCancelled, WindowClosed
from yitong.domains.people.errors import PatientMissing
from yitong.domains.schedule.contracts import SessionState
from yitong.domains.schedule.errors import SlotMissing

PASSES_KEPT = 50_000
CLAIMS = "/counter/claims"
JSON = ("content-type", "application/json")
HELD = [JSON, NOT_STORED]

log = structlog.get_logger("yitong.counter")


@dataclass
class Door:
    """One counter's answers. `is_ready` is false while its database is lost: then it takes no claim."""

    picture: Picture
    batches: Batches
    passes: Tokens[Pass]
    pace: Pace
    proxies: int
    is_ready: bool = False
    room: Room | None = None  # where there are lines before the window
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._passes = self.passes.read_as(Holder)
        self._lines = LineDoor(self.room, self._in_line, self.tally) if self.room is not None else None
        self._holders: dict[str, Holder] = {}  # by their passes
        self._standing: set[asyncio.Future[None]] = set()  # requests at the line; the loop alone would forget them

    def hear(self, asked: Request, reply: Answering) -> None:
        """Every request under `/counter/`: answered within this call where memory can, else when it is settled. What
        fails on the way is a bug, and answered as one."""
        try:
            self._hear(asked, reply)
        except Exception:
            log.exception("counter.unheard")
            reply.response_empty(500, [])

    async def answer(self, scope: Any, protocol: Any) -> None:
        """The same, as RSGI has it."""
        await rsgi.answer(self.hear, scope, protocol)

    def _hear(self, asked: Request, reply: Answering) -> None:
        if asked.path == CLAIMS and asked.method == "POST":
            self._claim(asked, reply)
            return
        match (asked.method, asked.path.split("/")[2:]):
            case ("POST", ["lines", *which]) if self._lines is not None:
                task = asyncio.ensure_future(self._stand(self._lines, which, asked, reply))
                self._standing.add(task)
                task.add_done_callback(self._standing.discard)
            case ("GET", ["sessions" | "departments" as kind, _, one]):
                try:
                    if not self.is_ready:  # what is left is not known
                        raise Busy()
                    offers.answer(self.picture, kind, one, asked, reply, now=clock.now())
                except Refusal as refusal:
                    refuse(reply, asked, refusal)
            case ("GET", ["health"]):
                status = 200 if self.is_ready else 503
                body = {
                    "ready": self.is_ready,
                    "sessions": len(self.picture.boards),
                    "waiting": len(self.batches.queue.waiting),
                }
                reply.response_bytes(status, HELD, json.dumps(body).encode())
            case _:
                refuse(reply, asked, Missing())

    async def _stand(self, lines: LineDoor, which: list[str], asked: Request, reply: Answering) -> None:
        try:
            await lines.answer(which, asked, reply)
        except Exception:
            log.exception("counter.unheard")
            reply.response_empty(500, [])

    def _claim(self, asked: Request, reply: Answering) -> None:
        ask: Ask | None = None
        now = clock.now()
        is_form = forms.is_form(asked)
        outcome: Refusal | None
        try:
            if asked.body is None:
                raise ClaimUnreadable()
            ask = asks.read(asked.body, is_form=is_form)
            outcome = self._take(ask, asked, now, partial(self._tell, asked, reply, ask, now, is_form))
        except Refusal as refusal:
            outcome = refusal
        if outcome is not None:
            self._tell(asked, reply, ask, now, is_form, outcome)

    def _tell(
        self, asked: Request, reply: Answering, ask: Ask | None, now: datetime, is_form: bool, outcome: Answer
    ) -> None:
        """What became of a claim that came at `now`: mostly much later, when nobody else would answer for a bug."""
        try:
            if ask is not None:
                holder = self._holders.get(ask.pass_)
                self.tally.note(ask, holder, outcome, now, is_form=is_form, has_stood=self._has_stood)
            if is_form:
                forms.send_on(reply, forms.way(ask, asked.body or b"", outcome))
            elif isinstance(outcome, Known):
                reply.response_bytes(201, HELD, msgspec.json.encode(outcome.told))
            else:
                refuse(reply, asked, outcome)
        except Exception:
            log.exception("counter.untold")
            reply.response_empty(500, [])

    def _take(self, ask: Ask, asked: Request, now: datetime, tell: Tell) -> Refusal | None:
        """Refuses what memory knows to be refused; else `tell` will hear what becomes of the wish, or the first answer
        of a repeat. That all is gone is given and not raised: a crowd hears mostly this."""
        board = self.picture.by_slot.get(ask.slot_id)
        if board is None or board.hospital != ask.hospital_id:
            ask.put_plainly()
            board = self.picture.by_slot.get(ask.slot_id)
        holder, member = self._who(ask, now)
        in_use = None if holder.key_id is None else self._key(holder.key_id, now)
        if self.is_ready:  # who is told to ask again has used nothing up
            self.pace.take(holder.account_id, in_use or client_address(asked, self.proxies), now)
        if not 8 <= len(ask.key) <= 80 or not ask.key.isascii() or not ask.key.isprintable() or " " in ask.key:
            raise KeyMissing()
        key = (ask.hospital_id, holder.actor, ask.key)
        first: Known | Wish | None = self.picture.known.get(key) or self.batches.queue.under_way.get(key)
        is_repeat = first is not None
        if not is_repeat:
            board = self._open(board, ask, now)
            if not board.has_left(ask.slot_id, ask.near, holder.pools, now):
                # Not the limits: what fills them may be this very request, confirmed by another window a moment ago.
                return gone(board, ask.slot_id, holder.pools)
        # What only a claim needs is made after that.
        is_first_visit, by_name = ask.is_first_visit, ask.by_name
        digest = digest_of_hold(
            ask.hospital_id, ask.slot_id, ask.patient_id, ask.near, is_first_visit=is_first_visit, by_name=by_name
        )
        if first is None:
            assert board is not None
            first = Wish(key, digest, holder, member, board, ask.slot_id, ask.near, is_first_visit, by_name)
            self.batches.queue.ask(first)
        if first.digest != digest:
            raise KeyReused()
        if isinstance(first, Known):
            self._again(key, tell)
        else:
            first.tellers.append(partial(self._joined, key, tell) if is_repeat else tell)
        return None

    def _joined(self, key: Key, tell: Tell, outcome: Answer) -> None:
        """Of a wish that was under way. It may be booked already, and moved, when the second hears of it."""
        try:
            if isinstance(outcome, Known):
                self._again(key, tell)
                return
        except Refusal as refusal:
            outcome = refusal
        tell(outcome)

    def _again(self, key: Key, tell: Tell) -> None:
        """As the database has it: the booking may have been moved. Refuses Busy."""
        if not self.is_ready:
            raise Busy()
        self.batches.repeats.ask(key, tell)

    def _open(self, board: Board | None, ask: Ask, now: datetime) -> Board:
        """Where the slot is; refuses what the picture knows: stopped, not open yet. Each as the claim itself would."""
        if not self.is_ready:
            raise Busy()
        if board is None or board.hospital != ask.hospital_id:
            raise SlotMissing()
        session = board.session
        if session.state is SessionState.STOPPED:
            raise SessionCancelled()
        if now < session.release_at:  # all else that shuts a session the claim itself knows
            policies = self.picture.policies(session, now)
            raise WindowClosed(
                min=policies.int("booking.window.min_days"),
                max=policies.int("booking.window.max_days"),
                release_time=policies.word("booking.window.release"),
            )
        return board

    def _who(self, ask: Ask, now: datetime) -> tuple[Holder, Member]:
        """Who shows the pass, and which of his patients is meant. Refuses PassInvalid, PatientMissing."""
        holder = self.holder(ask.pass_, now)
        member = holder.member(ask.patient_id)
        if member is None:
            ask.put_plainly()
            member = holder.member(ask.patient_id)
        if member is None:
            raise PatientMissing()
        return holder, member

    def holder(self, passing: str, now: datetime, *, is_kept: bool = True) -> Holder:
        """Who shows a pass; `is_kept`: he may claim soon and often, so that it need not be read again. Refuses
        PassInvalid."""
        holder = self._holders.get(passing)
        if holder is None:
            try:
                holder = self._passes.read(passing)
            except TokenInvalid:
                raise PassInvalid() from None
            if is_kept:
                if len(self._holders) >= PASSES_KEPT:
                    self._holders.clear()
                self._holders[passing] = holder
        if holder.expires_at <= now:
            raise PassInvalid()
        return holder

    def _has_stood(self, ask: Ask, now: datetime) -> bool:
        """Whether who claims came into the department's line today: then he is counted as one who tried already."""
        board = self.picture.by_slot.get(ask.slot_id)
        if self.room is None or not self.room.lines or board is None:  # most releases have no line
            return False
        line = self.room.line_at(board.session.department_id, now)
        if line is None or ask.patient_id not in line.places:
            return False
        return clock.shanghai_date(line.times.opens_at) == clock.shanghai_date(now)

    def _in_line(self, passing: str, now: datetime) -> Holder:
        """Who shows a pass to stand in a line; refuses those of a channel that was killed more than a second ago, and
        Busy while it isn't known which are."""
        holder = self.holder(passing, now, is_kept=False)
        if holder.key_id is not None and not self.is_ready:
            raise Busy()
        channels.check_may_claim_by(holder.key_id, self.picture.keys, now)
        return holder

    def _key(self, key_id: UUID, now: datetime) -> KeyInUse | None:
        """The channel's key, where the picture knows it; refuses as the API would (S-14).

        The claim itself reads it under a lock: this only tells a killed channel also in place of a first answer.
        """
        in_use = self.picture.keys.get(key_id)
        if in_use is not None:
            channels.check_may_claim(in_use, now)
        return in_use


def client_address(asked: Request, proxies: int) -> str:
    """The client's address: the peer, or what the outermost proxy of ours says."""
    if proxies:
        chain = asked.headers.get("x-forwarded-for", "").rsplit(",", proxies)
        if len(chain) >= proxies and (told := chain[-proxies].strip()):
            return str(told)
    return asked.client.rpartition(":")[0]
