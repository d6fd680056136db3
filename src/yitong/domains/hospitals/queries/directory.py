"""Hospitals, their campuses, departments, doctors, fees and notices."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet

from yitong.core.db import reference
from yitong.domains.hospitals import models, rules
from yitong.domains.hospitals.contracts.things import (
    Announcement,
    Campus,
    ClinicKind,
    CodeBasis,
    Department,
    FeeLine,
    Hospital,
    OfferedKind,
    Practitioner,
    SetUp,
    Title,
)
from yitong.domains.hospitals.errors import (
    CampusMissing,
    DepartmentMissing,
    FeeMissing,
    HospitalMissing,
    PractitionerMissing,
)

# Asked on the way to almost everything, so written out.
HOSPITAL = "SELECT * FROM hospitals_hospital WHERE id = %s"
DEPARTMENT = "SELECT * FROM hospitals_department WHERE hospital_id = %s AND id = %s"

MOST_DEPARTMENTS = 500
MOST_PRACTITIONERS = 1000
MOST_ANNOUNCEMENTS = 50
MOST_HISTORY = 200


@reference.keeps
def get_hospital(hospital_id: UUID) -> Hospital:
    """Refuses HospitalMissing. A closed hospital is given too: bookings still name it."""
    for row in models.Hospital.objects.raw(HOSPITAL, [hospital_id]):  # one row at most
        return _hospital(row)
    raise HospitalMissing()


def find_hospital_by_code(code: str) -> Hospital | None:
    row = models.Hospital.objects.filter(code=code).first()  # unique
    return None if row is None else _hospital(row)


@reference.keeps
def list_hospitals(*, with_closed: bool = False) -> list[Hospital]:
    """All hospitals of the city by code; a city has some dozens."""
    rows = models.Hospital.objects.order_by("code")
    return [_hospital(row) for row in (rows if with_closed else rows.filter(is_open=True))]


@reference.keeps
def get_campus(hospital_id: UUID, campus_id: UUID) -> Campus:
    """Refuses CampusMissing. A closed campus is given too: bookings still name it."""
    row = models.Campus.objects.filter(hospital_id=hospital_id, id=campus_id).first()  # one row at most
    if row is None:
        raise CampusMissing()
    return _campus(row)


@reference.keeps
def list_campuses(hospital_id: UUID, *, with_closed: bool = False) -> list[Campus]:
    """By code. Closed ones are for who keeps the data or names what was booked there."""
    rows = models.Campus.objects.filter(hospital_id=hospital_id).order_by("code")
    return [_campus(row) for row in (rows if with_closed else rows.filter(is_open=True))]


@reference.keeps
def list_all_campuses(*, with_closed: bool = False) -> list[Campus]:
    """The campuses of every open hospital: one query for lists of hospitals."""
    rows = models.Campus.objects.filter(hospital__is_open=True).order_by("hospital__code", "code")
    return [_campus(row) for row in (rows if with_closed else rows.filter(is_open=True))]


def distance_m(one: Campus, other: Campus) -> int | None:
    """How far apart two campuses are as the crow flies, in metres; None where one doesn't say where it is. Pure."""
    return rules.distance_m(one, other)


@reference.keeps
def get_department(hospital_id: UUID, department_id: UUID) -> Department:
    for row in models.Department.objects.raw(DEPARTMENT, [hospital_id, department_id]):  # one row at most
        return _department(row)
    raise DepartmentMissing()


@reference.keeps
def list_departments(hospital_id: UUID, campus_id: UUID | None = None) -> list[Department]:
    """In order of national code and name; those that can't be booked too."""
    rows = models.Department.objects.filter(hospital_id=hospital_id)
    if campus_id is not None:
        rows = rows.filter(campus_id=campus_id)
    return [_department(row) for row in rows.order_by("national_code", "name", "id")[:MOST_DEPARTMENTS]]


@reference.keeps
def list_departments_of_code(national_code: str) -> list[Department]:
    """The departments of that national code that can be booked, at all open hospitals; one query."""
    rows = models.Department.objects.filter(national_code=national_code, is_bookable=True, hospital__is_open=True)
    return [_department(row) for row in rows.order_by("hospital__code", "name", "id")[:MOST_DEPARTMENTS]]


@reference.keeps
def list_departments_under(national_code: str) -> list[Department]:
    """Those of a subject of the national list and of all that lies under it, the subject's own first; one query."""
    rows = models.Department.objects.filter(
        Q(national_code=national_code) | Q(national_code__startswith=f"{national_code}."),
        is_bookable=True,
        hospital__is_open=True,
    )
    return [
        _department(row) for row in rows.order_by("national_code", "hospital__code", "name", "id")[:MOST_DEPARTMENTS]
    ]


def departments_by_id(hospital_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Department]:
    return _departments_by_id(hospital_id, frozenset(ids))


@reference.keeps
def _departments_by_id(hospital_id: UUID, ids: frozenset[UUID]) -> dict[UUID, Department]:
    rows = models.Department.objects.filter(hospital_id=hospital_id, id__in=ids)
    return {row.id: _department(row) for row in rows}


def get_practitioner(hospital_id: UUID, practitioner_id: UUID) -> Practitioner:
    found = practitioners_by_id(hospital_id, [practitioner_id])
    if practitioner_id not in found:
        raise PractitionerMissing()
    return found[practitioner_id]


@reference.keeps
def list_practitioners(hospital_id: UUID, department_id: UUID | None = None) -> list[Practitioner]:
    """Those who practise there now, the highest title first."""
    rows = _practitioners(hospital_id).filter(is_active=True)
    if department_id is not None:
        here = models.PractitionerDepartment.objects.filter(department_id=department_id)
        rows = rows.filter(id__in=here.values("practitioner_id"))
    order = {title.value: place for place, title in enumerate(reversed(Title))}
    found = _with_departments(rows.order_by("name", "id")[:MOST_PRACTITIONERS])
    return sorted(found, key=lambda one: order[one.title])


@reference.keeps
def list_every_practitioner(hospital_id: UUID) -> list[Practitioner]:
    """Those who left too, by the hospital's own number: for who keeps the list."""
    return _with_departments(_practitioners(hospital_id).order_by("code")[:MOST_PRACTITIONERS])


@reference.keeps
def get_set_up(hospital_id: UUID) -> SetUp:
    """How far the hospital's own data has come."""
    return SetUp(
        campuses=models.Campus.objects.filter(hospital_id=hospital_id, is_open=True).count(),
        departments=models.Department.objects.filter(hospital_id=hospital_id, is_bookable=True).count(),
        practitioners=models.Practitioner.objects.filter(hospital_id=hospital_id, is_active=True).count(),
        fees=models.Fee.objects.filter(hospital_id=hospital_id).count(),
    )


def practitioners_by_id(hospital_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Practitioner]:
    """By id, those who left too."""
    return _practitioners_by_id(hospital_id, frozenset(ids))


@reference.keeps
def _practitioners_by_id(hospital_id: UUID, ids: frozenset[UUID]) -> dict[UUID, Practitioner]:
    found = _with_departments(_practitioners(hospital_id).filter(id__in=ids))
    return {one.practitioner_id: one for one in found}


def find_practitioner_of_staff(hospital_id: UUID, staff_id: UUID) -> Practitioner | None:
    """The practitioner who is this member of staff, if any."""
    found = _with_departments(_practitioners(hospital_id).filter(staff_id=staff_id))
    return found[0] if found else None


def list_clinic_kinds(hospital_id: UUID) -> list[OfferedKind]:
    """Every kind of clinic, and whether the hospital offers it."""
    rows = models.HospitalClinicKind.objects.filter(hospital_id=hospital_id)
    offered = dict(rows.values_list("clinic_kind", "is_offered"))
    return [OfferedKind(kind, offered.get(kind.value, False)) for kind in ClinicKind]


def fee_fen(hospital_id: UUID, clinic_kind: str, title: str | None, day: date) -> int:
    """The consultation fee on that day: the title's own price, else that of all titles. Refuses FeeMissing."""
    rows = (
        models.Fee.objects.filter(hospital_id=hospital_id, clinic_kind=clinic_kind, effective_date__lte=day)
        .filter(Q(title=title) | Q(title=None))
        .order_by(F("title").asc(nulls_last=True), "-effective_date")
    )
    found = rows.values_list("fee_fen", flat=True).first()
    if found is None:
        raise FeeMissing(clinic_kind=clinic_kind, title=title or "", date=day.isoformat())
    return found


@reference.keeps
def list_fees(hospital_id: UUID, day: date) -> list[FeeLine]:
    """The prices in force on that day, by kind and title."""
    rows = (
        models.Fee.objects.filter(hospital_id=hospital_id, effective_date__lte=day)
        .order_by("clinic_kind", "title", "-effective_date")
        .distinct("clinic_kind", "title")
    )
    return [_fee(row) for row in rows]


def list_fee_history(hospital_id: UUID) -> list[FeeLine]:
    """Every price, past and to come, the latest first."""
    rows = models.Fee.objects.filter(hospital_id=hospital_id).order_by("clinic_kind", "title", "-effective_date")
    return [_fee(row) for row in rows[:MOST_HISTORY]]


def list_announcements(hospital_id: UUID | None, now: datetime) -> list[Announcement]:
    """What is up now: the city's and, where one is named, the hospital's, the latest first."""
    since = now.replace(minute=0, second=0, microsecond=0)  # one answer an hour, so that it can be kept
    not_over = _announcements_from(hospital_id, since)
    shown = [one for one in not_over if one.from_at <= now and (one.until_at is None or one.until_at > now)]
    return shown[:MOST_ANNOUNCEMENTS]


@reference.keeps
def _announcements_from(hospital_id: UUID | None, since: datetime) -> list[Announcement]:
    """Those that are up at some time after that instant."""
    rows = models.Announcement.objects.filter(
        Q(hospital_id=None) | Q(hospital_id=hospital_id), Q(until_at=None) | Q(until_at__gt=since), withdrawn_at=None
    )
    return [
        Announcement(row.id, row.hospital_id, row.title, row.body, row.from_at, row.until_at)
        for row in rows.order_by("-from_at", "-id")
    ]


def _practitioners(hospital_id: UUID) -> "QuerySet[models.Practitioner]":
    return models.Practitioner.objects.filter(hospital_id=hospital_id).defer("licence")


def _with_departments(rows: "QuerySet[models.Practitioner]") -> list[Practitioner]:
    """Two queries, however many there are."""
    found = list(rows)
    places: dict[UUID, list[UUID]] = {row.id: [] for row in found}
    sits = models.PractitionerDepartment.objects.filter(practitioner_id__in=places).order_by("position")
    for practitioner_id, department_id in sits.values_list("practitioner_id", "department_id"):
        places[practitioner_id].append(department_id)
    return [_practitioner(row, places[row.id]) for row in found]


def _hospital(row: models.Hospital) -> Hospital:
    return Hospital(
        row.id,
        row.code,
        row.name,
        row.name_en,
        row.short_name,
        row.level,
        row.kind,
        row.district,
        row.phone,
        row.introduction,
        row.is_open,
        row.short_name_en,
        tuple(row.specialties),
        row.first_visit,
        row.first_visit_en,
    )


def _campus(row: models.Campus) -> Campus:
    return Campus(
        row.hospital_id,
        row.id,
        row.name,
        row.name_en,
        row.district,
        row.address,
        row.directions,
        row.code,
        row.latitude,
        row.longitude,
        row.is_open,
    )


def _department(row: models.Department) -> Department:
    return Department(
        row.hospital_id,
        row.id,
        row.campus_id,
        row.name,
        row.name_en,
        row.national_code,
        CodeBasis(row.code_basis),
        row.code_reason,
        row.sex,
        row.age_from,
        row.age_below,
        row.location,
        row.introduction,
        row.is_bookable,
        row.code,
    )


def _practitioner(row: models.Practitioner, department_ids: Sequence[UUID]) -> Practitioner:
    return Practitioner(
        row.hospital_id,
        row.id,
        row.name,
        Title(row.title),
        row.specialties,
        row.introduction,
        tuple(department_ids),
        row.code,
        row.is_active,
        row.name_en,
        row.staff_id,
    )


def _fee(row: models.Fee) -> FeeLine:
    title = None if row.title is None else Title(row.title)
    return FeeLine(ClinicKind(row.clinic_kind), title, row.fee_fen, row.effective_date)
