"""Stops of many sessions: whom they touch, the word, the window to take it back, the progress."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import clinic as build
from tests import make
from tests.faces.desk.conftest import NOW, ONSITE, Desk, Hospital

from yitong.core import clock
from yitong.core.db import relay
from yitong.core.db.models import Event
from yitong.core.ids import new_id
from yitong.domains.booking.contracts import State
from yitong.domains.booking.models import Booking
from yitong.domains.hospitals.contracts.things import Title
from yitong.domains.schedule import jobs
from yitong.domains.schedule.models import ClinicSession, Stoppage
from yitong.domains.schedule.queries import timetable as schedule

Sit = Callable[..., Desk]
pytestmark = pytest.mark.rule("R-016")


def preview(what: str, hospital: Hospital, days: int = 0) -> str:
    return f"/desk/stops/new/?what={what}&from_date={hospital.day}&until_date={hospital.day + timedelta(days=days)}"


def of_department(hospital: Hospital, days: int = 0) -> str:
    return preview(f"department:{hospital.department_id}", hospital, days)


def more_sessions(hospital: Hospital, n: int = 2) -> list[build.Clinic]:
    return [
        build.clinic(
            day=hospital.day + timedelta(days=1 + day), hospital_id=hospital.id, department_id=hospital.department_id
        )
        for day in range(n)
    ]


def book(hospital: Hospital) -> None:
    """One who has an account, and one of the window who has none."""
    _actor, patient = build.holder()
    build.hold(hospital.place, patient, build.registrar(hospital.id), n=ONSITE)
    build.hold(hospital.place, build.patient(hospital.id), build.registrar(hospital.id), n=ONSITE + 1)


def test_the_preview_counts_whom_it_touches_and_names_who_could_sit_in(hospital: Hospital, desk: Sit) -> None:
    more_sessions(hospital)
    book(hospital)
    make.practitioner(hospital.id, hospital.department_code, name="钱替诊", title=Title.CHIEF)
    page = desk("roster_manager").get(of_department(hospital, 6)).content.decode()
    assert "停 3 个出诊（共 3 个）" in page
    assert "会影响 2 人（2 个预约）" in page
    assert "1 人会收到短信和站内消息" in page
    assert "另有 1 人是窗口挂的号" in page
    assert (page.count('/substitute/">'), "钱替诊（职称更高）" in page) == (
        1,
        True,
    )  # where a department sits as a whole there is nobody to stand in for
    assert page.count('type="checkbox"') == page.count("checked") == 3


def test_one_word_stops_what_is_ticked_and_shows_how_far_it_is(hospital: Hospital, desk: Sit) -> None:
    others = more_sessions(hospital)
    book(hospital)
    manager, path, key = desk("roster_manager"), of_department(hospital, 6), str(new_id())
    chosen = [hospital.place.session_id, others[0].session_id]
    counted = manager.post(path, sessions=[others[1].session_id], again="1").content.decode()
    assert ("停 1 个出诊（共 3 个）" in counted, "没有人预约" in counted) == (True, True)
    assert manager.post(path, sessions=chosen).status_code == 422  # no reason
    assert manager.post(path, reason="hospital").status_code == 422  # none ticked
    assert manager.post(path, sessions=["x"], reason="hospital").status_code == 422
    assert manager.post(path, sessions=[new_id()], reason="hospital").status_code == 404
    assert Stoppage.objects.count() == 0
    to = manager.post(path, sessions=chosen, reason="hospital", key=key).headers["Location"]
    assert manager.post(path, sessions=chosen, reason="hospital", key=key).headers["Location"] == to
    assert Stoppage.objects.get().sessions == 2
    page = manager.get(to).content.decode()
    assert ("撤销停诊" in page, "data-countdown" in page, page.count("待停诊")) == (True, True, 2)
    with clock.frozen(NOW + timedelta(seconds=61)):
        assert "正在停诊和通知" in manager.get(to).content.decode()
        jobs.carry_out_stops(0)
        half = manager.get(to).content.decode()
        assert ("已停 2 / 2 个出诊" in half, "还有 2 个预约正在结束并通知" in half) == (True, True)
        while relay.drain():
            pass
        done = manager.get(to).content.decode()
    assert ("全部停诊" in done, "hx-get" in done.split('id="live-stoppage"')[1].split(">")[0]) == (True, False)
    assert set(Booking.objects.values_list("state", flat=True)) == {State.STOPPED}
    assert schedule.get_session(hospital.id, others[1].session_id).state == "released"


def test_it_is_taken_back_in_time_and_refused_too_late(hospital: Hospital, desk: Sit) -> None:
    manager = desk("roster_manager")
    stop = f"/desk/sessions/{hospital.place.session_id}/stop/"
    first = manager.post(stop, reason="leave").headers["Location"]
    assert manager.post(f"{first}undo/").headers["Location"] == first
    assert "已撤销" in manager.get(first).content.decode()
    assert schedule.get_session(hospital.id, hospital.place.session_id).stops_at is None
    second = manager.post(stop, reason="leave").headers["Location"]
    with clock.frozen(NOW + timedelta(seconds=60)):
        late = manager.post(f"{second}undo/")
        assert (late.status_code, "停诊已经生效" in late.content.decode()) == (409, True)
    assert Event.objects.filter(operation="schedule.stops_undone").count() == 1


def test_asking_again_brings_nothing_while_nothing_is_new(hospital: Hospital, desk: Sit) -> None:
    manager = desk("roster_manager")
    to = manager.post(f"/desk/sessions/{hospital.place.session_id}/stop/", reason="leave").headers["Location"]
    live = {"HX-Request": "true", "HX-Trigger": "live-stoppage"}
    page = manager.get(to).content.decode()
    asks = page.split('hx-get="')[1].split('"')[0]
    assert manager.get(asks, headers=live).status_code == 204
    with clock.frozen(NOW + timedelta(seconds=61)):
        jobs.carry_out_stops(0)
        changed = manager.get(asks, headers=live)
    assert (changed.status_code, b"<html" in changed.content, "撤销停诊" in changed.content.decode()) == (
        200,
        False,
        False,
    )


@pytest.mark.parametrize(
    "wrong", ["", "what=x", "what=doctor:x&from_date=2026-11-24", "from_date=2026-12-01&until_date=2026-11-01"]
)
def test_a_scope_that_is_none_is_said_beside_its_field(hospital: Hospital, desk: Sit, wrong: str) -> None:
    manager = desk("roster_manager")
    assert manager.get(f"/desk/stops/new/?{wrong}").status_code == 422
    long = manager.get(of_department(hospital, 31))
    assert (long.status_code, "一次最多 31 天" in long.content.decode()) == (422, True)


def test_the_preview_asks_as_often_for_many_as_for_one(hospital: Hospital, desk: Sit) -> None:
    manager, path = desk("roster_manager"), of_department(hospital, 6)
    manager.get(path)
    with CaptureQueriesContext(connection) as few:
        manager.get(path)
    more_sessions(hospital, 6)
    with CaptureQueriesContext(connection) as many:
        assert manager.get(path).content.decode().count('type="checkbox"') == 7
    assert len(many) == len(few)
    assert ClinicSession.objects.filter(stops_at__isnull=False).count() == 0


def test_in_english_a_stop_is_an_act_and_not_what_has_become_of_a_session(hospital: Hospital, desk: Sit) -> None:
    someone = desk("roster_manager")
    someone.client.cookies["yitong_language"] = "en"
    for path in ("/desk/", of_department(hospital), f"/desk/sessions/{hospital.place.session_id}/stop/"):
        page = someone.get(path).content.decode()
        assert "Stops</span>" in page, path
        assert "Cancelled" not in page, path
