"""What the booking window hears and says over HTTP, under `/counter/`.

A claim comes as JSON (a page's script, a partner) or as a form (a page without scripts). What memory can refuse it
refuses at once; all else joins the next batch.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode
from uuid import UUID

import msgspec

from yitong.core import clock, sentences
from yitong.core.digests import plain
from yitong.core.errors import Busy, KeyMissing, KeyReused, Missing, Refusal
from yitong.core.tokens import TokenInvalid, Tokens
from yitong.counter import channels, offers
from yitong.counter.batch import Batches, gone
from yitong.counter.body import BodyTooLong, Sending, whole
from yitong.counter.pace import Pace
from yitong.counter.picture import Board, Known, Picture
from yitong.counter.wishes import Answer, Holder, Member, Wish, digest_of_hold
from yitong.domains.access.contracts import KeyInUse
from yitong.domains.booking.contracts import HoldSlot, Near, Pass, PassPatient
from yitong.domains.booking.errors import ClaimUnreadable, PassInvalid, SessionCancelled, WindowClosed
from yitong.domains.people.errors import PatientMissing
from yitong.domains.schedule.contracts import SessionState
from yitong.domains.schedule.errors import SlotMissing

LONGEST_BODY = 16_384
PASSES_KEPT = 50_000
BUSY_WAIT_S = "1"
FORM = "application/x-www-form-urlencoded"
JSON = ("content-type", "application/json")
PROBLEM = ("content-type", "application/problem+json")
NOT_STORED = ("cache-control", "no-store")


class Answering(Sending, Protocol):
    """Granian's RSGI protocol, as far as we use it."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...
    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None: ...


class Ask(msgspec.Struct):
    """A claim as it is sent."""

    key: str
    hospital_id: UUID
    slot_id: UUID
    patient_id: UUID
    pass_: str = msgspec.field(name="pass")
    is_first_visit: bool = True
    by_name: bool = False
    near: Near = Near.WINDOW


_asks = msgspec.json.Decoder(Ask)


@dataclass
class Door:
    """One counter's answers. `is_ready` is false while its database is lost: then it takes no claim."""

    picture: Picture
    batches: Batches
    passes: Tokens[Pass]
    pace: Pace
    proxies: int
    is_ready: bool = False

    def __post_init__(self) -> None:
        self._holders: dict[str, Holder] = {}  # by their passes

    async def answer(self, scope: Any, protocol: Answering) -> None:
        """Every request under `/counter/`."""
        parts = scope.path.split("/")[2:]
        match (scope.method, parts):
            case ("POST", ["claims"]):
                await self._claims(scope, protocol)
            case ("GET", ["sessions" | "departments" as kind, _, one]):
                try:
                    if not self.is_ready:  # what is left is not known
                        raise Busy()
                    offers.answer(self.picture, kind, one, scope, protocol, now=clock.now())
                except Refusal as refusal:
                    _refuse(protocol, scope, refusal)
            case ("GET", ["health"]):
                status = 200 if self.is_ready else 503
                body = {
                    "ready": self.is_ready,
                    "sessions": len(self.picture.boards),
                    "waiting": len(self.batches.queue.waiting),
                }
                protocol.response_bytes(status, [JSON, NOT_STORED], json.dumps(body).encode())
            case _:
                _refuse(protocol, scope, Missing())

    async def _claims(self, scope: Any, protocol: Answering) -> None:
        is_form = scope.headers.get("content-type", "").lower().startswith(FORM)
        ask: Ask | None = None
        body = b""
        try:
            body = await whole(scope, protocol, most=LONGEST_BODY)
            ask = _read(body, is_form=is_form)
            given = self._take(ask, scope, clock.now())
            outcome = given if isinstance(given, Known) else await given
        except BodyTooLong:
            outcome = ClaimUnreadable()
        except Refusal as refusal:
            outcome = refusal
        if is_form:
            _send_on(protocol, _way(ask, body, outcome))
        elif isinstance(outcome, Known):
            protocol.response_bytes(201, [JSON, NOT_STORED], msgspec.json.encode(outcome.held))
        else:
            _refuse(protocol, scope, outcome)

    def _take(self, ask: Ask, scope: Any, now: datetime) -> Known | asyncio.Future[Answer]:
        """The first answer of a repeat, a future for a wish; refuses what memory knows to be refused."""
        holder, patient = self._who(ask, now)
        in_use = self._key(holder, now)
        if self.is_ready:  # who is told to ask again has used nothing up
            self.pace.take(holder.account_id, in_use or client_address(scope, self.proxies), now)
        if not 8 <= len(ask.key) <= 80 or not ask.key.isascii() or not ask.key.isprintable() or " " in ask.key:
            raise KeyMissing()
        key = (ask.hospital_id, holder.actor_key, ask.key)
        first: Known | Wish | None = self.picture.known.get(key) or self.batches.queue.under_way.get(key)
        # A crowd is mostly refused: what only a claim needs is made after that.
        board = self._open_board(ask, holder, now) if first is None else None
        cmd = HoldSlot(
            ask.key, ask.hospital_id, ask.slot_id, ask.patient_id, ask.is_first_visit, ask.by_name, near=ask.near
        )
        digest = digest_of_hold(cmd)
        if board is not None:
            first = Wish(cmd, digest, holder, Member.of(patient), board, key)
            self.batches.queue.ask(first)
        assert first is not None
        if first.digest != digest:
            raise KeyReused()
        if isinstance(first, Known):
            return first
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        first.answers.append(answer)
        return answer

    def _open_board(self, ask: Ask, holder: Holder, now: datetime) -> Board:
        """Where the slot is; refuses what the picture knows: stopped, not open yet, sold out. Each as the claim itself
        would."""
        if not self.is_ready:
            raise Busy()
        board = self.picture.by_slot.get(ask.slot_id)
        if board is None or board.session.hospital_id != ask.hospital_id:
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
        # Not the limits: what fills them may be this very request, confirmed by another window a moment ago.
        if board.choose(ask.slot_id, ask.near, holder.pools, now, even_proposed=True) is None:
            raise gone(board, ask.slot_id, holder.pools)
        return board

    def _who(self, ask: Ask, now: datetime) -> tuple[Holder, PassPatient]:
        """Who shows the pass, and which of his patients is meant. Refuses PassInvalid, PatientMissing."""
        holder = self._holders.get(ask.pass_)
        if holder is None:
            try:
                holder = Holder.of(self.passes.read(ask.pass_))
            except TokenInvalid:
                raise PassInvalid() from None
            if len(self._holders) >= PASSES_KEPT:
                self._holders.clear()
            self._holders[ask.pass_] = holder
        if holder.expires_at <= now:
            raise PassInvalid()
        patient = holder.patients.get(ask.patient_id)
        if patient is None:
            raise PatientMissing()
        return holder, patient

    def _key(self, holder: Holder, now: datetime) -> KeyInUse | None:
        """The channel's key, where the pass is one's and the picture knows it; refuses as the API would (S-14).

        The claim itself reads it under a lock: this only tells a killed channel also in place of a first answer.
        """
        in_use = self.picture.keys.get(holder.key_id) if holder.key_id is not None else None
        if in_use is not None:
            channels.check_may_claim(in_use, now)
        return in_use


def client_address(scope: Any, proxies: int) -> str:
    """The client's address: the peer, or what the outermost proxy of ours says."""
    if proxies:
        chain = [part.strip() for part in scope.headers.get("x-forwarded-for", "").split(",")]
        if len(chain) >= proxies and chain[-proxies]:
            return chain[-proxies]
    return str(scope.client).rpartition(":")[0]


def _read(body: bytes, *, is_form: bool) -> Ask:
    try:
        if not is_form:
            return _asks.decode(body)
        fields = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        return msgspec.convert(fields, Ask, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ClaimUnreadable() from error


def _send_on(protocol: Answering, where: str) -> None:
    protocol.response_empty(303, [("location", where), NOT_STORED])


def _way(ask: Ask | None, body: bytes, outcome: Known | Refusal) -> str:
    """Where a page without scripts is sent: to the booking, or back to the choice with what was said."""
    if isinstance(outcome, Known):
        held = outcome.held
        return f"/bookings/{held.hospital_id}/{held.booking_id}/?new=1"
    if ask is None:
        return _way_of_unreadable(body, outcome)
    said = {"visit": _visit(is_first=ask.is_first_visit), "refused": outcome.code, "patient": str(ask.patient_id)}
    if isinstance(outcome, Busy):
        said["key"] = ask.key  # it may have been booked: with the same key it is never booked twice
    said.update((name, plain(value)) for name, value in outcome.params.items() if value is not None)
    return f"/book/{ask.hospital_id}/{ask.slot_id}/?{urlencode(said)}"


def _way_of_unreadable(body: bytes, refusal: Refusal) -> str:
    """Back to the form where it can be told which one it was: nobody was chosen, most likely."""
    fields = {name: values[-1] for name, values in parse_qs(body[:LONGEST_BODY].decode(errors="replace")).items()}
    try:
        hospital_id, slot_id = UUID(fields.get("hospital_id", "")), UUID(fields.get("slot_id", ""))
    except ValueError:
        return "/"
    said = {"visit": _visit(is_first=fields.get("is_first_visit") != "false"), "refused": refusal.code}
    return f"/book/{hospital_id}/{slot_id}/?{urlencode(said)}"


def _visit(*, is_first: bool) -> str:
    return "first" if is_first else "again"


def _refuse(protocol: Answering, scope: Any, refusal: Refusal) -> None:
    """RFC 9457 problem details, as the API gives them."""
    language = "en" if scope.headers.get("accept-language", "").lower().startswith("en") else "zh"
    headers = [PROBLEM, NOT_STORED, ("vary", "accept-language")]
    if isinstance(refusal, Busy):
        headers.append(("retry-after", BUSY_WAIT_S))
    elif "wait_s" in refusal.params:
        headers.append(("retry-after", str(refusal.params["wait_s"])))
    protocol.response_bytes(refusal.status, headers, _problem(refusal, language))


_problems: dict[tuple[str, str, tuple[tuple[str, object], ...]], bytes] = {}


def _problem(refusal: Refusal, language: str) -> bytes:
    """Ready-made where it was said before: a release refuses thousands of times in the same words."""
    params = {name: plain(value) for name, value in refusal.params.items()}
    asked = (refusal.code, language, tuple(sorted(params.items())))
    found = _problems.get(asked)
    if found is None:
        found = _problem_body(refusal, params, language)
        if len(_problems) < 1_000:
            _problems[asked] = found
    return found


def _problem_body(refusal: Refusal, params: Mapping[str, object], language: str) -> bytes:
    said = sentences.sentence(refusal.code, params, language)
    body = {
        "type": f"/api/v1/problems#{refusal.code}",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "code": refusal.code,
        "message": said.message,
        "next_step": said.next_step,
        "rule_id": refusal.rule,
        "params": params,
    }
    return json.dumps(body, ensure_ascii=False).encode()
