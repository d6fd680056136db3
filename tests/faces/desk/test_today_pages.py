"""Today: filters that stay, what a row offers, a document at the desk, the jump box and the sheet of keys."""

import re
from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from tests import clinic as build
from tests import make
from tests.faces.desk.conftest import NOW, ONSITE, TODAY, Desk, Hospital, enter, open_hospital
from tests.faces.desk.test_session_pages import booked, name_of, number_of

from yitong.core import clock
from yitong.core.ids import new_id
from yitong.domains.booking.contracts import State
from yitong.domains.booking.models import Booking
from yitong.domains.people.models import Patient, ReadLog
from yitong.domains.schedule.contracts import Pool

Sit = Callable[..., Desk]


def body(desk: Desk, path: str) -> str:
    return desk.get(path).content.decode()


# -- the list ----------------------------------------------------------------------------------------------------------


def test_a_department_once_chosen_stays_until_another_is(hospital: Hospital, desk: Sit) -> None:
    other = build.clinic(day=hospital.day, hospital_id=hospital.id, department_id=make.department(hospital.id))
    someone = desk("registrar")
    rows = [str(hospital.place.session_id), str(other.session_id)]

    def shown(path: str) -> list[bool]:
        page = body(someone, path)
        return [f"/desk/sessions/{row}/" in page for row in rows]

    assert shown("/desk/") == [True, True]
    assert shown(f"/desk/?department={hospital.department_id}") == [True, False]
    assert shown("/desk/") == shown("/desk/week/") == [True, False]
    assert shown("/desk/?department=all") == [True, True]
    assert shown("/desk/") == [True, True]
    assert shown(f"/desk/week/?doctor={hospital.doctor_id}") == [True, False]
    assert shown("/desk/week/") == [True, True]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "9999-12-30", "2026-02-30", "x"])
def test_a_day_that_no_calendar_has_is_today(day: str, hospital: Hospital, desk: Sit) -> None:
    someone = desk("registrar")
    for page in ("", "week/"):
        answer = someone.get(f"/desk/{page}?day={day}")
        assert answer.status_code == 200
        assert f"{hospital.place.session_id}" in answer.content.decode()


def test_each_row_offers_what_its_reader_may_do(hospital: Hospital, desk: Sit) -> None:
    stop, book = (
        f"/desk/sessions/{hospital.place.session_id}/stop/",
        f"/desk/window/?session={hospital.place.session_id}",
    )
    seen = {role: body(desk(role), "/desk/") for role in ("registrar", "nurse", "doctor", "roster_manager")}
    assert {role for role, page in seen.items() if stop in page} == {"roster_manager"}
    assert {role for role, page in seen.items() if book in page} == {"registrar"}
    assert {role for role, page in seen.items() if 'action="/desk/arrive/"' in page} == {"registrar", "nurse"}
    with clock.frozen(NOW + timedelta(hours=11)):
        late = body(
            enter(make.staff_member("registrar", hospital_id=hospital.id), now=NOW + timedelta(hours=11)), "/desk/"
        )
    assert book not in late


def test_a_department_has_its_sums(hospital: Hospital, desk: Sit) -> None:
    booked(hospital)
    head = body(desk("nurse"), "/desk/").split('scope="rowgroup"')[1].split("</tr>")[0]
    assert re.findall(r'class="num">(\d+)<', head) == ["1", "0", "15"]


def test_from_a_row_the_window_leads_straight_to_its_times(hospital: Hospital, desk: Sit) -> None:
    registrar, given = desk("registrar"), build.identity()
    path = f"/desk/window/?session={hospital.place.session_id}"
    assert "挂到" in body(registrar, path)
    to = registrar.post(path, kind="resident_id", number=given.number, name=given.name).headers["Location"]
    assert to == f"/desk/window/{Patient.objects.latest('id').id}/{hospital.place.session_id}/"
    elsewhere = open_hospital()
    assert registrar.get(f"/desk/window/?session={elsewhere.place.session_id}").status_code == 404


def test_a_pending_stop_shows_on_the_day_with_its_undo(hospital: Hospital, desk: Sit) -> None:
    manager = desk("roster_manager")
    to = manager.post(f"/desk/sessions/{hospital.place.session_id}/stop/", reason="leave").headers["Location"]
    assert f'href="{to}"' in body(manager, "/desk/")
    assert f'href="{to}"' not in body(desk("registrar"), "/desk/")
    with clock.frozen(NOW + timedelta(seconds=61)):
        assert f'href="{to}"' not in body(manager, "/desk/")


# -- a document at the desk --------------------------------------------------------------------------------------------


@pytest.mark.rule("R-001")
def test_a_document_checks_in_who_is_expected_today(hospital: Hospital, desk: Sit) -> None:
    patient, booking = booked(hospital)
    nurse, key = desk("nurse"), str(new_id())
    done = nurse.post("/desk/arrive/", kind="resident_id", number=number_of(patient), key=key)
    assert (done.status_code, done.headers["Location"]) == (303, "/desk/")
    assert Booking.objects.get(id=booking.id).state == State.CHECKED_IN
    assert name_of(patient) not in nurse.client.cookies["yitong_notice"].value
    again = nurse.post("/desk/arrive/", kind="resident_id", number=number_of(patient), key=key)
    assert (again.status_code, "今天已经报到过" in again.content.decode()) == (200, True)


def test_who_is_expected_twice_is_asked_which(hospital: Hospital, desk: Sit) -> None:
    patient, first = booked(hospital)
    other = build.clinic(
        day=hospital.day,
        at=make.time(18),
        hospital_id=hospital.id,
        department_id=make.department(hospital.id),
        pools=(Pool.ONLINE,) * 14 + (Pool.ONSITE,) * 2,
        slots=16,
    )
    assert isinstance(patient, type(hospital.id))
    second = build.hold(other, patient, build.registrar(hospital.id), n=ONSITE)
    nurse, sent = desk("nurse"), {"kind": "resident_id", "number": number_of(patient)}
    page = nurse.post("/desk/arrive/", **sent).content.decode()
    assert all(f'name="booking" value="{one}"' in page for one in (first.id, second.booking_id))
    assert Booking.objects.filter(state=State.CHECKED_IN).count() == 0
    assert nurse.post("/desk/arrive/", **sent, booking=second.booking_id).status_code == 303
    assert Booking.objects.get(state=State.CHECKED_IN).id == second.booking_id
    strange = nurse.post("/desk/arrive/", **sent, booking=new_id())
    assert (strange.status_code, Booking.objects.filter(state=State.CHECKED_IN).count()) == (200, 1)


def test_who_is_not_expected_is_booked_and_who_is_unknown_gets_a_record(hospital: Hospital, desk: Sit) -> None:
    known = build.patient(hospital.id)
    registrar, nurse = desk("registrar"), desk("nurse")
    here = registrar.post("/desk/arrive/", kind="resident_id", number=number_of(known)).content.decode()
    assert ("没有等着报到" in here, f"/desk/window/{known}/" in here) == (True, True)
    stranger = build.identity().number
    unknown = registrar.post("/desk/arrive/", kind="resident_id", number=stranger)
    page = unknown.content.decode()
    assert (unknown.status_code, f'value="{stranger}"' in page, 'action="/desk/window/"' in page) == (404, True, True)
    assert (
        'action="/desk/window/"'
        not in nurse.post("/desk/arrive/", kind="resident_id", number=stranger).content.decode()
    )
    assert registrar.post("/desk/arrive/", kind="resident_id", number="").status_code == 422
    assert registrar.post("/desk/arrive/", kind="x", number="123").status_code == 422


# -- the jump box ------------------------------------------------------------------------------------------------------


def jump(desk: Desk, q: str) -> tuple[int, str, str]:
    answer = desk.post("/desk/jump/", q=q)
    return answer.status_code, answer.headers.get("Location", ""), answer.content.decode()


def test_a_booking_code_a_document_and_a_card_lead_to_their_owner(hospital: Hospital, desk: Sit) -> None:
    patient, booking = booked(hospital)
    nurse = desk("nurse")
    assert jump(nurse, f"{booking.code[:4]} {booking.code[4:]}")[1] == f"/desk/bookings/{booking.id}/"
    assert jump(nurse, number_of(patient).lower())[1] == f"/desk/patients/{patient}/"
    assert ReadLog.objects.filter(patient_id=patient, what="search").count() == 1
    assert jump(nurse, "12345678")[0] == 404
    assert jump(nurse, "")[0] == 422
    assert jump(nurse, "9" * 17)[0] == 404


def test_letters_lead_to_pages_departments_and_doctors(hospital: Hospital, desk: Sit) -> None:
    make.practitioner(hospital.id, hospital.department_code, name="欧阳跳转")
    someone = desk("registrar")
    assert jump(someone, "欧阳跳")[1].startswith("/desk/week/?doctor=")
    assert jump(someone, "一周")[1] == "/desk/week/"
    status, _to, page = jump(someone, "挂")
    assert (status, "/desk/roster/" in page.split('id="jump-found"')[-1]) == (303, False)


def test_typing_reads_no_patient_and_the_manager_finds_none(hospital: Hospital, desk: Sit) -> None:
    patient, booking = booked(hospital)
    before = ReadLog.objects.count()
    typed = desk("nurse").post("/desk/jump/suggest/", q=number_of(patient))
    assert (typed.status_code, "没有找到" in typed.content.decode()) == (200, True)
    assert jump(desk("roster_manager"), booking.code)[0] == 404
    assert jump(desk("roster_manager"), number_of(patient))[0] == 404
    assert ReadLog.objects.count() == before


# -- the keys ----------------------------------------------------------------------------------------------------------


def test_the_sheet_names_the_keys_of_the_own_pages_and_can_be_switched_off(hospital: Hospital, desk: Sit) -> None:
    nurse = desk("nurse")
    whole = body(nurse, "/desk/keys/")
    part = nurse.get("/desk/keys/", headers={"HX-Request": "true"}).content.decode()
    assert ("<html" in whole, "<html" in part) == (True, False)
    assert ("<kbd>w</kbd>" in part, "<kbd>r</kbd>" in part) == (True, False)
    assert nurse.post("/desk/keys/", keys="off").status_code == 303
    cookie = nurse.client.cookies["yitong_desk_keys"]
    assert (cookie.value, cookie["path"], cookie["httponly"]) == ("off", "/desk/", "")
    assert "打开单键快捷键" in body(nurse, "/desk/keys/")
    nurse.post("/desk/keys/", keys="on")
    assert nurse.client.cookies["yitong_desk_keys"].value == "on"


@pytest.mark.rule("R-013")
def test_the_kept_number_goes_to_the_old_and_to_whom_the_desk_saw_a_document() -> None:
    hospital_id = make.hospital()
    make.campus(hospital_id)
    pools = (Pool.ONLINE,) * 7 + (Pool.ONSITE,)
    two = [build.clinic(slots=8, day=TODAY, at=time(13), hospital_id=hospital_id, pools=pools) for _ in range(2)]
    registrar = enter(make.staff_member("registrar", hospital_id=hospital_id))
    young, old = build.patient(hospital_id), build.patient(hospital_id, build.identity(birth=date(1950, 5, 6)))
    assert "只剩优先号 1" in body(registrar, f"/desk/window/{young}/{two[0].session_id}/")
    paths = [f"/desk/window/{young}/slot/{two[0].slot(7)}/", f"/desk/window/{old}/slot/{two[1].slot(7)}/"]
    assert "留给 60 岁以上老年人" in body(registrar, paths[0])
    refused = registrar.post(paths[0])
    assert (refused.status_code, Booking.objects.filter(hospital_id=hospital_id).count()) == (422, 0)
    assert "留给老年人等优先照顾对象" in refused.content.decode()
    assert registrar.post(paths[0], is_special_group="on").status_code == 303
    assert registrar.post(paths[1]).status_code == 303
    assert Booking.objects.filter(hospital_id=hospital_id).count() == 2
