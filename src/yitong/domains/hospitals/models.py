"""Tables of hospitals: reference data, small and read mostly."""

from enum import StrEnum

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Case, F, Q, When

from yitong.core.db.fields import EncryptedText
from yitong.core.db.scale import Scale
from yitong.core.ids import new_id
from yitong.domains.hospitals.contracts.things import ClinicKind, CodeBasis, Title

KINDS_FOUND = ["hospital", "department", "practitioner"]


def words(names: type[StrEnum]) -> list[str]:
    """The stored words of an enumeration, as constraints and migrations hold them."""
    return [name.value for name in names]


class Hospital(models.Model):
    scale = Scale.R
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=200)
    short_name = models.CharField(max_length=40)
    short_name_en = models.CharField(max_length=120, default="")
    level = models.CharField(max_length=32)
    kind = models.CharField(max_length=32)
    district = models.CharField(max_length=40)
    phone = models.CharField(max_length=40, default="")
    introduction = models.TextField(default="")
    specialties = ArrayField(models.CharField(max_length=60), default=list)
    first_visit = models.TextField(default="", db_default="")
    first_visit_en = models.TextField(default="", db_default="")
    is_open = models.BooleanField(default=True)
    added_at = models.DateTimeField()

    class Meta:
        db_table = "hospitals_hospital"
        constraints = [
            models.UniqueConstraint(name="hospital_code_once", fields=["code"]),
            models.UniqueConstraint(name="hospital_name_once", fields=["name"]),
        ]


class Campus(models.Model):
    """A closed one is kept as long as anything names it. `open_id` is what a department that can be booked refers to
    (`department_bookable_at_open_campus`, in the migration), so that none is left open where the campus is not."""

    scale = Scale.R
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, default="")
    district = models.CharField(max_length=40)
    address = models.CharField(max_length=200)
    directions = models.TextField(default="")
    latitude = models.DecimalField(max_digits=8, decimal_places=6, null=True, help_text="degrees, WGS 84")
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    is_open = models.BooleanField(default=True, db_default=True)
    open_id = models.GeneratedField(
        expression=Case(When(is_open=True, then=F("id"))),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )

    class Meta:
        db_table = "hospitals_campus"
        constraints = [
            models.UniqueConstraint(name="campus_code_once", fields=["hospital", "code"]),
            # What the keys of departments, roster lines and sessions refer to.
            models.UniqueConstraint(name="campus_open_once", fields=["open_id"]),
            models.UniqueConstraint(name="campus_of_its_hospital", fields=["hospital", "id"]),
            models.UniqueConstraint(name="campus_open_or_closed", fields=["hospital", "id", "is_open"]),
            models.CheckConstraint(
                name="campus_place_whole",
                condition=Q(latitude=None, longitude=None)
                | Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                ),
            ),
        ]


class Department(models.Model):
    """A department of one campus, with its national code (医疗机构诊疗科目名录) and who it sees (R-046)."""

    scale = Scale.R
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="+")
    campus = models.ForeignKey(Campus, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, default="")
    national_code = models.CharField(max_length=16)
    code_basis = models.CharField(max_length=16)
    code_reason = models.CharField(max_length=200)
    sex = models.CharField(max_length=8, null=True)
    age_from = models.PositiveSmallIntegerField(null=True, help_text="years, inclusive")
    age_below = models.PositiveSmallIntegerField(null=True, help_text="years, exclusive")
    location = models.CharField(max_length=120, default="")
    introduction = models.TextField(default="")
    is_bookable = models.BooleanField(default=True)
    open_campus_id = models.GeneratedField(
        expression=Case(When(is_bookable=True, then=F("campus"))),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )

    class Meta:
        db_table = "hospitals_department"
        constraints = [
            models.UniqueConstraint(name="department_code_once", fields=["hospital", "code"]),
            models.UniqueConstraint(name="department_name_once_a_campus", fields=["campus", "name"]),
            models.CheckConstraint(name="department_basis_known", condition=Q(code_basis__in=words(CodeBasis))),
            models.CheckConstraint(name="department_sex_known", condition=Q(sex=None) | Q(sex__in=["female", "male"])),
            models.CheckConstraint(
                name="department_ages_in_order",
                condition=Q(age_from=None) | Q(age_below=None) | Q(age_below__gt=F("age_from")),
            ),
        ]


class Practitioner(models.Model):
    """A doctor as the hospital presents one. The name is published; the licence number is not."""

    scale = Scale.R
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=40, help_text="the hospital's own number of the person")
    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=80, default="")
    title = models.CharField(max_length=24)
    licence = EncryptedText(aad="hospitals.practitioner.licence")
    specialties = models.CharField(max_length=400, default="")
    introduction = models.TextField(default="")
    is_active = models.BooleanField(default=True)
    staff_id = models.UUIDField(null=True)

    class Meta:
        db_table = "hospitals_practitioner"
        constraints = [
            models.UniqueConstraint(name="practitioner_code_once", fields=["hospital", "code"]),
            models.UniqueConstraint(name="practitioner_one_a_staff", fields=["hospital", "staff_id"]),
            models.CheckConstraint(name="practitioner_title_known", condition=Q(title__in=words(Title))),
        ]


class PractitionerDepartment(models.Model):
    """Where a practitioner sits; the lowest position is the home department."""

    scale = Scale.R
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "hospitals_practitioner_department"
        constraints = [
            models.UniqueConstraint(name="practitioner_department_once", fields=["practitioner", "department"]),
            models.UniqueConstraint(name="practitioner_position_once", fields=["practitioner", "position"]),
        ]


class HospitalClinicKind(models.Model):
    """Whether a hospital offers a kind of clinic."""

    scale = Scale.R
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="+")
    clinic_kind = models.CharField(max_length=16)
    is_offered = models.BooleanField(default=True)

    class Meta:
        db_table = "hospitals_clinic_kind"
        constraints = [
            models.UniqueConstraint(name="clinic_kind_once", fields=["hospital", "clinic_kind"]),
            models.CheckConstraint(name="clinic_kind_known", condition=Q(clinic_kind__in=words(ClinicKind))),
        ]


class Fee(models.Model):
    """医事服务费 of a kind of clinic (and title) from a day on, until the next begins (R-162): no two can overlap."""

    scale = Scale.R
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="+")
    clinic_kind = models.CharField(max_length=16)
    title = models.CharField(max_length=24, null=True, help_text="null: every title without a price of its own")
    fee_fen = models.BigIntegerField()
    effective_date = models.DateField()
    source = models.CharField(max_length=200, default="")
    decided_by = models.CharField(max_length=64)
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "hospitals_fee"
        constraints = [
            models.UniqueConstraint(
                name="fee_once_a_day",
                fields=["hospital", "clinic_kind", "title", "effective_date"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(name="fee_not_negative", condition=Q(fee_fen__gte=0)),
            models.CheckConstraint(name="fee_kind_known", condition=Q(clinic_kind__in=words(ClinicKind))),
            models.CheckConstraint(name="fee_title_known", condition=Q(title=None) | Q(title__in=words(Title))),
        ]


class CityRule(models.Model):
    """The row at which decisions of one rule of the city wait for each other, made with the first of them."""

    scale = Scale.R
    append_only = False

    policy = models.CharField(max_length=64, primary_key=True)

    class Meta:
        db_table = "hospitals_city_rule"


class Announcement(models.Model):
    """A notice of a hospital, or (null) of the city."""

    scale = Scale.R
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="+", null=True)
    title = models.CharField(max_length=120)
    body = models.TextField()
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    published_by = models.CharField(max_length=64)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "hospitals_announcement"
        constraints = [
            models.CheckConstraint(
                name="announcement_ends_after_start", condition=Q(until_at=None) | Q(until_at__gt=F("from_at"))
            )
        ]
        indexes = [models.Index(fields=["hospital", "-from_at"], name="announcement_by_hospital")]


class SearchEntry(models.Model):
    """What the search finds: written with the thing itself, so that one small table answers a query.

    `terms` holds name, short name, English name, pinyin and pinyin initials in lower case, each between spaces.
    """

    scale = Scale.R
    append_only = False

    item_id = models.UUIDField(primary_key=True, help_text="the hospital, department or practitioner")
    kind = models.CharField(max_length=16)
    rank = models.PositiveSmallIntegerField(help_text="hospital before department before practitioner")
    hospital = models.ForeignKey(Hospital, on_delete=models.CASCADE, related_name="+")
    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="+", null=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=200, default="")
    title = models.CharField(max_length=24, null=True)
    terms = models.CharField(max_length=1000)
    is_shown = models.BooleanField(default=True)

    class Meta:
        db_table = "hospitals_search_entry"
        constraints = [
            models.CheckConstraint(name="search_entry_kind_known", condition=Q(kind__in=KINDS_FOUND)),
        ]
        indexes = [GinIndex(name="search_entry_terms", fields=["terms"], opclasses=["gin_trgm_ops"])]
