"""Campuses, departments, doctors and prices as lines of lists."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from yitong.domains.hospitals.contracts.things import Campus, Department, FeeLine, Practitioner, StillPlanned, Title
from yitong.faces.common import terms
from yitong.faces.common.request import Request
from yitong.faces.common.tables import Column, Order, Table
from yitong.faces.common.words import Reader
from yitong.faces.desk.stops.forms import LONGEST_DAYS

PAGE = 100


@dataclass(frozen=True, slots=True)
class CampusLine:
    href: str
    name: str
    code: str
    district: str
    address: str
    departments: int
    is_open: bool
    left_behind: int  # sessions that are yet to be held at a closed one, planned when that was still possible


def campuses(
    found: Iterable[Campus],
    departments: Iterable[Department],
    planned: Mapping[UUID, StillPlanned],
    reader: Reader,
) -> list[CampusLine]:
    counts = Counter(one.campus_id for one in departments)
    return [
        CampusLine(
            reverse("desk:campus", args=[one.campus_id]),
            reader.name(one),
            one.code,
            terms.known(one.district),
            one.address,
            counts[one.campus_id],
            one.is_open,
            planned[one.campus_id].sessions if not one.is_open and one.campus_id in planned else 0,
        )
        for one in found
    ]


@dataclass(frozen=True, slots=True)
class Planned:
    """What is still to be held at a campus, and where it is stopped."""

    sessions: int
    first: str
    last: str
    href: str


def planned(campus_id: UUID, found: StillPlanned | None, reader: Reader) -> Planned | None:
    if found is None:
        return None
    until = min(found.last_date, found.first_date + timedelta(days=LONGEST_DAYS - 1))  # as many as one page shows
    asked = {"what": f"campus:{campus_id}", "from_date": found.first_date, "until_date": until}
    href = f"{reverse('desk:stop_new')}?{urlencode(asked)}"
    return Planned(found.sessions, reader.day(found.first_date), reader.day(found.last_date), href)


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    href: str
    name: str
    code: str
    campus: str
    national_code: str
    basis: str
    is_bookable: bool


DEPARTMENTS: Table[DepartmentLine] = Table(
    columns=[
        Column(later("科室")),
        Column(later("科室代码"), "code"),
        Column(later("院区"), "campus"),
        Column(later("国家代码"), "national"),
        Column(later("依据"), "basis"),
        Column(later("状态"), "state"),
    ],
    keys={
        "code": lambda one: one.code,
        "campus": lambda one: one.campus,
        "national": lambda one: one.national_code,
        "basis": lambda one: one.basis,
        "state": lambda one: one.is_bookable,
    },
    otherwise=Order("national"),
    words=lambda one: (one.name, one.code, one.campus, one.national_code),
)


def departments(found: Iterable[Department], at: Mapping[UUID, Campus], reader: Reader) -> list[DepartmentLine]:
    return [
        DepartmentLine(
            reverse("desk:department", args=[one.department_id]),
            reader.name(one),
            one.code,
            reader.name(at[one.campus_id]),
            one.national_code,
            terms.term(terms.BASES, one.code_basis),
            one.is_bookable,
        )
        for one in found
    ]


def drawers() -> list[tuple[str, str]]:
    """(code, name) of the first level of the national list."""
    return [(code, str(name)) for code, name in terms.SPECIALTIES.items()]


@dataclass(frozen=True, slots=True)
class PractitionerLine:
    href: str
    name: str
    code: str
    title: str
    rank: int
    departments: list[str]
    is_active: bool
    has_login: bool


RANKS = {title: rank for rank, title in enumerate(Title)}
PRACTITIONERS: Table[PractitionerLine] = Table(
    columns=[
        Column(later("姓名")),
        Column(later("医师编号"), "code"),
        Column(later("职称"), "title"),
        Column(later("科室"), "department"),
        Column(later("登录"), "login"),
        Column(later("状态"), "state"),
    ],
    keys={
        "code": lambda one: one.code,
        "title": lambda one: one.rank,
        "department": lambda one: one.departments,
        "login": lambda one: one.has_login,
        "state": lambda one: one.is_active,
    },
    otherwise=Order("code"),
    words=lambda one: (one.name, one.code, one.title, *one.departments),
)


def practitioners(found: Iterable[Practitioner], named: Mapping[UUID, str], reader: Reader) -> list[PractitionerLine]:
    return [
        PractitionerLine(
            reverse("desk:practitioner", args=[one.practitioner_id]),
            reader.name(one),
            one.code,
            terms.term(terms.TITLES, one.title),
            RANKS[one.title],
            [named[at] for at in one.department_ids if at in named],
            one.is_active,
            one.staff_id is not None,
        )
        for one in found
    ]


@dataclass(frozen=True, slots=True)
class Pager:
    """Which rows of a long list stand on this page, as the template's `slice` wants it, and the ways to the others."""

    rows: str
    previous: str
    next: str


def pager(request: Request, count: int) -> Pager:
    asked = request.GET.get("page", "")
    page = min(int(asked) if asked.isdecimal() and len(asked) < 6 else 1, max(1, -(-count // PAGE)))
    page = max(page, 1)

    def href(n: int) -> str:
        query = request.GET.copy()
        query["page"] = str(n)
        return f"?{query.urlencode()}"

    first = (page - 1) * PAGE
    return Pager(
        f"{first}:{first + PAGE}",
        href(page - 1) if page > 1 else "",
        href(page + 1) if first + PAGE < count else "",
    )


@dataclass(frozen=True, slots=True)
class Price:
    """`state`: past, now or to come; one to come may still be corrected."""

    title: str
    fee: str
    since: str
    state: str


def prices(found: Iterable[FeeLine], reader: Reader) -> list[tuple[str, list[Price]]]:
    """(kind of clinic, its prices): within a title the latest first, and only the last that began is in force."""
    groups = []
    for kind, lines in groupby(found, key=lambda one: one.clinic_kind):
        told: list[Price] = []
        for title, dated in groupby(lines, key=lambda one: one.title):
            states = iter(_states(list(dated), reader))
            told += [Price(_("所有职称") if title is None else terms.term(terms.TITLES, title), *one) for one in states]
        groups.append((terms.term(terms.CLINICS, kind), told))
    return groups


def _states(lines: list[FeeLine], reader: Reader) -> list[tuple[str, str, str]]:
    """(price, day, state) of one title's prices, which come the latest first."""
    told, begun = [], False
    for line in lines:
        state = "to_come" if line.effective_date > reader.today else "past" if begun else "now"
        begun = begun or state == "now"
        told.append((reader.yuan(line.fee_fen), reader.day(line.effective_date), state))
    return told
