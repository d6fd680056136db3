"""Two administrators before the same facts: the page of the second keeps what was typed and shows what stands."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse
from tests import make
from tests.faces.desk.conftest import NOW, Desk, Hospital

from yitong.core.actor import Actor
from yitong.core.db.models import Event
from yitong.core.sentences import sentence
from yitong.domains.hospitals.commands import hospitals, places, practitioners
from yitong.domains.hospitals.contracts.things import Title
from yitong.domains.hospitals.contracts.writes import (
    ChangeCampus,
    ChangeDepartment,
    ChangeHospital,
    ChangePractitioner,
)
from yitong.domains.hospitals.queries import directory, facts
from yitong.faces.desk.hospital import forms

Sit = Callable[..., Desk]
HOME = "/desk/hospital/"
KINDS = ("hospital", "campus", "department", "practitioner")


def seen_on(answer: HttpResponse) -> str:
    [found] = re.findall(r'name="seen" value="([0-9a-f]{64})"', answer.content.decode())
    return str(found)


def said(answer: HttpResponse) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def stands_on(answer: HttpResponse) -> dict[str, str]:
    """What the page says that is saved now, by field."""
    pairs = re.findall(r"<dt>(.*?)</dt><dd class=\"keep\">(.*?)</dd>", answer.content.decode(), re.S)
    return {unescape(name): unescape(value) for name, value in pairs}


@dataclass
class Case:
    """The page of one thing, what stands, and how somebody else changes it."""

    path: str
    form: Any
    stands: Callable[[], Any]
    change: Callable[..., Any]
    command: Callable[..., Any]

    def opened(self) -> dict[str, object]:
        """What the form holds when the page is opened."""
        return {name: value for name, value in self.form.of(self.stands()).items() if value not in (None, False, [])}

    def change_by_another(self, admin: Actor, **changed: object) -> None:
        self.change(self.command(replace(self.stands(), **changed)), actor=admin, now=NOW)


def case(kind: str, at: Hospital) -> Case:
    admin, campus_id = make.hospital_admin(at.id), directory.get_department(at.id, at.department_id).campus_id
    cases = {
        "hospital": Case(
            f"{HOME}facts/",
            forms.Facts,
            lambda: facts.hospital_facts(at.id),
            hospitals.change_hospital,
            lambda told: ChangeHospital(at.id, told),
        ),
        "campus": Case(
            f"{HOME}campuses/{campus_id}/",
            forms.CampusForm,
            lambda: facts.campus_facts(at.id, campus_id),
            places.change_campus,
            lambda told: ChangeCampus(at.id, campus_id, told),
        ),
        "department": Case(
            f"{HOME}departments/{at.department_id}/",
            forms.DepartmentForm,
            lambda: facts.department_facts(at.id, at.department_id),
            places.change_department,
            lambda told: ChangeDepartment(at.id, at.department_id, told),
        ),
        "practitioner": Case(
            f"{HOME}doctors/{at.doctor_id}/",
            forms.PractitionerForm,
            lambda: facts.practitioner_facts(at.id, at.doctor_id, admin),
            practitioners.change_practitioner,
            lambda told: ChangePractitioner(at.id, at.doctor_id, told),
        ),
    }
    return cases[kind]


OTHER: dict[str, dict[str, Any]] = {
    "hospital": {"phone": "010-11112222"},
    "campus": {"directions": "地铁6号线"},
    "department": {"location": "门诊楼三层", "is_bookable": False},
    "practitioner": {"specialties": "高血压"},
}
SHOWN = {
    "hospital": {"总机": "010-11112222"},
    "campus": {"怎么来": "地铁6号线", "英文名称": "没有填"},
    "department": {"科室位置": "门诊楼三层", "可以预约": "否"},
    "practitioner": {"擅长": "高血压"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_is_told_of_the_first_and_decides(hospital: Hospital, desk: Sit, kind: str) -> None:
    admin = desk("hospital_admin")
    one = case(kind, hospital)
    path, stands, opened = one.path, one.stands, one.opened()
    seen = seen_on(admin.get(path))
    one.change_by_another(make.hospital_admin(hospital.id), **OTHER[kind])
    now, before = stands(), Event.objects.count()
    mine = {**opened, "name_en": "Mine", "seen": seen}
    refused = admin.post(path, **mine)
    told = sentence("HOSPITAL_FACTS_CHANGED", {}, "zh-hans")
    assert (refused.status_code, told.message in said(refused), told.next_step in said(refused)) == (409, True, True)
    assert (stands(), Event.objects.count()) == (now, before)
    assert 'value="Mine"' in refused.content.decode()
    shown = stands_on(refused)
    assert {name: shown.get(name) for name in SHOWN[kind]} == SHOWN[kind]
    again = seen_on(refused)
    assert again != seen
    assert admin.post(path, **{**mine, "seen": again}).status_code == 303
    assert stands().name_en == "Mine"


def first_visit(text: str) -> dict[str, object]:
    return {"text": text, "text_en": ""}


def price(yuan: str) -> dict[str, object]:
    """For a day to come, so that it may still be corrected."""
    given = {"clinic_kind": "expert", "title": "chief", "fee_fen": yuan, "effective_date": "2026-12-05"}
    return {**given, "source": f"价格通知 {yuan}"}


def rule(minutes: str) -> dict[str, object]:
    day = f"2026-12-{minutes}"  # two of one instant would be refused whoever saw what
    return {"value": minutes, "day": day, "time": "00:00", "source": f"院办公会 {minutes}"}


OTHERS: dict[str, tuple[str, Callable[[str], dict[str, object]], str, str, str]] = {
    # address, form, what somebody else writes, how the page then says it, what is written from an older page
    "guide": ("/desk/first-visit/", first_visit, "先到一层建卡。", "给第一次来的患者 先到一层建卡。", "直接去三层。"),
    "price": (f"{HOME}fees/", price, "80", "价格（元） 80.00 依据 价格通知 80", "90"),
    "rule": ("/desk/rules/booking.hold_minutes/", rule, "20", "20 院办公会 20", "25"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_words_prices_and_rules_of_another_are_told_and_the_second_decides(
    hospital: Hospital, desk: Sit, kind: str
) -> None:
    path, form, theirs, shown, mine = OTHERS[kind]
    first, second = desk("hospital_admin"), desk("hospital_admin")
    seen = seen_on(first.get(path))
    assert second.post(path, **form(theirs), seen=seen_on(second.get(path))).status_code == 303
    before = Event.objects.count()
    refused = first.post(path, **form(mine), seen=seen)
    told = sentence("HOSPITAL_FACTS_CHANGED", {}, "zh-hans")
    assert (refused.status_code, told.message in said(refused), shown in said(refused)) == (409, True, True)
    assert (Event.objects.count(), mine in refused.content.decode()) == (before, True)
    again = seen_on(refused)
    assert again == seen_on(first.get(path)) != seen
    assert first.post(path, **form(mine), seen=again).status_code == 303
    assert Event.objects.count() == before + 1


def test_a_price_beside_which_another_was_set_shows_the_list(hospital: Hospital, desk: Sit) -> None:
    """Nothing would be written over, so nothing but the list has to be read."""
    path, admin = f"{HOME}fees/", desk("hospital_admin")
    seen = seen_on(admin.get(path))
    admin.post(path, **price("80"), seen=seen)
    refused = admin.post(path, **{**price("90"), "effective_date": "2026-12-06"}, seen=seen)
    assert (refused.status_code, stands_on(refused)) == (409, {})
    assert "80 元" in said(refused)


def test_the_rule_of_a_department_stands_in_the_history(hospital: Hospital, desk: Sit) -> None:
    path, admin = "/desk/rules/booking.extra_per_session/", desk("hospital_admin")
    told = {**rule("01"), "department": hospital.department_id}
    assert admin.post(path, **told, seen=seen_on(admin.get(path))).status_code == 303
    name = directory.get_department(hospital.id, hospital.department_id).name
    assert f"{name} 1 院办公会 01" in said(admin.get(path))


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_alone_saves_at_once_and_twice(hospital: Hospital, desk: Sit, kind: str) -> None:
    admin = desk("hospital_admin")
    one = case(kind, hospital)
    mine = {**one.opened(), "name_en": "Mine", "seen": seen_on(admin.get(one.path))}
    assert [admin.post(one.path, **mine).status_code for _n in range(2)] == [303, 303]
    assert one.stands().name_en == "Mine"


def test_choices_are_told_in_words(hospital: Hospital, desk: Sit) -> None:
    """And a mistake in another field doesn't make the page forget what was seen."""
    admin = desk("hospital_admin")
    one = case("practitioner", hospital)
    make.department(hospital.id, code="SECOND", name="第二科")
    path, given, seen = one.path, one.opened(), seen_on(admin.get(one.path))
    seats = ("SECOND", hospital.department_code)
    one.change_by_another(make.hospital_admin(hospital.id), title=Title.ATTENDING, department_codes=seats)
    wrong = admin.post(path, **{**given, "name": "", "seen": seen})
    assert (wrong.status_code, seen_on(wrong)) == (422, seen)
    shown = stands_on(admin.post(path, **{**given, "seen": seen}))
    assert (shown["职称"], shown["本科室"]) == ("主治医师", "第二科")
    home = directory.get_department(hospital.id, hospital.department_id)
    assert shown["也在这些科室出诊"] == home.name
