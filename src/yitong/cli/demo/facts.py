"""The facts of the demo city, read from the tables in `data/`: hospitals, campuses, departments and the national list.

Every table is a CSV file of our own making; `docs/demo-city.md` says where each fact comes from.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Literal

HospitalKind = Literal[
    "general", "tcm", "dental", "psychiatric", "maternity", "children", "infectious", "chest", "cancer"
]


@dataclass(frozen=True, slots=True)
class Hospital:
    code: str
    name_zh: str
    name_en: str
    short_zh: str
    short_en: str
    kind: HospitalKind
    kind_zh: str
    level_zh: str
    specialties_zh: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Campus:
    code: str
    hospital_code: str
    name_zh: str
    name_en: str
    district_zh: str
    address_zh: str
    latitude: Decimal  # to a hundredth of a degree, which is about a kilometre: enough for distances in words
    longitude: Decimal


@dataclass(frozen=True, slots=True)
class Subject:
    """A line of 医疗机构诊疗科目名录; `parent_code` is empty at the first level."""

    code: str
    name: str
    parent_code: str


@dataclass(frozen=True, slots=True)
class SourceDepartment:
    """A department as a hospital lists it; no `campus_code` where the hospital lists it for all its campuses."""

    hospital_code: str
    campus_code: str
    name: str


def table(name: str) -> Iterator[dict[str, str]]:
    """The rows of `data/<name>.csv`, as text."""
    text = resources.files("yitong.cli.demo").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


@cache
def hospitals() -> tuple[Hospital, ...]:
    return tuple(
        Hospital(
            row["code"],
            row["name_zh"],
            row["name_en"],
            row["short_zh"],
            row["short_en"],
            _kind(row["kind"]),
            row["kind_zh"],
            row["level_zh"],
            tuple(row["specialties_zh"].split(";")),
        )
        for row in table("hospitals")
    )


@cache
def campuses() -> tuple[Campus, ...]:
    return tuple(
        Campus(
            row["code"],
            row["hospital_code"],
            row["name_zh"],
            row["name_en"],
            row["district_zh"],
            row["address_zh"],
            Decimal(row["latitude"]),
            Decimal(row["longitude"]),
        )
        for row in table("campuses")
    )


@cache
def subjects() -> dict[str, Subject]:
    """The national list by code."""
    return {row["code"]: Subject(**row) for row in table("subjects")}


@cache
def source_departments() -> tuple[SourceDepartment, ...]:
    return tuple(SourceDepartment(**row) for row in table("departments"))


@cache
def hospital(code: str) -> Hospital:
    return next(one for one in hospitals() if one.code == code)


def _kind(text: str) -> HospitalKind:
    kinds: dict[str, HospitalKind] = {
        "general": "general",
        "tcm": "tcm",
        "dental": "dental",
        "psychiatric": "psychiatric",
        "maternity": "maternity",
        "children": "children",
        "infectious": "infectious",
        "chest": "chest",
        "cancer": "cancer",
    }
    return kinds[text]
