"""Builders for the waitlist: a sold-out session, people who wait for it, somebody who frees a slot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from tests import clinic as build
from tests import make
from tests.clinic import NOW
from tests.stock import stocked

from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.domains.booking.commands import change
from yitong.domains.booking.contracts import CancelBooking, Held
from yitong.domains.people.contracts.words import Relation
from yitong.domains.waitlist.commands import joining, serving
from yitong.domains.waitlist.contracts import Changed, Join, Mode, SessionKey


@dataclass(frozen=True)
class SoldOut:
    """A session of which every slot is booked, each by a patient of the desk's."""

    place: build.Clinic
    held: tuple[Held, ...]

    @property
    def key(self) -> SessionKey:
        return SessionKey(self.place.hospital_id, self.place.session_id)

    def free(self, n: int = 0, *, now: datetime = NOW) -> UUID:
        """Slot n is cancelled; gives the slot. Nobody is served yet: that is the relay's, or the sweep's."""
        held = self.held[n]
        cmd = CancelBooking(f"cancel{make.number()}", held.hospital_id, held.booking_id)
        change.cancel_booking(cmd, actor=build.registrar(held.hospital_id), now=now)
        return held.slot_id

    def serve(self, *, now: datetime = NOW) -> int:
        return serving.serve_session(self.place.hospital_id, self.place.session_id, now=now)


CHANNEL = Actor.system("test")


@stocked(2)
@stocked(1, slots=1)
def sold_out(*, slots: int = 3, **place: object) -> SoldOut:
    made = build.clinic(slots=slots, **place)  # type: ignore[arg-type]
    people = [build.patient(made.hospital_id) for _ in range(slots)]
    actor = Actor("system", "test", "web")
    return SoldOut(made, tuple(build.hold(made, one, actor, n=n) for n, one in enumerate(people)))


def join(
    actor: Actor,
    patients: Sequence[UUID],
    *sessions: SoldOut,
    mode: Mode = Mode.AT_ONCE,
    key: str = "",
    now: datetime = NOW,
) -> Changed:
    cmd = Join(key or f"join{make.number()}", tuple(patients), tuple(one.key for one in sessions), mode)
    return joining.join_waitlist(cmd, actor=actor, now=now)


def waits(*sessions: SoldOut, mode: Mode = Mode.AT_ONCE, now: datetime = NOW) -> tuple[Actor, UUID, UUID]:
    """One person gets in line: (account, patient, entry)."""
    actor, patient = build.holder()
    return actor, patient, join(actor, [patient], *sessions, mode=mode, now=now).entry_id


def family(actor: Actor, more: int) -> list[UUID]:
    """So many children of an account holder, whose own patient is there already."""
    given = [build.identity(birth=build.date(2018, 5, 1 + n)) for n in range(more)]
    return [build.add_patient(actor, one, relation=Relation.CHILD) for one in given]


def decide(hospital_id: UUID, key: str, value: object) -> None:
    with transaction.atomic():
        policies.record(
            key,
            value,
            scope="hospital",
            hospital_id=hospital_id,
            scope_id=hospital_id,
            effective_from=NOW - timedelta(days=1),
            source="test",
            decided_by="test",
            now=NOW,
        )
