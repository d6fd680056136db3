"""Search by name, pinyin and initials; the same number of queries at 1 and at 50 rows; fast with a whole city."""

from statistics import median
from time import perf_counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import make

from yitong.domains.hospitals import queries, rules
from yitong.domains.hospitals.commands import places, practitioners
from yitong.domains.hospitals.contracts import (
    CampusFacts,
    ImportCampuses,
    ImportDepartments,
    ImportPractitioners,
    Title,
)

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def friendship():
    hospital_id = make.hospital(name="北京友谊医院", short_name="友谊医院", name_en="Beijing Friendship Hospital")
    make.campus(hospital_id)
    return hospital_id


def names(text, limit=20):
    return [(found.kind, found.name) for found in queries.search(text, limit)]


@pytest.mark.parametrize("text", ["友谊", "北京友谊医院", "youyi", "yyyy", "BJYYYY", " friendship ", "Beijing Fri"])
def test_hospital_is_found(friendship, text):
    assert names(text) == [("hospital", "北京友谊医院")]


@pytest.mark.parametrize("text", ["心内", "xinneike", "xnk", "XNK"])
def test_department_is_found_with_its_place(friendship, text):
    department_id = make.department(friendship, name="心内科")
    [found] = queries.search(text)
    assert (found.kind, found.item_id, found.department_id) == ("department", department_id, department_id)
    assert found.detail == "友谊医院 · C1院区"


@pytest.mark.parametrize("text", ["欧阳", "ouyangshifan", "oysf"])
def test_practitioner_is_found_with_title_and_department(friendship, text):
    make.department(friendship, code="D1", name="心内科")
    practitioner_id = make.practitioner(friendship, "D1", name="欧阳示范", title=Title.ATTENDING)
    [found] = queries.search(text)
    assert (found.kind, found.item_id, found.title) == ("practitioner", practitioner_id, Title.ATTENDING)
    assert found.detail == "友谊医院 · 心内科"


def test_whole_names_come_before_beginnings_and_beginnings_before_parts(friendship):
    for name in ("小儿心内科", "心内科", "心内科二部"):
        make.department(friendship, name=name)
    assert [name for _, name in names("心内科")] == ["心内科", "心内科二部", "小儿心内科"]


@pytest.mark.parametrize("text", ["", "   ", "\x00", "没有这个", "%", "_", "\\", "'; --", "😀" * 500, "a" * 500])
def test_odd_texts_find_nothing(friendship, text):
    make.department(friendship, name="心内科")
    assert names(text) == []


def count(text, limit):
    with CaptureQueriesContext(
        connection,
    ) as seen:
        found = queries.search(text, limit)
    return len(found), len(seen)


def test_same_number_of_queries_at_1_and_50(friendship):
    for n in range(60):
        make.department(friendship, name=f"心内科{n}部")
    assert count("心内科", 1) == (1, 1)
    assert count("心内科", 50) == (50, 1)
    assert count("心内科", 1000) == (50, 1)


def test_lists_ask_the_same_number_of_queries_at_1_and_50(friendship):
    make.department(friendship, code="D1")
    sizes = []
    for wanted in (1, 50):
        while len(queries.list_practitioners(friendship)) < wanted:
            make.practitioner(friendship, "D1")
        with CaptureQueriesContext(connection) as seen:
            assert len(queries.list_practitioners(friendship)) == wanted
        sizes.append(len(seen))
    assert sizes == [2, 2]


def test_terms_hold_name_pinyin_and_initials():
    assert rules.search_terms(["重庆路门诊", "Clinic"]) == " 重庆路门诊 chongqinglumenzhen cqlmz clinic "
    assert rules.search_terms(["", " "]) == "  "


@pytest.mark.slow
def test_search_of_a_whole_city_is_fast():
    """22 hospitals, 900 departments, 4,000 doctors: median under 50 ms."""
    surnames, given = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚"
    for h in range(22):
        hospital_id = make.hospital()
        admin = make.hospital_admin(hospital_id)
        campus = CampusFacts(code="C1", name="本部", district="西城区", address="示范路1号")
        places.import_campuses(ImportCampuses(hospital_id, (campus,)), actor=admin, now=NOW)
        departments = tuple(make.department_facts(code=f"D{n}", name=f"专科{n}门诊") for n in range(41))
        places.import_departments(ImportDepartments(hospital_id, departments), actor=admin, now=NOW)
        doctors = tuple(
            make.practitioner_facts(f"D{n % 41}", name=f"{surnames[(n + h) % 16]}{given[n % 20]}{given[n // 20 % 20]}")
            for n in range(185)
        )
        practitioners.import_practitioners(ImportPractitioners(hospital_id, doctors), actor=admin, now=NOW)
    for text in ("wang", "w", "专科", "zk7", "王伟", "李", "示范2医院", "zzzz"):
        times = []
        for _ in range(7):
            begin = perf_counter()
            queries.search(text)
            times.append(perf_counter() - begin)
        assert median(times) < 0.05, (text, times)
