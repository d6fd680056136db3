"""The meter: a week in aggregate, what may be told of it, its alarm, and the two pages that show it."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests import make
from tests.clinic import NOW
from tests.unit.fairness.test_slow_path import ACTORS

from yitong.core import clock
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, Unidentified
from yitong.core.ids import new_id
from yitong.domains.fairness import errors, jobs, models, permissions, queries
from yitong.domains.fairness.commands import alarming
from yitong.domains.fairness.contracts import Alarm, AlarmNote, Group, NoteAlarm

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 16)  # of the last whole week


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def put(
    hospital_id: UUID, day: date, band: str, tried: int, got: int, *, way: str = "script", channel: str = "web"
) -> None:
    models.Tried.objects.create(
        hospital_id=hospital_id, day=day, channel=channel, way=way, band=band, tried=tried, got=got, attempts=tried * 2
    )


def unfair_week(hospital_id: UUID, start: date = MONDAY) -> None:
    """Of the young 40 in a hundred get a slot, of the old 20; by forms as many as by scripts."""
    for n, way in enumerate(("script", "form")):
        put(hospital_id, start + timedelta(days=n), "18-44", 500, 200, way=way)
        put(hospital_id, start + timedelta(days=n), "60-74", 300, 60, way=way)


def shares(group: Group, start: date = MONDAY) -> dict[str, float | None]:
    return {line.name: line.chance.share for line in queries.get_meter(start, NOW).lines[group]}


def text_of(page: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode().split("<main")[1].split("</main>")[0]))


def test_a_week_is_cut_by_each_group_and_nothing_before_or_after_is_in_it() -> None:
    hospital_id = make.hospital(district="海淀区")
    unfair_week(hospital_id)
    put(hospital_id, MONDAY - timedelta(days=1), "18-44", 100, 0)
    put(hospital_id, MONDAY + timedelta(days=7), "18-44", 100, 0)
    found = queries.get_meter(MONDAY, NOW)
    assert (found.start, found.end) == (MONDAY, MONDAY + timedelta(days=7))
    assert (found.whole.tried.value, found.whole.got.value) == (1600, 520)
    assert shares(Group.OLD) == {"0-59": 0.4, "60+": 0.2}
    assert shares(Group.BAND) == {"18-44": 0.4, "60-74": 0.2}
    assert shares(Group.WAY) == {"form": 0.325, "script": 0.325}
    assert shares(Group.DISTRICT) == {"海淀区": 0.325}
    assert shares(Group.HOSPITAL) == {str(hospital_id): 0.325}


def test_only_whole_weeks_are_told() -> None:
    """Days and weeks that overlap would tell each other's difference."""
    assert queries.weeks(NOW)[:2] == [MONDAY, MONDAY - timedelta(days=7)]
    assert len(queries.weeks(NOW)) == queries.WEEKS
    for other in (MONDAY + timedelta(days=7), MONDAY + timedelta(days=1), date(2020, 1, 6)):
        assert queries.get_meter(other, NOW).start == MONDAY


@pytest.mark.rule("R-213")
def test_a_handful_is_not_told_nor_what_would_tell_it() -> None:
    hospital_id = make.hospital()
    unfair_week(hospital_id)
    put(hospital_id, MONDAY, "0-17", 6, 3)
    found = queries.get_meter(MONDAY, NOW)
    lines = {line.name: line.chance for line in found.lines[Group.BAND]}
    assert lines["0-17"].tried.is_small
    untold = [name for name, chance in lines.items() if chance.tried.value is None]
    assert len(untold) > 1


def test_the_meter_asks_twice_however_much_there_is() -> None:
    asked = []
    for n in range(2):
        for _ in range(1 + 5 * n):
            unfair_week(make.hospital())
        with CaptureQueriesContext(connection) as captured:
            queries.get_meter(MONDAY, NOW)
        asked.append(len(captured))
    assert asked[0] == asked[1]


# -- the alarm ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-226")
def test_the_alarm_is_raised_once_for_a_week_and_announced() -> None:
    unfair_week(make.hospital())
    assert alarming.raise_alarms(now=NOW) == [Alarm(MONDAY, Group.OLD, "60+")]
    assert alarming.raise_alarms(now=NOW) == []
    event = Event.objects.get(operation="fairness.alarm_raised")
    assert event.body == {"start": "2026-11-16", "group": "old", "name": "60+"}
    assert queries.get_meter(MONDAY, NOW).alarms == (Alarm(MONDAY, Group.OLD, "60+"),)
    (raised,) = queries.list_open_alarms(make.city_operator())
    assert (raised.alarm, raised.raised_at, raised.note) == (Alarm(MONDAY, Group.OLD, "60+"), NOW, None)
    with pytest.raises(IntegrityError, match="alarm_once_a_week"), transaction.atomic():
        models.MeterAlarm.objects.create(start=MONDAY, group="old", name="60+", raised_at=NOW)


def raised() -> UUID:
    """An alarm that waits."""
    unfair_week(make.hospital())
    alarming.raise_alarms(now=NOW)
    return models.MeterAlarm.objects.get().id


@pytest.mark.rule("R-226")
def test_an_alarm_waits_until_somebody_takes_note_of_it_by_name_and_with_words() -> None:
    alarm_id, first, second = raised(), make.city_operator(), make.city_operator()
    assert queries.count_open_alarms(first) == 1
    for why in ("", "  ", "字" * 501):
        with pytest.raises(errors.NoteEmpty):
            alarming.note_alarm(NoteAlarm(alarm_id, why), actor=first, now=NOW)
    with pytest.raises(errors.AlarmMissing):
        alarming.note_alarm(NoteAlarm(new_id(), "看过"), actor=first, now=NOW)
    for _ in range(2):  # pressed twice
        alarming.note_alarm(NoteAlarm(alarm_id, " 60 岁以上多在电话约，已加电话席位 "), actor=first, now=NOW)
    with pytest.raises(errors.AlarmIsNoted):
        alarming.note_alarm(NoteAlarm(alarm_id, "我也看过"), actor=second, now=NOW)
    assert queries.count_open_alarms(first) == 0
    note = queries.get_alarm(alarm_id, second).note
    assert note == AlarmNote(first.key, NOW, "60 岁以上多在电话约，已加电话席位")
    event = Event.objects.get(operation="fairness.alarm_noted")
    assert (event.actor, event.subject_id, event.body) == (first.key, alarm_id, {})
    assert alarming.raise_alarms(now=NOW) == []  # and it isn't raised again


def test_two_at_once_are_told_apart_by_the_table() -> None:
    alarm_id, actor = raised(), make.city_operator()
    alarming.note_alarm(NoteAlarm(alarm_id, "看过"), actor=actor, now=NOW)
    with pytest.raises(IntegrityError, match="fairness_alarm_note_pkey"), transaction.atomic():
        models.AlarmNote.objects.create(alarm_id=alarm_id, by=actor.key, why="又看过", at=NOW)


@pytest.mark.parametrize("name", ACTORS)
def test_only_the_citys_operator_takes_note(name: str) -> None:
    alarm_id, (actor, refusal) = raised(), ACTORS[name]
    note = NoteAlarm(alarm_id, "看过")
    if name == "city_operator":
        alarming.note_alarm(note, actor=actor, now=NOW)
        return
    with pytest.raises(refusal or Forbidden):
        alarming.note_alarm(note, actor=actor, now=NOW)
    assert not models.AlarmNote.objects.exists()


def test_the_nightly_job_raises_it() -> None:
    unfair_week(make.hospital())
    assert jobs.measure(0) == 1
    assert jobs.measure(0) == 0


def test_a_channel_that_loses_is_said_by_its_name() -> None:
    hospital_id = make.hospital()
    put(hospital_id, MONDAY, "18-44", 1000, 400)
    put(hospital_id, MONDAY, "18-44", 400, 80, channel="kiosk")
    put(hospital_id, MONDAY, "45-59", 400, 160, channel="app")
    assert alarming.raise_alarms(now=NOW) == [Alarm(MONDAY, Group.CHANNEL, "kiosk")]


@pytest.mark.parametrize("name", ACTORS)
def test_the_alarms_of_before_are_for_who_sees_figures(name: str) -> None:
    actor, refusal = ACTORS[name]
    if name in ("city_operator", "auditor"):
        permissions.check_can_see_meter(actor)
        assert queries.list_open_alarms(actor) == queries.list_noted_alarms(actor) == []
        return
    for listed in (queries.list_open_alarms, queries.list_noted_alarms):
        with pytest.raises(refusal or Forbidden):
            listed(actor)
    assert refusal in (Forbidden, Unidentified)


@pytest.mark.parametrize(
    ("constraint", "changed"),
    [
        ("tried_way_known", {"way": "luck"}),
        ("tried_band_known", {"band": "99+"}),
        ("tried_got_of_those_who_tried", {"got": 2}),
    ],
)
def test_what_must_never_be_false_is_a_constraint(constraint: str, changed: dict[str, object]) -> None:
    content = {"way": "form", "band": "75+", "tried": 1, "got": 1, "attempts": 1, "channel": "web", "day": MONDAY}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        models.Tried.objects.create(hospital_id=UUID(int=1), **{**content, **changed})


# -- the public page ---------------------------------------------------------------------------------------------------


def public(query: str = "", language: str = "zh-CN") -> Any:
    return Client(SERVER_NAME="localhost").get(f"/fairness/{query}", headers={"Accept-Language": language})


def test_the_public_page_explains_itself_without_signing_in() -> None:
    unfair_week(make.hospital(district="海淀区"))
    alarming.raise_alarms(now=NOW)
    page = text_of(public())
    assert "每 100 个想约的人里， 32 个约上了" in page
    assert "60 岁及以上：每 100 人约上 20 人，其他人 40 人。" in page
    assert "一百次里难得碰上一次" in page
    assert "最多的是18 到 44 岁，每 100 人约上 40 人；最少的是60 到 74 岁，20 人。" in page
    assert "海淀区" in page
    for word in ("置信", "哈希", "显著", "p 值", "方差"):
        assert word not in page


def test_the_public_page_in_english_has_no_chinese() -> None:
    unfair_week(make.hospital(district="海淀区"))
    alarming.raise_alarms(now=NOW)
    page = text_of(public(language="en"))
    assert "60 and older: of 100 people 20 got a slot, of all others 40." in page
    assert not re.search("[一-鿿]", page)


def test_a_quiet_week_says_so_and_an_empty_one_too() -> None:
    hospital_id = make.hospital()
    put(hospital_id, MONDAY, "18-44", 500, 200)
    put(hospital_id, MONDAY, "60-74", 500, 200)
    assert "这一周没有发现谁总是吃亏" in text_of(public())
    before = MONDAY - timedelta(days=7)
    empty = text_of(public(f"?week={before}"))
    assert "这一周人太少" in empty
    assert "没有发现" not in empty
    for wrong in ("?week=x", "?week=2020-01-06", f"?week={MONDAY + timedelta(days=2)}"):
        assert "每 100 个想约的人里" in text_of(public(wrong))


def test_the_public_page_names_no_hospital() -> None:
    facts = make.hospital(name="北京某某独一无二医院")
    unfair_week(facts)
    assert "独一无二" not in text_of(public())
