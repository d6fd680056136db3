"""Doctors who do not exist: a surname, a name out of the sixty-year cycle (王甲子), a licence number that says DEMO."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Literal

from yitong.cli.demo import draw, facts
from yitong.cli.demo.departments import OutpatientDepartment

Title = Literal["resident", "attending", "associate_chief", "chief", "renowned"]

TITLES_ZH: dict[Title, str] = {
    "resident": "住院医师",
    "attending": "主治医师",
    "associate_chief": "副主任医师",
    "chief": "主任医师",
    "renowned": "知名专家",
}

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
)
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_CYCLE = tuple(_STEMS[i % 10] + _BRANCHES[i % 12] for i in range(60))


@dataclass(frozen=True, slots=True)
class Practitioner:
    """`code` is unique in the city; `licence` is no number that a real licence can have."""

    code: str
    hospital_code: str
    department_code: str
    name: str
    title: Title
    licence: str
    specialties_zh: str
    introduction_zh: str


def practitioners(departments: tuple[OutpatientDepartment, ...], *, seed: int) -> tuple[Practitioner, ...]:
    """Three to six doctors for each bookable department, at least one of them a chief or an associate chief."""
    found: list[Practitioner] = []
    ordinals: Counter[str] = Counter()
    for department in departments:
        if not department.bookable:
            continue
        for place, title in enumerate(_titles(department, seed)):
            ordinals[department.hospital_code] += 1
            ordinal = ordinals[department.hospital_code]
            offset = draw.number(len(_SURNAMES) * len(_CYCLE), seed, "names", department.hospital_code)
            specialties = "、".join(
                draw.some_of(specialties_of(department.mapping.code), 3, seed, department.code, place)
            )
            found.append(
                Practitioner(
                    f"{department.code}-{place + 1}",
                    department.hospital_code,
                    department.code,
                    _name(offset + ordinal),
                    title,
                    f"DEMO-{department.hospital_code}-{ordinal:05d}",
                    specialties,
                    f"演示医师，并非真人。{TITLES_ZH[title]}，擅长{specialties}。",
                )
            )
    return tuple(found)


def specialties_of(code: str) -> tuple[str, ...]:
    """What is treated in a subject of the national list, else in the subject above it."""
    table = _specialties()
    while code and code not in table:
        code = facts.subjects()[code].parent_code
    return table.get(code, ("常见病诊治", "疑难病会诊", "慢性病管理"))


def _titles(department: OutpatientDepartment, seed: int) -> list[Title]:
    titles: list[Title] = ["attending", "associate_chief", "chief"]
    size = size_of(department, seed)
    if size >= 2:
        titles.append("associate_chief")
    if size >= 3:
        titles += ["resident", "renowned"]
    return titles


def size_of(department: OutpatientDepartment, seed: int) -> int:
    """1 small, 2 middle, 3 large; what a hospital is known for is large."""
    if department.name in facts.hospital(department.hospital_code).specialties_zh:
        return 3
    return draw.one_of((1, 1, 1, 2, 2, 2, 2, 3), seed, "size", department.code)


def _name(ordinal: int) -> str:
    """A different name for each ordinal below 4,800: 60 and 80 share factors, so the surname walks on by turns."""
    turn = ordinal // len(_CYCLE)
    return _SURNAMES[(ordinal + turn) % len(_SURNAMES)] + _CYCLE[ordinal % len(_CYCLE)]


@cache
def _specialties() -> dict[str, tuple[str, ...]]:
    return {row["code"]: tuple(row["specialties_zh"].split("|")) for row in facts.table("specialties")}
