"""The day, a session and its bookings, finding a patient, booking at the window: through the pages."""

import re
from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from tests import clinic as build
from tests import make
from tests.faces.desk.conftest import NOW, ONSITE, Desk, Hospital
from tests.numbers import question

from yitong.core import masks
from yitong.core.actor import Actor
from yitong.core.db.models import Event
from yitong.core.ids import new_id
from yitong.domains.booking.contracts import State
from yitong.domains.booking.models import Booking
from yitong.domains.booking.queries import bookings
from yitong.domains.hospitals.contracts.things import Title
from yitong.domains.people.commands import carriers
from yitong.domains.people.contracts.patients import NoteHospitalNumber
from yitong.domains.people.models import Carrier, Patient, ReadLog
from yitong.domains.schedule.contracts import Pool
from yitong.domains.schedule.models import Slot
from yitong.domains.schedule.queries import timetable as schedule

Sit = Callable[..., Desk]


def number_of(patient: object) -> str:
    return str(Patient.objects.get(id=patient).identity_number)


def name_of(patient: object) -> str:
    return str(Patient.objects.get(id=patient).name)


def booked(hospital: Hospital, n: int = ONSITE) -> tuple[object, Booking]:
    """A walk-in on today's list."""
    patient = build.patient(hospital.id)
    held = build.hold(hospital.place, patient, build.registrar(hospital.id), n=n)
    return patient, Booking.objects.get(hospital_id=hospital.id, id=held.booking_id)


def test_a_new_booking_shows_at_the_next_asking(hospital: Hospital, desk: Sit) -> None:
    someone = desk("nurse")
    live = {"HX-Request": "true", "HX-Trigger": "live-today"}
    before = someone.get("/desk/", headers=live).content.decode()
    booked(hospital)
    after = someone.get("/desk/", headers=live).content.decode()
    assert '<dd id="booked-total">0</dd>' in before
    assert '<dd id="booked-total">1</dd>' in after
    assert "<html" not in after


def test_day_week_and_department(hospital: Hospital, desk: Sit) -> None:
    someone = desk("registrar")
    row = f'href="/desk/sessions/{hospital.place.session_id}/"'
    seen = {
        path: row in someone.get(path).content.decode()
        for path in (
            "/desk/",
            "/desk/week/",
            f"/desk/?day={hospital.day}",
            "/desk/?day=2026-11-24",
            "/desk/week/?day=2026-11-30",
            f"/desk/?department={hospital.department_id}",
            f"/desk/?department={make.department(hospital.id)}",
            "/desk/?day=nonsense&department=nonsense",
        )
    }
    assert list(seen.values()) == [True, True, True, False, False, True, False, True]
    assert someone.get("/desk/?cursor=nonsense").status_code == 422


def test_a_doctor_sees_the_own_sessions_first(hospital: Hospital, desk: Sit) -> None:
    other = build.clinic(day=hospital.day, hospital_id=hospital.id, department_id=make.department(hospital.id))
    page = {path: desk("doctor").get(path).content.decode() for path in ("/desk/", "/desk/?mine=0")}
    assert [str(other.session_id) in body for body in page.values()] == [False, True]
    assert all(str(hospital.place.session_id) in body for body in page.values())


def test_names_and_codes_are_for_those_who_receive(hospital: Hospital, desk: Sit) -> None:
    patient, booking = booked(hospital)
    path = f"/desk/sessions/{hospital.place.session_id}/"
    nurse, manager = desk("nurse").get(path).content.decode(), desk("roster_manager").get(path).content.decode()
    grouped = f"{booking.code[:4]} {booking.code[4:]}"
    name = name_of(patient)
    assert (name in nurse, grouped in nurse) == (True, True)
    assert (name in manager, grouped in manager, masks.name(name) in manager) == (False, False, True)
    own = desk("roster_manager").get(f"/desk/bookings/{booking.id}/").content.decode()
    assert (name in own, grouped in own) == (False, False)
    assert ReadLog.objects.filter(patient_id=patient, what="session_list").count() == 2


@pytest.mark.rule("R-001")
def test_check_in_from_the_list_stays_in_its_row(hospital: Hospital, desk: Sit) -> None:
    patient, booking = booked(hospital)
    path, id = f"/desk/bookings/{booking.id}/check-in/", f'<tr id="b{booking.id}"'
    someone, part = desk("nurse"), {"HX-Request": "true"}
    assert id in someone.get(f"/desk/sessions/{hospital.place.session_id}/").content.decode()

    def row(answer: object, status: int = 200) -> str:
        text: str = answer.content.decode()  # type: ignore[attr-defined]
        assert (answer.status_code, text.strip().startswith(id), "<html" in text) == (status, True, False)  # type: ignore[attr-defined]
        return text

    assert 'name="number"' in row(someone.get(path, headers=part))
    assert "办理报到" in row(someone.get(f"{path}?back=1", headers=part))
    wrong = {"key": str(new_id()), "number": "110101199001011237", **someone.place()}
    assert 'role="alert"' in row(someone.client.post(path, wrong, headers=part), 422)
    right = {**wrong, "key": str(new_id()), "number": number_of(patient)}
    done = row(someone.client.post(path, right, headers=part))
    assert "已报到" in done
    assert "办理报到" not in done
    assert '<dl class="figures" id="figures" hx-swap-oob="true">' in done
    assert Booking.objects.get(id=booking.id, hospital_id=hospital.id).state == State.CHECKED_IN


@pytest.mark.rule("R-001")
def test_check_in_needs_the_document_of_the_booking(hospital: Hospital, desk: Sit) -> None:
    patient, booking = booked(hospital)
    path = f"/desk/bookings/{booking.id}/check-in/"
    nurse = desk("nurse")
    wrong = nurse.post(path, number=build.identity().number)
    assert (wrong.status_code, Booking.objects.get(id=booking.id).state) == (422, State.CONFIRMED)
    assert nurse.post(path, number="").status_code == 422
    assert nurse.post(path, number=number_of(patient).lower()).headers["Location"] == f"/desk/bookings/{booking.id}/"
    assert Booking.objects.get(id=booking.id).state == State.CHECKED_IN
    again = nurse.post(path, number=number_of(patient))
    assert again.status_code == 409


def test_cancel_at_the_window(hospital: Hospital, desk: Sit) -> None:
    _patient, booking = booked(hospital)
    registrar = desk("registrar")
    path, key = f"/desk/bookings/{booking.id}/cancel/", str(new_id())
    assert registrar.post(path, key=key).status_code == 303
    assert registrar.post(path, key=key).status_code == 303  # a second press gives the first answer
    ended = Booking.objects.get(id=booking.id)
    assert (ended.state, ended.end_reason) == (State.CANCELLED, "window")
    assert registrar.post(path).status_code == 409


@pytest.mark.rule("R-016")
def test_stop_shows_whom_it_touches_then_does_it(hospital: Hospital, desk: Sit) -> None:
    patient, _booking = booked(hospital)
    manager = desk("roster_manager")
    path = f"/desk/sessions/{hospital.place.session_id}/stop/"
    preview = manager.get(path).content.decode()
    assert (masks.name(name_of(patient)) in preview, "会影响 1 人" in preview) == (True, True)
    assert manager.post(path).status_code == 422
    assert manager.post(path, reason="weather").status_code == 422
    assert Event.objects.filter(operation="schedule.stops_planned").count() == 0
    key = str(new_id())
    to = manager.post(path, reason="leave", key=key).headers["Location"]
    assert manager.post(path, reason="leave", key=key).headers["Location"] == to
    waiting = schedule.get_session(hospital.id, hospital.place.session_id)
    assert (waiting.state, waiting.stops_at) == ("released", NOW + timedelta(seconds=60))
    assert "待停诊" in manager.get("/desk/").content.decode()
    assert manager.post(path, reason="leave").status_code == 409


@pytest.mark.rule("R-016")
def test_substitute_by_a_free_colleague(hospital: Hospital, desk: Sit) -> None:
    manager = desk("roster_manager")
    path = f"/desk/sessions/{hospital.place.session_id}/substitute/"
    assert "没有合适的替诊医师" in manager.get(path).content.decode()
    colleague = make.practitioner(hospital.id, hospital.department_code, name="钱替诊", title=Title.CHIEF)
    assert "钱替诊" in manager.get(path).content.decode()
    assert manager.post(path, practitioner=new_id()).status_code == 422
    assert manager.post(path, practitioner=colleague).status_code == 303
    assert schedule.get_session(hospital.id, hospital.place.session_id).practitioner_id == colleague


def test_another_room_shows_on_lists_and_slips(hospital: Hospital, desk: Sit) -> None:
    _patient, booking = booked(hospital)
    manager, path = desk("roster_manager"), f"/desk/sessions/{hospital.place.session_id}/room/"
    assert manager.post(path, room="3").headers["Location"] == f"/desk/sessions/{hospital.place.session_id}/"
    assert manager.post(path, room="x" * 21).status_code == 422
    registrar = desk("registrar")
    for page in ("/desk/", f"/desk/sessions/{hospital.place.session_id}/", f"/desk/bookings/{booking.id}/slip/"):
        assert (page, "3号诊室" in registrar.get(page).content.decode()) == (page, True)


@pytest.mark.rule("R-012")
def test_slots_move_between_pools_and_leave_a_trace(hospital: Hospital, desk: Sit) -> None:
    manager = desk("roster_manager")
    session = hospital.place.session_id
    free, online = hospital.place.slot(ONSITE), hospital.place.slot(0)
    path = f"/desk/sessions/{session}/pools/"
    assert manager.post(f"{path}?pool=onsite", slots=[free], to_pool="online").status_code == 303
    assert schedule.get_slot(hospital.id, free).pool is Pool.ONLINE
    assert Event.objects.get(operation="schedule.slots_moved").actor == f"staff:{manager.staff_id}"
    _patient, _booking = booked(hospital, n=ONSITE + 1)
    taken = hospital.place.slot(ONSITE + 1)
    assert manager.post(f"{path}?pool=onsite", slots=[taken], to_pool="online").status_code == 422
    too_many = [hospital.place.slot(n) for n in range(6)]
    refused = manager.post(f"{path}?pool=online", slots=too_many, to_pool="onsite")
    assert (refused.status_code, schedule.get_slot(hospital.id, online).pool) == (422, Pool.ONLINE)


@pytest.mark.rule("R-014")
def test_a_doctor_adds_a_slot_for_a_patient_by_document(hospital: Hospital, desk: Sit) -> None:
    patient = build.patient(hospital.id)
    doctor, path = desk("doctor"), f"/desk/sessions/{hospital.place.session_id}/extra/"
    asked = {"kind": "resident_id", "number": number_of(patient), "reason": "urgent"}
    shown = doctor.post(path, **asked)
    assert (shown.status_code, name_of(patient) in shown.content.decode()) == (200, True)
    assert Booking.objects.filter(patient_id=patient).count() == 0
    key = str(new_id())
    done = doctor.post(path, **asked, patient=patient, key=key)
    assert done.status_code == 303
    again = doctor.post(path, **asked, patient=patient, key=key)
    assert again.headers["Location"] == done.headers["Location"]
    assert Booking.objects.get(patient_id=patient).is_extra
    unknown = doctor.post(path, **{**asked, "number": build.identity().number})
    assert unknown.status_code == 404
    colleague = build.clinic(day=hospital.day, hospital_id=hospital.id, department_id=make.department(hospital.id))
    other = doctor.post(f"/desk/sessions/{colleague.session_id}/extra/", **asked, patient=patient)
    assert (other.status_code, Booking.objects.filter(patient_id=patient).count()) == (403, 1)


# -- finding ---------------------------------------------------------------------------------------------------------


def test_find_by_code(hospital: Hospital, desk: Sit) -> None:
    _patient, booking = booked(hospital)
    registrar = desk("registrar")
    spaced = f"{booking.code[:4]} {booking.code[4:]}"
    found = registrar.post("/desk/find/", way="code", **{"code-code": spaced})
    assert found.headers["Location"] == f"/desk/bookings/{booking.id}/"
    other = "00000000" if booking.code != "00000000" else "00000001"
    assert "没有找到" in registrar.post("/desk/find/", way="code", **{"code-code": other}).content.decode()
    assert registrar.post("/desk/find/", way="code", **{"code-code": "12ab"}).status_code == 422


def test_find_by_document_and_by_name_leaves_lines(hospital: Hospital, desk: Sit) -> None:
    given = build.identity(birth=date(1990, 2, 3))
    patient = build.patient(hospital.id, given)
    registrar = desk("registrar")
    by_document = {"document-kind": "resident_id", "document-number": given.number}
    page = registrar.post("/desk/find/", way="document", **by_document).content.decode()
    assert (f"/desk/patients/{patient}/" in page, given.name in page) == (True, True)
    assert page.count(given.number) == 1  # in the form as it was typed, and nowhere else
    by_name = {"name-name": given.name, "name-birth_date": "1990-02-03"}
    assert f"/desk/patients/{patient}/" in registrar.post("/desk/find/", way="name", **by_name).content.decode()
    nobody = {"document-kind": "resident_id", "document-number": build.identity().number}
    assert "没有找到" in registrar.post("/desk/find/", way="document", **nobody).content.decode()
    broken = {"document-kind": "resident_id", "document-number": "110101199002300001"}
    assert registrar.post("/desk/find/", way="document", **broken).status_code in (200, 422)
    reader = f"staff:{registrar.staff_id}"
    assert ReadLog.objects.filter(patient_id=patient, reader=reader, what="search").count() == 2
    own = registrar.get(f"/desk/patients/{patient}/")
    assert (own.status_code, given.number in own.content.decode()) == (200, False)
    assert ReadLog.objects.filter(patient_id=patient, reader=reader, what="patient").count() == 1


@pytest.mark.rule("R-049")
def test_the_window_reads_the_number_of_its_own_hospital(hospital: Hospital, desk: Sit) -> None:
    patient = build.patient(hospital.id)
    system = Actor.system("test")

    def page(role: str = "registrar") -> str:
        text = desk(role).get(f"/desk/patients/{patient}/").content.decode()
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))

    def note(**said: str) -> None:
        asked = carriers.ask_hospital_number(question(patient, hospital.id), actor=system, now=NOW)
        told = NoteHospitalNumber(patient, asked.carrier_id, **said)
        carriers.note_hospital_number(told, actor=system, now=NOW)

    assert "本院就诊号 还没有" in page()
    note(reason="x")
    assert "本院就诊号 院内系统没有建成" in page()
    note(number="M00012345")
    assert "本院就诊号 M00012345" in page()
    assert "M00012345" not in page("doctor")


@pytest.mark.rule("R-049")
def test_the_window_types_the_number_that_its_register_did_not_give(hospital: Hospital, desk: Sit) -> None:
    patient, registrar = build.patient(hospital.id), desk("registrar")
    page, path = f"/desk/patients/{patient}/", f"/desk/patients/{patient}/number/"
    form = f'action="{path}"'
    assert (form in page_of(registrar, page), form in page_of(desk("nurse"), page)) == (True, False)
    for wrong, said in (("", "请填就诊号"), ("号码", "卡号或就诊号不正确")):
        answer = registrar.post(path, number=wrong)
        assert (answer.status_code, said in answer.content.decode()) == (422, True)
    done = registrar.post(path, number=" m0042 ")
    assert (done.status_code, done.headers["Location"]) == (303, page)
    shown = page_of(registrar, page)
    assert ("M0042" in shown, form in shown) == (True, False)
    again = registrar.post(path, number="M0043")
    assert (again.status_code, "该就诊人在本院已有另一个就诊号" in again.content.decode()) == (409, True)
    other = build.patient(hospital.id)
    taken = registrar.post(f"/desk/patients/{other}/number/", number="M0042")
    assert (taken.status_code, "这个卡号或就诊号已属于另一位就诊人" in taken.content.decode()) == (409, True)
    assert Carrier.objects.filter(kind="hospital_number").count() == 1
    unknown = registrar.post(f"/desk/patients/{new_id()}/number/", number="M0044")
    assert unknown.status_code == 404


@pytest.mark.rule("R-049")
def test_the_window_corrects_a_number_or_takes_it_back(hospital: Hospital, desk: Sit) -> None:
    patient, registrar = build.patient(hospital.id), desk("registrar")
    page, path = f"/desk/patients/{patient}/", f"/desk/patients/{patient}/number/wrong/"
    assert path not in page_of(registrar, page)  # there is none yet
    registrar.post(f"/desk/patients/{patient}/number/", number="M0042")
    assert (path in page_of(registrar, page), path in page_of(desk("nurse"), page)) == (True, False)

    def shown() -> str:
        return re.findall(r'name="carrier" value="([^"]+)"', page_of(registrar, page))[0]

    first = shown()
    unsaid = registrar.post(path, carrier=first, right="M0043")
    assert (unsaid.status_code, "请选为什么不对" in unsaid.content.decode()) == (422, True)
    done = registrar.post(path, carrier=first, reason="mistyped", right=" m0043 ")
    assert (done.status_code, done.headers["Location"]) == (303, page)
    assert "就诊号已更正" in page_of(registrar, page)
    stale = registrar.post(path, carrier=first, reason="mistyped", right="M0044")
    text = stale.content.decode()
    assert (stale.status_code, "这个就诊号刚刚被改过或收回了" in text) == (409, True)
    assert ("M0043" in text, "M0044" in text, first in text) == (True, False, False)  # what stands now
    same = registrar.post(path, carrier=shown(), reason="mistyped", right="M0043")
    assert (same.status_code, "填的就是现在这个就诊号" in same.content.decode()) == (409, True)
    assert registrar.post(path, carrier=shown(), reason="of_another").status_code == 303
    gone = page_of(registrar, page)
    assert ("就诊号已收回" in gone, "M0043" in gone, path in gone) == (True, False, False)
    assert registrar.post(f"/desk/patients/{patient}/number/", number="M0043").status_code == 303
    assert "M0043" in page_of(registrar, page)
    late = registrar.post(f"/desk/patients/{new_id()}/number/wrong/", carrier=first, reason="mistyped")
    assert late.status_code == 404


@pytest.mark.rule("R-049")
def test_a_number_taken_back_at_another_desk_is_told_where_none_stands(hospital: Hospital, desk: Sit) -> None:
    patient, registrar = build.patient(hospital.id), desk("registrar")
    path = f"/desk/patients/{patient}/number/wrong/"
    registrar.post(f"/desk/patients/{patient}/number/", number="M0042")
    carrier = str(Carrier.objects.get().id)
    assert registrar.post(path, carrier=carrier, reason="of_another").status_code == 303
    stale = registrar.post(path, carrier=carrier, reason="mistyped", right="M0044")
    text = stale.content.decode()
    assert (stale.status_code, "这个就诊号刚刚被改过或收回了" in text, "记下就诊号" in text) == (409, True, True)
    assert not Carrier.objects.filter(state="active").exists()


def page_of(someone: Desk, path: str) -> str:
    return someone.get(path).content.decode()


# -- at the window -----------------------------------------------------------------------------------------------------


def test_a_walk_in_from_document_to_slip(hospital: Hospital, desk: Sit) -> None:
    registrar, given = desk("registrar"), build.identity()
    document = {"kind": "resident_id", "number": given.number, "name": given.name}
    registered = registrar.post("/desk/window/", **document)
    to = registered.headers["Location"]
    patient = Patient.objects.get(id=to.split("/")[3])
    assert (registered.status_code, patient.level, given.number in to) == (303, "seen", False)
    choice = registrar.get(f"{to}?department={hospital.department_id}").content.decode()
    assert f"{to}{hospital.place.session_id}/" in choice
    windows = registrar.get(f"{to}{hospital.place.session_id}/").content.decode()
    slot = hospital.place.slot(ONSITE)
    assert f"{to}slot/{slot}/" in windows
    assert str(hospital.place.slot(0)) not in windows  # an online slot is not the window's
    key = str(new_id())
    again = registrar.post(f"{to}slot/{slot}/", key=key, is_again="on")
    slip = again.headers["Location"]
    held = Booking.objects.get(patient_id=patient.id)
    assert (slip, held.pool, held.channel) == (f"/desk/bookings/{held.id}/slip/", "onsite", "desk")
    assert registrar.post(f"{to}slot/{slot}/", key=key, is_again="on").headers["Location"] == slip
    assert f"{held.code[:4]} {held.code[4:]}" in registrar.get(slip).content.decode()
    taken = registrar.post(f"{to}slot/{slot}/", is_again="on")
    assert (taken.status_code, Booking.objects.filter(patient_id=patient.id).count()) == (409, 1)


def a_window_of_three_times(hospital: Hospital) -> build.Clinic:
    """One number in each, all of them on site."""
    place = build.clinic(
        slots=3,
        day=hospital.day,
        at=time(17),
        hospital_id=hospital.id,
        department_id=hospital.department_id,
    )
    Slot.objects.filter(hospital_id=hospital.id, session_id=place.session_id).update(pool=Pool.ONSITE)
    return place


def take(place: build.Clinic, n: int) -> None:
    """Another window is quicker."""
    build.hold(place, build.patient(place.hospital_id), build.registrar(place.hospital_id), n=n)


def test_where_a_time_is_gone_the_nearest_is_offered_each_time_and_said(hospital: Hospital, desk: Sit) -> None:
    place, registrar, patient = a_window_of_three_times(hospital), desk("registrar"), build.patient(hospital.id)
    path = f"/desk/window/{patient}/slot/{place.slot(0)}/"
    take(place, 0)
    refused = registrar.post(path)
    assert (refused.status_code, Booking.objects.filter(patient_id=patient).count()) == (409, 0)
    assert "挂最近的时段 17:30–18:00" in refused.content.decode()
    take(place, 1)  # while the registrar asks whether that is convenient
    key = str(new_id())
    made = registrar.post(path, key=key, near="session")
    held = Booking.objects.get(patient_id=patient)
    assert (made.headers["Location"], held.slot_id) == (f"/desk/bookings/{held.id}/slip/", place.slot(2))
    assert registrar.post(path, key=key, near="session").headers["Location"] == made.headers["Location"]
    told = "17:00–17:30已被挂走，挂的是18:00–18:30，第 3 号"
    assert told in registrar.get(made.headers["Location"]).content.decode()


def test_where_nothing_is_near_the_window_says_so_and_offers_nothing(hospital: Hospital, desk: Sit) -> None:
    place, registrar, patient = a_window_of_three_times(hospital), desk("registrar"), build.patient(hospital.id)
    for n in range(3):
        take(place, n)
    path = f"/desk/window/{patient}/slot/{place.slot(0)}/"
    for asked in ({}, {"near": "session"}):
        refused = registrar.post(path, **asked)
        page = refused.content.decode()
        assert (refused.status_code, "挂最近的时段" in page) == (409, False)
        assert f'href="/desk/window/{patient}/{place.session_id}/">换个时段' in page
    assert not Booking.objects.filter(patient_id=patient).exists()


def test_whoever_chose_a_time_is_given_any_number_of_it(hospital: Hospital, desk: Sit) -> None:
    registrar, patient = desk("registrar"), build.patient(hospital.id)
    take(hospital.place, ONSITE)
    registrar.post(f"/desk/window/{patient}/slot/{hospital.place.slot(ONSITE)}/")
    assert Booking.objects.get(patient_id=patient).slot_id == hospital.place.slot(ONSITE + 1)


def test_the_document_must_be_whole_and_the_name_its_own(hospital: Hospital, desk: Sit) -> None:
    registrar, given = desk("registrar"), build.identity()
    build.patient(hospital.id, given)
    before = Patient.objects.count()
    for changed in ({"name": "另一个"}, {"number": "123"}, {"number": ""}, {"name": "名" * 500}, {"kind": "x"}):
        document = {"kind": "resident_id", "number": given.number, "name": given.name, **changed}
        assert registrar.post("/desk/window/", **document).status_code in (409, 422)
    assert Patient.objects.count() == before
    known = registrar.post("/desk/window/", kind="resident_id", number=given.number, name=given.name)
    assert (known.status_code, Patient.objects.count()) == (303, before)


def test_the_list_on_paper_has_who_comes_and_nobody_else(hospital: Hospital, desk: Sit) -> None:
    patient, booking = booked(hospital)
    _gone, other = booked(hospital, n=ONSITE + 1)
    registrar = desk("registrar")
    registrar.post(f"/desk/bookings/{other.id}/cancel/")
    page = registrar.get(f"/desk/sessions/{hospital.place.session_id}/list/").content.decode()
    assert f"{booking.code[:4]} {booking.code[4:]}" in page
    assert f"{other.code[:4]} {other.code[4:]}" not in page
    assert bookings.count_by_session(
        hospital.id, [hospital.place.session_id], make.staff_actor("nurse", hospital_id=hospital.id)
    )[hospital.place.session_id] == {State.CONFIRMED: 1, State.CANCELLED: 1}
    assert name_of(patient) in page


def test_the_list_says_when_it_has_changed(hospital: Hospital, desk: Sit) -> None:
    nurse, path = desk("nurse"), f"/desk/sessions/{hospital.place.session_id}/news/?shown="
    assert "名单有变化" not in nurse.get(f"{path}0").content.decode()
    patient, _booking = booked(hospital)
    reads = ReadLog.objects.filter(patient_id=patient).count()
    assert "名单有变化" in nurse.get(f"{path}0").content.decode()
    assert ReadLog.objects.filter(patient_id=patient).count() == reads


@pytest.mark.rule("R-005")
def test_who_is_booked_there_already_is_found_by_one_press_and_not_under_the_patients_own_pages(
    hospital: Hospital, desk: Sit
) -> None:
    """As when somebody went back from the slip and pressed once more."""
    patient, _ = booked(hospital)
    answer = desk("registrar").post(f"/desk/window/{patient}/slot/{hospital.place.slot(ONSITE + 1)}/")
    page = answer.content.decode()
    assert (answer.status_code, "同一就诊日同一科室只能预约1次" in page, "我的预约" in page) == (409, True, False)
    assert f'<a href="/desk/patients/{patient}/">患者的预约</a>' in page
