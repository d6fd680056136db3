"""Roster, staff, rules, announcements, shared desks, duplicates: through the pages."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests import clinic as build
from tests import make
from tests.faces.desk.conftest import NOW, Desk, Hospital, enter, open_hospital

from yitong.core.db import policies
from yitong.core.db.models import Event, PolicyRecord
from yitong.core.ids import new_id
from yitong.domains.access import queries as access
from yitong.domains.access.commands import sign_in
from yitong.domains.access.contracts import AcceptInvite, RoleName
from yitong.domains.access.models import Staff, Terminal
from yitong.domains.hospitals.models import Announcement
from yitong.domains.hospitals.queries import directory
from yitong.domains.people.contracts.patients import IdentityGiven
from yitong.domains.people.contracts.words import IdentityKind, Sex
from yitong.domains.people.models import MergeCandidate, Patient, ReadLog
from yitong.domains.schedule.models import ClinicSession, RosterLine
from yitong.domains.schedule.queries import timetable as schedule

Sit = Callable[..., Desk]


def line(hospital: Hospital, **changed: object) -> dict[str, object]:
    return {
        "practitioner": hospital.doctor_id,
        "clinic_kind": "expert",
        "weekday": 2,
        "half_day": "am",
        "starts": "08:00",
        "ends": "12:00",
        "slot_minutes": 30,
        "per_window": 4,
        "from_date": "2026-11-24",
        **changed,
    }


# -- roster ------------------------------------------------------------------------------------------------------------


def test_a_line_is_added_seen_and_ended(hospital: Hospital, desk: Sit) -> None:
    manager = desk("roster_manager")
    path = f"/desk/roster/add/?department={hospital.department_id}"
    key = str(new_id())
    assert manager.post(path, **line(hospital), key=key).status_code == 303
    assert manager.post(path, **line(hospital), key=key).status_code == 303
    row = RosterLine.objects.get(hospital_id=hospital.id)
    grid = f"/desk/roster/?department={hospital.department_id}"
    assert f"/desk/roster/{row.id}/end/" in manager.get(grid).content.decode()
    seen = desk("nurse").get(grid).content.decode()
    assert ("8:00–12:00" in seen, "/end/" in seen, "/add/" in seen) == (True, False, False)
    assert manager.post(path, **line(hospital)).status_code == 409  # the doctor sits there already
    for wrong in ({"slot_minutes": 0}, {"slot_minutes": 90}, {"ends": "07:00"}, {"weekday": 9}, {"from_date": "x"}):
        assert (wrong, manager.post(path, **line(hospital, **wrong)).status_code) == (wrong, 422)
    ended = manager.post(f"/desk/roster/{row.id}/end/", until_date="2026-12-31")
    assert (ended.status_code, RosterLine.objects.get(id=row.id).until_date) == (303, date(2026, 12, 31))
    assert manager.post(f"/desk/roster/{row.id}/end/", until_date="2027-01-31").status_code == 422


def test_sessions_come_of_the_roster_once(hospital: Hospital, desk: Sit) -> None:
    manager = desk("roster_manager")
    manager.post(f"/desk/roster/add/?department={hospital.department_id}", **line(hospital))
    before = ClinicSession.objects.filter(hospital_id=hospital.id).count()
    days = {"from_date": "2026-11-24", "until_date": "2026-12-06"}
    made = manager.post("/desk/roster/generate/", **days).content.decode()
    figures = re.findall(r"<dd>(\d+)</dd>", made)
    assert figures == ["2", "64", "0", "0"]
    assert ClinicSession.objects.filter(hospital_id=hospital.id).count() == before + 2
    again = manager.post("/desk/roster/generate/", **days).content.decode()
    assert re.findall(r"<dd>(\d+)</dd>", again) == ["0", "0", "2", "0"]
    backwards = manager.post("/desk/roster/generate/", from_date="2026-12-06", until_date="2026-11-24")
    assert backwards.status_code == 422


def moved(**changed: object) -> dict[str, object]:
    return {
        "mode": "move",
        "weekday": 3,
        "half_day": "pm",
        "starts": "13:30",
        "ends": "17:00",
        "from_date": "2026-12-01",
        **changed,
    }


def test_a_line_moves_and_what_was_made_of_it_stays(hospital: Hospital, desk: Sit) -> None:
    manager = desk("roster_manager")
    manager.post(f"/desk/roster/add/?department={hospital.department_id}", **line(hospital, room="B203"))
    manager.post("/desk/roster/generate/", from_date="2026-11-24", until_date="2026-12-06")
    row = RosterLine.objects.get(hospital_id=hospital.id)
    path, key = f"/desk/roster/{row.id}/move/", str(new_id())
    preview = manager.get(f"{path}?weekday=3&half_day=pm").content.decode()
    assert ("已经生成的 2 个出诊还没有人约" in preview, 'value="13:30"' in preview) == (True, True)
    assert f"line={row.id}" in preview
    part = manager.get(path, headers={"HX-Request": "true"}).content.decode()
    assert ("<html" in part, 'id="move"' in part) == (False, True)
    assert manager.post(path, **moved(), key=key).status_code == 303
    assert manager.post(path, **moved(), key=key).status_code == 303
    old, new = RosterLine.objects.filter(hospital_id=hospital.id).order_by("id")
    assert (old.until_date, new.from_date, new.weekday, new.half_day) == (
        date(2026, 11, 30),
        date(2026, 12, 1),
        3,
        "pm",
    )
    assert (new.room, new.practitioner_id, new.per_window) == ("B203", hospital.doctor_id, 4)
    assert ClinicSession.objects.filter(roster_line_id=old.id).count() == 2
    days = f"from_date={hospital.day}&until_date=2026-12-06"
    only = manager.get(f"/desk/stops/new/?what=doctor:{hospital.doctor_id}&{days}&line={old.id}")
    assert only.content.decode().count('name="sessions"') == 2


@pytest.mark.rule("R-016")
def test_a_move_says_how_many_are_booked_for_what_it_leaves(hospital: Hospital, desk: Sit) -> None:
    manager = desk("roster_manager")
    manager.post(f"/desk/roster/add/?department={hospital.department_id}", **line(hospital, weekday=1))
    manager.post("/desk/roster/generate/", from_date="2026-11-24", until_date="2026-11-25")
    session = ClinicSession.objects.get(hospital_id=hospital.id, roster_line_id__isnull=False)
    slot = next(
        one for one in schedule.list_slots(hospital.id, session.id) if one.pool == "onsite" and not one.is_special
    )
    place = build.Clinic(hospital.id, hospital.department_id, session.id, session.date, (slot,))
    build.hold(place, build.patient(hospital.id), build.registrar(hospital.id))
    page = manager.get(f"/desk/roster/{session.roster_line_id}/move/").content.decode()
    assert "已经生成的 1 个出诊里有 1 个预约" in page


def test_a_copy_leaves_the_first_and_a_clash_is_said_in_place(hospital: Hospital, desk: Sit) -> None:
    manager = desk("roster_manager")
    add = f"/desk/roster/add/?department={hospital.department_id}"
    manager.post(add, **line(hospital))
    row = RosterLine.objects.get(hospital_id=hospital.id)
    path = f"/desk/roster/{row.id}/move/"
    assert manager.post(path, **moved(mode="copy")).status_code == 303
    assert RosterLine.objects.get(id=row.id).until_date is None
    before = Event.objects.count()
    sent = {"key": str(new_id()), **manager.place(), **moved()}
    clash = manager.client.post(path, sent, headers={"HX-Request": "true"})
    assert (clash.status_code, b"<html" in clash.content, 'role="alert"' in clash.content.decode()) == (
        409,
        False,
        True,
    )
    same = moved(weekday=2, half_day="am", starts="08:00", ends="12:00")
    for wrong in (same, moved(from_date="2026-11-01"), moved(ends="13:00"), moved(weekday=9), moved(half_day="am")):
        assert (wrong, manager.post(path, **wrong).status_code) == (wrong, 422)
    assert (Event.objects.count(), RosterLine.objects.filter(hospital_id=hospital.id).count()) == (before, 2)
    assert manager.post(f"/desk/roster/{new_id()}/move/", **moved()).status_code == 404


# -- staff -------------------------------------------------------------------------------------------------------------


def test_one_joins_is_given_a_role_and_leaves(hospital: Hospital, desk: Sit) -> None:
    admin = desk("hospital_admin")
    added = admin.post("/desk/staff/add/", login="wang.fang", name="王芳示范", roles=["nurse", "registrar"])
    page = added.content.decode()
    member = Staff.objects.get(login="wang.fang")
    assert (added.status_code, page.count('class="secret"')) == (200, 1)
    assert "no-store" in added.headers["Cache-Control"]
    assert admin.post("/desk/staff/add/", login="wang.fang", name="另一人", roles="nurse").status_code == 409
    assert admin.post("/desk/staff/add/", login="x y", name="另一人", roles="nurse").status_code == 422
    assert admin.post("/desk/staff/add/", login="boss", name="自封", roles="city_operator").status_code == 422
    path = f"/desk/staff/{member.id}/"
    assert "王芳示范" in admin.get("/desk/staff/").content.decode()
    assert admin.post(f"{path}role/", role="doctor", until="2026-12-31").status_code == 303
    assert {role.name for role in access.roles_of(member.id, NOW)} == {"nurse", "registrar", "doctor"}
    assert admin.get("/desk/staff/", data={"after": "\0"}).status_code == 200
    for over in ("2026-11-01", "0001-01-01", "9999-12-31"):
        assert admin.post(f"{path}role/", role="registrar", until=over).status_code == 422
    assert admin.post(f"{path}role/end/", role="nurse").status_code == 303
    assert admin.post(f"{path}role/", role="auditor").status_code == 422
    assert "secret" in admin.post(f"{path}invite/").content.decode()
    assert admin.post(f"{path}leave/").status_code == 303
    assert access.roles_of(member.id, NOW) == frozenset()
    assert admin.get(path).status_code == 404


def test_two_presses_make_one_person_and_one_invitation(hospital: Hospital, desk: Sit) -> None:
    admin, path = desk("hospital_admin"), "/desk/staff/add/"
    [key] = re.findall(r'name="key" value="([0-9a-f-]{36})"', admin.get(path).content.decode())
    given = {"login": "wang.fang", "name": "王芳示范", "roles": ["nurse", "registrar"], "key": key}
    first, again = (admin.post(path, **given) for _n in range(2))
    assert [one.status_code for one in (first, again)] == [200, 200]
    member = Staff.objects.get(login="wang.fang")
    assert Event.objects.filter(operation="access.staff_added", subject_id=member.id).count() == 1
    pages = [one.content.decode() for one in (first, again)]
    assert [page.count('class="secret"') for page in pages] == [1, 0]
    assert ["邀请码已经显示过一次" in page for page in pages] == [False, True]
    invite = f"/desk/staff/{member.id}/invite/"
    assert [f'action="{invite}"' in page for page in pages] == [False, True]
    [code] = re.findall(r'class="secret">([^<]+)<', pages[0])
    accept = AcceptInvite("wang.fang", code, make.PASSWORD)
    sign_in.accept_invite(accept, now=NOW)  # the second press took nothing from the first
    assert admin.post(path, **{**given, "name": "另一人"}).status_code == 409
    assert admin.post(invite).content.decode().count('class="secret"') == 1
    assert admin.client.post(path, {**given, **admin.place(), "key": ""}).status_code == 422


@pytest.mark.rule("R-205")
def test_nobody_changes_the_own_roles(hospital: Hospital, desk: Sit) -> None:
    admin = desk("hospital_admin")
    own = f"/desk/staff/{admin.staff_id}/"
    assert admin.get(own).status_code == 200
    before = access.roles_of(admin.staff_id, NOW)
    for act, data in (("role/", {"role": "doctor"}), ("role/end/", {"role": "hospital_admin"}), ("leave/", {})):
        assert admin.post(own + act, **data).status_code == 403
    assert access.roles_of(admin.staff_id, NOW) == before


def test_the_file_of_joiners_and_leavers(hospital: Hospital, desk: Sit) -> None:
    admin = desk("hospital_admin")
    leaver = make.staff_member("nurse", hospital_id=hospital.id)
    text = f"action,login,name,roles\njoin,li.si,李四示范,nurse registrar\nleave,{leaver.login},,\n"
    broken = admin.post("/desk/staff/import/", text=text + "join,bad login,x,nurse\n")
    assert (broken.status_code, Staff.objects.filter(login="li.si").exists()) == (422, False)
    file = SimpleUploadedFile("staff.csv", text.encode("utf-8-sig"), "text/csv")
    done = admin.post("/desk/staff/import/", file=file)
    assert (done.status_code, done.content.decode().count('class="secret"')) == (200, 1)
    assert access.roles_of(leaver.staff_id, NOW) == frozenset()
    other = SimpleUploadedFile("staff.csv", text.encode("gb18030"), "text/csv")
    assert admin.post("/desk/staff/import/", file=other).status_code == 422
    assert admin.post("/desk/staff/import/").status_code == 422


# -- rules -------------------------------------------------------------------------------------------------------------


def rule(**changed: object) -> dict[str, object]:
    return {"value": "", "day": "2026-12-01", "time": "00:00", "source": "院办公会 2026-11", **changed}


def at_hospital(hospital: Hospital) -> policies.Policies:
    return policies.at(hospital.id, NOW + timedelta(days=30))


def test_a_rule_is_set_from_a_day_on_and_has_a_history(hospital: Hospital, desk: Sit) -> None:
    admin = desk("hospital_admin")
    path = "/desk/rules/booking.hold_minutes/"
    assert admin.post(path, **rule(value="20")).status_code == 303
    assert at_hospital(hospital).int("booking.hold_minutes") == 20
    assert policies.at(hospital.id, NOW).int("booking.hold_minutes") == 15
    page = admin.get(path).content.decode()
    assert ("院办公会 2026-11" in page, "王小芳" in page, "还没生效" in page) == (True, True, True)
    assert admin.post(path, **rule(give_back="on", day="2026-12-05")).status_code == 303
    assert at_hospital(hospital).int("booking.hold_minutes") == 15
    assert admin.get("/desk/rules/no.such.rule/").status_code == 404


def test_each_kind_of_rule_is_read(hospital: Hospital, desk: Sit) -> None:
    given: list[tuple[str, str, object]] = [
        ("booking.window.release", "14:30", "14:30"),
        ("pools.bookable", "90", "0.9"),
        ("booking.payment", "online", "online"),
        ("booking.window.same_day", "yes", True),
        ("booking.noshow", "2,year,90", [{"count": 2, "period": "natural_year", "lock_days": 90}]),
        ("booking.extra_per_session", "0", 0),
    ]
    admin = desk("hospital_admin")
    for policy, value, stored in given:
        assert (policy, admin.post(f"/desk/rules/{policy}/", **rule(value=value)).status_code) == (policy, 303)
        assert (policy, PolicyRecord.objects.get(hospital_id=hospital.id, key=policy).value) == (policy, stored)


def test_a_looser_late_or_broken_rule_is_refused(hospital: Hospital, desk: Sit) -> None:
    wrong: list[tuple[str, dict[str, object]]] = [
        ("booking.limits.d7", {"value": "9"}),  # looser than the city
        ("pools.bookable", {"value": "50"}),
        ("booking.hold_minutes", {"value": "9000"}),
        ("booking.hold_minutes", {"value": "x"}),
        ("booking.hold_minutes", {}),
        ("booking.hold_minutes", {"value": "20", "day": "2026-11-01"}),  # past
        ("booking.hold_minutes", {"value": "20", "source": ""}),
        ("booking.noshow", {"value": "often,year,90"}),
        ("booking.payment", {"value": "barter"}),
    ]
    someone = desk("hospital_admin")
    before = Event.objects.count()
    for policy, changed in wrong:
        answer = someone.post(f"/desk/rules/{policy}/", **rule(**changed))
        assert (policy, changed, answer.status_code in (409, 422)) == (policy, changed, True)
    assert (Event.objects.count(), PolicyRecord.objects.filter(hospital_id=hospital.id).count()) == (before, 0)


def test_a_department_may_have_its_own(hospital: Hospital, desk: Sit) -> None:
    path = "/desk/rules/booking.extra_per_session/"
    set_ = rule(value="1", department=hospital.department_id)
    assert desk("hospital_admin").post(path, **set_).status_code == 303
    later = NOW + timedelta(days=30)
    own = policies.at(hospital.id, later, department_id=hospital.department_id)
    assert (own.int("booking.extra_per_session"), at_hospital(hospital).int("booking.extra_per_session")) == (1, 3)


# -- what first visits are told ----------------------------------------------------------------------------------------


def test_the_guide_for_first_visits_is_written_read_and_emptied(hospital: Hospital, desk: Sit) -> None:
    admin, patients = desk("hospital_admin"), Client(SERVER_NAME="localhost")
    path = f"/hospitals/{hospital.id}/guide/"
    assert admin.post("/desk/first-visit/", text="先到一层建卡。", text_en="Ground floor first.").status_code == 303
    assert "先到一层建卡。" in patients.get(path).content.decode()
    assert "Ground floor first." in admin.get("/desk/first-visit/").content.decode()
    assert admin.post("/desk/first-visit/", text="长" * 2001).status_code == 422
    two = "先到一层建卡。\r\n再到三层报到。"  # as a browser ends its lines
    assert admin.post("/desk/first-visit/", text=two).status_code == 303
    assert directory.get_hospital(hospital.id).first_visit == "先到一层建卡。\n再到三层报到。"
    assert "先到一层建卡。" in patients.get(path).content.decode()
    assert admin.post("/desk/first-visit/", text="", text_en="").status_code == 303
    assert "医院提醒" not in patients.get(path).content.decode()


# -- announcements and shared desks ------------------------------------------------------------------------------------


def test_an_announcement_is_published_and_withdrawn(hospital: Hospital, desk: Sit) -> None:
    admin, key = desk("hospital_admin"), str(new_id())
    told = {"title": "门诊搬家", "body": "十二月起心内科在三楼。\r\n挂号仍在一楼。", "until": "2026-12-31", "key": key}
    assert admin.post("/desk/announcements/", **told).status_code == 303
    assert admin.post("/desk/announcements/", **told).status_code == 303
    row = Announcement.objects.get(hospital_id=hospital.id)
    assert "门诊搬家" in admin.get("/desk/announcements/").content.decode()
    other = open_hospital()
    stranger = enter(make.staff_member("hospital_admin", hospital_id=other.id), with_totp=True)
    assert stranger.post(f"/desk/announcements/{row.id}/withdraw/").status_code == 404
    assert admin.post(f"/desk/announcements/{row.id}/withdraw/").status_code == 303
    assert "门诊搬家" not in admin.get("/desk/announcements/").content.decode()
    assert admin.post("/desk/announcements/", title="x", body="y", until="2026-11-01").status_code == 422


def test_this_browser_becomes_a_shared_desk(hospital: Hospital, desk: Sit) -> None:
    admin = desk("hospital_admin")
    assert admin.post("/desk/terminals/", name="").status_code == 422
    assert admin.post("/desk/terminals/", name="门诊一楼 3 号窗口").status_code == 303
    cookie = admin.client.cookies["yitong_terminal"]
    assert (bool(cookie["httponly"]), access.find_terminal(cookie.value) is not None) == (True, True)
    row = Terminal.objects.get(hospital_id=hospital.id)
    assert "就是这台" in admin.get("/desk/terminals/").content.decode()
    assert admin.post(f"/desk/terminals/{row.id}/close/").status_code == 303
    assert access.find_terminal(cookie.value) is None


# -- duplicates --------------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(hospital: Hospital) -> MergeCandidate:
    """One person with two documents, so two records."""
    born = date(1979, 8, 9)
    build.patient(hospital.id, build.identity(birth=born))
    first = Patient.objects.order_by("-created_at", "-id").values_list("name", flat=True)[0]
    other = IdentityGiven(str(first), IdentityKind.PASSPORT, f"E{make.number():08d}", born, Sex.FEMALE)
    build.patient(hospital.id, other)
    return MergeCandidate.objects.get(state="open")


def test_two_records_are_merged_and_parted_again(pair: MergeCandidate) -> None:
    operator = enter(make.staff_member("city_operator"), with_totp=True)
    path = f"/desk/duplicates/{pair.id}/"
    assert path in operator.get("/desk/duplicates/").content.decode()
    assert operator.get(path).status_code == 200
    assert ReadLog.objects.filter(reader=f"staff:{operator.staff_id}", purpose="merge").count() == 2
    assert operator.post(path, survivor=pair.patient_id).status_code == 422
    assert operator.post(path, survivor=new_id(), reason="核对过原件").status_code == 422
    done = operator.post(path, survivor=pair.patient_id, reason="核对过两份证件原件")
    assert done.headers["Location"] == f"/desk/duplicates/patients/{pair.patient_id}/"
    assert Patient.objects.get(id=pair.other_id).state == "merged"
    page = operator.get(done.headers["Location"]).content.decode()
    merge = re.search(r'name="merge" value="([^"]+)"', page)[1]  # type: ignore[index]
    undo = {"merge": merge, "survivor": pair.patient_id, "reason": "弄错了"}
    assert operator.post(done.headers["Location"], **{**undo, "reason": ""}).status_code == 422
    assert operator.post(done.headers["Location"], **undo).status_code == 303
    assert Patient.objects.get(id=pair.other_id).state == "active"


def test_a_pair_is_kept_apart(pair: MergeCandidate) -> None:
    operator = enter(make.staff_member("city_operator"), with_totp=True)
    assert operator.post(f"/desk/duplicates/{pair.id}/", apart="1").status_code == 303
    assert MergeCandidate.objects.get(id=pair.id).state == "rejected"
    assert operator.get(f"/desk/duplicates/{pair.id}/").status_code == 404


def test_roles_are_known_words() -> None:
    from yitong.faces.desk import words

    assert set(words.ROLES) == {role.value for role in RoleName}
