"""The hospital's own data through its pages: from nothing to the first sessions, and what is refused on the way."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import F
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from tests import make
from tests.faces.desk.conftest import NOW, Desk, Hospital, enter

from yitong.core.db.models import Event
from yitong.core.ids import new_id
from yitong.core.sentences import sentence
from yitong.domains.access import queries as access
from yitong.domains.access.commands import staff
from yitong.domains.access.contracts import EndRole, RoleName
from yitong.domains.hospitals import models
from yitong.domains.hospitals.commands import places
from yitong.domains.hospitals.contracts.things import ClinicKind, Title
from yitong.domains.hospitals.contracts.writes import ChangeDepartment
from yitong.domains.hospitals.queries import directory
from yitong.domains.hospitals.queries import facts as stand
from yitong.domains.schedule.commands.sessions import stop_session
from yitong.domains.schedule.contracts import StopReason, StopSession
from yitong.domains.schedule.models import ClinicSession

Sit = Callable[..., Desk]
HOME = "/desk/hospital/"


def campus(**changed: object) -> dict[str, object]:
    return {"code": "MAIN", "name": "本部", "district": "西城区", "address": "示范路1号", "is_open": "on", **changed}


def department(**changed: object) -> dict[str, object]:
    given = {
        "campus_code": "MAIN",
        "code": "CARDIO",
        "name": "心内科",
        "national_code": "03.04",
        "code_basis": "rule",
        "code_reason": "心内科即心血管内科专业",
        "is_bookable": "on",
    }
    return {**given, **changed}


def doctor(**changed: object) -> dict[str, object]:
    given = {"code": "P1", "name": "李示范", "title": "chief", "licence": "110100000000001", "home": "CARDIO"}
    return {**given, "is_active": "on", **changed}


def price(**changed: object) -> dict[str, object]:
    given = {"clinic_kind": "expert", "title": "all", "fee_fen": "80", "effective_date": "2026-11-24"}
    return {**given, "source": "京发改〔2026〕1号", **changed}


def said(answer: HttpResponse) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def next_of(someone: Desk) -> str:
    """Where the page of the whole way leads next."""
    body = someone.get(HOME).content.decode()
    found = re.search(r'<li class="card row-between" aria-current="step">.*?href="([^"]+)"', body, re.DOTALL)
    return found[1] if found else ""


@pytest.fixture
def founder() -> Desk:
    """The administrator of a hospital that was just taken in."""
    return enter(make.staff_member("hospital_admin", hospital_id=make.hospital()), with_totp=True)


def at(someone: Desk) -> UUID:
    roles = access.roles_of(someone.staff_id, NOW)
    return next(role.hospital_id for role in roles if role.hospital_id is not None)


# -- the whole way -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("S-83")
def test_a_new_hospital_is_led_to_its_first_sessions(founder: Desk) -> None:
    at_id = at(founder)
    assert f'href="{HOME}"' in founder.get("/desk/").content.decode()  # the day is empty, and says where to begin
    assert "科室在院区里，先加院区。" in said(founder.get(f"{HOME}departments/"))
    assert founder.get(f"{HOME}departments/add/").status_code == 303
    assert founder.get(f"{HOME}doctors/add/").status_code == 303
    assert "医师在科室里出诊，先加科室。" in said(founder.get(f"{HOME}doctors/"))
    for way, given in (
        (f"{HOME}campuses/add/", campus()),
        (f"{HOME}departments/add/", department()),
        (f"{HOME}doctors/add/", doctor()),
    ):
        assert next_of(founder) == way
        answer = founder.post(way, **given)
        assert (way, answer.status_code) == (way, 303)
        assert "下一步：" in said(founder.get(answer.headers["Location"]))
    assert next_of(founder) == f"{HOME}fees/"
    here = directory.list_departments(at_id)[0].department_id
    [chief] = directory.list_practitioners(at_id)
    line = {
        "practitioner": chief.practitioner_id,
        "clinic_kind": "expert",
        "weekday": 2,
        "half_day": "am",
        "starts": "08:00",
        "ends": "12:00",
        "slot_minutes": 30,
        "per_window": 4,
        "from_date": "2026-11-24",
    }
    assert founder.post(f"/desk/roster/add/?department={here}", **line).status_code == 303
    days = {"from_date": "2026-11-24", "until_date": "2026-12-06"}
    unpriced = founder.post("/desk/roster/generate/", **days)
    assert "还没有价格，没有生成：专家门诊 主任医师 2" in said(unpriced)
    assert "生成好了" not in said(unpriced)
    assert f'href="{HOME}fees/"' in unpriced.content.decode()
    assert founder.post(f"{HOME}fees/", **price()).status_code == 303
    assert next_of(founder) == "/desk/roster/generate/"
    assert founder.post("/desk/roster/generate/", **days).status_code == 200
    assert next_of(founder) == ""
    sessions = ClinicSession.objects.filter(hospital_id=at_id)
    assert [(one.practitioner_id, one.title, one.fee_fen) for one in sessions] == [
        (chief.practitioner_id, "chief", 8000)
    ] * 2


def test_who_may_roster_but_not_price_is_sent_to_the_administrator(hospital: Hospital, desk: Sit) -> None:
    manager = desk("roster_manager")
    models.Fee.objects.filter(hospital_id=hospital.id, clinic_kind="night").delete()
    line = {"clinic_kind": "night", "weekday": 2, "half_day": "night", "starts": "18:00", "ends": "20:00"}
    more = {"slot_minutes": 30, "per_window": 4, "from_date": "2026-11-24", "practitioner": ""}
    assert manager.post(f"/desk/roster/add/?department={hospital.department_id}", **line, **more).status_code == 303
    answer = manager.post("/desk/roster/generate/", from_date="2026-11-24", until_date="2026-12-06")
    assert "请本院管理员先定价" in said(answer)
    assert HOME not in answer.content.decode()


# -- who the hospital is -----------------------------------------------------------------------------------------------


def test_the_hospital_says_who_it_is(founder: Desk) -> None:
    given = {
        "name": "北京新建医院",
        "name_en": "Beijing New Hospital",
        "short_name": "新建",
        "short_name_en": "New",
        "level": "三级甲等",
        "kind": "综合医院",
        "district": "西城区",
        "phone": "010-12345678",
        "specialties": "心血管内科\r\n\r\n 神经内科 ",
        "introduction": "两行\r\n介绍",
    }
    assert founder.post(f"{HOME}facts/", **given).status_code == 303
    found = directory.get_hospital(at(founder))
    assert (found.name, found.specialties, found.introduction) == (
        "北京新建医院",
        ("心血管内科", "神经内科"),
        "两行\n介绍",
    )
    before = Event.objects.count()
    other = make.hospital_facts().name
    make.hospital(name=other)
    before += 1
    taken = founder.post(f"{HOME}facts/", **{**given, "name": other, "phone": "010-87654321"})
    assert (taken.status_code, 'value="010-87654321"' in taken.content.decode()) == (409, True)
    for wrong in ({"name": ""}, {"name": "长" * 121}, {"name_en": "x\u200b"}, {"specialties": "\n".join("甲" * 61)}):
        answer = founder.post(f"{HOME}facts/", **{**given, **wrong})
        field = next(iter(wrong))
        assert (wrong, answer.status_code, f'id="id_{field}-error"' in answer.content.decode()) == (wrong, 422, True)
    assert Event.objects.count() == before


# -- campuses and departments ------------------------------------------------------------------------------------------


def test_a_campus_is_added_once_and_its_address_changed(founder: Desk) -> None:
    add, key = f"{HOME}campuses/add/", str(new_id())
    given = campus(latitude="39.904200", longitude="116.407400", directions="地铁\r\n公交", key=key)
    assert [founder.post(add, **given).status_code for _n in range(2)] == [303, 303]
    [row] = models.Campus.objects.filter(hospital_id=at(founder))
    assert (row.latitude, row.directions) == (Decimal("39.904200"), "地铁\n公交")
    path = f"{HOME}campuses/{row.id}/"
    assert 'value="39.904200"' in founder.get(path).content.decode()
    assert founder.post(path, **campus(address="示范路2号")).status_code == 303
    assert models.Campus.objects.get(id=row.id).address == "示范路2号"
    taken = founder.post(add, **campus(address="另一处9号"))
    assert (taken.status_code, 'value="另一处9号"' in taken.content.decode()) == (409, True)
    wrong = [
        ("code", campus(code="有空格 的")),
        ("address", campus(code="C2", address="")),
        ("latitude", campus(code="C2", latitude="39.9")),
        ("latitude", campus(code="C2", latitude="139", longitude="116")),
        ("longitude", campus(code="C2", latitude="39", longitude="x")),
    ]
    for field, told in wrong:
        answer = founder.post(add, **told)
        assert (told, answer.status_code, f'id="id_{field}-error"' in answer.content.decode()) == (told, 422, True)
    assert models.Campus.objects.filter(hospital_id=at(founder)).count() == 1


def test_a_campus_that_nobody_needs_is_removed_by_two_presses_as_by_one(founder: Desk) -> None:
    founder.post(f"{HOME}campuses/add/", **campus())
    row = models.Campus.objects.get(hospital_id=at(founder))
    way = f"{HOME}campuses/{row.id}/remove/"
    assert f'href="{way}"' in founder.get(f"{HOME}campuses/{row.id}/").content.decode()
    asked = founder.get(way)
    assert (asked.status_code, "本部" in said(asked)) == (200, True)
    [key] = re.findall(r'name="key" value="([0-9a-f-]{36})"', asked.content.decode())
    answers = [founder.post(way, key=key) for _n in range(2)]
    assert [(one.status_code, one.headers["Location"]) for one in answers] == [(303, f"{HOME}campuses/")] * 2
    assert Event.objects.filter(operation="hospitals.campus_removed", subject_id=row.id).count() == 1
    assert (founder.get(way).status_code, founder.post(way).status_code) == (404, 404)
    assert "还没有院区" in said(founder.get(f"{HOME}campuses/"))


def test_a_campus_in_use_is_not_removed_but_closed(hospital: Hospital, desk: Sit) -> None:
    admin = desk("hospital_admin")
    row = models.Campus.objects.get(hospital_id=hospital.id)
    before = Event.objects.count()
    refused = admin.post(f"{HOME}campuses/{row.id}/remove/")
    assert (refused.status_code, sentence("CAMPUS_IN_USE", {}, "zh").message in said(refused)) == (409, True)
    assert Event.objects.count() == before
    closed = {**campus(code=row.code, name=row.name, address=row.address), "is_open": ""}
    stop = StopSession("once", hospital.id, hospital.place.session_id, StopReason.HOSPITAL)
    stop_session(stop, actor=make.hospital_admin(hospital.id), now=NOW)
    assert admin.post(f"{HOME}campuses/{row.id}/", **closed).status_code == 303
    assert directory.list_campuses(hospital.id) == []
    assert "已停用" in said(admin.get(f"{HOME}campuses/"))
    assert "不能预约" in said(admin.get(f"{HOME}departments/"))
    assert admin.get(f"{HOME}departments/add/").status_code == 303  # nowhere to put it
    path = f"{HOME}departments/{hospital.department_id}/"
    told = department(code=hospital.department_code, name="心内科", campus_code=row.code)
    shut = admin.post(path, **told)
    assert (shut.status_code, sentence("CAMPUS_CLOSED", {}, "zh").message in said(shut)) == (409, True)
    assert admin.post(path, **{**told, "is_bookable": ""}).status_code == 303
    for code in ("C2", "C3"):
        make.campus(hospital.id, code=code)
    assert f'value="campus:{row.id}"' in admin.get("/desk/stops/").content.decode()  # to end what is booked there
    for readable in (f"/desk/sessions/{hospital.place.session_id}/", "/desk/", "/desk/stops/", HOME):
        assert (readable, admin.get(readable).status_code) == (readable, 200)


def test_a_campus_with_sessions_to_come_says_which_and_where_they_are_stopped(hospital: Hospital, desk: Sit) -> None:
    admin = desk("hospital_admin")
    row = models.Campus.objects.get(hospital_id=hospital.id)
    make.campus(hospital.id, code="NEW")
    told = replace(stand.department_facts(hospital.id, hospital.department_id), campus_code="NEW")
    places.change_department(
        ChangeDepartment(hospital.id, hospital.department_id, told), actor=make.hospital_admin(hospital.id), now=NOW
    )
    path, before = f"{HOME}campuses/{row.id}/", Event.objects.count()
    closed = {**campus(code=row.code, name=row.name, address=row.address), "is_open": ""}
    refused = admin.post(path, **closed)
    day = hospital.day.isoformat()
    params = {"campus": row.name, "sessions": 1, "first_date": day, "last_date": day}
    words = sentence("CAMPUS_STILL_PLANNED", params, "zh")
    assert (refused.status_code, words.message in said(refused), words.next_step in said(refused)) == (409, True, True)
    assert (Event.objects.count(), models.Campus.objects.get(id=row.id).is_open) == (before, True)
    [way] = re.findall(r'href="(/desk/stops/new/[^"]+)"', unescape(refused.content.decode()))
    assert str(hospital.place.session_id) in admin.get(way).content.decode()
    assert way in unescape(admin.get(path).content.decode())
    stop = StopSession("once", hospital.id, hospital.place.session_id, StopReason.HOSPITAL)
    stop_session(stop, actor=make.hospital_admin(hospital.id), now=NOW)
    assert "/desk/stops/new/" not in admin.get(path).content.decode()
    assert admin.post(path, **closed).status_code == 303


def test_what_an_older_version_left_behind_at_a_closed_campus_is_said_in_the_list(
    hospital: Hospital, desk: Sit
) -> None:
    admin = desk("hospital_admin")
    row = models.Campus.objects.get(hospital_id=hospital.id)
    told = "还排着 1 个出诊单元"
    assert told not in said(admin.get(f"{HOME}campuses/"))
    sitting = ClinicSession.objects.filter(hospital_id=hospital.id, campus_id=row.id)
    sitting.update(at_open_campus=None, left_campus_at=F("ends_at"))  # so that the key doesn't see it
    models.Department.objects.filter(campus_id=row.id).update(is_bookable=False)
    models.Campus.objects.filter(id=row.id).update(is_open=False)
    assert told in said(admin.get(f"{HOME}campuses/"))
    assert "/desk/stops/new/" in admin.get(f"{HOME}campuses/{row.id}/").content.decode()


@pytest.mark.rule("R-046")
def test_a_department_has_its_code_with_a_reason_and_may_close(founder: Desk) -> None:
    founder.post(f"{HOME}campuses/add/", **campus())
    add, key = f"{HOME}departments/add/", str(new_id())
    given = department(sex="female", age_from="18", age_below="60", key=key)
    assert [founder.post(add, **given).status_code for _n in range(2)] == [303, 303]
    [row] = models.Department.objects.filter(hospital_id=at(founder))
    assert (row.national_code, row.code_basis) == ("03.04", "rule")
    assert (row.sex, row.age_from, row.age_below) == ("female", 18, 60)
    path = f"{HOME}departments/{row.id}/"
    closed = {name: value for name, value in department().items() if name != "is_bookable"}
    assert founder.post(path, **closed).status_code == 303
    row.refresh_from_db()
    assert (row.is_bookable, row.sex, row.age_from) == (False, None, None)
    assert "不能预约" in said(founder.get(f"{HOME}departments/"))
    wrong: list[tuple[str, dict[str, object]]] = [
        ("national_code", department(code="D2", name="外科", national_code="99")),
        ("national_code", department(code="D2", name="外科", national_code="3")),
        ("national_code", department(code="D2", name="外科", national_code="03.4x")),
        ("code_reason", department(code="D2", name="外科", code_reason=" ")),
        ("code_basis", department(code="D2", name="外科", code_basis="")),
        ("campus_code", department(code="D2", name="外科", campus_code="NOWHERE")),
        ("age_from", department(code="D2", name="外科", age_from="-1")),
    ]
    for field, told in wrong:
        answer = founder.post(add, **told)
        assert (told, answer.status_code, f'id="id_{field}-error"' in answer.content.decode()) == (told, 422, True)
    backwards = founder.post(add, **department(code="D2", name="外科", age_from="60", age_below="18"))
    assert (backwards.status_code, "科室的性别或年龄限制填写有误" in said(backwards)) == (422, True)
    taken = founder.post(add, **department(name="心内二科"))
    assert (taken.status_code, 'value="心内二科"' in taken.content.decode()) == (409, True)
    assert models.Department.objects.filter(hospital_id=at(founder)).count() == 1


# -- doctors -----------------------------------------------------------------------------------------------------------


def test_a_doctor_sits_where_the_form_says_and_leaves(hospital: Hospital, desk: Sit) -> None:
    admin, key = desk("hospital_admin"), str(new_id())
    make.department(hospital.id, code="SECOND")
    add = f"{HOME}doctors/add/"
    home = hospital.department_code
    given = {**doctor(home=home, more=["SECOND", home], key=key), **admin.place()}
    assert [admin.client.post(add, given).status_code for _n in range(2)] == [303, 303]
    [row] = models.Practitioner.objects.filter(hospital_id=hospital.id, code="P1")
    found = directory.get_practitioner(hospital.id, row.id)
    assert [directory.get_department(hospital.id, one).code for one in found.department_ids] == [home, "SECOND"]
    path = f"{HOME}doctors/{row.id}/"
    page = admin.get(path)
    assert ('value="110100000000001"' in page.content.decode(), "no-store" in page.headers["Cache-Control"]) == (
        True,
        True,
    )
    left = {name: value for name, value in doctor(home="SECOND", title="renowned").items() if name != "is_active"}
    assert admin.post(path, **left).status_code == 303
    row.refresh_from_db()
    assert (row.is_active, row.title) == (False, Title.RENOWNED)
    assert "不在岗" in said(admin.get(f"{HOME}doctors/"))
    for field, told in (
        ("licence", doctor(code="P2", home=home, licence="")),
        ("home", doctor(code="P2", home="NOWHERE")),
        ("home", doctor(code="P2", home="")),
        ("name", doctor(code="P2", home=home, name="长" * 61)),
        ("code", doctor(code="-", home=home)),
    ):
        answer = admin.post(add, **told)
        assert (told, answer.status_code, f'id="id_{field}-error"' in answer.content.decode()) == (told, 422, True)
    assert admin.post(add, **doctor(home=home)).status_code == 409


def test_a_doctor_is_linked_with_a_doctor_of_the_own_staff_alone(hospital: Hospital, desk: Sit) -> None:
    admin = desk("hospital_admin")
    one = make.practitioner(hospital.id, hospital.department_code)
    path = f"{HOME}doctors/{one}/staff/"
    mine = make.staff_member("doctor", hospital_id=hospital.id).staff_id
    assert admin.post(path, staff=mine).status_code == 303
    assert directory.get_practitioner(hospital.id, one).staff_id == mine
    nurse = make.staff_member("nurse", hospital_id=hospital.id).staff_id
    stranger = make.staff_member("doctor", hospital_id=make.hospital()).staff_id
    for other in (nurse, stranger, new_id(), "x"):
        assert (other, admin.post(path, staff=other).status_code) == (other, 422)
    assert admin.post(path, staff=hospital.doctor.staff_id).status_code == 409  # who is another doctor here
    assert directory.get_practitioner(hospital.id, one).staff_id == mine
    assert admin.post(path, staff="").status_code == 303
    assert directory.get_practitioner(hospital.id, one).staff_id is None


def test_who_is_linked_and_no_longer_a_doctor_is_shown_and_stays(hospital: Hospital, desk: Sit) -> None:
    admin, path = desk("hospital_admin"), f"{HOME}doctors/{hospital.doctor_id}/"
    linked = hospital.doctor.staff_id
    end = EndRole(linked, RoleName.DOCTOR, hospital.id)
    staff.end_role(end, actor=make.hospital_admin(hospital.id), now=NOW)
    assert f'<option value="{linked}" selected>' in admin.get(path).content.decode()
    assert "已不是本院医师" in said(admin.get(path))
    assert admin.post(f"{path}staff/", staff=linked).status_code == 303
    assert directory.get_practitioner(hospital.id, hospital.doctor_id).staff_id == linked
    other = make.practitioner(hospital.id, hospital.department_code)
    assert admin.post(f"{HOME}doctors/{other}/staff/", staff=linked).status_code == 422


def test_doctors_are_found_among_many_staff(hospital: Hospital, desk: Sit, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = desk("hospital_admin")
    for _n in range(3):
        make.staff_member("nurse", hospital_id=hospital.id)
    doctor_id = make.staff_member("doctor", hospital_id=hospital.id).staff_id
    monkeypatch.setattr("yitong.domains.access.queries.MOST", 2)
    assert f'<option value="{doctor_id}">' in admin.get(f"{HOME}doctors/{hospital.doctor_id}/").content.decode()


# -- prices ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-162")
def test_a_price_in_force_stands_and_one_to_come_is_corrected(founder: Desk) -> None:
    path = f"{HOME}fees/"
    assert founder.post(path, **price(fee_fen="39.90", effective_date="2026-01-01")).status_code == 303
    assert founder.post(path, **price(fee_fen="60", effective_date="2026-12-01")).status_code == 303
    assert founder.post(path, **price(fee_fen="61", effective_date="2026-12-01")).status_code == 303
    assert founder.post(path, **price(fee_fen="100", title="renowned", effective_date="2026-12-01")).status_code == 303
    before = Event.objects.count()
    assert founder.post(path, **price(fee_fen="61", effective_date="2026-12-01")).status_code == 303  # the press again
    for past in ("2026-01-01", "2026-11-01"):
        fixed = founder.post(path, **price(fee_fen="41.5", effective_date=past))
        assert (past, fixed.status_code, 'value="41.5"' in fixed.content.decode()) == (past, 409, True)
    for wrong in ("-1", "10000.01", "1.234", "x", ""):
        assert (wrong, founder.post(path, **price(fee_fen=wrong)).status_code) == (wrong, 422)
    for field in ("source", "effective_date", "clinic_kind", "title"):
        assert (field, founder.post(path, **price(**{field: ""})).status_code) == (field, 422)
    assert Event.objects.count() == before
    at_id = at(founder)
    told = [
        directory.fee_fen(at_id, ClinicKind.EXPERT, title, day)
        for title, day in ((None, date(2026, 11, 30)), (None, date(2026, 12, 1)), ("renowned", date(2026, 12, 1)))
    ]
    assert told == [3990, 6100, 10000]
    page = said(founder.get(path))
    assert ("39.90 元" in page, page.count("现行"), page.count("还没生效") >= 2) == (True, 1, True)


# -- the own sign-in ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-205")
def test_the_secret_of_the_own_sign_in_goes_in_and_never_comes_out(founder: Desk) -> None:
    path, at_id = f"{HOME}sign-in/", at(founder)
    given = {"issuer": "https://sso.hospital.example", "client_id": "yitong", "client_secret": "s3cret-never-again"}
    assert founder.get(f"{path}drop/").status_code == 404
    assert founder.post(path, **{**given, "client_secret": ""}).status_code == 422
    insecure = founder.post(path, **{**given, "issuer": "http://sso.hospital.example"})
    assert (insecure.status_code, 'id="id_issuer-error"' in insecure.content.decode()) == (422, True)
    assert "s3cret" not in insecure.content.decode()
    assert "密钥没有留在页面上，请再填一次" in said(insecure)  # or who corrects the address would keep the one before
    assert founder.post(path, **given).status_code == 303
    assert founder.post(path, **{**given, "client_id": "yitong-2", "client_secret": ""}).status_code == 303
    settings = access.get_provider(at_id)
    assert (settings.client_id, settings.client_secret) == ("yitong-2", "s3cret-never-again")
    other = founder.post(path, **{**given, "issuer": "https://other.example", "client_secret": ""})
    assert (other.status_code, 'id="id_client_secret-error"' in other.content.decode()) == (422, True)
    assert "s3cret" not in founder.get(path).content.decode()
    assert not Event.objects.filter(body__icontains="s3cret").exists()
    assert founder.get(f"{path}drop/").status_code == 200
    assert founder.post(f"{path}drop/").status_code == 303
    assert access.find_provider(at_id) is False
    assert founder.post(path, **{**given, "client_secret": ""}).status_code == 303  # on again, with what is kept
    assert access.find_provider(at_id) is True


# -- many rows ---------------------------------------------------------------------------------------------------------


def test_lists_ask_as_often_for_one_row_as_for_many(hospital: Hospital, desk: Sit) -> None:
    admin = desk("hospital_admin")
    paths = [HOME, *(f"{HOME}{name}/" for name in ("campuses", "departments", "doctors", "fees"))]

    def asked() -> dict[str, int]:
        counts = {}
        for path in paths:
            with CaptureQueriesContext(connection) as captured:
                assert admin.get(path).status_code == 200
            counts[path] = len(captured)
        return counts

    asked()
    few = asked()
    for n in range(6):
        code = f"M{n}"
        make.campus(hospital.id, code=code)
        make.department(hospital.id, code=code, campus_code=code)
        make.practitioner(hospital.id, code)
        make.fee(hospital.id, 100, effective_date=NOW.date() + timedelta(days=30 + n))
    assert asked() == few


def test_a_long_list_of_doctors_has_pages_and_is_searched(
    hospital: Hospital, desk: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yitong.faces.desk.hospital import presenters

    monkeypatch.setattr(presenters, "PAGE", 2)
    for n in range(4):
        make.practitioner(hospital.id, hospital.department_code, code=f"Z{n}", name=f"测试第{n}")
    admin = desk("hospital_admin")
    first = admin.get(f"{HOME}doctors/", data={"sort": "-code"}).content.decode()
    assert ("测试第3" in first, "测试第1" in first, "sort=-code&amp;page=2" in first) == (True, False, True)
    second = admin.get(f"{HOME}doctors/", data={"sort": "-code", "page": "2"}).content.decode()
    assert ("测试第3" in second, "测试第1" in second) == (False, True)
    for beyond in ("99", "0", "x", "-1", "9" * 9):
        assert admin.get(f"{HOME}doctors/", data={"page": beyond}).status_code == 200
    found = admin.get(f"{HOME}doctors/", data={"q": "测试第2"}).content.decode()
    assert ("测试第2" in found, "测试第3" in found) == (True, False)


def test_what_is_closed_takes_no_more_roster(hospital: Hospital, desk: Sit) -> None:
    admin = desk("hospital_admin")
    now = directory.get_department(hospital.id, hospital.department_id)
    facts = make.department_facts(code=now.code, name=now.name, is_bookable=False)
    cmd = ChangeDepartment(hospital.id, hospital.department_id, replace(facts, code_reason="停开"))
    places.change_department(cmd, actor=make.hospital_admin(hospital.id), now=NOW)
    page = admin.get("/desk/roster/")
    assert ("还没有可以排班的科室" in said(page), f'href="{HOME}"' in page.content.decode()) == (True, True)
    assert admin.get(f"/desk/roster/add/?department={hospital.department_id}").status_code == 303
