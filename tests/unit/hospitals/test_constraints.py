"""Each constraint of hospitals holds without the code above it."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from tests import make

from yitong.core.ids import new_id
from yitong.domains.hospitals import models

pytestmark = pytest.mark.django_db
NOW = make.NOW


def hospital_row(**changed):
    n = make.number()
    values = {"code": f"h{n}", "name": f"名{n}", "name_en": "x", "short_name": "x", "level": "x", "kind": "x"}
    return models.Hospital.objects.create(id=new_id(), **{**values, "district": "x", "added_at": NOW, **changed})


def campus_row(hospital=None, **changed):
    values = {"code": "C1", "name": "x", "district": "x", "address": "x", **changed}
    return models.Campus.objects.create(id=new_id(), hospital=hospital or hospital_row(), **values)


def department_row(campus=None, **changed):
    campus = campus or campus_row()
    n = make.number()
    values = {"code": f"d{n}", "name": f"科{n}", "national_code": "03", "code_basis": "rule", "code_reason": "x"}
    return models.Department.objects.create(
        id=new_id(), hospital_id=campus.hospital_id, campus=campus, **{**values, **changed}
    )


def practitioner_row(hospital=None, **changed):
    values = {"code": f"p{make.number()}", "name": "x", "title": "chief", "licence": "x", **changed}
    return models.Practitioner.objects.create(id=new_id(), hospital=hospital or hospital_row(), **values)


def fee_row(hospital=None, **changed):
    values = {"clinic_kind": "general", "fee_fen": 1, "effective_date": date(2026, 1, 1), "decided_by": "x"}
    return models.Fee.objects.create(
        id=new_id(), hospital=hospital or hospital_row(), decided_at=NOW, **{**values, **changed}
    )


def twice(row, *args, **kwargs):
    row(*args, **kwargs)
    row(*args, **kwargs)


def seats(*, same_department):
    campus = campus_row()
    one = practitioner_row(campus.hospital)
    department = department_row(campus)
    for position in (0, 1 if same_department else 0):
        models.PractitionerDepartment.objects.create(
            id=new_id(),
            practitioner=one,
            department=department if same_department else department_row(campus),
            position=position,
        )


def kinds(*names):
    hospital = hospital_row()
    for name in names:
        models.HospitalClinicKind.objects.create(id=new_id(), hospital=hospital, clinic_kind=name)


def announcement():
    models.Announcement.objects.create(id=new_id(), title="x", body="x", from_at=NOW, until_at=NOW, published_by="x")


def entry():
    hospital = hospital_row()
    models.SearchEntry.objects.create(item_id=new_id(), kind="drug", rank=0, hospital=hospital, name="x", terms=" x ")


BREAKS = {
    "hospital_code_once": lambda: twice(hospital_row, code="same"),
    "hospital_name_once": lambda: twice(hospital_row, name="same"),
    "campus_code_once": lambda: twice(campus_row, hospital_row()),
    "campus_place_whole": lambda: campus_row(latitude=Decimal("39.9")),
    "department_code_once": lambda: twice(department_row, campus_row(), code="same"),
    "department_name_once_a_campus": lambda: twice(department_row, campus_row(), name="same"),
    "department_basis_known": lambda: department_row(code_basis="guess"),
    "department_sex_known": lambda: department_row(sex="other"),
    "department_bookable_at_open_campus": lambda: department_row(campus_row(is_open=False)),
    "department_ages_in_order": lambda: department_row(age_from=18, age_below=18),
    "practitioner_code_once": lambda: twice(practitioner_row, hospital_row(), code="same"),
    "practitioner_one_a_staff": lambda: twice(practitioner_row, hospital_row(), staff_id=UUID(int=1)),
    "practitioner_title_known": lambda: practitioner_row(title="king"),
    "practitioner_department_once": lambda: seats(same_department=True),
    "practitioner_position_once": lambda: seats(same_department=False),
    "clinic_kind_once": lambda: kinds("night", "night"),
    "clinic_kind_known": lambda: kinds("dawn"),
    "fee_once_a_day": lambda: twice(fee_row, hospital_row()),
    "fee_not_negative": lambda: fee_row(fee_fen=-1),
    "fee_kind_known": lambda: fee_row(clinic_kind="dawn"),
    "fee_title_known": lambda: fee_row(title="king"),
    "announcement_ends_after_start": announcement,
    "search_entry_kind_known": entry,
}


@pytest.mark.parametrize("name", BREAKS)
def test_constraint_holds(name):
    with pytest.raises(IntegrityError) as broken, transaction.atomic():
        BREAKS[name]()
    assert broken.value.__cause__.diag.constraint_name == name
