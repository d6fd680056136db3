"""Role × page, whole: who gets in, who is refused, and that a refusal changes nothing."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from tests import clinic as build
from tests import draws, make
from tests.faces.desk.conftest import NOW, ONSITE, Desk, Hospital, enter, open_hospital

from yitong.core import clock
from yitong.core.db.models import Event
from yitong.core.sentences import sentence
from yitong.domains.access.commands import providers, staff
from yitong.domains.access.contracts import GiveRole, RoleName, SetProvider
from yitong.domains.booking.contracts import State
from yitong.domains.booking.models import Booking
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people.models import ReadLog
from yitong.domains.schedule.commands import stoppages

R, N, D, M, A = "registrar", "nurse", "doctor", "roster_manager", "hospital_admin"
ROLES = (R, N, D, M, A)
ALL = set(ROLES)

# Page → who may; the address is filled with the hospital's own things.
PAGES: dict[str, tuple[str, set[str]]] = {
    "today": ("/desk/", ALL),
    "week": ("/desk/week/", ALL),
    "me": ("/desk/me/", ALL),
    "password": ("/desk/me/password/", ALL),
    "pin": ("/desk/me/pin/", ALL),
    "second_factor": ("/desk/me/second-factor/", ALL),
    "place": ("/desk/place/", ALL),
    "session": ("/desk/sessions/{session}/", ALL),
    "session_news": ("/desk/sessions/{session}/news/", ALL),
    "print_list": ("/desk/sessions/{session}/list/", ALL),
    "waiting": ("/desk/sessions/{session}/waitlist/", ALL),
    "stop": ("/desk/sessions/{session}/stop/", {M, A}),
    "substitute": ("/desk/sessions/{session}/substitute/", {M, A}),
    "room": ("/desk/sessions/{session}/room/", {M, A}),
    "pools": ("/desk/sessions/{session}/pools/", {M, A}),
    "extra": ("/desk/sessions/{session}/extra/", {D}),
    "booking": ("/desk/bookings/{booking}/", ALL),
    "check_in": ("/desk/bookings/{booking}/check-in/", {R, N, A}),
    "cancel": ("/desk/bookings/{booking}/cancel/", {R, A}),
    "slip": ("/desk/bookings/{booking}/slip/", {R, A}),
    "arrive": ("/desk/arrive/", {R, N, A}),
    "jump": ("/desk/jump/", ALL),
    "keys": ("/desk/keys/", ALL),
    "find": ("/desk/find/", {R, N, D, A}),
    "patient": ("/desk/patients/{patient}/", {R, N, D, A}),
    "phone": ("/desk/patients/{patient}/phone/", {R, A}),
    "window": ("/desk/window/", {R, A}),
    "window_sessions": ("/desk/window/{patient}/", {R, A}),
    "window_slots": ("/desk/window/{patient}/{session}/", {R, A}),
    "window_confirm": ("/desk/window/{patient}/slot/{slot}/", {R, A}),
    "stops": ("/desk/stops/", {M, A}),
    "stop_new": ("/desk/stops/new/?what=department:{department}&from_date={day}&until_date={day}", {M, A}),
    "stoppage": ("/desk/stops/{stoppage}/", {M, A}),
    "roster": ("/desk/roster/", ALL),
    "roster_add": ("/desk/roster/add/", {M, A}),
    "roster_move": ("/desk/roster/{line}/move/", {M, A}),
    "roster_end": ("/desk/roster/{line}/end/", {M, A}),
    "generate": ("/desk/roster/generate/", {M, A}),
    "setup": ("/desk/hospital/", {A}),
    "facts": ("/desk/hospital/facts/", {A}),
    "campuses": ("/desk/hospital/campuses/", {A}),
    "campus_add": ("/desk/hospital/campuses/add/", {A}),
    "campus": ("/desk/hospital/campuses/{campus}/", {A}),
    "campus_remove": ("/desk/hospital/campuses/{campus}/remove/", {A}),
    "departments": ("/desk/hospital/departments/", {A}),
    "department_add": ("/desk/hospital/departments/add/", {A}),
    "department": ("/desk/hospital/departments/{department}/", {A}),
    "practitioners": ("/desk/hospital/doctors/", {A}),
    "practitioner_add": ("/desk/hospital/doctors/add/", {A}),
    "practitioner": ("/desk/hospital/doctors/{doctor}/", {A}),
    "fees": ("/desk/hospital/fees/", {A}),
    "own_sign_in": ("/desk/hospital/sign-in/", {A}),
    "own_sign_in_drop": ("/desk/hospital/sign-in/drop/", {A}),
    "staff": ("/desk/staff/", {A}),
    "staff_add": ("/desk/staff/add/", {A}),
    "staff_import": ("/desk/staff/import/", {A}),
    "staff_member": ("/desk/staff/{staff}/", {A}),
    "rules": ("/desk/rules/", {A}),
    "rule": ("/desk/rules/booking.hold_minutes/", {A}),
    "announcements": ("/desk/announcements/", {A}),
    "guide": ("/desk/first-visit/", {A}),
    "terminals": ("/desk/terminals/", {A}),
    "draws": ("/desk/draws/", {A}),
    "draw": ("/desk/draws/{draw}/", {A}),
    "duplicates": ("/desk/duplicates/", set()),
    "duplicate": ("/desk/duplicates/{line}/", set()),
    "merges": ("/desk/duplicates/patients/{patient}/", set()),
}
# Those that only act: the role table of each stands in the test of its refusals below.
ACTS: dict[str, tuple[str, set[str], dict[str, object]]] = {
    "stop": ("/desk/sessions/{session}/stop/", {M, A}, {"reason": "leave"}),
    "stop_new": (
        "/desk/stops/new/?what=department:{department}&from_date={day}&until_date={day}",
        {M, A},
        {"sessions": "{session}", "reason": "leave"},
    ),
    "stop_undo": ("/desk/stops/{stoppage}/undo/", {M, A}, {}),
    "substitute": ("/desk/sessions/{session}/substitute/", {M, A}, {"practitioner": "{session}"}),
    "room": ("/desk/sessions/{session}/room/", {M, A}, {"room": "9"}),
    "pools": ("/desk/sessions/{session}/pools/?pool=onsite", {M, A}, {"slots": "{slot}", "to_pool": "online"}),
    "extra": ("/desk/sessions/{session}/extra/", {D}, {"kind": "passport", "number": "X", "reason": "urgent"}),
    "check_in": ("/desk/bookings/{booking}/check-in/", {R, N, A}, {"number": "1"}),
    "cancel": ("/desk/bookings/{booking}/cancel/", {R, A}, {}),
    "arrive": ("/desk/arrive/", {R, N, A}, {"kind": "resident_id", "number": "1"}),
    "suggest": ("/desk/jump/suggest/", ALL, {"q": "x"}),
    "number": ("/desk/patients/{patient}/number/", {R, A}, {"number": "M0001"}),
    "number_wrong": (
        "/desk/patients/{patient}/number/wrong/",
        {R, A},
        {"carrier": "{patient}", "reason": "mistyped"},
    ),
    "phone": ("/desk/patients/{patient}/phone/", {R, A}, {"new_phone": "13900000000", "new_code": "123456"}),
    "window": ("/desk/window/", {R, A}, {}),
    "window_confirm": ("/desk/window/{patient}/slot/{slot}/", {R, A}, {}),
    "roster_add": ("/desk/roster/add/", {M, A}, {}),
    "roster_move": (
        "/desk/roster/{line}/move/",
        {M, A},
        {
            "mode": "move",
            "weekday": "3",
            "half_day": "am",
            "starts": "08:00",
            "ends": "12:00",
            "from_date": "2026-12-01",
        },
    ),
    "roster_end": ("/desk/roster/{line}/end/", {M, A}, {"until_date": "2026-12-01"}),
    "generate": ("/desk/roster/generate/", {M, A}, {"from_date": "2026-11-24", "until_date": "2026-11-25"}),
    "facts": ("/desk/hospital/facts/", {A}, {"name": "另一家医院"}),
    "campus_add": ("/desk/hospital/campuses/add/", {A}, {"code": "C9", "name": "新院区"}),
    "campus": ("/desk/hospital/campuses/{campus}/", {A}, {"code": "C9", "name": "新院区"}),
    "campus_remove": ("/desk/hospital/campuses/{campus}/remove/", {A}, {}),
    "department_add": ("/desk/hospital/departments/add/", {A}, {"code": "D9", "name": "新科室"}),
    "department": ("/desk/hospital/departments/{department}/", {A}, {"code": "D9", "name": "新科室"}),
    "practitioner_add": ("/desk/hospital/doctors/add/", {A}, {"code": "P9", "name": "新医师"}),
    "practitioner": ("/desk/hospital/doctors/{doctor}/", {A}, {"code": "P9", "name": "新医师"}),
    "practitioner_bind": ("/desk/hospital/doctors/{doctor}/staff/", {A}, {"staff": ""}),
    "fees": ("/desk/hospital/fees/", {A}, {"clinic_kind": "general", "title": "all", "fee_fen": "1"}),
    "own_sign_in": ("/desk/hospital/sign-in/", {A}, {"issuer": "https://sso.example", "client_id": "x"}),
    "own_sign_in_drop": ("/desk/hospital/sign-in/drop/", {A}, {}),
    "staff_add": ("/desk/staff/add/", {A}, {"login": "new.one", "name": "新人", "roles": "nurse"}),
    "staff_import": ("/desk/staff/import/", {A}, {"text": "action,login,name,roles\njoin,n.n,新人,nurse"}),
    "staff_role": ("/desk/staff/{staff}/role/", {A}, {"role": "nurse"}),
    "staff_role_end": ("/desk/staff/{staff}/role/end/", {A}, {"role": "doctor"}),
    "staff_invite": ("/desk/staff/{staff}/invite/", {A}, {}),
    "staff_second_factor": ("/desk/staff/{staff}/second-factor/", {A}, {}),
    "staff_leave": ("/desk/staff/{staff}/leave/", {A}, {}),
    "rule": ("/desk/rules/booking.hold_minutes/", {A}, {"value": "20", "day": "2026-12-01", "time": "00:00"}),
    "announcements": ("/desk/announcements/", {A}, {"title": "x", "body": "y"}),
    "withdraw": ("/desk/announcements/{line}/withdraw/", {A}, {}),
    "guide": ("/desk/first-visit/", {A}, {"text": "x", "text_en": ""}),
    "terminals": ("/desk/terminals/", {A}, {"name": "一号窗"}),
    "terminal_close": ("/desk/terminals/{line}/close/", {A}, {}),
    "duplicate": ("/desk/duplicates/{line}/", set(), {"apart": "1"}),
    "merges": ("/desk/duplicates/patients/{patient}/", set(), {}),
}
OPEN = {"sign_in", "invite", "provider", "provider_back", "switch", "sign_out"}  # before anybody is known


# What is one's own, or the city's: the same wherever one works.
OF_NO_HOSPITAL = {"me", "password", "pin", "second_factor", "place", "keys", "duplicates", "duplicate", "merges"}

REFUSED = (403, 404, 422)  # a choice that isn't offered here is refused by its form


@pytest.fixture(scope="module")
def names(opened: Hospital) -> dict[str, object]:
    """What the addresses name."""
    with clock.frozen(NOW):
        return things(opened)


def things(of: Hospital) -> dict[str, object]:
    actor, patient = build.holder()
    held = build.hold(of.place, patient, build.registrar(of.id), n=ONSITE)
    manager = make.staff_actor("roster_manager", hospital_id=of.id)
    line = make.planning.add_roster_line(
        make.schedule.AddRosterLine(
            key=f"line{make.number()}",
            hospital_id=of.id,
            campus_id=make_campus(of),
            department_id=of.department_id,
            practitioner_id=of.doctor_id,
            clinic_kind="general",
            weekday=0,
            half_day=make.schedule.HalfDay.AM,
            starts=make.time(8),
            ends=make.time(12),
            slot_minutes=30,
            per_window=2,
            from_date=of.day,
        ),
        actor=manager,
        now=make.NOW,
    )
    other = build.clinic(day=of.day, hospital_id=of.id, department_id=of.department_id, at=make.time(18))
    cmd = make.schedule.PlanStoppage(f"stop{make.number()}", of.id, (other.session_id,), make.schedule.StopReason.LEAVE)
    provider = SetProvider(of.id, "https://sso.hospital.example", "yitong", "secret")
    providers.set_provider(provider, actor=make.hospital_admin(of.id), now=make.NOW)
    stopping = stoppages.plan_stoppage(cmd, actor=manager, now=make.NOW)
    return {
        "hospital": of.id,
        "day": of.day,
        "department": of.department_id,
        "campus": make_campus(of),
        "doctor": of.doctor_id,
        "stoppage": stopping.stoppage_id,
        "session": of.place.session_id,
        "slot": of.place.slot(ONSITE + 1),
        "booking": held.booking_id,
        "patient": patient,
        "line": line.roster_line_id,
        "staff": of.doctor.staff_id,
        "draw": draws.planned(hospital_id=of.id).draw_id,
    }


def make_campus(of: Hospital) -> UUID:
    from yitong.domains.hospitals.queries import directory

    return directory.get_department(of.id, of.department_id).campus_id


def filled(path: str, names: dict[str, object]) -> str:
    return path.format(**names)


def test_the_tables_name_every_page() -> None:
    resolver = next(one for one in get_resolver().url_patterns if str(one.pattern) == "desk/")
    names = {one.name for part in resolver.url_patterns for one in part.url_patterns}
    assert names == set(PAGES) | set(ACTS) | OPEN


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_its_pages_and_no_other(role: str, desk: Callable[..., Desk], names: dict[str, object]) -> None:
    someone = desk(role)
    seen = {name: someone.get(filled(path, names)).status_code for name, (path, _who) in PAGES.items()}
    assert seen == {name: 200 if role in who else 403 for name, (_path, who) in PAGES.items()}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_kept_from_other_acts(role: str, desk: Callable[..., Desk], names: dict[str, object]) -> None:
    someone = desk(role)
    before = Event.objects.count()
    for name, (path, who, data) in ACTS.items():
        if role not in who:
            sent = {key: filled(str(value), names) for key, value in data.items()}
            assert (name, someone.post(filled(path, names), **sent).status_code) == (name, 403)
    assert Event.objects.count() == before
    assert Booking.objects.get(id=names["booking"]).state == State.CONFIRMED


def test_another_hospitals_staff_find_nothing(hospital: Hospital, names: dict[str, object]) -> None:
    """With every role of their own: what is named by an id looks absent, and nothing changed."""
    other = open_hospital()
    stranger = enter(make.staff_member(*ROLES, hospital_id=other.id), with_totp=True)
    before, reads = Event.objects.count(), ReadLog.objects.filter(hospital_id=hospital.id).count()
    own = {
        "patient",
        "number",
        "number_wrong",
        "phone",
        "window_sessions",
        "merges",
    }  # a patient belongs to no hospital; a look leaves its line
    for name, (path, _who) in PAGES.items():
        if "{" in path and name not in own:
            assert (name, stranger.get(filled(path, names)).status_code in REFUSED) == (name, True)
    for name, (path, _who, data) in ACTS.items():
        if "{" in path and name not in own:
            sent = {key: filled(str(value), names) for key, value in data.items()}
            assert (name, stranger.post(filled(path, names), **sent).status_code in REFUSED) == (name, True)
    assert Event.objects.count() == before
    assert ReadLog.objects.filter(hospital_id=hospital.id).count() == reads


@pytest.fixture
def of_two(hospital: Hospital) -> tuple[Desk, UUID]:
    """One with every role at two hospitals, who works at the first; and the second."""
    other = make.hospital()
    invited = make.staff_member(*ROLES, hospital_id=hospital.id)
    for role in ROLES:
        given = GiveRole(invited.staff_id, RoleName(role), other)
        staff.give_role(given, actor=make.hospital_admin(other), now=NOW)
    someone = enter(invited, with_totp=True)
    someone.post("/desk/place/", hospital=hospital.id)
    return someone, other


def test_every_form_bears_the_hospital_of_its_page(of_two: tuple[Desk, UUID], names: dict[str, object]) -> None:
    someone, _other = of_two
    field, bare = f'name="at_hospital" value="{names["hospital"]}"', {}
    for name, (path, _who) in PAGES.items():
        body = someone.get(filled(path, names)).content.decode()
        forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", body, re.S)
        own = [form for form in forms if "/preferences/" not in form and "/desk/sign-out/" not in form]
        if [form for form in own if field not in form]:
            bare[name] = len(own)
    assert set(bare) == OF_NO_HOSPITAL & {"password", "pin", "second_factor", "place", "keys"}


def test_no_form_that_was_made_for_another_hospital_does_anything(
    of_two: tuple[Desk, UUID], names: dict[str, object]
) -> None:
    """The page stood open in one tab while its reader went to the second hospital in another."""
    someone, other = of_two
    opened = someone.place()
    assert opened == {"at_hospital": str(names["hospital"])}
    assert someone.post("/desk/place/", hospital=other).status_code == 303
    before = Event.objects.count()
    for old in (opened, {"at_hospital": ""}):
        for name, (path, _who) in PAGES.items():
            if name not in OF_NO_HOSPITAL:
                assert (name, someone.post(filled(path, names), **old).status_code in (405, 409)) == (name, True)
        for name, (path, _who, data) in ACTS.items():
            if name not in OF_NO_HOSPITAL:
                sent = {key: filled(str(value), names) for key, value in data.items()}
                assert (name, someone.post(filled(path, names), **sent, **old).status_code) == (name, 409)
    assert Event.objects.count() == before


@pytest.mark.parametrize("more", [{}, {"headers": {"HX-Request": "true"}}])
def test_who_went_to_another_hospital_is_told_so(of_two: tuple[Desk, UUID], more: dict[str, dict[str, str]]) -> None:
    someone, other = of_two
    path, sent = "/desk/first-visit/", {"text": "带好身份证", "text_en": "", **someone.place()}
    someone.post("/desk/place/", hospital=other)
    refused = someone.client.post(path, sent, **more)  # type: ignore[arg-type]
    text, here = refused.content.decode(), hospitals.get_hospital(other)
    said = sentence("PLACE_CHANGED", {"hospital": here.name}, "zh-hans")
    assert (refused.status_code, said.message in text, said.next_step in text) == (409, True, True)
    assert ("<html" in text, 'href="/desk/place/"' in text) == (not more, not more)  # the rail leads back
    assert hospitals.get_hospital(other).first_visit == ""
    someone.post("/desk/place/", hospital=sent["at_hospital"])
    assert someone.client.post(path, sent, **more).status_code in (204, 303)  # type: ignore[arg-type]
    assert hospitals.get_hospital(UUID(sent["at_hospital"])).first_visit == "带好身份证"


def test_nobody_is_led_to_the_sign_in(names: dict[str, object]) -> None:
    client = Client()
    for path, _who in PAGES.values():
        answer = client.get(filled(path, names))
        assert (path, answer.status_code) == (path, 303 if answer.status_code == 303 else 302)
        assert answer.headers["Location"].startswith("/desk/sign-in/")


def test_the_rail_shows_what_the_roles_allow(hospital: Hospital, desk: Callable[..., Desk]) -> None:
    shown = {role: desk(role).get("/desk/").content.decode() for role in ROLES}
    links = {
        "/desk/find/": {R, N, D, A},
        "/desk/window/": {R, A},
        "/desk/roster/": {M, A},
        "/desk/hospital/": {A},
        "/desk/staff/": {A},
        "/desk/rules/": {A},
        "/desk/announcements/": {A},
        "/desk/terminals/": {A},
        "/desk/duplicates/": set(),
    }
    for link, who in links.items():
        assert (link, {role for role in ROLES if f'href="{link}"' in shown[role]}) == (link, who)


def test_who_is_of_the_city_has_no_hospital_but_decides_duplicates() -> None:
    operator = enter(make.staff_member("city_operator"), with_totp=True)
    assert operator.get("/desk/").status_code == 403
    page = operator.get("/desk/duplicates/")
    assert page.status_code == 200
    assert 'href="/desk/duplicates/"' in page.content.decode()


def test_without_the_second_factor_an_administrator_is_led_to_it(hospital: Hospital) -> None:
    someone = enter(make.staff_member("hospital_admin", hospital_id=hospital.id))
    answer = someone.get("/desk/staff/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/me/second-factor/")


def test_the_day_asks_as_often_for_one_session_as_for_many(hospital: Hospital, desk: Callable[..., Desk]) -> None:
    someone = desk("registrar")
    someone.get("/desk/")
    with CaptureQueriesContext(connection) as few:
        someone.get("/desk/")
    for n in range(5):
        department = make.department(hospital.id)
        build.clinic(day=hospital.day, hospital_id=hospital.id, department_id=department, at=make.time(13 + n % 3))
    with CaptureQueriesContext(connection) as many:
        someone.get("/desk/")
    assert len(many) == len(few)
