"""Nothing can be booked a millisecond before its release, through any door; at the release, through each (R-002).

The doors are held to the code: a command that takes a slot, or a place that calls one, fails here until it is tried.
A person with `psql` is no door: the constraints keep what must never be false, and time is a rule, not one of them.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client
from tests import clinic as build
from tests import make
from tests.faces.api.conftest import Answer, Caller
from tests.faces.desk.conftest import enter
from tests.visitor import signed_in
from tests.whole_window import window

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.ids import new_id
from yitong.domains.access import queries as access
from yitong.domains.access.contracts import Scope
from yitong.domains.booking.commands import extra
from yitong.domains.booking.contracts import AddExtra, GrantEntitlement
from yitong.domains.booking.models import Booking
from yitong.domains.hospitals.commands import practitioners
from yitong.domains.hospitals.contracts.writes import BindPractitioner
from yitong.domains.schedule.contracts import ExtraReason, Pool
from yitong.domains.schedule.models import ClinicSession
from yitong.domains.schedule.queries import timetable as schedule

pytestmark = pytest.mark.usefixtures("committed_db", "_window_served")

NOW = make.NOW
TODAY = clock.shanghai_date(NOW)
SRC = Path(__file__).resolve().parents[2] / "src" / "yitong"
EARLY, BOOKED = "BOOK_WINDOW", "booked"
TICK = timedelta(milliseconds=1)
POOLS = (Pool.ONLINE, Pool.PHONE, Pool.ONSITE, Pool.REFERRAL, Pool.ONLINE, Pool.ONLINE, Pool.ONLINE, Pool.ONLINE)


@dataclass
class World:
    """One session before its release, and one who wants a slot of it. `more`: what a door prepared beforehand."""

    place: build.Clinic
    holder: Actor
    patient_id: UUID
    client: Client
    more: dict[str, Any] = field(default_factory=dict)

    def slot(self, pool: Pool) -> UUID:
        return next(slot.slot_id for slot in self.place.slots if slot.pool is pool)

    def wish(self, pool: Pool = Pool.ONLINE) -> dict[str, str]:
        ids = {"hospital_id": self.place.hospital_id, "slot_id": self.slot(pool), "patient_id": self.patient_id}
        return {name: str(one) for name, one in ids.items()}

    def booked(self) -> int:
        return Booking.objects.filter(hospital_id=self.place.hospital_id, session_id=self.place.session_id).count()


def released(by: str) -> tuple[Any, datetime]:
    """A day and when it opens: as the city's policy says for the farthest day, or a near day at an hour of its own."""
    if by == "its own hour":
        return TODAY + timedelta(days=3), NOW + timedelta(hours=2, minutes=7)
    day = TODAY + timedelta(days=policies.at(None, NOW).int("booking.window.max_days"))
    return day, schedule.release_at(day, policies.at(None, NOW))


# -- the doors: each tries once and says what it was told -------------------------------------------------------------


def page(world: World) -> str:
    settings.YITONG_COUNTER = False
    wish = {"key": str(new_id()), "patient": str(world.patient_id), "visit": "first"}
    return of_page(world.client.post(book_path(world), wish))


def book_path(world: World) -> str:
    return f"/book/{world.place.hospital_id}/{world.slot(Pool.ONLINE)}/?visit=first"


def form_of_the_page(world: World) -> str:
    """Without scripts: what the page carries is sent to the window, which sends one on."""
    shown = world.client.get(book_path(world)).content.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown))
    with window() as opened:
        where = opened.claim_by_form({**fields, "patient_id": str(world.patient_id)}).told["location"]
    return BOOKED if where.startswith("/bookings/") else re.findall(r"refused=(\w+)", where)[0]


def script_of_the_page(world: World) -> str:
    shown = world.client.get(book_path(world)).content.decode()
    return at_window(world, re.findall(r'name="pass" value="([^"]+)"', shown)[0])


def pass_of_a_partner(world: World) -> str:
    return at_window(world, caller_of(world).post("/passes").json["token"])


def window_whose_memory_is_old(world: World) -> str:
    """It read the session before its release was put off by an hour: only the claim's own transaction can refuse."""
    row = ClinicSession.objects.filter(hospital_id=world.place.hospital_id, id=world.place.session_id)
    release_at = row.get().release_at
    row.update(release_at=release_at - timedelta(hours=1))
    token = caller_of(world).post("/passes").json["token"]
    return at_window(world, token, then=lambda: row.update(release_at=release_at))


def at_window(world: World, token: str, *, then: Callable[[], object] = lambda: None) -> str:
    with window() as opened:
        then()
        told = opened.claim({"pass": token, "key": str(new_id()), **world.wish()})
    return BOOKED if told.status == 201 else told.code


def api_for_the_holder(world: World) -> str:
    return of_api(caller_of(world).post("/bookings", world.wish()))


def api_of_the_114_desk(world: World) -> str:
    line = world.more["114"]
    return of_api(line.post("/bookings", world.wish(Pool.PHONE)))


def api_with_a_referral(world: World) -> str:
    line: Caller = world.more["114"]
    return of_api(line.post("/bookings", world.wish(Pool.REFERRAL) | {"entitlement_id": world.more["entitlement"]}))


def desk(world: World) -> str:
    registrar = enter(make.staff_member("registrar", hospital_id=world.place.hospital_id), now=clock.now())
    path = f"/desk/window/{world.patient_id}/slot/{world.slot(Pool.ONSITE)}/"
    return of_page(registrar.post(path))


def move_on_the_page(world: World) -> str:
    path = f"/bookings/{world.place.hospital_id}/{world.more['booking']}/move/to/{world.slot(Pool.ONLINE)}/"
    return of_page(world.client.post(path, {"key": str(new_id())}))


def move_over_the_api(world: World) -> str:
    path = f"/hospitals/{world.place.hospital_id}/bookings/{world.more['booking']}/move"
    return of_api(caller_of(world).post(path, {"slot_id": world.wish()["slot_id"]}))


def of_page(response: Any) -> str:
    if response.status_code == 303:
        return BOOKED
    said = response.content.decode()
    assert response.status_code in (200, 422), said
    return EARLY if "该日期不在可预约范围" in said else said


def of_api(answer: Answer) -> str:
    return BOOKED if answer.status in (200, 201) else str(answer.json["code"])


def caller_of(world: World) -> Caller:
    caller: Caller = world.more["caller"]
    return caller


# By the place in the code that takes the slot; where several ways lead there, each is tried.
DOORS: dict[str, tuple[Callable[[World], str], ...]] = {
    "faces/patient/booking/views.py:book": (page,),
    "faces/patient/booking/views.py:move_confirm": (move_on_the_page,),
    "faces/api/bookings/api.py:hold_slot": (api_for_the_holder, api_of_the_114_desk, api_with_a_referral),
    "faces/api/bookings/api.py:move_booking": (move_over_the_api,),
    "faces/desk/patients/window.py:confirm": (desk,),
    "counter/batch.py:_once": (form_of_the_page, script_of_the_page, pass_of_a_partner, window_whose_memory_is_old),
}
NO_DOORS = {
    "cli/demo/loading/bookings.py:_book_one": "fills the demo city, by the same command and the same rules",
    "faces/desk/sessions/changes.py:extra": "加号 is no slot of the release: tried below",
}
TAKING = {"claim_slot", "move_booking", "add_extra"}
WAYS = TAKING | {"hold_slot"}  # which finds the slot for `claim_slot`
# Those that take no slot: they change a booking that is there, or say something about it.
OTHERS = {
    "announce_claims",
    "cancel_booking",
    "check_in_booking",
    "close_codes",
    "close_line",
    "confirm_booking",
    "expire_hold",
    "forget_places",
    "grant_entitlement",
    "mark_missed",
    "recount_days",
    "stop_bookings",
    "substitute_bookings",
    "tell_booking",
}


@pytest.fixture
def _window_served(settings: Any) -> None:  # the argument is pytest's, which puts back what a door changes
    settings.YITONG_COUNTER = True


def a_world(day: Any, release_at: datetime, door: Callable[[World], str]) -> World:
    place = build.clinic(slots=len(POOLS), pools=POOLS, day=day, release_at=release_at)
    channel_id, secret = make.channel()
    code = access.channel_of_key(secret, NOW).code
    through = Actor.for_channel(channel_id, code, scopes=frozenset(Scope))
    holder, signed = make.account_signed_in(through=through)
    old = build.identity(birth=date(1950, 5, 6))  # the one number on site is kept for such as she is
    world = World(place, holder, build.add_patient(holder, old), signed_in(holder))
    world.more["caller"] = Caller(secret, signed.token)
    world.more["114"] = Caller(make.channel(code="114")[1])
    if door in (move_on_the_page, move_over_the_api):
        before = build.clinic(
            day=TODAY + timedelta(days=2), hospital_id=place.hospital_id, department_id=place.department_id
        )
        world.more["booking"] = build.hold(before, world.patient_id, holder).booking_id
    if door is api_with_a_referral:
        grant = GrantEntitlement(
            "grant-0001", place.hospital_id, world.patient_id, place.department_id, Pool.REFERRAL.value, day, "test"
        )
        granted = extra.grant_entitlement(grant, actor=build.registrar(place.hospital_id), now=NOW)
        world.more["entitlement"] = str(granted.entitlement_id)
    return world


def opening(world: World, door: Callable[[World], str], release_at: datetime) -> datetime:
    """Referred patients come first by so many days; to them that is the release (R-012)."""
    if door is not api_with_a_referral:
        return release_at
    return release_at - timedelta(days=policies.at(None, NOW).int("pools.referral_lead_days"))


@pytest.mark.rule("R-002")
@pytest.mark.parametrize("by", ["its own hour", "the city's policy"])
@pytest.mark.parametrize("door", [door for doors in DOORS.values() for door in doors], ids=lambda door: door.__name__)
def test_a_millisecond_early_is_early_and_at_the_release_it_is_open(door: Callable[[World], str], by: str) -> None:
    with clock.frozen(NOW):
        day, release_at = released(by)
        if door is api_with_a_referral:
            release_at += timedelta(days=14)
        world = a_world(day, release_at, door)
    opens_at = opening(world, door, release_at)
    with clock.frozen(opens_at - TICK):
        early = door(world)
    assert (early, world.booked()) == (EARLY, 0)
    with clock.frozen(opens_at):
        told = door(world)
    assert (told, world.booked()) == (BOOKED, 1)


@pytest.mark.rule("R-014")
def test_an_extra_slot_takes_nothing_of_the_release() -> None:
    """The doctor adds it in person, also to a session that is not open yet; all that is released is still there."""
    release_at = NOW + timedelta(hours=2)
    with clock.frozen(NOW):
        hospital_id, code = make.hospital(), f"D{make.number()}"
        make.campus(hospital_id)
        department_id = make.department(hospital_id, code=code)
        doctor_id = make.practitioner(hospital_id, code)
        bind = BindPractitioner(hospital_id, doctor_id, make.staff_member("doctor", hospital_id=hospital_id).staff_id)
        practitioners.bind_practitioner(bind, actor=make.hospital_admin(hospital_id), now=NOW)
        place = build.clinic(
            slots=2,
            hospital_id=hospital_id,
            department_id=department_id,
            practitioner_id=doctor_id,
            release_at=release_at,
        )
        doctor = make.staff_actor("doctor", hospital_id=hospital_id, staff_id=bind.staff_id)
        _, patient_id = build.holder()
        add = AddExtra("extra-0001", hospital_id, place.session_id, patient_id, next(iter(ExtraReason)))
        held = extra.add_extra(add, actor=doctor, now=NOW)
    assert held.slot_id not in [slot.slot_id for slot in place.slots]
    with clock.frozen(release_at):
        for n in range(2):
            other, theirs = build.holder()
            build.hold(place, theirs, other, n=n, now=release_at)
    assert Booking.objects.filter(hospital_id=hospital_id, live=True).count() == 3


# -- the list is whole ------------------------------------------------------------------------------------------------


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(function: ast.AST) -> set[str]:
    """`claim.hold_slot(…)` as `claim.hold_slot`."""
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            found.add(ast.unparse(node.func))
    return found


def test_every_command_of_booking_is_known_to_take_a_slot_or_not() -> None:
    commands = {
        function.name
        for path in (SRC / "domains" / "booking" / "commands").glob("*.py")
        for function in functions(path)
        if any(ast.unparse(one).startswith("command(") for one in function.decorator_list)
    }
    assert commands == TAKING | OTHERS


def test_every_place_that_takes_a_slot_is_a_door_that_is_tried() -> None:
    places = set()
    for path in SRC.rglob("*.py"):
        if path.is_relative_to(SRC / "domains") or path.is_relative_to(SRC / "simulators"):
            continue
        for function in functions(path):
            called = {name.rsplit(".", 1)[-1] for name in calls(function) if "." in name}
            if called & WAYS or "store.write" in calls(function):
                places.add(f"{path.relative_to(SRC)}:{function.name}")
    assert places == set(DOORS) | set(NO_DOORS)
