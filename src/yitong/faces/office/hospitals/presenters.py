"""Hospitals and their departments, as the city reads them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from yitong.domains.hospitals.contracts.things import Campus, CodeBasis, Department, Hospital, SetUp
from yitong.faces.common import terms
from yitong.faces.common.tables import Column, Order, Table
from yitong.faces.common.words import Reader
from yitong.faces.office import words


@dataclass(frozen=True, slots=True)
class HospitalLine:
    href: str
    code: str
    name: str
    level: str
    kind: str
    district: str
    campuses: int
    is_open: bool


TABLE: Table[HospitalLine] = Table(
    columns=[
        Column(later("医院")),
        Column(later("医院代码"), "code"),
        Column(later("等级"), "level"),
        Column(later("类别"), "kind"),
        Column(later("所在区"), "district"),
        Column(later("院区"), "campuses", is_number=True),
        Column(later("状态"), "state"),
    ],
    keys={
        "code": lambda one: one.code,
        "level": lambda one: one.level,
        "kind": lambda one: one.kind,
        "district": lambda one: one.district,
        "campuses": lambda one: one.campuses,
        "state": lambda one: one.is_open,
    },
    otherwise=Order("code"),
    words=lambda one: (one.name, one.code, one.level, one.kind, one.district),
)


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    name: str
    campus: str
    code: str
    basis: str
    basis_tag: str
    reason: str
    is_bookable: bool


@dataclass(frozen=True, slots=True)
class BasisCount:
    name: str
    note: str
    count: int


def lines(hospitals: Iterable[Hospital], campuses: Iterable[Campus], reader: Reader) -> list[HospitalLine]:
    counts = Counter(campus.hospital_id for campus in campuses)
    return [
        HospitalLine(
            reverse("office:hospital", args=[one.hospital_id]),
            one.code,
            reader.name(one),
            terms.known(one.level),
            terms.known(one.kind),
            terms.known(one.district),
            counts[one.hospital_id],
            one.is_open,
        )
        for one in hospitals
    ]


def facts(one: Hospital, reader: Reader) -> list[tuple[str, str, str]]:
    return [
        (_("医院代码"), one.code, ""),
        (_("中文名称"), one.name, ""),
        (_("英文名称"), one.name_en, ""),
        (_("等级"), terms.known(one.level), ""),
        (_("类别"), terms.known(one.kind), ""),
        (_("所在区"), terms.known(one.district), ""),
        (_("总机"), one.phone or "–", ""),
    ]


def missing(done: SetUp) -> list[str]:
    """What the hospital still has to fill in before anybody can book there, in the order in which it does."""
    every = [
        (done.campuses, _("院区")),
        (done.departments, _("科室")),
        (done.practitioners, _("医师")),
        (done.fees, _("医事服务费")),
    ]
    return [name for n, name in every if not n]


def departments(found: Sequence[Department], campuses: Mapping[UUID, Campus], reader: Reader) -> list[DepartmentLine]:
    return [
        DepartmentLine(
            reader.name(one),
            reader.name(campuses[one.campus_id]) if one.campus_id in campuses else "",
            one.national_code,
            terms.term(terms.BASES, one.code_basis),
            words.BASIS_TAGS[one.code_basis],
            one.code_reason,
            one.is_bookable,
        )
        for one in found
    ]


def bases(found: Sequence[Department]) -> list[BasisCount]:
    counts = Counter(one.code_basis for one in found)
    return [
        BasisCount(terms.term(terms.BASES, basis), terms.term(terms.BASIS_NOTES, basis), counts[basis])
        for basis in CodeBasis
    ]
