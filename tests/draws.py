"""Builders for draws: a department that gives its places by lot, and a draw brought to any of its states."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cached_property
from hashlib import sha256
from uuid import UUID

from django.db import transaction
from tests import clinic as build
from tests import make
from tests.stock import stocked

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.lots.seed import Beacon, promise_of
from yitong.core.lots.terms import Party
from yitong.domains.draws import contracts, jobs, models, queries
from yitong.domains.draws.commands import applying, plan, stages
from yitong.domains.draws.ports import beacon

NOW = make.NOW
RELEASE = NOW + timedelta(days=3)
SECRET = bytes(range(32))
SYSTEM = Actor.system("test")
PERIOD_S = 30
LISTED = "test"  # the chain of the beacon whose rounds are known


class ListedBeacon:
    """A beacon whose rounds are known by number; `silent` answers nothing, `wrong` something that doesn't fit."""

    def __init__(self, *, chain: str = LISTED, silent: bool = False, wrong: bool = False) -> None:
        self.chain, self.silent, self.wrong = chain, silent, wrong
        self.asked: list[int] = []

    def round_at(self, timestamp: int) -> int:
        return -(-timestamp // PERIOD_S)

    def time_of(self, number: int) -> int:
        return number * PERIOD_S

    def fetch(self, number: int) -> Beacon | None:
        self.asked.append(number)
        if self.silent:
            return None
        signature = f"round {number}".encode()
        return Beacon(number, sha256(b"wrong" if self.wrong else signature).digest(), signature)


def plug(**how: object) -> ListedBeacon:
    source = ListedBeacon(**how)  # type: ignore[arg-type]
    beacon.plug(source)
    return source


@contextmanager
def listed() -> Iterator[ListedBeacon]:
    """A beacon within; the one that was plugged in comes back."""
    before = beacon.taken()
    try:
        yield plug()
    finally:
        beacon.plug(before)


def give_by_lot(hospital_id: UUID, department_id: UUID, **more: object) -> None:
    """From here on the department gives by lot; `more` are policies of draws by their short names."""
    with transaction.atomic():
        for name, value in {"mode": "by_lot", **more}.items():
            policies.record(
                f"draws.{name}",
                value,
                scope="department",
                hospital_id=hospital_id,
                scope_id=department_id,
                effective_from=NOW - timedelta(days=1),
                source="test",
                decided_by="test",
                now=NOW,
            )


@dataclass
class Place:
    """A draw with its sessions."""

    hospital_id: UUID
    department_id: UUID
    draw_id: UUID
    clinics: list[build.Clinic]
    entries: list[UUID] = field(default_factory=list)
    accounts: dict[UUID, Actor] = field(default_factory=dict)

    @cached_property
    def admin(self) -> Actor:
        return make.hospital_admin(self.hospital_id)

    @property
    def row(self) -> models.Draw:
        return models.Draw.objects.get(hospital_id=self.hospital_id, id=self.draw_id)

    @property
    def draw(self) -> contracts.Draw:
        return queries.get_draw(self.hospital_id, self.draw_id)

    @property
    def sessions(self) -> tuple[UUID, ...]:
        return tuple(one.session_id for one in self.clinics)

    def entry(self, n: int = 0) -> contracts.Entry:
        entry_id = self.entries[n]
        return queries.get_entry(self.hospital_id, entry_id, self.accounts[entry_id])


def planned(
    *,
    slots: Sequence[int] = (3,),
    hospital_id: UUID | None = None,
    department_id: UUID | None = None,
    release_at: datetime = RELEASE,
    now: datetime = NOW,
    **more: object,
) -> Place:
    """A draw of one session a number; the sessions are on different days."""
    first_day = clock.shanghai_date(release_at) + timedelta(days=5)
    first = build.clinic(
        slots=slots[0], release_at=release_at, hospital_id=hospital_id, department_id=department_id, day=first_day
    )
    clinics = [first]
    for n, count in enumerate(slots[1:], start=1):
        clinics.append(
            build.clinic(
                slots=count,
                release_at=release_at,
                hospital_id=first.hospital_id,
                department_id=first.department_id,
                day=first_day + timedelta(days=n),
                at=time(8),
            )
        )
    give_by_lot(first.hospital_id, first.department_id, **more)
    draw_id = plan.plan_draw(first.hospital_id, first.department_id, release_at, actor=SYSTEM, now=now)
    assert draw_id is not None
    return Place(first.hospital_id, first.department_id, draw_id, clinics)


def promise(place: Place, *, secret: bytes = SECRET, now: datetime = NOW) -> contracts.DrawChanged:
    made = promise_of(Party.HOSPITAL, place.draw_id, secret).hex()
    cmd = contracts.PromiseSecret(f"promise{make.number()}", place.hospital_id, place.draw_id, made)
    return plan.promise_secret(cmd, actor=place.admin, now=now)


def opened(*, now: datetime = NOW, **how: object) -> Place:
    return _opened(beacon.taken().chain, now=now, **how)


@stocked(1, LISTED, within=listed)
@stocked(1, LISTED, within=listed, slots=(1,))
@stocked(1, LISTED, within=listed, slots=(2,))
@stocked(1, LISTED, within=listed, now=NOW - timedelta(hours=22), release_at=NOW + timedelta(hours=5))
def _opened(chain: str, *, now: datetime = NOW, **how: object) -> Place:
    """`chain` is the one that is plugged in: with another beacon it is another draw."""
    place = planned(now=now, **how)  # type: ignore[arg-type]
    assert place.row.beacon_chain == chain
    promise(place, now=now)
    advance(place, place.row.opens_at)
    assert place.row.state == "opened"
    return place


def apply(
    place: Place,
    *,
    patients: Sequence[UUID] | None = None,
    actor: Actor | None = None,
    sessions: Sequence[UUID] | None = None,
    key: str = "",
    now: datetime | None = None,
) -> UUID:
    """One more entry, of a holder and his own patient unless they are named."""
    if actor is None or patients is None:
        actor, patient = build.holder()
        patients = [patient]
    cmd = contracts.Apply(
        key or f"apply{make.number()}",
        place.hospital_id,
        place.draw_id,
        tuple(patients),
        tuple(sessions or place.sessions),
    )
    made = applying.apply(cmd, actor=actor, now=now or place.row.opens_at)
    place.entries.append(made.entry_id)
    place.accounts[made.entry_id] = actor
    return made.entry_id


def advance(place: Place, now: datetime) -> None:
    """What the clock would do at that instant, step by step until nothing more is due."""
    with clock.frozen(now):
        before = None
        while (seen := _seen(place)) != before:
            before = seen
            for one in queries.list_due():
                jobs.advance(one)


def _seen(place: Place) -> tuple[object, ...]:
    row = place.row
    return row.state, row.beacon_state, row.served


def closed(place: Place) -> Place:
    advance(place, place.row.closes_at)
    assert place.row.state == "closed"
    return place


def reveal(place: Place, *, secret: bytes = SECRET, now: datetime | None = None, key: str = "") -> None:
    cmd = contracts.RevealSecret(key or f"reveal{make.number()}", place.hospital_id, place.draw_id, secret.hex())
    stages.reveal_secret(cmd, actor=place.admin, now=now or after_beacon(place))


def after_beacon(place: Place) -> datetime:
    row = place.row
    return row.beacon_deadline or row.closes_at


def revealed(place: Place) -> Place:
    closed(place)
    advance(place, after_beacon(place))
    reveal(place)
    return place


def settled(place: Place) -> Place:
    """Closed, decided, opened, drawn, and every winner booked."""
    revealed(place)
    advance(place, after_beacon(place))
    assert place.row.state == "settled"
    return place


def file_of(place: Place) -> list[bytes]:
    return queries.plain(queries.get_file(place.hospital_id, place.draw_id)).splitlines(keepends=True)
