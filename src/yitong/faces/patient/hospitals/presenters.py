"""A hospital, its departments and fees, as plain words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.core.clock import SHANGHAI
from yitong.core.policy.values import Policies
from yitong.domains.hospitals.contracts.things import Campus, Department, FeeLine, Hospital
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import terms
from yitong.faces.common.words import Reader
from yitong.faces.patient import maps


@dataclass(frozen=True, slots=True)
class Tab:
    href: str
    name: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Release:
    """When the next day opens. `text` says it without scripts."""

    at: datetime
    day: str
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """A hospital or campus: where it is and how to get there."""

    name: str
    district: str
    address: str
    directions: str
    map_href: str


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    href: str
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Drawer:
    """Departments of one specialty."""

    name: str
    departments: list[DepartmentLine]


@dataclass(frozen=True, slots=True)
class Live:
    """Where a page's script asks the booking window what is left (`docs/counter.md`).

    `slot` is the address of a slot with a nil id in its place; `chosen` the day that the page shows.
    """

    path: str
    slot: str = ""
    chosen: str = ""


def release(policies: Policies, reader: Reader) -> Release:
    """The next release by the policy that is enforced: the first day that can't be booked yet, and when it opens."""
    opens = schedule.bookable_dates(reader.now, policies)[-1] + timedelta(days=1)
    at = schedule.release_at(opens, policies)
    day = reader.day(opens)
    return Release(at, day, _("%(time)s放出%(day)s的号") % {"time": reader.moment(at), "day": day})


def as_of(reader: Reader) -> str:
    """When what is left was read: it may be two seconds old."""
    return reader.now.astimezone(SHANGHAI).strftime("%H:%M:%S")


def places(hospital: Hospital, campuses: Iterable[Campus], reader: Reader) -> list[Place]:
    return [
        Place(reader.name(c), c.district, c.address, c.directions, maps.link(hospital, c, reader)) for c in campuses
    ]


def campus_tabs(campuses: Sequence[Campus], chosen: UUID | None, path: str, reader: Reader) -> list[Tab]:
    """One tab for each campus, where there are several."""
    if len(campuses) < 2:
        return []
    return [Tab(f"{path}?campus={c.campus_id}", reader.name(c), c.campus_id == chosen) for c in campuses]


def drawers(departments: Iterable[Department], reader: Reader) -> list[Drawer]:
    """Departments by specialty, in the order of the national list."""
    ordered = sorted((d for d in departments if d.is_bookable), key=lambda d: (d.national_code[:2], d.name))
    return [
        Drawer(terms.term(terms.SPECIALTIES, code) or _("其他科室"), [department_line(d, reader) for d in of_code])
        for code, of_code in groupby(ordered, key=lambda d: d.national_code[:2])
    ]


def department_line(department: Department, reader: Reader) -> DepartmentLine:
    href = reverse("patient:department", args=[department.hospital_id, department.department_id])
    return DepartmentLine(href, reader.name(department), eligibility(department))


def eligibility(department: Department) -> str:
    """Whom the department sees, or nothing when everybody (R-046)."""
    parts = []
    if department.sex == "female":
        parts.append(_("只看女性"))
    if department.sex == "male":
        parts.append(_("只看男性"))
    if department.age_from is not None and department.age_below is not None:
        parts.append(_("只看 %(low)s 到 %(high)s 岁") % {"low": department.age_from, "high": department.age_below - 1})
    elif department.age_from is not None:
        parts.append(_("只看 %(low)s 岁及以上") % {"low": department.age_from})
    elif department.age_below is not None:
        parts.append(_("只看 %(high)s 岁以下") % {"high": department.age_below})
    return _("，").join(parts)


def fee_lines(fees: Iterable[FeeLine], reader: Reader) -> list[tuple[str, str, str]]:
    """As a description list: what, how much, from when."""
    return [
        (
            " · ".join(p for p in (terms.term(terms.CLINICS, f.clinic_kind), terms.term(terms.TITLES, f.title)) if p),
            reader.yuan(f.fee_fen),
            "",
        )
        for f in fees
    ]


def hospital_note(hospital: Hospital) -> str:
    return " · ".join(terms.known(part) for part in (hospital.level, hospital.kind, hospital.district) if part)


def steps(current: int) -> list[dict[str, object]]:
    """The way to a booking: which step the page is, of three."""
    names = [_("选时间"), _("选就诊人"), _("完成")]
    return [{"name": name, "is_done": i < current, "is_current": i == current} for i, name in enumerate(names, 1)]
