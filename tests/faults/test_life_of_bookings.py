"""The life of bookings against a model of our own: whatever is tried in whatever order, both say the same.

The model is plain Python and knows no database, no lock and no rule of the code: it was written from the rulebook. What
it allows must succeed, what it forbids must be refused with one of its reasons, and after each step the tables must
hold what it holds. `YITONG_LONG=1` tries longer.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests import clinic as build
from tests import make

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.errors import KeyReused, Refusal
from yitong.domains.access.contracts import Scope
from yitong.domains.booking import errors, models
from yitong.domains.booking.commands import change, claim, extra, freeing, sweep
from yitong.domains.booking.contracts import (
    CancelBooking,
    ConfirmBooking,
    GrantEntitlement,
    Held,
    HoldSlot,
    MoveBooking,
)
from yitong.domains.people.commands import merging
from yitong.domains.people.contracts.patients import MergePatients
from yitong.domains.people.contracts.words import Relation
from yitong.domains.people.errors import MergeImpossible, MergeOverLimit, PatientMissing
from yitong.domains.people.models import BookingLimits
from yitong.domains.schedule.commands import sessions, slots
from yitong.domains.schedule.contracts import MoveSlots, Pool, StopReason, StopSession
from yitong.domains.schedule.errors import (
    PoolShareBroken,
    SessionIsOver,
    SessionIsStopped,
    SlotsNotInPool,
)
from yitong.domains.schedule.models import Slot as SlotRow

LONG = bool(os.environ.get("YITONG_LONG"))
EXAMPLES, STEPS = (150, 60) if LONG else (8, 30)
DAY = build.DAY
LIVE = {"held", "confirmed", "checked_in", "missed"}
STOPPABLE = {"held", "confirmed", "checked_in"}
SYSTEM = Actor.system("test")
TAKEN = errors.SlotTaken


@dataclass
class ModelSlot:
    place: "ModelSession"
    n: int
    slot_id: UUID
    starts_at: datetime
    ends_at: datetime
    pool: Pool
    back_at: datetime | None = None


@dataclass
class ModelSession:
    clinic: build.Clinic
    pays_online: bool
    ends_at: datetime
    slots: list[ModelSlot] = field(default_factory=list)
    stopped: bool = False
    carried: bool = False  # whether the handler of its stop has run
    referral_returned: bool = False

    @property
    def day(self) -> date:
        return self.clinic.day


@dataclass
class ModelBooking:
    booking_id: UUID
    patient: int
    slot: ModelSlot
    state: str
    account: int | None  # whose account made it
    entitlement: UUID | None
    hold_until: datetime | None = None


@dataclass
class World:
    """What every example begins with; made once."""

    places: list[build.Clinic]
    online: UUID  # the hospital that wants to be paid before
    accounts: list[Actor]
    patients: list[UUID]
    links: list[set[int]]


def make_world() -> World:
    first = build.clinic(pools=(Pool.ONLINE, Pool.ONLINE, Pool.REFERRAL, Pool.PHONE))
    second = build.clinic(slots=3, at=time(14, 0))
    here, there = first.hospital_id, second.hospital_id
    build.pay_online(there)
    later = timedelta(days=1)
    places = [
        first,
        build.clinic(slots=3, day=DAY + later, hospital_id=here, department_id=first.department_id),
        build.clinic(slots=3, hospital_id=here),
        second,
        build.clinic(slots=2, day=DAY + 2 * later, hospital_id=there, department_id=second.department_id),
        build.clinic(slots=2, day=DAY + 3 * later, hospital_id=there),
    ]
    (one, own), (two, other) = build.holder(), build.holder()
    parent = build.add_patient(one, relation=Relation.OTHER)
    walk_in = build.patient(here)
    return World(places, there, [one, two], [own, parent, other, walk_in], [{0, 1}, {2}])


class Lives(RuleBasedStateMachine):
    world: World  # set by the test

    # -- beginning and end -------------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True  # type: ignore[attr-defined]  # commands may be durable inside
        self.atomic.__enter__()
        self.now = build.NOW
        self.sessions = []
        for place in self.world.places:
            session = ModelSession(place, place.hospital_id == self.world.online, place.slots[-1].ends_at)
            session.slots = [
                ModelSlot(session, n, s.slot_id, s.starts_at, s.ends_at, s.pool) for n, s in enumerate(place.slots)
            ]
            self.sessions.append(session)
        self.slots = [slot for session in self.sessions for slot in session.slots]
        self.bookings: list[ModelBooking] = []
        self.links = [set(link) for link in self.world.links]
        self.survivor: dict[int, int] = {}
        self.no_shows: dict[int, list[date]] = {n: [] for n in range(4)}
        self.locked_until: dict[int, date | None] = dict.fromkeys(range(4))
        self.booked: list[list[datetime]] = [[], []]
        self.freed: list[list[datetime]] = [[], []]
        self.abuse_locked = [False, False]
        self.entitlements: dict[UUID, dict[str, Any]] = {}
        self.done: list[tuple[Callable[..., object], Any, Actor, object, int]] = []
        self.keys = 0

    def teardown(self) -> None:
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    # -- the model's own eyes ----------------------------------------------------------------------------------------

    def key(self) -> str:
        self.keys += 1
        return f"life-{self.keys}"

    def person(self, patient: int) -> int:
        while patient in self.survivor:
            patient = self.survivor[patient]
        return patient

    def live(self, patient: int) -> list[ModelBooking]:
        who = self.person(patient)
        return [b for b in self.bookings if b.state in LIVE and self.person(b.patient) == who]

    def is_taken(self, slot: ModelSlot) -> bool:
        return any(b.slot is slot and b.state in LIVE for b in self.bookings)

    def has_run_out(self, booking: ModelBooking) -> bool:
        return booking.hold_until is not None and booking.hold_until <= self.now

    def is_selling(self, slot: ModelSlot) -> bool:
        """R-002: tomorrow until 16:00, D+7 from 15:00 on, no booking for today; referrals a fortnight ahead of all."""
        today, clock_time = clock.shanghai_date(self.now), self.now.astimezone(clock.SHANGHAI).time()
        ahead = (slot.place.day - today).days
        if slot.place.stopped or ahead < 1 or (ahead == 1 and clock_time >= time(16, 0)):
            return False
        return slot.pool is Pool.REFERRAL or ahead < 7 or (ahead == 7 and clock_time >= time(15, 0))

    def against(self, patient: int, slot: ModelSlot, *, without: ModelBooking | None = None) -> set[type[Refusal]]:
        """Why the person may not have this slot (R-005, R-009, R-046), whoever asks."""
        why: set[type[Refusal]] = set()
        if slot.place.stopped:
            why |= {errors.SessionCancelled, errors.WindowClosed}
        elif not self.is_selling(slot):
            why.add(errors.WindowClosed)
        taken = any(b.slot is slot and b.state in LIVE and b is not without for b in self.bookings)
        if taken or (slot.back_at is not None and self.now < slot.back_at) or slot.ends_at <= self.now:
            why.add(TAKEN)
        others = [b for b in self.live(patient) if b is not without]
        days = Counter(b.slot.place.day for b in others)
        place = slot.place.clinic
        for other in others:
            own = other.slot.place.clinic
            if (own.hospital_id, own.department_id, own.day) == (place.hospital_id, place.department_id, place.day):
                why.add(errors.DuplicateDepartment)
            if other.slot.starts_at < slot.ends_at and slot.starts_at < other.slot.ends_at:
                why.add(errors.TimeClash)
        days[place.day] += 1
        if days[place.day] > 2:
            why.add(errors.DayLimitReached)
        for first in days:  # every day of this world lies within one week of the others
            if first <= place.day and sum(n for d, n in days.items() if 0 <= (d - first).days < 7) > 3:
                why.add(errors.WeekLimitReached)
        if sum(days.values()) > 5:
            why.add(errors.QuarterLimitReached)
        until = self.locked_until[self.person(patient)]
        if until is not None and clock.shanghai_date(self.now) < until:
            why.add(errors.NoShowLocked)
        return why

    def against_account(self, account: int) -> set[type[Refusal]]:
        """R-010: fifteen bookings in three months, fifteen freed slots in one."""
        month = self.now - timedelta(days=25)  # no example lasts as long
        over = len(self.booked[account]) >= 15 or sum(at > month for at in self.freed[account]) > 15
        return {errors.AbuseLocked} if over or self.abuse_locked[account] else set()

    def note_freed(self, account: int | None) -> None:
        if account is not None:
            self.freed[account].append(self.now)
            self.abuse_locked[account] |= len(self.freed[account]) > 15

    def free(self, slot: ModelSlot) -> None:
        """R-017: back after 10 to 60 minutes; when exactly, only the table knows."""
        row = SlotRow.objects.get(hospital_id=slot.place.clinic.hospital_id, id=slot.slot_id)
        assert row.reopens_at is not None
        assert timedelta(minutes=10) <= row.reopens_at - self.now <= timedelta(minutes=60)
        slot.back_at = row.reopens_at

    def finish(self, booking: ModelBooking, state: str) -> None:
        booking.state = state
        if booking.entitlement is not None:
            own = self.entitlements[booking.entitlement]
            equal = [e for e in self.entitlements.values() if e["patient"] == own["patient"] and not e["used"]]
            if not equal:
                own["used"] = False

    def tried(self, why: set[type[Refusal]], run: Callable[..., object], cmd: Any, actor: Actor, who: int) -> Any:
        """Runs the command; gives its answer where the model allows it, None where both refuse."""
        answer = refusal = None
        try:
            answer = run(cmd, actor=actor, now=self.now)
        except Refusal as said:
            refusal = said
        if refusal is not None:
            assert type(refusal) in why, f"{refusal!r} refused, but the model says {why or 'allowed'}"
            return None
        assert not why, f"{answer} allowed, but the model says {why}"
        self.done.append((run, cmd, actor, answer, who))
        return answer

    # -- what people do ----------------------------------------------------------------------------------------------

    @rule(data=st.data(), account=st.sampled_from([0, 0, 1]), by_phone=st.integers(0, 4).map(lambda n: n == 0))
    def hold_anything(self, data: st.DataObject, account: int, by_phone: bool) -> None:
        patient = data.draw(st.integers(0, 3), label="patient")
        slot = data.draw(st.sampled_from(self.slots), label="slot")
        self.hold(data, patient, slot, account=account, by_phone=by_phone)

    @rule(data=st.data())
    def hold_for_ones_own(self, data: st.DataObject) -> None:
        own = [(n, one) for n in (0, 1) for one in sorted(self.links[n])]
        account, patient = data.draw(st.sampled_from(own), label="own")
        slot = data.draw(st.sampled_from(self.slots), label="slot")
        self.hold(data, patient, slot, account=account, by_phone=False)

    @rule(data=st.data(), account=st.sampled_from([0, 0, 1]))
    def hold_what_is_free(self, data: st.DataObject, account: int) -> None:
        free = [
            (one, slot) for one in sorted(self.links[account]) for slot in self.slots if not self.against(one, slot)
        ]
        if free:
            patient, slot = data.draw(st.sampled_from(free), label="free")
            self.hold(data, patient, slot, account=account, by_phone=False)

    @rule(data=st.data(), account=st.sampled_from([0, 1]))
    def hold_what_is_taken(self, data: st.DataObject, account: int) -> None:
        taken = [b.slot for b in self.bookings if b.state in LIVE or b.slot.back_at] or self.slots
        slot = data.draw(st.sampled_from(taken), label="taken, or on its way back")
        patient = data.draw(st.sampled_from(sorted(self.links[account])), label="patient")
        self.hold(data, patient, slot, account=account, by_phone=False)

    def hold(self, data: st.DataObject, patient: int, slot: ModelSlot, *, account: int, by_phone: bool) -> None:
        entitlement = None
        if self.entitlements and (slot.pool is Pool.REFERRAL or data.draw(st.integers(0, 3), label="entitled") == 0):
            entitlement = data.draw(st.sampled_from(list(self.entitlements)), label="entitlement")
        place = slot.place.clinic
        cmd = HoldSlot(
            self.key(), place.hospital_id, slot.slot_id, self.world.patients[patient], entitlement_id=entitlement
        )
        why = self.against(patient, slot)
        pools = {Pool.PHONE} if by_phone else {Pool.ONLINE}
        if patient in self.survivor:
            why.add(PatientMissing)
        if entitlement is not None:
            own = self.entitlements[entitlement]
            is_own = self.person(own["patient"]) == self.person(patient)
            is_here = place.department_id == self.world.places[0].department_id
            if own["used"] or not is_own or not is_here or clock.shanghai_date(self.now) > own["until"]:
                why.add(errors.EntitlementInvalid)
            pools.add(Pool.REFERRAL)
        if slot.pool not in pools:
            why.add(errors.PoolExhausted)
        actor = Actor.for_channel(UUID(int=114), "114", scopes=frozenset({Scope.BOOKINGS_WRITE}))
        if not by_phone:
            actor = self.world.accounts[account]
            why |= self.against_account(account)
            if patient not in self.links[account]:
                why = {PatientMissing}
        held = self.tried(why, claim.hold_slot, cmd, actor, patient)
        if held is None:
            return
        state = "held" if slot.place.pays_online else "confirmed"
        assert held.state == state
        assert (held.hold_until is None) == (state == "confirmed")
        self.bookings.append(
            ModelBooking(
                held.booking_id, patient, slot, state, None if by_phone else account, entitlement, held.hold_until
            )
        )
        if entitlement is not None:
            self.entitlements[entitlement]["used"] = True
        if not by_phone:
            self.booked[account].append(self.now)

    def some_booking(self, data: st.DataObject) -> ModelBooking:
        return data.draw(st.sampled_from(self.bookings[-6:]), label="booking")

    def changer(self, booking: ModelBooking, who: str) -> tuple[Actor, set[type[Refusal]]]:
        """The one who wants to change it: its own account, a stranger's, or the window."""
        if who == "desk":
            return build.registrar(booking.slot.place.clinic.hospital_id), set()
        mine = [n for n in (0, 1) if self.person(booking.patient) in self.links[n]]
        if who == "own" and mine:
            return self.world.accounts[mine[0]], set()
        strangers = [n for n in (0, 1) if n not in mine]
        if not strangers:
            return self.world.accounts[0], set()
        return self.world.accounts[strangers[0]], {errors.BookingMissing}

    def too_late(self, booking: ModelBooking, who: str) -> set[type[Refusal]]:
        deadline = clock.at_shanghai(booking.slot.place.day - timedelta(days=1), time(15, 0))
        return {errors.CancelTooLate} if who != "desk" and self.now >= deadline else set()

    @precondition(lambda self: self.bookings)
    @rule(data=st.data(), who=st.sampled_from(["own", "own", "own", "stranger", "desk"]))
    def cancel(self, data: st.DataObject, who: str) -> None:
        booking = self.some_booking(data)
        actor, why = self.changer(booking, who)
        if not why:
            if booking.state not in ("held", "confirmed"):
                why = {errors.StateForbids}
            elif booking.state == "confirmed":
                why = self.too_late(booking, who)
        cmd = CancelBooking(self.key(), booking.slot.place.clinic.hospital_id, booking.booking_id)
        if self.tried(why, change.cancel_booking, cmd, actor, booking.patient) is not None:
            self.finish(booking, "cancelled")
            self.free(booking.slot)
            self.note_freed(booking.account)

    @precondition(lambda self: self.bookings)
    @rule(data=st.data(), who=st.sampled_from(["own", "own", "own", "stranger"]))
    def move(self, data: st.DataObject, who: str) -> None:
        booking = self.some_booking(data)
        place = booking.slot.place.clinic
        here = [slot for slot in self.slots if slot.place.clinic.hospital_id == place.hospital_id]
        slot = data.draw(st.sampled_from(here), label="to")
        actor, why = self.changer(booking, who)
        if not why:
            if booking.state != "confirmed":
                why = {errors.StateForbids}
            else:
                why = self.too_late(booking, who) | self.against(booking.patient, slot, without=booking)
                why |= self.against_account(self.world.accounts.index(actor))
                if slot.pool is not Pool.ONLINE:
                    why.add(errors.PoolExhausted)
            if slot is booking.slot:  # whatever else speaks against it: this is asked first
                why.add(errors.SlotTaken)
        cmd = MoveBooking(self.key(), place.hospital_id, booking.booking_id, slot.slot_id)
        if self.tried(why, change.move_booking, cmd, actor, booking.patient) is not None:
            before, booking.slot = booking.slot, slot
            self.free(before)
            self.note_freed(booking.account)

    @precondition(lambda self: any(b.hold_until for b in self.bookings))
    @rule(data=st.data())
    def pay(self, data: st.DataObject) -> None:
        booking = data.draw(st.sampled_from([b for b in self.bookings if b.hold_until]), label="booking")
        why: set[type[Refusal]] = set()
        if booking.state == "expired" or (booking.state == "held" and self.has_run_out(booking)):
            why = {errors.HoldRanOut}
        elif booking.state != "held":
            why = {errors.StateForbids}
        cmd = ConfirmBooking(self.key(), booking.slot.place.clinic.hospital_id, booking.booking_id)
        if self.tried(why, change.confirm_booking, cmd, SYSTEM, booking.patient) is not None:
            booking.state = "confirmed"

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        """The same key gives the first answer, whatever happened since, but never an hour from which the booking was
        moved; other content is refused."""
        run, cmd, actor, answer, who = data.draw(st.sampled_from(self.done), label="again")
        if who in self.survivor:
            return
        if isinstance(answer, Held):
            slot = next(one.slot for one in self.bookings if one.booking_id == answer.booking_id)
            answer = replace(
                answer, slot_id=slot.slot_id, number=slot.n + 1, starts_at=slot.starts_at, ends_at=slot.ends_at
            )
        assert run(cmd, actor=actor, now=self.now) == answer
        if isinstance(cmd, HoldSlot):
            other = HoldSlot(cmd.key, cmd.hospital_id, cmd.slot_id, cmd.patient_id, not cmd.is_first_visit)
            with pytest.raises(KeyReused):
                run(other, actor=actor, now=self.now)

    # -- what hospitals and the city do --------------------------------------------------------------------------------

    @rule(data=st.data(), really=st.integers(0, 3).map(lambda n: n == 0))
    def stop(self, data: st.DataObject, really: bool) -> None:
        if not really:
            return  # else soon nothing would be left
        session = data.draw(st.sampled_from(self.sessions), label="session")
        place = session.clinic
        cmd = StopSession(self.key(), place.hospital_id, place.session_id, StopReason.LEAVE)
        why: set[type[Refusal]] = set()
        if session.stopped:
            why.add(SessionIsStopped)
        if self.now >= session.ends_at:
            why.add(SessionIsOver)
        manager = make.staff_actor("roster_manager", hospital_id=place.hospital_id)
        if self.tried(why, sessions.stop_session, cmd, manager, 3) is not None:
            session.stopped = True

    @precondition(lambda self: any(s.stopped and not s.carried for s in self.sessions))
    @rule(times=st.integers(1, 2))
    def carry_stops(self, times: int) -> None:
        """The relay brings the stops to booking, at least once."""
        for session in [s for s in self.sessions if s.stopped and not s.carried]:
            place = session.clinic
            mine = [b for b in self.bookings if b.slot.place is session and b.state in STOPPABLE]
            for turn in range(times):
                n = sweep.stop_bookings(place.hospital_id, place.session_id, reason="leave", actor=SYSTEM, now=self.now)
                assert n == (len(mine) if turn == 0 else 0)
            for booking in mine:
                self.finish(booking, "stopped")
            session.carried = True

    @precondition(lambda self: len(self.survivor) < 2)
    @rule(survivor=st.integers(0, 3), merged=st.integers(0, 3), really=st.integers(0, 5).map(lambda n: n == 0))
    def merge(self, survivor: int, merged: int, really: bool) -> None:
        if not really:
            return
        why: set[type[Refusal]] = set()
        if survivor == merged or survivor in self.survivor or merged in self.survivor:
            why.add(MergeImpossible)
        else:
            days = Counter(b.slot.place.day for b in [*self.live(survivor), *self.live(merged)])
            if max(days.values(), default=0) > 2 or sum(days.values()) > 3:
                why.add(MergeOverLimit)
        cmd = MergePatients(self.key(), self.world.patients[survivor], self.world.patients[merged], "同一人")
        if self.tried(why, merging.merge_patients, cmd, make.staff_actor("city_operator"), survivor) is None:
            return
        self.survivor[merged] = survivor
        self.links = [{survivor if n == merged else n for n in link} for link in self.links]
        self.no_shows[survivor] += self.no_shows[merged]
        both = [until for until in (self.locked_until[survivor], self.locked_until[merged]) if until]
        self.locked_until[survivor] = max(both, default=None)

    @rule(patient=st.sampled_from([0, 0, 1, 2]))
    def grant(self, patient: int) -> None:
        place, until = self.world.places[0], clock.shanghai_date(build.NOW) + timedelta(days=5)
        cmd = GrantEntitlement(
            self.key(), place.hospital_id, self.world.patients[patient], place.department_id, "referral", until, "转诊"
        )
        why: set[type[Refusal]] = set()
        if any(e["patient"] == patient and not e["used"] for e in self.entitlements.values()):
            why.add(errors.EntitlementStands)
        if clock.shanghai_date(self.now) > until:
            why.add(errors.EntitlementInvalid)
        admin = make.hospital_admin(place.hospital_id)
        granted = self.tried(why, extra.grant_entitlement, cmd, admin, patient)
        if granted is not None:
            self.entitlements[granted.entitlement_id] = {"patient": patient, "used": False, "until": until}

    @rule(data=st.data(), really=st.integers(0, 2).map(lambda n: n == 0))
    def move_pool(self, data: st.DataObject, really: bool) -> None:
        if not really:
            return
        slot = data.draw(st.sampled_from(self.slots), label="slot")
        to = data.draw(st.sampled_from([Pool.ONLINE, Pool.PHONE, Pool.REFERRAL]), label="to")
        place = slot.place.clinic
        cmd = MoveSlots(self.key(), place.hospital_id, place.session_id, (slot.slot_id,), slot.pool, to)
        pools = Counter(to if other is slot else other.pool for other in slot.place.slots)
        why: set[type[Refusal]] = set()
        if slot.place.stopped:
            why.add(SessionIsStopped)
        if self.now >= slot.place.ends_at:
            why.add(SessionIsOver)
        if slot.pool is to:
            why.add(SlotsNotInPool)
        if 10 * (pools[Pool.ONLINE] + pools[Pool.PHONE]) < 3 * len(slot.place.slots):
            why.add(PoolShareBroken)
        manager = make.staff_actor("roster_manager", hospital_id=place.hospital_id)
        if self.tried(why, slots.move_slots, cmd, manager, 3) is not None:
            slot.pool = to

    # -- what the clock does -------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 14, 15, 30, 61, 61, 5 * 60, 24 * 60]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        """Each job of booking and of the schedule, in one turn."""
        due = {b.booking_id: b for b in self.bookings if b.state == "held" and self.has_run_out(b)}
        found = {booking_id for _, booking_id in sweep.due_holds(self.now)}
        assert found == set(due)
        for hospital_id, booking_id in sweep.due_holds(self.now):
            assert sweep.expire_hold(hospital_id, booking_id, actor=SYSTEM, now=self.now)
            assert not sweep.expire_hold(hospital_id, booking_id, actor=SYSTEM, now=self.now)
            self.finish(due[booking_id], "expired")
            self.free(due[booking_id].slot)
        by_id = {b.booking_id: b for b in self.bookings}
        for hospital_id, booking_id in sweep.due_no_shows(self.now):
            booking = by_id[booking_id]
            over = booking.slot.ends_at + timedelta(minutes=30) <= self.now
            is_missed = over and not booking.slot.place.stopped
            assert sweep.mark_missed(hospital_id, booking_id, actor=SYSTEM, now=self.now) == is_missed
            if is_missed:
                booking.state = "missed"
                self.note_no_show(self.person(booking.patient), booking.slot.place.day)
        for hospital_id in {place.hospital_id for place in self.world.places}:
            sessions.return_referrals(hospital_id, actor=Actor.system("schedule"), now=self.now)
        for session in self.sessions:
            returns = clock.at_shanghai(session.day - timedelta(days=1), time(12, 0))
            is_due = returns <= self.now and session.day >= clock.shanghai_date(self.now)
            if is_due and not session.referral_returned and not session.stopped:
                session.referral_returned = True
                for slot in session.slots:
                    if slot.pool is Pool.REFERRAL:
                        slot.pool = Pool.ONLINE

    def note_no_show(self, who: int, day: date) -> None:
        """R-009: the third of a year locks for 90 days from the last, the sixth for 180."""
        self.no_shows[who].append(day)
        n = sum(other.year == day.year for other in self.no_shows[who])
        if n >= 3:
            until = day + timedelta(days=180 if n >= 6 else 90)
            before = self.locked_until[who]
            self.locked_until[who] = until if before is None else max(before, until)

    # -- what must always be true --------------------------------------------------------------------------------------

    @invariant()
    def tables_hold_what_the_model_holds(self) -> None:
        if not hasattr(self, "bookings"):
            return
        ids = {patient: n for n, patient in enumerate(self.world.patients)}
        rows = list(models.Booking.objects.filter(hospital_id__in={p.hospital_id for p in self.world.places}))
        assert {(row.id, ids[row.patient_id], row.slot_id, row.state, row.live, row.visit_date) for row in rows} == {
            (b.booking_id, b.patient, b.slot.slot_id, b.state, b.state in LIVE, b.slot.place.day) for b in self.bookings
        }
        side = models.PatientBooking.objects.filter(patient_id__in=ids)
        assert {(r.id, r.state, r.live, r.starts_at, r.ends_at) for r in side} == {
            (r.id, r.state, r.live, r.starts_at, r.ends_at) for r in rows
        }
        for row in BookingLimits.objects.filter(patient_id__in=ids):
            n = ids[row.patient_id]
            own = [] if n in self.survivor else [b.slot.place.day for b in self.live(n)]
            assert row.live_days == sorted(own)
            if n not in self.survivor:
                assert row.locked_until == self.locked_until[n]
        held = Counter(b.slot.slot_id for b in self.bookings if b.state in LIVE)
        assert max(held.values(), default=0) <= 1
        for entitlement in models.Entitlement.objects.filter(patient_id__in=ids):
            assert (entitlement.used_by_id is not None) == self.entitlements[entitlement.id]["used"]


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.mark.slow
@pytest.mark.timeout(3600 if LONG else 900)
@pytest.mark.rule("R-005")
@pytest.mark.rule("R-017")
@pytest.mark.rule("R-047")
def test_bookings_live_as_the_model_says(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # Examples must repeat: a delay is a third of its span for once. That it is drawn at random, another test shows.
    monkeypatch.setattr(freeing, "secrets", SimpleNamespace(randbelow=lambda span: span // 3))
    Lives.world = world
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
