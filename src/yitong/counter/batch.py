"""Many wishes, one transaction: requests that come while a batch commits form the next one.

No answer before its commit is durable. The picture proposes a slot for each wish, the locks and the rules decide, the
constraints judge: what another writer took meanwhile breaks the whole batch once, and the worst that follows is a
slower one. After a lost connection nobody knows what became of the batch: all its wishes are told to ask again with
the same key, and the first answer is found by it.
"""

import math
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from yitong.core import clock
from yitong.core.errors import Busy, KeyReused, Refusal
from yitong.core.ids import new_ids
from yitong.counter import channels
from yitong.counter.broken import Stale, is_loss, name_of, refusal_for
from yitong.counter.clinics import Clinic, Instant, check
from yitong.counter.picture import Board, Key, Known, Picture
from yitong.counter.queue import Queue
from yitong.counter.repeats import Repeats
from yitong.counter.store import Claimed, Store, codes
from yitong.counter.wishes import Answer, Wish
from yitong.domains.booking import rules
from yitong.domains.booking.errors import BY_CONSTRAINT, CodeCollision, PoolExhausted, SlotTaken
from yitong.domains.people.errors import PatientMissing
from yitong.domains.schedule.contracts import Pool
from yitong.domains.schedule.errors import SlotMissing

AGAIN = (SlotTaken, CodeCollision, KeyReused)  # broken by what another writer did: worth a fresh look
SLOT_TAKEN, POOL_EXHAUSTED = SlotTaken(), PoolExhausted()  # told by the thousand, never raised
ATTEMPTS, TRIES_ALONE = 4, 8
ALONE_S = 5.0  # for all of a batch: where a table is locked each would wait for two seconds, and the last for minutes
BESIDE_S = 5.0
CLINICS_KEPT = 20_000  # more than a city has open; those of past days go with the rest, and are made anew in no time

Reload = Callable[[Collection[UUID]], Awaitable[None]]
Boundary = Callable[[str], Awaitable[None]]

log = structlog.get_logger("yitong.counter")


async def _no_boundary(moment: str) -> None:
    """Crash tests hang themselves in here."""


class Batches:
    """The queue of wishes, and what settles them: one `run` for each connection, so that one batch is thought about
    while the database works for another.

    Batches under way never wait for each other: no two of them hold a wish of the same patient, and no slot is proposed
    twice. `reload` reads the boards of sessions anew; `upwards` is the direction in which slots are proposed.
    """

    def __init__(
        self, picture: Picture, reload: Reload, *, upwards: bool = True, boundary: Boundary = _no_boundary
    ) -> None:
        self.picture = picture
        self.reload = reload
        self.upwards = upwards
        self.boundary = boundary
        self.queue = Queue()
        self.repeats = Repeats()
        self.trace = new_trace()
        self._met_others_at = -math.inf
        self._clinics: dict[str, Clinic] = {}  # by session; each stands while its row and its policies do

    async def run(self, store: Store) -> None:
        """Settles batch after batch until the connection is lost: then raises, and the outcome is told as unknown."""
        while True:
            batch = await self.queue.next_batch()
            is_changed = True
            try:
                is_changed = await self._settle(store, batch)
            except BaseException:
                for wish in batch:
                    self.queue.tell(wish, Busy())
                raise
            finally:
                self.queue.end(batch, is_changed=is_changed)

    async def _settle(self, store: Store, batch: list[Wish]) -> bool:
        """The whole batch at once; where something broke it, again after a fresh look; then one by one. Gives whether
        anything was settled: all may have been parked."""
        self._follow_boards(batch)  # while they waited, boards may have been read anew
        for _ in range(ATTEMPTS):
            try:
                return await self._once(store, batch)
            except Exception as error:
                if is_loss(error):
                    raise
                broken = name_of(error)
                log.info("counter.batch_broken", wishes=len(batch), error=broken)
            if BY_CONSTRAINT.get(broken) is SlotTaken:
                self._met_others_at = time.monotonic()
                await self._see_taken(store, batch)
            elif BY_CONSTRAINT.get(broken) is KeyReused:
                await self._tell_used(store, batch)
            else:
                await self.reload({wish.board.session.session_id for wish in batch})
            self._follow_boards(batch)
        until = time.monotonic() + ALONE_S
        for wish in batch:
            if not wish.is_told and time.monotonic() < until:
                await self._alone(store, wish)
        for wish in batch:
            if not wish.is_told:
                self.queue.tell(wish, Busy())
        return True

    def _is_beside_others(self) -> bool:
        """Whether somebody else took a slot before us a moment ago: then it is cheaper to look than to be told so by a
        constraint, which costs a batch."""
        return time.monotonic() - self._met_others_at < BESIDE_S

    async def _see_taken(self, store: Store, batch: Sequence[Wish]) -> bool:
        """Whether some of the slots that were proposed are taken, by another window or a desk. From now on the picture
        knows those; to read their boards whole would cost more than the batch."""
        proposed = {wish.board.texts[wish.n]: wish.board for wish in batch if wish.n >= 0}
        taken = await store.by_slot((board.hospital, slot) for slot, board in proposed.items())
        for known in taken:
            self.picture.settle(proposed[known.told.slot_id], known)
        return bool(taken)

    async def _tell_used(self, store: Store, batch: Sequence[Wish]) -> None:
        """Those whose keys have booked something at another window or a desk a moment ago: else one client who uses
        his keys twice would have every wish of his batches tried by itself."""
        used = await store.by_key([wish.key for wish in batch if not wish.is_told])
        for wish in batch:
            first = used.get(wish.key)
            if first is not None:
                self.queue.tell(wish, first if first.digest == wish.digest else KeyReused())

    async def _alone(self, store: Store, wish: Wish) -> None:
        """One wish by itself: now the constraint that breaks tells which rule refuses it. What no rule knows is a bug
        about this wish: it hears so, and nobody else has to ask again for it. Whoever finds one slot after the other
        taken a moment before him is told to ask again: that all are gone was never seen."""
        for _ in range(TRIES_ALONE):
            try:
                await self._once(store, [wish])
                return
            except Exception as error:
                if is_loss(error):
                    raise
                refusal = refusal_for(error)
            first = (await store.by_key([wish.key])).get(wish.key)
            if first is not None:
                self.queue.tell(wish, first if first.digest == wish.digest else KeyReused())
                return
            if not isinstance(refusal, AGAIN):
                self.queue.tell(wish, refusal)
                return
            await self.reload([wish.board.session.session_id])
            self._follow_boards([wish])
        self.queue.tell(wish, Busy())

    def _follow_boards(self, batch: Sequence[Wish]) -> None:
        """After a reload the board of a session is another object; the old one learns of no later booking."""
        for wish in batch:
            wish.board = self.picture.by_slot.get(wish.slot, wish.board)

    # -- one transaction -------------------------------------------------------------------------------------------

    async def _once(self, store: Store, batch: Sequence[Wish]) -> bool:
        at = Instant(clock.now())
        answers: dict[int, Answer] = {}
        waiting: list[Wish] = []
        try:
            proposed = self._propose(batch, answers, waiting, at.now)
            if self._is_beside_others() and await self._see_taken(store, batch):
                self._withdraw(batch)
                self._follow_boards(batch)
                answers.clear()
                waiting.clear()
                proposed = self._propose(batch, answers, waiting, at.now)
            claims: list[Claimed] = []
            repeated: dict[Key, Known] = {}
            await self.boundary("begin")
            if proposed or answers:
                async with store.transaction():
                    if proposed:
                        claims = await self._decide(store, batch, proposed, answers, at)
                    repeated = await store.by_key([batch[place].key for place in answers])
                    if claims and not await store.write(claims, at):
                        raise Stale
                    await self.boundary("before_commit")
            await self.boundary("after_commit")
        finally:
            self._withdraw(batch)
        for wish in waiting:
            self.queue.park(wish)
        for claim in claims:
            self.picture.settle(claim.wish.board, claim.known)
            self.queue.tell(claim.wish, claim.known)
        for place, answer in answers.items():
            wish = batch[place]
            first = repeated.get(wish.key)  # who is refused may have been booked by this very key
            if first is not None and not isinstance(answer, channels.SHUT):
                answer = first if first.digest == wish.digest else KeyReused()
            self.queue.tell(wish, answer)
        return any(wish.is_told for wish in batch)

    def _withdraw(self, batch: Sequence[Wish]) -> None:
        for wish in batch:
            if wish.n >= 0:
                wish.board.proposed.mask &= ~(1 << wish.n)

    def _propose(
        self, batch: Sequence[Wish], answers: dict[int, Answer], waiting: list[Wish], now: datetime
    ) -> list[int]:
        """Gives each wish a slot of its own on its board; gives the places in the batch of those that got one.

        Who finds only slots that are proposed to others is left waiting: one of them may be refused for his own sake,
        and then "sold out" would have been false. Who finds none at all hears so at once, as at the door: where a slot
        is known to be taken, so is the key that took it.
        """
        proposed = []
        for place, wish in enumerate(batch):
            if wish.is_told:  # when the batch was tried before
                wish.n = -1
                continue
            pools = wish.holder.pools
            chosen = wish.board.choose(wish.slot, wish.near, pools, now, upwards=self.upwards)
            wish.n = -1 if chosen is None else chosen
            if chosen is None:
                if wish.board.choose(wish.slot, wish.near, pools, now, even_proposed=True) is not None:
                    waiting.append(wish)
                elif wish.key in self.picture.known:  # a repeat, as it turned out
                    answers[place] = gone(wish.board, wish.slot, pools)
                else:
                    self.queue.tell(wish, gone(wish.board, wish.slot, pools))
                continue
            wish.board.proposed.mask |= 1 << chosen
            proposed.append(place)
        return proposed

    async def _decide(
        self, store: Store, batch: Sequence[Wish], proposed: Sequence[int], answers: dict[int, Answer], at: Instant
    ) -> list[Claimed]:
        """Locks patients, then sessions; asks the rules about each wish. Gives the claims; refusals go into
        `answers`."""
        asked = [batch[place] for place in proposed]
        keys_in_use = await store.share_keys({wish.holder.key_id for wish in asked if wish.holder.key_id is not None})
        boards = {wish.board.text: wish.board for wish in asked}
        locked = await store.lock_wishes(asked, boards.values(), at.now)
        clinics = await self._clinics_of(store, boards, locked.versions, at)
        waiting = [n for n, wish in enumerate(asked) if _stands_in_line(wish, clinics, at)]
        turns = await store.turns([asked[n] for n in waiting], at.now)
        without_turn = {n for place, n in enumerate(waiting) if place not in turns}
        claims: list[Claimed] = []
        ids, fresh = new_ids(len(asked)), codes(len(asked))
        for n, (place, wish) in enumerate(zip(proposed, asked, strict=True)):
            try:
                channels.check_may_claim_by(wish.holder.key_id, keys_in_use, at.now)
                if n not in locked.wishes:
                    raise PatientMissing()
                clinic = clinics.get(wish.board.text)
                if clinic is None:
                    raise SlotMissing()
                theirs = locked.others.get(wish.member.patient_id, ())
                check(wish, locked.wishes[n], theirs, clinic, at)
                rules.check_turn(has_turn=n not in without_turn)
                code = self._code(wish.board.hospital, fresh)
                claims.append(Claimed.of(wish, ids[n], code, clinic, at))
            except Refusal as refusal:
                answers[place] = refusal
        return claims

    async def _clinics_of(
        self, store: Store, boards: dict[str, Board], versions: dict[str, int], at: Instant
    ) -> dict[str, Clinic]:
        """The sessions of these boards, which are locked, without those that are gone; only one whose row has changed
        is read anew."""
        changed = await store.sessions([one for key, one in boards.items() if versions.get(key) != one.row_version])
        clinics = {}
        for text, board in boards.items():
            if text not in versions:
                continue
            session, version = changed.get(text, (board.session, board.row_version))
            policies = self.picture.policies(session, at.now)
            clinic = self._clinics.get(text)
            if clinic is None or not clinic.stands(version, policies, board.department):
                if len(self._clinics) >= CLINICS_KEPT:
                    self._clinics.clear()
                clinic = self._clinics[text] = Clinic.of(session, version, policies, board.department)
            clinics[text] = clinic
        return clinics

    def _code(self, hospital: str, fresh: Iterator[str]) -> str:
        """One that no booking here has as far as we know (R-019); the constraint knows all of them."""
        code = next(fresh)
        while (hospital, code) in self.picture.codes:
            code = next(fresh)
        return code


def _stands_in_line(wish: Wish, clinics: dict[str, Clinic], at: Instant) -> bool:
    """Whether only who was let in may have the slot (R-017)."""
    clinic = clinics.get(wish.board.text)
    return clinic is not None and rules.needs_turn(wish.board.slots[wish.n], clinic.waiting, now=at.now)


def new_trace() -> str:
    """What marks the events of one window, from its picture's making until it is lost."""
    return f"counter:{secrets.token_hex(8)}"


def gone(board: Board, slot: str, pools: Collection[Pool]) -> Refusal:
    """Why nothing could be proposed: the slot is of another pool, or it and what is near it are taken."""
    return SLOT_TAKEN if board.slots[board.number_of[slot]].pool in pools else POOL_EXHAUSTED
