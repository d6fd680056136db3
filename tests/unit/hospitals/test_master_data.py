"""A hospital's own data: who may write it, what is refused, what is left behind."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import product
from uuid import UUID

import pytest
from tests import make

from yitong.core.actor import Actor
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, KeyReused, Unidentified
from yitong.domains.access.commands import staff
from yitong.domains.access.contracts import EndRole, RoleName
from yitong.domains.hospitals import errors, models, permissions
from yitong.domains.hospitals.commands import fees, hospitals, places, practitioners
from yitong.domains.hospitals.contracts.events import PractitionerBound
from yitong.domains.hospitals.contracts.things import ClinicKind, Title
from yitong.domains.hospitals.contracts.writes import (
    AddCampus,
    AddDepartment,
    AddHospital,
    AddPractitioner,
    BindPractitioner,
    CampusFacts,
    ChangeCampus,
    ChangeDepartment,
    ChangeHospital,
    ChangePractitioner,
    FeeFacts,
    ImportCampuses,
    ImportDepartments,
    Imported,
    ImportFees,
    ImportPractitioners,
    OfferClinicKind,
    PublishAnnouncement,
    RemoveCampus,
    SetFee,
    SetFirstVisitGuide,
)
from yitong.domains.hospitals.queries import directory, searching
from yitong.domains.hospitals.queries import facts as stand

pytestmark = pytest.mark.django_db
NOW = make.NOW


def key() -> str:
    """Another wish at each call."""
    return f"key{make.number()}"


def operations(hospital_id: UUID) -> list[str]:
    rows = Event.objects.filter(hospital_id=hospital_id)
    return list(rows.order_by("recorded_at").values_list("operation", flat=True))


def test_city_operator_adds_a_hospital():
    made = hospitals.add_hospital(
        AddHospital("BJ01", make.hospital_facts(name="北京友谊医院", specialties=("消化内科",)), key()),
        actor=make.city_operator(),
        now=NOW,
    )
    found = directory.get_hospital(made.id)
    assert (found.code, found.name, found.is_open, found.specialties) == ("BJ01", "北京友谊医院", True, ("消化内科",))
    assert operations(made.id) == ["hospitals.hospital_added"]


def test_hospital_code_and_name_are_taken_once():
    facts = make.hospital_facts()
    hospitals.add_hospital(AddHospital("BJ01", facts, key()), actor=make.city_operator(), now=NOW)
    with pytest.raises(errors.HospitalCodeTaken):
        hospitals.add_hospital(AddHospital("BJ01", make.hospital_facts(), key()), actor=make.city_operator(), now=NOW)
    with pytest.raises(errors.HospitalCodeTaken):
        hospitals.add_hospital(AddHospital("BJ02", facts, key()), actor=make.city_operator(), now=NOW)
    assert models.Hospital.objects.count() == 1


@pytest.mark.parametrize(
    "changed", [{"name": ""}, {"name": "医" * 121}, {"phone": "1\x00"}, {"specialties": ("",)}, {"name_en": "a\u202eb"}]
)
def test_bad_facts_of_a_hospital_are_refused(changed):
    cmd = AddHospital("BJ01", make.hospital_facts(**changed), key())
    with pytest.raises(errors.FactsInvalid):
        hospitals.add_hospital(cmd, actor=make.city_operator(), now=NOW)
    assert models.Hospital.objects.count() == 0


def test_closing_takes_a_hospital_out_of_lists_and_search_until_it_reopens():
    hospital_id = make.hospital(short_name="友谊医院")
    hospitals.close_hospital(hospital_id, actor=make.city_operator(), now=NOW)
    assert directory.list_hospitals() == []
    assert searching.search("友谊") == []
    assert directory.get_hospital(hospital_id).is_open is False
    with pytest.raises(errors.HospitalAlreadyClosed):
        hospitals.close_hospital(hospital_id, actor=make.city_operator(), now=NOW)
    hospitals.reopen_hospital(hospital_id, actor=make.city_operator(), now=NOW)
    assert [found.item_id for found in searching.search("友谊")] == [hospital_id]
    with pytest.raises(errors.HospitalAlreadyOpen):
        hospitals.reopen_hospital(hospital_id, actor=make.city_operator(), now=NOW)
    with pytest.raises(errors.HospitalMissing):
        hospitals.close_hospital(UUID(int=1), actor=make.city_operator(), now=NOW)


def test_hospital_says_anew_who_it_is():
    hospital_id = make.hospital()
    facts = make.hospital_facts(short_name="新名医院")
    hospitals.change_hospital(ChangeHospital(hospital_id, facts), actor=make.hospital_admin(hospital_id), now=NOW)
    assert directory.get_hospital(hospital_id).short_name == "新名医院"
    assert [found.item_id for found in searching.search("xmyy")] == [hospital_id]


def test_campus_is_added_changed_and_taken_once():
    hospital_id = make.hospital()
    admin = make.hospital_admin(hospital_id)
    campus_id = make.campus(hospital_id)
    facts = CampusFacts(
        code="C1", name="通州院区", district="通州区", address="潞苑东路101号院", directions="地铁6号线"
    )
    places.change_campus(ChangeCampus(hospital_id, campus_id, facts), actor=admin, now=NOW)
    assert directory.get_campus(hospital_id, campus_id).name == "通州院区"
    with pytest.raises(errors.CampusCodeTaken):
        places.add_campus(AddCampus(hospital_id, facts, key()), actor=admin, now=NOW)
    with pytest.raises(errors.CampusMissing):
        places.change_campus(ChangeCampus(hospital_id, UUID(int=1), facts), actor=admin, now=NOW)
    with pytest.raises(errors.FactsInvalid):
        places.add_campus(AddCampus(hospital_id, replace(facts, code="有空格 "), key()), actor=admin, now=NOW)
    assert len(directory.list_campuses(hospital_id)) == len(directory.list_all_campuses()) == 1


def test_campuses_say_how_far_apart_they_are():
    hospital_id = make.hospital()
    admin = make.hospital_admin(hospital_id)
    facts = CampusFacts(code="A", name="本部", district="西城区", address="永安路95号")
    placed = (
        replace(facts, latitude=Decimal("39.89"), longitude=Decimal("116.39")),
        replace(facts, code="B", latitude=Decimal("39.93"), longitude=Decimal("116.70")),
        replace(facts, code="C"),
    )
    places.import_campuses(ImportCampuses(hospital_id, placed), actor=admin, now=NOW)
    again = places.import_campuses(ImportCampuses(hospital_id, placed), actor=admin, now=NOW)
    assert again == Imported(0, 0, 3)
    one, other, unknown = directory.list_campuses(hospital_id)
    assert directory.distance_m(one, other) == 26_812
    assert directory.distance_m(one, one) == 0
    assert directory.distance_m(one, unknown) is None


@pytest.mark.parametrize(
    "place", [("39.89", None), (None, "116.39"), ("90.1", "116.39"), ("-90.1", "116.39"), ("39.89", "180.1")]
)
def test_a_place_that_is_nowhere_is_refused(place):
    hospital_id = make.hospital()
    latitude, longitude = (None if degrees is None else Decimal(degrees) for degrees in place)
    facts = CampusFacts(
        code="A", name="本部", district="西城区", address="永安路95号", latitude=latitude, longitude=longitude
    )
    with pytest.raises(errors.FactsInvalid):
        places.add_campus(AddCampus(hospital_id, facts, key()), actor=make.hospital_admin(hospital_id), now=NOW)
    assert directory.list_campuses(hospital_id) == []


def test_the_hospital_writes_its_guide_for_first_visits():
    hospital_id = make.hospital()
    guide = SetFirstVisitGuide(hospital_id, " 先到一层建卡。 ", "Go to the ground floor first.")
    hospitals.set_first_visit_guide(guide, actor=make.hospital_admin(hospital_id), now=NOW)
    found = directory.get_hospital(hospital_id)
    assert (found.first_visit, found.first_visit_en) == ("先到一层建卡。", "Go to the ground floor first.")
    with pytest.raises(Forbidden):
        hospitals.set_first_visit_guide(guide, actor=make.city_operator(), now=NOW)
    too_long = SetFirstVisitGuide(hospital_id, "长" * 2001)
    with pytest.raises(errors.FactsInvalid):
        hospitals.set_first_visit_guide(too_long, actor=make.hospital_admin(hospital_id), now=NOW)
    assert operations(hospital_id)[-1:] == ["hospitals.first_visit_guide_set"]
    assert directory.get_hospital(hospital_id).first_visit == "先到一层建卡。"


def test_campus_of_another_hospital_is_not_found():
    mine, other = make.hospital(), make.hospital()
    campus_id = make.campus(other)
    with pytest.raises(errors.CampusMissing):
        directory.get_campus(mine, campus_id)


@pytest.mark.rule("R-046")
def test_department_keeps_code_reason_and_eligibility():
    hospital_id = make.hospital()
    make.campus(hospital_id)
    department_id = make.department(hospital_id, name="妇科", sex="female", age_from=14, age_below=60)
    found = directory.get_department(hospital_id, department_id)
    assert (found.sex, found.age_from, found.age_below, found.national_code) == ("female", 14, 60, "03.04")
    assert found.code_reason == "心内科即心血管内科专业"


@pytest.mark.rule("R-046")
@pytest.mark.parametrize(
    "changed", [{"sex": "other"}, {"age_from": -1}, {"age_below": 200}, {"age_from": 18, "age_below": 18}]
)
def test_impossible_eligibility_is_refused(changed):
    hospital_id = make.hospital()
    make.campus(hospital_id)
    with pytest.raises(errors.EligibilityInvalid):
        make.department(hospital_id, **changed)
    assert models.Department.objects.count() == 0


def test_department_refusals():
    hospital_id = make.hospital()
    make.campus(hospital_id)
    admin = make.hospital_admin(hospital_id)
    facts = make.department_facts(name="呼吸科")
    department_id = places.add_department(AddDepartment(hospital_id, facts, key()), actor=admin, now=NOW).id
    for taken in (facts, replace(facts, code="other")):
        with pytest.raises(errors.DepartmentCodeTaken):
            places.add_department(AddDepartment(hospital_id, taken, key()), actor=admin, now=NOW)
    with pytest.raises(errors.CampusMissing):
        places.add_department(AddDepartment(hospital_id, replace(facts, campus_code="no"), key()), actor=admin, now=NOW)
    with pytest.raises(errors.FactsInvalid):
        places.add_department(
            AddDepartment(hospital_id, replace(facts, national_code="3"), key()), actor=admin, now=NOW
        )
    with pytest.raises(errors.DepartmentMissing):
        places.change_department(ChangeDepartment(hospital_id, UUID(int=1), facts), actor=admin, now=NOW)
    with pytest.raises(errors.DepartmentMissing):
        directory.get_department(make.hospital(), department_id)
    places.change_department(
        ChangeDepartment(hospital_id, department_id, replace(facts, is_bookable=False)), actor=admin, now=NOW
    )
    assert directory.get_department(hospital_id, department_id).is_bookable is False
    assert searching.search("呼吸科") == []


def test_practitioner_sits_in_several_departments_and_leaves():
    hospital_id = make.hospital()
    make.campus(hospital_id)
    one, two = make.department(hospital_id, code="D1"), make.department(hospital_id, code="D2")
    practitioner_id = make.practitioner(hospital_id, "D2", "D1", code="P1", name="张示范")
    found = directory.get_practitioner(hospital_id, practitioner_id)
    assert found.department_ids == (two, one)
    assert [p.practitioner_id for p in directory.list_practitioners(hospital_id, one)] == [practitioner_id]
    assert searching.search("zsf")[0].department_id == two
    facts = make.practitioner_facts("D1", code="P1", name="张示范", is_active=False)
    practitioners.change_practitioner(
        ChangePractitioner(hospital_id, practitioner_id, facts), actor=make.hospital_admin(hospital_id), now=NOW
    )
    assert directory.list_practitioners(hospital_id, one) == []
    assert searching.search("zsf") == []
    assert directory.get_practitioner(hospital_id, practitioner_id).department_ids == (one,)


def test_practitioner_refusals():
    hospital_id = make.hospital()
    make.campus(hospital_id)
    make.department(hospital_id, code="D1")
    admin = make.hospital_admin(hospital_id)
    facts = make.practitioner_facts("D1")
    practitioners.add_practitioner(AddPractitioner(hospital_id, facts, key()), actor=admin, now=NOW)
    for refusal, bad in (
        (errors.PractitionerCodeTaken, facts),
        (errors.DepartmentMissing, replace(facts, code="new", department_codes=("no",))),
        (errors.FactsInvalid, replace(facts, code="new", department_codes=())),
        (errors.FactsInvalid, replace(facts, code="new", department_codes=("D1", "D1"))),
        (errors.FactsInvalid, replace(facts, code="new", name="😀" * 61)),
    ):
        with pytest.raises(refusal):
            practitioners.add_practitioner(AddPractitioner(hospital_id, bad, key()), actor=admin, now=NOW)
    with pytest.raises(errors.PractitionerMissing):
        practitioners.change_practitioner(ChangePractitioner(hospital_id, UUID(int=1), facts), actor=admin, now=NOW)
    with pytest.raises(errors.PractitionerMissing):
        directory.get_practitioner(hospital_id, UUID(int=1))
    assert models.Practitioner.objects.count() == 1


def test_licence_is_encrypted_and_shown_to_the_administrator_alone(owner_connection):
    hospital_id = make.hospital()
    make.campus(hospital_id)
    make.department(hospital_id, code="D1")
    practitioner_id = make.practitioner(hospital_id, "D1", licence="110100000099999")
    told = stand.practitioner_facts(hospital_id, practitioner_id, make.hospital_admin(hospital_id))
    assert told.licence == "110100000099999"
    with pytest.raises(Forbidden):
        stand.practitioner_facts(hospital_id, practitioner_id, make.city_operator())


def test_practitioner_is_bound_to_one_member_of_staff():
    hospital_id = make.hospital()
    make.campus(hospital_id)
    make.department(hospital_id, code="D1")
    admin, staff_id = make.hospital_admin(hospital_id), make.staff_member("doctor", hospital_id=hospital_id).staff_id
    one, two = make.practitioner(hospital_id, "D1"), make.practitioner(hospital_id, "D1")
    practitioners.bind_practitioner(BindPractitioner(hospital_id, one, staff_id), actor=admin, now=NOW)
    assert directory.find_practitioner_of_staff(hospital_id, staff_id).practitioner_id == one
    with pytest.raises(errors.StaffBoundElsewhere):
        practitioners.bind_practitioner(BindPractitioner(hospital_id, two, staff_id), actor=admin, now=NOW)
    with pytest.raises(errors.PractitionerMissing):
        practitioners.bind_practitioner(BindPractitioner(hospital_id, UUID(int=1), staff_id), actor=admin, now=NOW)
    assert directory.find_practitioner_of_staff(hospital_id, UUID(int=78)) is None


def test_practitioner_is_bound_to_a_doctor_of_the_hospital_alone():
    hospital_id, elsewhere = make.hospital(), make.hospital()
    make.campus(hospital_id)
    make.department(hospital_id, code="D1")
    admin, practitioner_id = make.hospital_admin(hospital_id), make.practitioner(hospital_id, "D1")
    doctor_id = make.staff_member("doctor", hospital_id=hospital_id).staff_id
    bind = partial(practitioners.bind_practitioner, actor=admin, now=NOW)
    bind(BindPractitioner(hospital_id, practitioner_id, doctor_id))
    gone_id = make.staff_member("doctor", hospital_id=hospital_id).staff_id
    staff.leave(gone_id, actor=admin, now=NOW)
    for other_id in (
        make.staff_member("nurse", "hospital_admin", hospital_id=hospital_id).staff_id,
        make.staff_member("doctor", hospital_id=elsewhere).staff_id,
        make.staff_member("city_operator").staff_id,
        gone_id,
        UUID(int=77),
    ):
        with pytest.raises(errors.StaffIsNoDoctor):
            bind(BindPractitioner(hospital_id, practitioner_id, other_id))
    assert models.Practitioner.objects.get(id=practitioner_id).staff_id == doctor_id
    assert Event.objects.filter(operation=PractitionerBound.operation).count() == 1
    later = NOW + timedelta(seconds=1)
    staff.end_role(EndRole(doctor_id, RoleName.DOCTOR, hospital_id), actor=admin, now=later)
    stays = BindPractitioner(hospital_id, practitioner_id, doctor_id)
    practitioners.bind_practitioner(stays, actor=admin, now=later)  # who is linked may stay
    practitioners.bind_practitioner(replace(stays, staff_id=None), actor=admin, now=later)
    with pytest.raises(errors.StaffIsNoDoctor):
        practitioners.bind_practitioner(stays, actor=admin, now=later)
    assert models.Practitioner.objects.get(id=practitioner_id).staff_id is None


def test_clinic_kinds_are_offered_and_withdrawn():
    hospital_id = make.hospital()
    admin = make.hospital_admin(hospital_id)
    fees.offer_clinic_kind(OfferClinicKind(hospital_id, ClinicKind.NIGHT), actor=admin, now=NOW)
    assert [k.clinic_kind for k in directory.list_clinic_kinds(hospital_id) if k.is_offered] == [ClinicKind.NIGHT]
    fees.offer_clinic_kind(OfferClinicKind(hospital_id, ClinicKind.NIGHT, is_offered=False), actor=admin, now=NOW)
    assert not any(k.is_offered for k in directory.list_clinic_kinds(hospital_id))


# -- fees ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-162")
def test_fee_of_a_day_is_the_last_that_began():
    hospital_id = make.hospital()
    make.fee(hospital_id, 5000, effective_date=date(2026, 1, 1))
    make.fee(hospital_id, 6000, effective_date=date(2026, 12, 1))
    assert directory.fee_fen(hospital_id, "general", "chief", date(2026, 11, 30)) == 5000
    assert directory.fee_fen(hospital_id, "general", None, date(2026, 12, 1)) == 6000
    with pytest.raises(errors.FeeMissing):
        directory.fee_fen(hospital_id, "general", None, date(2025, 12, 31))
    with pytest.raises(errors.FeeMissing):
        directory.fee_fen(hospital_id, "expert", None, date(2026, 12, 1))
    assert [line.fee_fen for line in directory.list_fees(hospital_id, date(2026, 12, 1))] == [6000]
    assert [line.fee_fen for line in directory.list_fee_history(hospital_id)] == [6000, 5000]


@pytest.mark.rule("R-162")
def test_title_price_goes_before_the_price_of_all():
    hospital_id = make.hospital()
    make.fee(hospital_id, 5000)
    make.fee(hospital_id, 8000, title=Title.CHIEF)
    assert directory.fee_fen(hospital_id, "general", "chief", date(2026, 6, 1)) == 8000
    assert directory.fee_fen(hospital_id, "general", "attending", date(2026, 6, 1)) == 5000


@pytest.mark.rule("R-162")
def test_price_in_force_is_fixed_and_one_to_come_is_not():
    hospital_id = make.hospital()
    make.fee(hospital_id, 5000, effective_date=date(2026, 1, 1))
    with pytest.raises(errors.FeeFixed):
        make.fee(hospital_id, 5100, effective_date=date(2026, 1, 1))
    with pytest.raises(errors.FeeFixed):
        make.fee(hospital_id, 5100, effective_date=date(2026, 11, 22))
    make.fee(hospital_id, 6000, effective_date=date(2026, 12, 1))
    make.fee(hospital_id, 6100, effective_date=date(2026, 12, 1))
    make.fee(hospital_id, 8000, kind=ClinicKind.EXPERT, effective_date=date(2026, 11, 23))
    with pytest.raises(errors.FeeFixed):  # it began today
        make.fee(hospital_id, 8100, kind=ClinicKind.EXPERT, effective_date=date(2026, 11, 23))
    assert directory.fee_fen(hospital_id, "general", None, date(2026, 12, 1)) == 6100
    for bad in (-1, 1_000_001):
        with pytest.raises(errors.FactsInvalid):
            make.fee(hospital_id, bad, effective_date=date(2026, 12, 2))
    assert models.Fee.objects.count() == 3


# -- once and again ------------------------------------------------------------------------------------------------


def test_what_is_added_with_one_key_is_added_once():
    """The same press again gives the first answer; other words under its key are refused."""
    hospital_id = make.hospital()
    admin, city = make.hospital_admin(hospital_id), make.city_operator()
    facts = make.hospital_facts()
    campus = CampusFacts(code="C1", name="本部", district="西城区", address="示范路1号")
    pairs = [
        (hospitals.add_hospital, AddHospital("ONCE", facts, "k"), AddHospital("TWICE", facts, "k"), city),
        (
            places.add_campus,
            AddCampus(hospital_id, campus, "k"),
            AddCampus(hospital_id, replace(campus, code="C2"), "k"),
            admin,
        ),
        (
            places.add_department,
            AddDepartment(hospital_id, make.department_facts(code="D1"), "k"),
            AddDepartment(hospital_id, make.department_facts(code="D2"), "k"),
            admin,
        ),
        (
            practitioners.add_practitioner,
            AddPractitioner(hospital_id, make.practitioner_facts("D1", code="P1"), "k"),
            AddPractitioner(hospital_id, make.practitioner_facts("D1", code="P2"), "k"),
            admin,
        ),
    ]
    for add, cmd, other, actor in pairs:
        first = add(cmd, actor=actor, now=NOW)
        before = Event.objects.count()
        assert add(cmd, actor=actor, now=NOW) == first
        with pytest.raises(KeyReused):
            add(other, actor=actor, now=NOW)
        assert Event.objects.count() == before


def test_what_stands_already_changes_nothing():
    hospital_id = make.hospital()
    campus_id = make.campus(hospital_id)
    department_id = make.department(hospital_id, code="D1")
    make.department(hospital_id, code="D2")
    admin = make.hospital_admin(hospital_id)
    told = make.hospital_facts()
    campus = CampusFacts(code="C1", name="本部", district="西城区", address="示范路1号")
    department = make.department_facts(code="D1")
    doctor = make.practitioner_facts("D1", "D2")
    doctor_id = practitioners.add_practitioner(AddPractitioner(hospital_id, doctor, key()), actor=admin, now=NOW).id
    turned = replace(doctor, department_codes=("D2", "D1"))
    for change, cmd in (
        (hospitals.change_hospital, ChangeHospital(hospital_id, told)),
        (places.change_campus, ChangeCampus(hospital_id, campus_id, campus)),
        (places.change_department, ChangeDepartment(hospital_id, department_id, department)),
        (practitioners.change_practitioner, ChangePractitioner(hospital_id, doctor_id, turned)),
    ):
        before = Event.objects.count()
        change(cmd, actor=admin, now=NOW)
        change(cmd, actor=admin, now=NOW)
        assert (change.__name__, Event.objects.count()) == (change.__name__, before + 1)


# -- announcements -------------------------------------------------------------------------------------------------


def announcement(hospital_id, key="k", **changed):
    values = {
        "title": "停诊公告",
        "body": "周三下午停诊",
        "from_at": NOW,
        "until_at": NOW + timedelta(days=1),
        **changed,
    }
    return PublishAnnouncement(hospital_id, key=key, **values)


def test_announcements_are_shown_while_they_last():
    hospital_id = make.hospital()
    hospitals.publish_announcement(announcement(hospital_id), actor=make.hospital_admin(hospital_id), now=NOW)
    hospitals.publish_announcement(announcement(None, title="全市"), actor=make.city_operator(), now=NOW)
    assert {a.title for a in directory.list_announcements(hospital_id, NOW)} == {"停诊公告", "全市"}
    assert [a.title for a in directory.list_announcements(None, NOW)] == ["全市"]
    assert directory.list_announcements(hospital_id, NOW - timedelta(seconds=1)) == []
    assert directory.list_announcements(hospital_id, NOW + timedelta(days=1)) == []


def test_announcement_is_published_once_for_its_key_and_withdrawn_once():
    hospital_id = make.hospital()
    admin = make.hospital_admin(hospital_id)
    first = hospitals.publish_announcement(announcement(hospital_id), actor=admin, now=NOW)
    assert hospitals.publish_announcement(announcement(hospital_id), actor=admin, now=NOW) == first
    with pytest.raises(KeyReused):
        hospitals.publish_announcement(announcement(hospital_id, body="别的"), actor=admin, now=NOW)
    hospitals.withdraw_announcement(first.id, actor=admin, now=NOW)
    assert directory.list_announcements(hospital_id, NOW) == []
    with pytest.raises(errors.AnnouncementWithdrawnAlready):
        hospitals.withdraw_announcement(first.id, actor=admin, now=NOW)
    with pytest.raises(errors.AnnouncementMissing):
        hospitals.withdraw_announcement(UUID(int=1), actor=admin, now=NOW)
    with pytest.raises(errors.FactsInvalid):
        hospitals.publish_announcement(announcement(hospital_id, key="k2", until_at=NOW), actor=admin, now=NOW)


# -- imports -------------------------------------------------------------------------------------------------------


def test_imports_are_idempotent_by_code():
    hospital_id = make.hospital()
    admin = make.hospital_admin(hospital_id)
    campus_rows = (CampusFacts(code="C1", name="本部", district="西城区", address="示范路1号"),)
    department_rows = tuple(make.department_facts(code=f"D{n}", name=f"科室{n}") for n in range(5))
    practitioner_rows = tuple(make.practitioner_facts("D1", "D2", code=f"P{n}") for n in range(7))
    fee_rows = (
        FeeFacts(clinic_kind=ClinicKind.GENERAL, title=None, fee_fen=5000, effective_date=date(2026, 1, 1)),
        FeeFacts(clinic_kind=ClinicKind.EXPERT, title=Title.CHIEF, fee_fen=8000, effective_date=date(2026, 1, 1)),
    )

    def load() -> list[Imported]:
        return [
            places.import_campuses(ImportCampuses(hospital_id, campus_rows), actor=admin, now=NOW),
            places.import_departments(ImportDepartments(hospital_id, department_rows), actor=admin, now=NOW),
            practitioners.import_practitioners(
                ImportPractitioners(hospital_id, practitioner_rows), actor=admin, now=NOW
            ),
            fees.import_fees(ImportFees(hospital_id, fee_rows), actor=admin, now=NOW),
        ]

    assert load() == [Imported(1, 0, 0), Imported(5, 0, 0), Imported(7, 0, 0), Imported(2, 0, 0)]
    written = operations(hospital_id)
    assert load() == [Imported(0, 0, 1), Imported(0, 0, 5), Imported(0, 0, 7), Imported(0, 0, 2)]
    assert operations(hospital_id) == written
    changed = (
        replace(practitioner_rows[0], title=Title.RESIDENT),
        replace(practitioner_rows[1], department_codes=("D2",)),
        practitioner_rows[2],
    )
    again = practitioners.import_practitioners(ImportPractitioners(hospital_id, changed), actor=admin, now=NOW)
    assert again == Imported(0, 2, 1)
    assert len(directory.list_practitioners(hospital_id)) == 7
    departments = {one.code: one.department_id for one in directory.list_departments(hospital_id)}
    assert len(directory.list_practitioners(hospital_id, departments["D1"])) == 6


def test_bad_file_imports_nothing():
    hospital_id = make.hospital()
    admin = make.hospital_admin(hospital_id)
    make.campus(hospital_id)
    good, twice = make.department_facts(code="A"), make.department_facts(code="A")
    with pytest.raises(errors.FactsInvalid):
        places.import_departments(ImportDepartments(hospital_id, (good, twice)), actor=admin, now=NOW)
    lost = make.department_facts(campus_code="nowhere")
    with pytest.raises(errors.CampusMissing):
        places.import_departments(ImportDepartments(hospital_id, (good, lost)), actor=admin, now=NOW)
    assert models.Department.objects.count() == 0
    with pytest.raises(errors.DepartmentMissing):
        practitioners.import_practitioners(
            ImportPractitioners(hospital_id, (make.practitioner_facts("A"),)), actor=admin, now=NOW
        )


# -- who may -------------------------------------------------------------------------------------------------------

HERE, THERE = UUID(int=11), UUID(int=12)
EVERYWHERE = {"city_operator", "policy_officer", "security_admin", "auditor"}
TABLE = {
    "add_hospital": {"city_operator"},
    "open_or_close": {"city_operator"},
    "write_master_data": {"hospital_admin"},
    "read_licence": {"hospital_admin"},
    "announce": {"hospital_admin"},
    "announce_city": {"city_operator"},
    "set_hospital_policy": {"hospital_admin"},
    "set_city_policy": {"policy_officer"},
    "read_policy_history": {"hospital_admin", "city_operator", "policy_officer", "auditor"},
    "read_city_policy_history": {"hospital_admin", "city_operator", "policy_officer", "auditor"},
}
CITY_ACTIONS = {"add_hospital", "announce_city", "set_city_policy", "read_city_policy_history"}


def test_role_by_action():
    """The whole table: each role at its place, and a hospital's role at another hospital."""
    may = {action: set() for action in permissions.Action}
    elsewhere = set()
    for role, action in product(RoleName, permissions.Action):
        place = None if role in EVERYWHERE else HERE
        actor = make.staff_actor(role, hospital_id=place)
        asked = None if action in CITY_ACTIONS else HERE
        if permissions.can(actor, action, asked):
            may[action].add(role)
        if place is not None and asked is not None and permissions.can(actor, action, THERE):
            elsewhere.add((role, action))
    assert may == TABLE
    assert elsewhere == set()


@pytest.mark.parametrize("action", list(permissions.Action))
def test_those_who_are_no_staff_may_nothing(action):
    with pytest.raises(Unidentified):
        permissions.check_can(Actor.anonymous(), action, HERE)
    for actor in (
        Actor.for_account(UUID(int=1)),
        Actor.for_channel(UUID(int=1), "kiosk", scopes=frozenset({"catalogue:read"})),
        Actor.system("booking.expire"),
    ):
        assert permissions.can(actor, action, HERE) is False


def test_platform_cannot_write_a_hospitals_master_data():
    """S-83: the hospital owns its data; the city's operator is refused and nothing changes."""
    hospital_id = make.hospital()
    make.campus(hospital_id)
    unused = make.campus(hospital_id, code="C2")
    make.department(hospital_id, code="D1")
    rows = [
        models.Hospital,
        models.Campus,
        models.Department,
        models.Practitioner,
        models.Fee,
        models.HospitalClinicKind,
    ]
    before = [list(model.objects.order_by("pk").values()) for model in rows]
    facts, day = make.hospital_facts(), date(2027, 1, 1)
    for actor in (make.city_operator(), make.security_admin(), make.hospital_admin(UUID(int=9))):
        for attempt in (
            lambda a: hospitals.change_hospital(ChangeHospital(hospital_id, facts), actor=a, now=NOW),
            lambda a: places.import_campuses(ImportCampuses(hospital_id, ()), actor=a, now=NOW),
            lambda a: places.remove_campus(RemoveCampus(hospital_id, unused, key()), actor=a, now=NOW),
            lambda a: places.add_department(
                AddDepartment(hospital_id, make.department_facts(), key()), actor=a, now=NOW
            ),
            lambda a: practitioners.add_practitioner(
                AddPractitioner(hospital_id, make.practitioner_facts("D1"), key()), actor=a, now=NOW
            ),
            lambda a: fees.set_fee(SetFee(hospital_id, make.fee_facts(1, effective_date=day)), actor=a, now=NOW),
            lambda a: fees.offer_clinic_kind(OfferClinicKind(hospital_id, ClinicKind.NIGHT), actor=a, now=NOW),
            lambda a: hospitals.publish_announcement(announcement(hospital_id), actor=a, now=NOW),
        ):
            with pytest.raises(Forbidden):
                attempt(actor)
    assert [list(model.objects.order_by("pk").values()) for model in rows] == before


def test_hospital_admin_cannot_open_close_or_add_hospitals():
    hospital_id = make.hospital()
    admin = make.hospital_admin(hospital_id)
    with pytest.raises(Forbidden):
        hospitals.close_hospital(hospital_id, actor=admin, now=NOW)
    with pytest.raises(Forbidden):
        hospitals.add_hospital(AddHospital("X1", make.hospital_facts(), key()), actor=admin, now=NOW)
    assert directory.get_hospital(hospital_id).is_open is True
