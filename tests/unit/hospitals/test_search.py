"""Search by name, pinyin and initials; the same number of queries at 1 and at 50 rows; fast with a whole city."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import make

from yitong.domains.hospitals import rules
from yitong.domains.hospitals.contracts.things import Title
from yitong.domains.hospitals.queries import directory, searching

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def friendship():
    hospital_id = make.hospital(name="北京友谊医院", short_name="友谊医院", name_en="Beijing Friendship Hospital")
    make.campus(hospital_id)
    return hospital_id


def names(text, limit=20):
    return [(found.kind, found.name) for found in searching.search(text, limit)]


@pytest.mark.parametrize("text", ["友谊", "北京友谊医院", "youyi", "yyyy", "BJYYYY", " friendship ", "Beijing Fri"])
def test_hospital_is_found(friendship, text):
    assert names(text) == [("hospital", "北京友谊医院")]


@pytest.mark.parametrize("text", ["心内", "xinneike", "xnk", "XNK"])
def test_department_is_found_with_its_place(friendship, text):
    department_id = make.department(friendship, name="心内科")
    [found] = searching.search(text)
    assert (found.kind, found.item_id, found.department_id) == ("department", department_id, department_id)
    assert found.detail == "友谊医院 · C1院区"


@pytest.mark.parametrize("text", ["欧阳", "ouyangshifan", "oysf"])
def test_practitioner_is_found_with_title_and_department(friendship, text):
    make.department(friendship, code="D1", name="心内科")
    practitioner_id = make.practitioner(friendship, "D1", name="欧阳示范", title=Title.ATTENDING)
    [found] = searching.search(text)
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
        found = searching.search(text, limit)
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
        while len(directory.list_practitioners(friendship)) < wanted:
            make.practitioner(friendship, "D1")
        with CaptureQueriesContext(connection) as seen:
            assert len(directory.list_practitioners(friendship)) == wanted
        sizes.append(len(seen))
    assert sizes == [2, 2]


def test_terms_hold_name_pinyin_and_initials():
    assert rules.search_terms(["重庆路门诊", "Clinic"]) == " 重庆路门诊 chongqinglumenzhen cqlmz clinic "
    assert rules.search_terms(["", " "]) == "  "
