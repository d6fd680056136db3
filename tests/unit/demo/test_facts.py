from collections import Counter

import pytest

from yitong.cli.demo import departments, facts

WHOLE = 874


def test_the_city_has_22_hospitals_on_28_campuses() -> None:
    assert len(facts.hospitals()) == 22
    assert len(facts.campuses()) == 28
    assert {one.hospital_code for one in facts.campuses()} == {one.code for one in facts.hospitals()}
    assert sorted(n for n in Counter(one.hospital_code for one in facts.campuses()).values()) == [1] * 16 + [2] * 6


def test_each_campus_has_an_address_of_its_own() -> None:
    addresses = [one.address_zh for one in facts.campuses()]
    assert len(set(addresses)) == 28
    assert not [one for one in addresses if "..." in one]


def test_every_department_of_the_source_is_mapped_by_a_counted_rule() -> None:
    assert departments.rule_counts() == {
        "exact": 152,
        "suffix": 169,
        "scoped": 90,
        "synonym": 235,
        "keyword": 182,
        "parent": 31,
        "outside": 15,
    }
    assert sum(departments.rule_counts().values()) == WHOLE


def test_only_162_names_stand_in_the_list_as_they_are() -> None:
    names = {one.name for one in facts.subjects().values()}
    assert sum(one.name in names for one in facts.source_departments()) == 162


def test_every_rule_leads_to_a_code_of_the_list() -> None:
    for source in facts.source_departments():
        mapping = departments.map_name(source.name, facts.hospital(source.hospital_code).kind)
        assert mapping.reason
        assert (mapping.code in facts.subjects()) == (mapping.rule != "outside")


@pytest.mark.parametrize(
    ("name", "kind", "code", "rule"),
    [
        ("儿科", "general", "07", "exact"),
        ("骨科", "general", "04.03", "suffix"),
        ("骨科", "children", "08.02", "scoped"),
        ("骨科", "tcm", "50.10", "scoped"),
        ("重症医学科(中心ICU)", "general", "28", "suffix"),
        ("耳鼻咽喉-头颈外科", "general", "11", "synonym"),
        ("眼角膜科", "general", "10", "keyword"),
        ("肝病中心", "general", "03.02", "keyword"),
        ("肝病中心", "infectious", "16.03", "keyword"),
        ("营养科", "general", "03", "parent"),
        ("药剂科", "general", "", "outside"),
    ],
)
def test_a_name_is_mapped_by_the_first_rule_that_fits(
    name: str, kind: facts.HospitalKind, code: str, rule: str
) -> None:
    mapping = departments.map_name(name, kind)
    assert (mapping.code, mapping.rule) == (code, rule)


def test_a_parent_code_is_of_the_first_level() -> None:
    for source in facts.source_departments():
        mapping = departments.map_name(source.name, facts.hospital(source.hospital_code).kind)
        if mapping.rule == "parent":
            assert not facts.subjects()[mapping.code].parent_code


def test_outpatient_departments_have_codes_of_their_own_and_english_names() -> None:
    all_of_them = departments.outpatient_departments()
    assert len({one.code for one in all_of_them}) == len(all_of_them) == 943
    assert len({(one.campus_code, one.name) for one in all_of_them}) == 943
    assert sum(one.bookable for one in all_of_them) == 766
    assert all(one.name_en.isascii() and one.name_en for one in all_of_them)


def test_every_campus_has_bookable_departments() -> None:
    campuses = {one.campus_code for one in departments.outpatient_departments() if one.bookable}
    assert campuses == {one.code for one in facts.campuses()}


def test_laboratories_wards_and_emergency_are_not_bookable() -> None:
    bookable = {one.name for one in departments.outpatient_departments() if one.bookable}
    assert not bookable & {"检验科", "病理科", "麻醉科", "急诊科", "重症医学科", "放射科", "超声科", "司法鉴定"}
    assert {"骨科", "儿科", "疼痛科", "放疗科", "营养科"} <= bookable


@pytest.mark.rule("R-046")
@pytest.mark.parametrize(
    ("hospital", "name", "sex", "age_from", "age_below"),
    [
        ("BJ13", "妇科", "female", None, None),
        ("BJ13", "产科", "female", None, None),
        ("BJ13", "男科", "male", None, None),
        ("BJ13", "生殖医学科", None, None, None),
        ("BJ13", "新生儿科", None, None, 1),
        ("BJ13", "儿童保健科", None, None, 18),
        ("BJ14", "眼科", None, None, 18),
        ("BJ12", "儿科", None, None, 18),
        ("BJ11", "老年口腔科", None, 60, None),
        ("BJ18", "骨科", None, None, None),
    ],
)
def test_sex_and_age_follow_the_subject(
    hospital: str, name: str, sex: str | None, age_from: int | None, age_below: int | None
) -> None:
    one = next(d for d in departments.outpatient_departments() if (d.hospital_code, d.name) == (hospital, name))
    assert one.eligibility == departments.Eligibility(sex, age_from, age_below)  # type: ignore[arg-type]
