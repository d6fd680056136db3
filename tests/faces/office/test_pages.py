"""What the office's pages do: figures, rules, channels, staff, audit, notices, appeals."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests import clinic as build
from tests import make
from tests.clinic import DAY, NOW
from tests.faces.office.conftest import HERE
from tests.unit.fairness.test_meter import unfair_week
from tests.unit.fairness.test_slow_path import slow_holder

from yitong.core.actor import Actor
from yitong.core.db import audit, events, policies
from yitong.core.db.models import DeadLetter, Event, PolicyRecord
from yitong.core.ids import new_id
from yitong.core.sentences import sentence
from yitong.domains.access import queries as access
from yitong.domains.access.commands import staff
from yitong.domains.access.contracts import RoleName, Scope
from yitong.domains.access.errors import ChannelRevoked
from yitong.domains.booking.contracts import ChannelCount
from yitong.domains.booking.queries import figures
from yitong.domains.fairness.commands import alarming, reviewing
from yitong.domains.fairness.contracts import AskReview, NoteAlarm
from yitong.domains.fairness.models import AlarmNote, MeterAlarm, Review
from yitong.domains.hospitals.commands import policies as policy_commands
from yitong.domains.hospitals.contracts.writes import SetPolicy
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import models as people
from yitong.domains.people import queries as people_queries
from yitong.domains.people.commands import abuse
from yitong.domains.people.contracts.accounts import AppealLock
from yitong.faces.office import words

KEY = {"key": str(new_id())}
Enter = Callable[..., Client]
Text = Callable[[Any], str]


# -- figures -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-213")
def test_figures_and_file_of_real_bookings(enter: Enter, text: Text) -> None:
    place = build.clinic(slots=3)
    actor, patient = build.holder()
    build.hold(place, patient, actor)
    client = enter("city_operator")
    asked = {"start": DAY.isoformat(), "end": DAY.isoformat()}
    page = text(client.get("/office/", asked))
    assert "全市预约统计" in page
    assert "&lt;10" in page
    assert "线上渠道的预约数 ÷ 全部预约数" in page
    file = client.get("/office/figures.csv", asked)
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert rows[0] == ["就诊日期", DAY.isoformat(), DAY.isoformat()]
    assert rows[2][-1] == "预约数"
    assert [row[2:] for row in rows[3:]] == [["网页", "线上", "<10"]]
    nothing = client.get("/office/figures.csv", {"start": "2026-01-01", "end": "2026-01-01"})
    assert len(nothing.content.decode("utf-8-sig").splitlines()) == 3


@pytest.mark.rule("R-213")
def test_share_is_computed_from_data(enter: Enter, text: Text, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make.clinic(now=NOW)
    counts = [
        ChannelCount(place.hospital_id, place.campus_id, "web", 600),
        ChannelCount(place.hospital_id, place.campus_id, "api", 300),
        ChannelCount(place.hospital_id, place.campus_id, "desk", 100),
    ]
    monkeypatch.setattr(figures, "count_by_channel", lambda *asked: counts)
    page = text(enter("auditor").get("/office/"))
    assert "预约数 1,000" in page
    assert "线上占比 90.0%" in page


@pytest.mark.parametrize(
    "asked",
    [
        {"start": "2026-11-30", "end": "2026-11-01"},
        {"start": "2024-01-01", "end": "2026-01-01"},
        {"start": "x", "end": "2026-01-01"},
        {"start": "2026-02-29", "end": "2026-03-01"},
        {"start": "", "end": ""},
    ],
)
def test_wrong_days_are_told_beside_their_field(asked: dict[str, str], enter: Enter) -> None:
    client = enter("city_operator")
    for page in ("/office/", "/office/figures.csv"):
        answer = client.get(page, asked)
        assert answer.status_code == 422
        assert b'aria-invalid="true"' in answer.content


# -- hospitals ---------------------------------------------------------------------------------------------------------


def test_hospital_comes_in_is_closed_and_opened_again(enter: Enter, text: Text) -> None:
    client = enter("city_operator")
    given = {
        "code": "NEW-9",
        "name": "测试医院",
        "name_en": "Test Hospital",
        "short_name": "测试",
        "level": "三级甲等",
        "kind": "综合医院",
        "district": "海淀区",
    }
    given["key"] = str(new_id())
    answer = client.post("/office/hospitals/add/", given)
    found = hospitals.find_hospital_by_code("NEW-9")
    assert found is not None
    assert answer.headers["Location"] == f"/office/hospitals/{found.hospital_id}/"
    empty = text(client.get(answer.headers["Location"]))
    assert "医院还没有填科室。" in empty
    assert "医院还没有填： 院区、科室、医师、医事服务费" in empty.replace("填：院区", "填： 院区")
    assert client.post("/office/hospitals/add/", given).headers["Location"] == answer.headers["Location"]
    again = client.post("/office/hospitals/add/", {**given, "name": "另一家", "key": str(new_id())})
    assert again.status_code == 409
    assert client.post("/office/hospitals/add/", {**given, "code": "", "name": "x" * 500}).status_code == 422
    spaced = client.post("/office/hospitals/add/", {**given, "code": "有空格 的", "key": str(new_id())})
    assert (spaced.status_code, 'id="id_code-error"' in spaced.content.decode()) == (422, True)
    assert 'value="Test Hospital"' in spaced.content.decode()
    switch = f"/office/hospitals/{found.hospital_id}/switch/"
    assert client.post(switch, {"to": "closed"}).status_code == 303
    assert not hospitals.get_hospital(found.hospital_id).is_open
    assert client.post(switch, {"to": "closed"}).status_code == 409
    assert client.post(switch, {"to": "open"}).status_code == 303
    assert hospitals.get_hospital(found.hospital_id).is_open


@pytest.mark.rule("S-83")
def test_hospital_page_reads_all_and_writes_nothing(enter: Enter, text: Text) -> None:
    hospital_id = make.hospital(now=NOW)
    make.campus(hospital_id, now=NOW)
    make.department(hospital_id, now=NOW)
    make.campus(hospital_id, code="OLD", now=NOW, is_open=False)
    policy_commands.set_policy(
        SetPolicy("booking.limits.d7", 2, hospital_id, None, NOW, "院务会", "k1"),
        actor=make.hospital_admin(hospital_id),
        now=NOW,
    )
    client = enter("city_operator")
    answer = client.get(f"/office/hospitals/{hospital_id}/")
    page = text(answer)
    assert "国家代码" in page
    assert "OLD院区 OLD 已停用" in page
    assert "任意7天限约2个号" in page
    assert "任意7天上限 3 2" in page
    assert answer.content.count(b"<form") == 2  # language, sign-out
    assert client.get(f"/office/hospitals/{new_id()}/").status_code == 404


# -- rules -------------------------------------------------------------------------------------------------------------

DECIDE = "/office/policies/{}/decide/"


def decision(**changed: str) -> dict[str, str]:
    given = {"mode": "set", "value": "2", "day": "2026-12-01", "hour": "08:30", "source": "京卫〔2026〕1号"}
    return {"key": str(new_id()), **given, **changed}


@pytest.mark.rule("S-38")
def test_rule_is_looked_at_before_it_is_decided(enter: Enter, text: Text) -> None:
    client = enter("policy_officer")
    given = decision()
    before = PolicyRecord.objects.count()
    page = text(client.post(DECIDE.format("booking.limits.d7"), {**given, "look": "1"}))
    assert page.index("现在 以后 出处") < page.index("任意7天限约3个号") < page.index("任意7天限约2个号")
    assert "那时起的有效预约 0" in page
    assert "那时起的出诊单元 0" in page
    assert PolicyRecord.objects.count() == before
    for _press in range(2):
        answer = client.post(DECIDE.format("booking.limits.d7"), {**given, "decide": "1"})
        assert answer.status_code == 303
    assert PolicyRecord.objects.count() == before + 1
    page = text(client.get("/office/policies/booking.limits.d7/"))
    assert "京卫〔2026〕1号" in page
    assert "未生效" in page
    assert "王小芳" in page
    assert policies.at(None, HERE).int("booking.limits.d7") == 3
    assert policies.at(None, HERE + timedelta(days=30)).int("booking.limits.d7") == 2


def seen_on(answer: HttpResponse) -> str:
    [found] = re.findall(r'name="seen" value="([0-9a-f]{64})"', answer.content.decode())
    return str(found)


@pytest.mark.parametrize("press", ["look", "decide"])
def test_a_rule_that_a_colleague_decided_meanwhile_is_not_written_over_unseen(
    press: str, enter: Enter, text: Text
) -> None:
    first, second = enter("policy_officer"), enter("policy_officer")
    page, decide = "/office/policies/booking.hold_minutes/", DECIDE.format("booking.hold_minutes")
    seen = seen_on(first.get(page))
    theirs = decision(value="20", source="京卫〔2026〕7号", decide="1", seen=seen_on(second.get(page)))
    assert [second.post(decide, theirs).status_code for _press in range(2)] == [303, 303]
    before = (PolicyRecord.objects.count(), Event.objects.count())
    mine = decision(value="25", day="2026-12-02", source="京卫〔2026〕8号", seen=seen)
    refused = first.post(decide, {**mine, press: "1"})
    told = sentence("HOSPITAL_FACTS_CHANGED", {}, "zh-hans")
    assert (refused.status_code, told.message in text(refused)) == (409, True)
    assert "京卫〔2026〕7号" in text(refused)
    assert "京卫〔2026〕8号" in refused.content.decode()
    assert (PolicyRecord.objects.count(), Event.objects.count()) == before
    again = seen_on(refused)
    assert again == seen_on(first.get(page)) != seen
    looked = first.post(decide, {**mine, "seen": again, "look": "1"})
    assert (looked.status_code, seen_on(looked)) == (200, again)
    assert first.post(decide, {**mine, "seen": again, "decide": "1"}).status_code == 303
    assert PolicyRecord.objects.count() == before[0] + 1


def test_a_decision_of_another_rule_or_of_a_hospital_keeps_nobody_waiting(enter: Enter) -> None:
    client = enter("policy_officer")
    seen = seen_on(client.get("/office/policies/booking.hold_minutes/"))
    assert client.post(DECIDE.format("booking.limits.d7"), decision(decide="1")).status_code == 303
    at = make.hospital()
    cmd = SetPolicy("booking.hold_minutes", 20, at, None, make.NOW, "院务会", "k1")
    policy_commands.set_policy(cmd, actor=make.hospital_admin(at), now=make.NOW)
    mine = decision(value="25", decide="1", seen=seen)
    assert client.post(DECIDE.format("booking.hold_minutes"), mine).status_code == 303


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("booking.limits.d7", "4", "不宽于"),
        ("booking.slot_minutes", "61", ""),
        ("booking.limits.d7", "0", ""),
    ],
)
@pytest.mark.parametrize("press", ["look", "decide"])
def test_looser_than_the_bound_is_refused(name: str, value: str, code: str, press: str, enter: Enter) -> None:
    client = enter("policy_officer")
    before = PolicyRecord.objects.count()
    answer = client.post(DECIDE.format(name), decision(value=value, **{press: "1"}))
    assert answer.status_code == 422
    assert b'role="alert"' in answer.content
    assert PolicyRecord.objects.count() == before


def test_looser_than_the_nation_is_refused(enter: Enter, text: Text) -> None:
    policies.record(
        "booking.pickup.grace_minutes",
        20,
        scope="nation",
        hospital_id=None,
        scope_id=None,
        effective_from=NOW,
        source="国家",
        decided_by="system:test",
        now=NOW,
    )
    policies.record(
        "identity.qr_seconds",
        30,
        scope="nation",
        hospital_id=None,
        scope_id=None,
        effective_from=NOW,
        source="国家",
        decided_by="system:test",
        now=NOW,
    )
    client = enter("policy_officer")
    free = client.post(DECIDE.format("booking.pickup.grace_minutes"), decision(value="25", look="1"))
    assert free.status_code == 200
    bound = client.post(DECIDE.format("identity.qr_seconds"), decision(value="60", look="1"))
    assert bound.status_code == 422
    assert "只能收紧，不能放宽" in text(bound).replace(",", "，")
    assert "上级规定为 30" in text(bound)
    assert "60 比它松" in text(bound)


def test_wrong_decisions_are_told_in_place(enter: Enter) -> None:
    before = PolicyRecord.objects.count()
    wrong = [
        {"value": "x"},
        {"value": ""},
        {"value": "九"},
        {"day": "2026-02-30"},
        {"day": ""},
        {"hour": "25:00"},
        {"source": ""},
        {"source": "x" * 500},
        {"day": "2020-01-01"},
        {"mode": "sell"},
        {"key": "not-a-key"},
    ]
    client = enter("policy_officer")
    page = DECIDE.format("booking.limits.d7")
    answers = [client.post(page, decision(decide="1", **changed)).status_code for changed in wrong]
    assert answers == [422] * len(wrong)
    assert PolicyRecord.objects.count() == before


@pytest.mark.parametrize(
    ("name", "fields", "stored"),
    [
        ("booking.window.same_day", {"value": "yes"}, True),
        ("booking.window.release", {"value": "07:30"}, "07:30"),
        ("pools.bookable", {"value": "90"}, "0.9"),
        ("booking.payment", {"value": "online"}, "online"),
        ("booking.slot_minutes", {"value": "20"}, 20),
        (
            "booking.noshow",
            {"count_1": "2", "period_1": "3_months", "lock_days_1": "30", "period_2": "natural_year"}
            | {"period_3": "natural_year"},
            [{"count": 2, "period": "3_months", "lock_days": 30}],
        ),
    ],
)
def test_each_kind_of_rule_has_its_field(name: str, fields: dict[str, str], stored: object, enter: Enter) -> None:
    client = enter("policy_officer")
    assert client.get(f"/office/policies/{name}/").status_code == 200
    given = {**decision(decide="1"), **fields}
    assert client.post(DECIDE.format(name), given).status_code == 303
    assert PolicyRecord.objects.filter(key=name, scope="city").get().value == stored
    withdrawn = decision(decide="1", mode="withdraw", value="", day="2026-12-02", period_1="natural_year")
    assert client.post(DECIDE.format(name), withdrawn).status_code == 303
    assert "收回，用默认值" in client.get(f"/office/policies/{name}/").content.decode()


def test_every_rule_has_its_page(enter: Enter) -> None:
    client = enter("policy_officer")
    body = client.get("/office/policies/").content.decode()
    links = {part.split('"')[0] for part in body.split('href="/office/policies/')[1:]} - {""}
    assert len(links) == len(policies.KEYS)
    assert {client.get(f"/office/policies/{link}").status_code for link in links} == {200}
    assert client.get("/office/policies/booking.nothing/").status_code == 404
    assert "Bookings a day" in enter("auditor").get("/office/policies/", HTTP_ACCEPT_LANGUAGE="en").content.decode()


# -- channels ----------------------------------------------------------------------------------------------------------


def terms(**changed: object) -> dict[str, object]:
    given = {
        "name": "某健康应用",
        "kind": "partner",
        "purpose": "查询余号",
        "contract_until": "2027-12-31",
        "per_minute": "60",
        "scopes": ["slots:counts"],
    }
    return {"code": "healthapp", **given, **changed}


@pytest.mark.rule("S-14")
def test_channel_from_contract_to_kill_switch(enter: Enter, text: Text) -> None:
    client = enter("security_admin")
    made = client.post("/office/channels/add/", terms())
    assert made.status_code == 303
    page = made.headers["Location"]
    key = str(new_id())
    shown = client.post(f"{page}keys/", {"key": key})
    secret = shown.content.decode().split('id="secret">')[1].split("<")[0]
    assert "no-store" in shown.headers["Cache-Control"]
    assert access.channel_of_key(secret, HERE).code == "healthapp"
    for again in (client.post(f"{page}keys/", {"key": key}), client.get(page), client.get("/office/channels/")):
        assert secret not in again.content.decode()
    unconfirmed = client.post(f"{page}revoke/", {"reason": "违约", "confirm": "wrong"})
    assert unconfirmed.status_code == 422
    assert client.post(f"{page}revoke/", {"reason": "", "confirm": "healthapp"}).status_code == 422
    assert access.channel_of_key(secret, HERE).code == "healthapp"
    assert client.post(f"{page}revoke/", {"reason": "转售号源", "confirm": "healthapp"}).status_code == 303
    with pytest.raises(ChannelRevoked):
        access.channel_of_key(secret, HERE)
    assert "转售号源" in text(client.get(page))
    assert client.post(f"{page}keys/", {"key": str(new_id())}).status_code == 409
    assert client.post(f"{page}resume/", {"reason": "算了"}).status_code == 409


def test_key_ends_and_channel_rests(enter: Enter) -> None:
    client = enter("security_admin")
    channel_id, secret = make.channel(Scope.COUNTS, now=NOW)
    page = f"/office/channels/{channel_id}/"
    assert client.post(f"{page}suspend/", {"reason": "查"}).status_code == 303
    assert access.get_channel(channel_id, make.security_admin()).state == "suspended"
    assert client.post(f"{page}resume/", {"reason": "查清"}).status_code == 303
    key_id = access.list_keys(make.security_admin(), channel_id)[0].key_id
    assert client.get(f"{page}keys/{key_id}/revoke/").status_code == 200
    assert client.post(f"{page}keys/{key_id}/revoke/").status_code == 303
    with pytest.raises(ChannelRevoked):
        access.channel_of_key(secret, HERE)
    assert client.post(f"{page}keys/{new_id()}/revoke/").status_code == 404
    changed = client.post(f"{page}terms/", {**terms(), "per_minute": "7"})
    assert changed.status_code == 303
    assert access.get_channel(channel_id, make.security_admin()).per_minute == 7


def test_wrong_terms_make_no_channel(enter: Enter) -> None:
    before = access.channel_names()
    wrong: list[dict[str, object]] = [
        {"code": "健康"},
        {"code": ""},
        {"name": "x" * 500},
        {"contract_until": ""},
        {"kind": "hospital"},
        {"kind": "nobody"},
        {"per_minute": "-1"},
        {"per_minute": "many"},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"hospital": "not-one"},
        {"purpose": " "},
    ]
    client = enter("security_admin")
    answers = [client.post("/office/channels/add/", terms(**changed)).status_code for changed in wrong]
    assert answers == [422] * len(wrong)
    assert access.channel_names() == before


# -- staff -------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-205")
def test_staff_join_get_roles_and_leave(enter: Enter, text: Text) -> None:
    client = enter("security_admin")
    joined = client.post("/office/staff/add/", {**KEY, "login": "li.na", "name": "李娜", "roles": ["policy_officer"]})
    assert "no-store" in joined.headers["Cache-Control"]
    assert 'id="secret"' in joined.content.decode()
    found = access.find_staff("li.na", make.security_admin(), HERE)
    assert found is not None
    page = f"/office/staff/{found.staff_id}/"
    assert "李娜" in text(client.get("/office/staff/"))
    taken = {"key": str(new_id()), "login": "li.na", "name": "李", "roles": ["auditor"]}
    assert client.post("/office/staff/add/", taken).status_code == 409
    assert client.post(f"{page}roles/give/", {"role": "auditor"}).status_code == 422  # kept apart
    for over in ("2026-11-01", "0001-01-01", "9999-12-31"):
        assert client.post(f"{page}roles/give/", {"role": "city_operator", "until": over}).status_code == 422
    assert client.post(f"{page}roles/give/", {"role": "city_operator", "until": "2026-12-31"}).status_code == 303
    assert {role.name for role in access.roles_of(found.staff_id, HERE)} == {"policy_officer", "city_operator"}
    assert client.post(f"{page}roles/end/", {"role": "policy_officer"}).status_code == 303
    assert client.post(f"{page}invite/").status_code == 200
    assert client.post(f"{page}second-factor/clear/").status_code == 303
    assert client.get(f"{page}leave/").status_code == 200
    assert client.post(f"{page}leave/").status_code == 303
    assert access.roles_of(found.staff_id, HERE) == frozenset()
    assert client.post(f"{page}leave/").status_code == 409
    assert client.get(f"/office/staff/{new_id()}/").status_code == 404


def test_nobody_changes_the_own_roles(enter: Enter) -> None:
    client = enter("security_admin")
    own = f"/office/staff/{client.staff_id}/"  # type: ignore[attr-defined]
    assert client.post(f"{own}roles/give/", {"role": "auditor"}).status_code == 403
    assert client.post(f"{own}leave/").status_code == 403
    assert "自己的角色由另一位安全管理员改" in client.get(own).content.decode()


@pytest.mark.rule("S-83")
def test_the_first_administrator_of_a_hospital_is_let_in_and_the_city_writes_nothing(enter: Enter) -> None:
    client, hospital_id = enter("security_admin"), make.hospital(now=NOW)
    path = "/office/staff/administrators/add/"
    assert f'href="{path}"' in client.get("/office/staff/").content.decode()
    given = {**KEY, "hospital": str(hospital_id), "login": "wang.lu", "name": "王路"}
    for wrong in ({"hospital": ""}, {"hospital": str(new_id())}, {"login": "x y"}, {"name": ""}):
        answer = client.post(path, {**given, **wrong})
        assert (wrong, answer.status_code) == (wrong, 422)
    joined = client.post(path, given)
    assert ("no-store" in joined.headers["Cache-Control"], 'id="secret"' in joined.content.decode()) == (True, True)
    found = access.find_staff("wang.lu", make.security_admin(), HERE)
    assert found is not None
    assert found.roles == ((RoleName.HOSPITAL_ADMIN, hospital_id),)
    taken = client.post(path, {**given, "key": str(new_id()), "name": "另一人"})
    assert (taken.status_code, 'value="另一人"' in taken.content.decode()) == (409, True)


def secret_in(page: str) -> str:
    found = re.search(r'id="secret">([^<]+)<', page)
    return found[1] if found else ""


@pytest.mark.rule("S-83")
def test_an_invitation_that_was_pressed_twice_or_lost_is_found_in_the_list(enter: Enter) -> None:
    client, hospital_id = enter("security_admin"), make.hospital(now=NOW, name="清河医院")
    path = "/office/staff/administrators/add/"
    key = re.search(r'name="key" value="([^"]+)"', client.get(path).content.decode())
    assert key is not None
    given = {"key": key[1], "hospital": str(hospital_id), "login": "wang.lu", "name": "王路"}
    first, again = (client.post(path, given) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert len(secret_in(first.content.decode())) > 10
    page = again.content.decode()
    assert (secret_in(page), "邀请码已经显示过一次" in page) == ("", True)
    assert client.post(path, {**given, "name": "另一人"}).status_code == 409
    found = access.find_staff("wang.lu", make.security_admin(), HERE)
    assert found is not None
    anew = f"/office/staff/{found.staff_id}/invite/"
    assert f'action="{anew}"' in page
    assert 'href="/office/staff/administrators/"' in client.get("/office/staff/").content.decode()
    listed = client.get("/office/staff/administrators/").content.decode()
    assert f'href="/office/staff/{found.staff_id}/"' in listed
    assert ("王路" in listed, "清河医院" in listed, "还没登录过" in listed) == (True, True, True)
    member = client.get(f"/office/staff/{found.staff_id}/").content.decode()
    assert (f'action="{anew}"' in member, 'href="/office/staff/administrators/"' in member) == (True, True)
    code = secret_in(client.post(anew).content.decode())
    assert code not in ("", secret_in(first.content.decode()))


def test_administrators_are_listed_a_page_at_a_time(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yitong.faces.office.staff.views.PAGE", 2)
    client, hospital_id, other_id = enter("auditor"), make.hospital(now=NOW), make.hospital(now=NOW)
    for login in ("a-one", "b-two", "c-three"):
        make.staff_member("hospital_admin", hospital_id=hospital_id, login=login, now=NOW, password=None)
    make.staff_member("nurse", hospital_id=hospital_id, login="b-nurse", now=NOW, password=None)
    gone = make.staff_member("hospital_admin", hospital_id=other_id, login="b-gone", now=NOW, password=None)
    staff.leave(gone.staff_id, actor=make.security_admin(), now=NOW)
    path = "/office/staff/administrators/"
    first = client.get(path).content.decode()
    assert re.findall(r'<td class="mono">([^<]+)<', first) == ["a-one", "b-two"]
    assert ('href="?after=b-two"' in first, 'href="?"' in first, "邀请医院管理员" in first) == (True, False, False)
    last = client.get(f"{path}?after=b-two").content.decode()
    assert re.findall(r'<td class="mono">([^<]+)<', last) == ["c-three"]
    assert ('href="?after=' in last, 'href="?"' in last) == (False, True)
    assert client.get(f"{path}?after=%00").status_code == 200


def test_list_of_administrators_asks_as_often_at_many_as_at_one(enter: Enter, django_assert_num_queries: Any) -> None:
    client, hospital_id = enter("auditor"), make.hospital(now=NOW)
    path = "/office/staff/administrators/"
    make.staff_member("hospital_admin", hospital_id=hospital_id, now=NOW, password=None)
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    for _ in range(20):
        make.staff_member("hospital_admin", hospital_id=hospital_id, now=NOW, password=None)
    with django_assert_num_queries(len(captured)):
        client.get(path)


@pytest.mark.parametrize(
    "given",
    [
        {"login": "", "name": "李娜", "roles": ["auditor"]},
        {"login": "李娜", "name": "李娜", "roles": ["auditor"]},
        {"login": "li", "name": "", "roles": ["auditor"]},
        {"login": "li", "name": "李", "roles": []},
        {"login": "li", "name": "李", "roles": ["nurse"]},
        {"login": "li", "name": "李", "roles": ["security_admin", "auditor"]},
    ],
)
def test_wrong_staff_do_not_join(given: dict[str, object], enter: Enter) -> None:
    client = enter("security_admin")
    before = len(access.list_city_staff(make.security_admin(), HERE))
    assert client.post("/office/staff/add/", {**KEY, **given}).status_code == 422
    assert len(access.list_city_staff(make.security_admin(), HERE)) == before


# -- audit -------------------------------------------------------------------------------------------------------------


def test_every_event_has_its_word() -> None:
    assert set(audit.operations()) == set(words.OPERATIONS)
    assert {name.split(".")[0] for name in audit.operations()} == set(words.DOMAINS)


def days() -> dict[str, str]:
    """The rows bear the database's clock, whatever ours says."""
    recorded = Event.objects.order_by("-recorded_at").values_list("recorded_at", flat=True)[0].date()
    return {
        "start": (recorded - timedelta(days=1)).isoformat(),
        "end": (recorded + timedelta(days=1)).isoformat(),
    }


def test_events_are_found_by_what_who_whom_where(enter: Enter, text: Text) -> None:
    first, second = make.hospital(now=NOW), make.hospital(now=NOW)
    someone = make.staff_member("auditor", login="zhao.min", now=NOW)
    client = enter("auditor")

    def found(**asked: str) -> str:
        return text(client.get("/office/audit/", {**days(), **asked})).split("</form>")[-1]

    assert "新增医院" in found(operation="hospitals.hospital_added")
    assert f"{first}" in found(operation="hospitals", hospital=str(first))
    assert f"{second}" not in found(operation="hospitals.hospital_added", hospital=str(first)).split("内容 ")[-1]
    assert f"{first}" in found(subject=str(first))
    assert "职工加入" in found(subject=str(someone.staff_id))
    assert "设置密码" not in found(actor="nobody-at-all")
    assert "这段时间没有这样的事件" in found(actor="nobody-at-all")
    assert "变更登录凭据" in found(actor="zhao.min")
    assert "变更登录凭据" in found(actor=f"staff:{someone.staff_id}")


def test_events_are_paged_without_gap_or_repeat(enter: Enter) -> None:
    for _n in range(30):
        make.hospital(now=NOW)
    auditor = make.staff_actor("auditor")
    asked = days()
    total = Event.objects.filter(operation="hospitals.hospital_added").count()
    client = enter("auditor")
    for _n in range(30):
        make.campus(make.hospital(now=NOW), now=NOW)
    seen: list[str] = []
    query = "?" + "&".join(f"{name}={value}" for name, value in asked.items()) + "&operation=hospitals.hospital_added"
    while query:
        body = client.get(f"/office/audit/{query}").content.decode()
        table = body.split("<tbody>")[1].split("</tbody>")[0]
        seen += [row.split('<td class="hash">')[1].split("<")[0] for row in table.split("<tr>")[1:]]
        following = [part for part in body.split('href="') if "before=" in part.split('"')[0]]
        query = following[0].split('"')[0].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == total + 30
    assert auditor.kind == "staff"


WRONG_QUESTIONS = [
    {"start": "2026-01-01", "end": "2026-12-31"},
    {"start": "2026-12-31", "end": "2026-01-01"},
    {"subject": "x"},
    {"hospital": "x"},
    {"before": "yesterday"},
    {"before": "2026-01-01T00:00:00_x"},
]


@pytest.mark.parametrize(
    ("page", "wrong"),
    [("/office/audit/", [*WRONG_QUESTIONS, {"operation": "drop table"}]), ("/office/audit/reads/", WRONG_QUESTIONS)],
)
def test_wrong_questions_are_told_in_place(page: str, wrong: list[dict[str, str]], enter: Enter) -> None:
    client = enter("auditor")
    answers = [client.get(page, {"start": "2026-11-01", "end": "2026-11-02", **asked}).status_code for asked in wrong]
    assert answers == [422] * len(wrong)
    assert client.get(page, {"start": "2026-11-01", "end": "2026-11-02"}).status_code == 200


def test_reads_of_records_by_ids_alone(enter: Enter, text: Text) -> None:
    place = build.clinic()
    actor, patient = build.holder()
    build.hold(place, patient, actor)
    nurse = make.staff_actor("nurse", hospital_id=place.hospital_id)
    people_queries.record_read(patient, nurse, what="booking", purpose="booking", hospital_id=place.hospital_id)
    client = enter("auditor")
    answer = client.get("/office/audit/reads/", {**days(), "subject": str(patient)})
    page = text(answer)
    assert "办理预约" in page
    assert str(patient) in page
    assert people_queries.names_of([patient])[patient] not in page
    assert "这段时间没有人看过" in text(client.get("/office/audit/reads/", {**days(), "subject": str(new_id())}))


def test_hash_log_in_plain_words(enter: Enter, text: Text, monkeypatch: pytest.MonkeyPatch) -> None:
    client = enter("auditor")
    assert "还没有封存过" in text(client.get("/office/audit/log/"))
    monkeypatch.setattr(audit, "MOST_ROWS_AT_ONCE", -1)
    assert "yitong audit verify" in client.get("/office/audit/log/").content.decode()
    assert client.get("/office/audit/log/events/city/").status_code == 404


def test_dead_letters_are_settled_by_the_security_officer(enter: Enter, text: Text) -> None:
    make.hospital(now=NOW)
    event = Event.objects.order_by("-recorded_at")[0]
    for handler in ("domains.notify.handlers.a", "domains.notify.handlers.b"):
        DeadLetter.objects.create(
            event_id=event.id, handler=handler, shard=event.shard, stops_shard=True, error="KeyError", at=NOW
        )
    assert "后面的也等着" in text(enter("auditor").get("/office/audit/letters/"))
    client = enter("security_admin")
    given = {"event": str(event.id), "handler": "domains.notify.handlers.a", "how": "retry"}
    assert client.post("/office/audit/letters/settle/", given).status_code == 303
    assert client.post("/office/audit/letters/settle/", given).status_code == 303  # told that it is done
    other = {**given, "handler": "domains.notify.handlers.b", "how": "skip"}
    assert client.post("/office/audit/letters/settle/", other).status_code == 303
    assert client.post("/office/audit/letters/settle/", {**other, "how": "burn"}).status_code == 303
    settled = dict(DeadLetter.objects.values_list("handler", "settled_how"))
    assert settled == {"domains.notify.handlers.a": "retry", "domains.notify.handlers.b": "skip"}
    assert Event.objects.filter(operation="core.dead_letter_settled").count() == 2
    assert "没有停住的事件" in text(client.get("/office/audit/letters/"))


# -- notices and appeals -----------------------------------------------------------------------------------------------


@pytest.mark.rule("S-18")
def test_notice_of_the_city_goes_up_and_comes_down(enter: Enter, text: Text) -> None:
    client = enter("city_operator")
    given = {"key": str(new_id()), "from_at": HERE.isoformat(), "title": "元旦门诊安排", "body": "1 月 1 日停诊。"}
    for _press in range(2):
        assert client.post("/office/announcements/", given).status_code == 303
    (notice,) = hospitals.list_announcements(None, HERE)
    assert notice.title == "元旦门诊安排"
    assert client.post("/office/announcements/", {**given, "key": str(new_id()), "title": ""}).status_code == 422
    old = {**given, "key": str(new_id()), "until": "2020-01-01"}
    assert client.post("/office/announcements/", old).status_code == 422
    stale = {**given, "key": str(new_id()), "from_at": "yesterday"}
    assert client.post("/office/announcements/", stale).status_code == 422
    withdraw = f"/office/announcements/{notice.announcement_id}/withdraw/"
    assert client.post(withdraw).status_code == 303
    assert client.post(withdraw).status_code == 409
    assert hospitals.list_announcements(None, HERE) == []


def locked_account() -> tuple[Actor, UUID]:
    actor, _patient = build.holder()
    lock = people.AbuseLock.objects.create(id=new_id(), account_id=actor.account_id, reason="bookings", locked_at=NOW)
    abuse.appeal_lock(AppealLock(lock.id, "给全家老人约的号，都去看了"), actor=actor, now=NOW)
    return actor, lock.id


@pytest.mark.rule("R-199")
@pytest.mark.parametrize(("decision", "lifted"), [("lifted", True), ("kept", False)])
def test_appeal_is_decided_by_a_person(decision: str, lifted: bool, enter: Enter, text: Text) -> None:
    _actor, lock_id = locked_account()
    client = enter("city_operator")
    page = f"/office/appeals/{lock_id}/"
    assert "给全家老人约的号" in text(client.get("/office/appeals/"))
    assert "3 个月内预约过多" in text(client.get(page))
    assert client.post(page, {"decision": decision, "reason": ""}).status_code == 422
    assert client.post(page, {"decision": "", "reason": "看过"}).status_code == 422
    assert client.post(page, {"decision": decision, "reason": "看过就诊记录"}).status_code == 303
    row = people.AbuseLock.objects.get(id=lock_id)
    assert (row.decision, row.lifted_at is not None) == (decision, lifted)
    assert client.get(page).status_code == 409
    assert enter("auditor").get("/office/appeals/").status_code == 403
    assert events.CITY


@pytest.mark.rule("R-199")
@pytest.mark.parametrize(("decision", "stays"), [("lifted", False), ("kept", True)])
def test_one_list_serves_both_kinds_of_appeal_and_a_score_is_read_with_its_reasons(
    decision: str, stays: bool, enter: Enter, text: Text
) -> None:
    locked_account()
    actor, patient = slow_holder()
    reviewing.ask_review(AskReview("在村卫生室替老人约号"), actor=actor, now=NOW + timedelta(minutes=1))
    review = Review.objects.get()
    client = enter("city_operator")
    listed = text(client.get("/office/appeals/"))
    assert listed.index("给全家老人约的号") < listed.index("在村卫生室替老人约号")
    assert "评分 70，预约前要确认" in listed
    page = f"/office/appeals/reviews/{review.id}/"
    assert people.ReadLog.objects.filter(patient_id=patient).count() == 0
    shown = text(client.get(page))
    assert "最近60天里，有2次放掉一个号后" in shown
    assert "满 45 要确认" in shown
    assert people.ReadLog.objects.filter(patient_id=patient, what="fairness_score").count() == 1
    assert client.post(page, {"decision": decision, "reason": " "}).status_code == 422
    assert client.post(page, {"decision": decision, "reason": "问过村卫生室"}).status_code == 303
    assert client.get(page).status_code == 404
    assert people.SlowPath.objects.filter(account_id=actor.account_id).exists() is stays
    for role in ("auditor", "policy_officer", "security_admin"):
        assert enter(role).get(page).status_code == 403


def test_fairness_shows_hospitals_and_the_alarm(enter: Enter, text: Text) -> None:
    hospital_id = make.hospital(name="北京独一无二医院")
    unfair_week(hospital_id)
    alarming.raise_alarms(now=NOW)
    page = text(enter("city_operator").get("/office/fairness/"))
    assert "北京独一无二医院" in page
    assert "60 岁及以上：每 100 人约上 20 人，其他人 40 人。" in page
    assert "这段时间没有数字" in text(enter("city_operator").get("/office/fairness/?week=2026-11-09"))


def test_an_alarm_waits_where_people_look_until_somebody_takes_note(enter: Enter, text: Text) -> None:
    unfair_week(make.hospital())
    client, auditor = enter("city_operator"), enter("auditor")
    waiting = "公平报警：有人约上的少，等人签收"
    for quiet in ("/office/", "/office/fairness/"):
        page = text(client.get(quiet))
        assert (waiting in page, "件等人看" in page, "等人签收的报警" in page) == (False, False, False)
    alarming.raise_alarms(now=NOW)
    first = text(client.get("/office/"))  # the page that opens the day
    assert f"{waiting} 11月16日到11月22日 60 岁及以上 去签收" in first
    assert "公平 1 件等人看" in first
    assert "公平 1 件等人看" in text(client.get("/office/hospitals/"))  # the menu of every page
    assert "件等人看" not in text(enter("policy_officer").get("/office/hospitals/"))
    path = re.findall(r'href="(/office/fairness/alarms/[^"]+)"', client.get("/office/fairness/").content.decode())[0]
    assert "60 岁及以上：每 100 人约上 20 人，其他人 40 人。" in text(client.get(path))
    assert "等城市运营签收" in text(auditor.get(path))
    assert auditor.post(path, {"why": "看过"}).status_code == 403
    for why in ("", " ", "字" * 501):
        assert client.post(path, {"why": why}).status_code == 422
    assert AlarmNote.objects.count() == 0
    assert client.post(path, {"why": "多在电话约，已加席位"}).headers["Location"] == "/office/fairness/"
    noted = text(auditor.get(path))
    name = access.staff_names([client.staff_id])[client.staff_id]  # type: ignore[attr-defined]
    assert "多在电话约，已加席位" in noted
    assert f"{name} · " in noted
    assert f"半年里签收的报警 60 岁及以上 11月16日到11月22日 · {name} 于" in text(client.get("/office/fairness/"))
    assert client.post(path, {"why": "我也看过"}).status_code == 409
    last = text(client.get("/office/"))
    assert (waiting in last, "件等人看" in last) == (False, False)


def test_the_list_of_alarms_asks_the_same_for_one_and_for_many(enter: Enter) -> None:
    client, operator = enter("city_operator"), make.city_operator()
    counts = []
    for n in (1, 12):
        for week in range(n):
            MeterAlarm.objects.create(start=date(2025, n, 5 + week), group="old", name="60+", raised_at=NOW)
            alarm = MeterAlarm.objects.create(start=date(2026, n, 5 + week), group="old", name="60+", raised_at=NOW)
            alarming.note_alarm(NoteAlarm(alarm.id, "看过"), actor=operator, now=NOW)
        client.get("/office/fairness/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/office/fairness/")
        counts.append(len(asked))
    assert counts[0] == counts[1]
