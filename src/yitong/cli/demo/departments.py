"""From a hospital's own department names to outpatient departments with a code of the national list.

A name is mapped by the first of these that fits, and the reason stays with the result:

- `scoped` rule: the whole name, in one kind of hospital (骨科 of a children's hospital is 小儿骨科专业),
- `exact`: the name is in the list; `suffix`: it is, once 科 or a bracket goes or 专业 comes,
- `synonym` rule: the whole name is a usual name of a subject; `keyword` rule: a part of the name decides,
- `parent`: nothing fits, so it gets the code of the nearest subject above it.

Pharmacy, nursing and wards are no clinical subjects: `outside`, without a code.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Literal

from yitong.cli.demo import facts

Rule = Literal["exact", "suffix", "scoped", "synonym", "keyword", "parent", "outside"]

_BRACKET = re.compile(r"[(（][^)）]*[)）]")
_CHINESE_MEDICINE = ("50", "51")


@dataclass(frozen=True, slots=True)
class Mapping:
    """The national code of a department's name, empty when `outside`, with the rule and the reason."""

    code: str
    rule: Rule
    reason: str


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who may book (R-046). Ages are whole years, from `age_from` up to but without `age_below`."""

    sex: Literal["male", "female"] | None = None
    age_from: int | None = None
    age_below: int | None = None


@dataclass(frozen=True, slots=True)
class OutpatientDepartment:
    """A department as patients meet it: one or more departments of the source at one campus.

    `code` is unique in the city and stays the same from load to load.
    """

    code: str
    hospital_code: str
    campus_code: str
    name: str
    name_en: str
    mapping: Mapping
    bookable: bool
    eligibility: Eligibility
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: str
    hospitals: tuple[str, ...]
    names: tuple[str, ...]
    code: str
    reason: str


@cache
def map_name(name: str, hospital_kind: facts.HospitalKind) -> Mapping:
    """The national code of a department name in a hospital of this kind."""
    plain = plain_name(name)
    rules = [rule for rule in _rules() if not rule.hospitals or hospital_kind in rule.hospitals]
    for rule in rules:
        if rule.kind == "scoped" and plain in rule.names:
            return Mapping(rule.code, "scoped", rule.reason)
    by_name = _western_and_first_level()
    if name in by_name:
        return Mapping(by_name[name], "exact", "the name is in the list")
    for variant, reason in _variants(plain):
        if variant in by_name:
            return Mapping(by_name[variant], "suffix", reason)
    for rule in rules:
        if rule.kind == "synonym" and plain in rule.names:
            return Mapping(rule.code, "synonym", rule.reason)
        if rule.kind == "outside" and plain in rule.names:
            return Mapping("", "outside", rule.reason)
        if rule.kind == "keyword" and any(word in plain for word in rule.names):
            return Mapping(rule.code, "keyword", rule.reason)
        if rule.kind == "parent" and any(word in plain for word in rule.names):
            return Mapping(rule.code, "parent", rule.reason)
    raise LookupError(f"no rule for {name} in a {hospital_kind} hospital")


def plain_name(name: str) -> str:
    """Without brackets, hyphens and dots: 重症医学科(中心ICU) → 重症医学科."""
    return re.sub(r"[-·.]", "", _BRACKET.sub("", name))


@cache
def rule_counts() -> dict[str, int]:
    """How many of the source's department names each rule decided."""
    return dict(
        Counter(map_name(one.name, facts.hospital(one.hospital_code).kind).rule for one in facts.source_departments())
    )


@cache
def outpatient_departments() -> tuple[OutpatientDepartment, ...]:
    """Every department of the city with a national code, in the order of campus and code.

    Names that say the same (a ward, a group or an institute of a department) are one; a hospital that lists its
    departments once for two campuses has them at both.
    """
    renames = {row["name"]: row["outpatient_name"] for row in facts.table("outpatient_names")}
    merged: dict[tuple[str, str], list[facts.SourceDepartment]] = {}
    for source in facts.source_departments():
        shown = _BRACKET.sub("", source.name).replace("-", "")
        for campus in facts.campuses():
            if campus.hospital_code == source.hospital_code and source.campus_code in ("", campus.code):
                merged.setdefault((campus.code, renames.get(shown, shown)), []).append(source)
    english = {row["name"]: row["name_en"] for row in facts.table("department_names_en")}
    found: list[OutpatientDepartment] = []
    ordinals: Counter[tuple[str, str]] = Counter()
    for (campus_code, name), sources in sorted(merged.items()):
        hospital = facts.hospital(sources[0].hospital_code)
        mapping = map_name(name, hospital.kind)
        if mapping.rule == "outside":
            continue
        ordinals[campus_code, mapping.code] += 1
        code = f"{campus_code}-{mapping.code.replace('.', '')}-{ordinals[campus_code, mapping.code]}"
        found.append(
            OutpatientDepartment(
                code,
                hospital.code,
                campus_code,
                name,
                english[name],
                mapping,
                _is_bookable(name, mapping.code),
                _eligibility(name, mapping.code, hospital.kind),
                tuple(sorted({one.name for one in sources})),
            )
        )
    return tuple(sorted(found, key=lambda one: one.code))


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(
        _Rule(
            row["kind"],
            tuple(row["hospitals"].split()),
            tuple(row["names"].split("|")),
            row["code"],
            row["reason"],
        )
        for row in facts.table("department_rules")
    )


@cache
def _western_and_first_level() -> dict[str, str]:
    """Code by name, without the inner parts of Chinese and minority medicine, whose names repeat the others'."""
    return {
        one.name: one.code
        for one in facts.subjects().values()
        if one.name != "其他" and not (one.parent_code and one.code.startswith(_CHINESE_MEDICINE))
    }


def _variants(plain: str) -> list[tuple[str, str]]:
    variants = [(plain, "the name is in the list without its bracket"), (f"{plain}专业", "the name with 专业")]
    if plain.endswith("科"):
        variants.append((f"{plain[:-1]}专业", "the name with 专业 for 科"))
    else:
        variants.append((f"{plain}科", "the name with 科"))
    return variants


@cache
def _not_bookable() -> tuple[frozenset[str], tuple[str, ...]]:
    rows = list(facts.table("not_bookable"))
    return (
        frozenset(row["value"] for row in rows if row["kind"] == "code"),
        tuple(row["value"] for row in rows if row["kind"] == "name"),
    )


def _is_bookable(name: str, code: str) -> bool:
    codes, words = _not_bookable()
    return code not in codes and not any(word in name for word in words)


def _eligibility(name: str, code: str, hospital_kind: str) -> Eligibility:
    """The first line that speaks of sex, and the first that speaks of age."""
    sex: Literal["male", "female"] | None = None
    ages: tuple[int | None, int | None] | None = None
    for row in facts.table("eligibility"):
        value = row["value"]
        fits = {
            "name": value in name,
            "code": code == value or (value not in ("05",) and code.startswith(f"{value}.")),
            "hospital": hospital_kind == value,
        }[row["kind"]]
        if not fits:
            continue
        if row["sex"] and sex is None:
            sex = "male" if row["sex"] == "male" else "female"
        if (row["age_from"] or row["age_below"]) and ages is None:
            ages = (
                int(row["age_from"]) if row["age_from"] else None,
                int(row["age_below"]) if row["age_below"] else None,
            )
    return Eligibility(sex, *(ages or (None, None)))
