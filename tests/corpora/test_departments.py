"""Our tables of facts against the sources they were made from. Run by `make corpora`, where `../shared` exists."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from yitong.cli.demo import departments, facts, people

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def rows(name: str) -> list[dict[str, str]]:
    with (SHARED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_national_list_is_the_same() -> None:
    source = {row["code"]: (row["name"], row["parent"]) for row in rows("codes/departments.csv")}
    assert {one.code: (one.name, one.parent_code) for one in facts.subjects().values()} == source


def test_hospitals_and_districts_are_the_same() -> None:
    source = rows("hospitals/beijing_municipal_22.csv")
    assert {(row["id"], row["hospital"]) for row in source} == {(one.code, one.name_zh) for one in facts.hospitals()}
    districts = {(row["id"], row["district"]) for row in source}
    ours = {(one.hospital_code, one.district_zh) for one in facts.campuses()}
    # 妇产医院西院 stands in no row of its own: the source cuts its address off
    assert ours - districts == {("BJ13", "东城区")}
    assert not districts - ours


def test_every_department_name_of_the_source_is_there_once() -> None:
    source = Counter((row["id"], row["department"]) for row in rows("hospitals/beijing_municipal_departments.csv"))
    assert Counter((one.hospital_code, one.name) for one in facts.source_departments()) == source
    assert sum(source.values()) == 874 == sum(departments.rule_counts().values())


def test_162_names_match_as_they_are() -> None:
    names = {row["name"] for row in rows("codes/departments.csv")}
    assert sum(row["department"] in names for row in rows("hospitals/beijing_municipal_departments.csv")) == 162


@pytest.mark.rule("R-100")
@pytest.mark.parametrize("table", ["codes/gbt2260_history_1980_2022.csv", "codes/gbt2260_2023.csv"])
def test_no_generated_number_has_an_area_code_that_ever_was(table: str) -> None:
    assigned = {row["code"] for row in rows(table)}
    assert len(assigned) > 3000
    assert not [code for code in assigned if code.startswith(people.AREA_PREFIX)]
    assert people.PERMIT_AREA not in assigned
    for account in people.accounts(48, seed=1):
        for person in (account.holder, *(one for _, one in account.members)):
            assert person.identity_number[:6] not in assigned
