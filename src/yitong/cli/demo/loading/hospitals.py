"""Writes hospitals, departments, doctors, prices, rules and notices, as their own administrators would."""

from datetime import datetime
from uuid import UUID

from yitong.cli.demo import facts, rosters
from yitong.cli.demo.city import City
from yitong.cli.demo.departments import OutpatientDepartment
from yitong.cli.demo.practitioners import Practitioner
from yitong.core.actor import Actor
from yitong.domains.hospitals.commands import fees, hospitals, places, policies, practitioners
from yitong.domains.hospitals.contracts.things import ClinicKind, CodeBasis, Title
from yitong.domains.hospitals.contracts.writes import (
    AddHospital,
    CampusFacts,
    DepartmentFacts,
    FeeFacts,
    HospitalFacts,
    ImportCampuses,
    ImportDepartments,
    ImportFees,
    ImportPractitioners,
    OfferClinicKind,
    PractitionerFacts,
    PublishAnnouncement,
    SetFirstVisitGuide,
    SetPolicy,
)
from yitong.domains.hospitals.queries import directory, policy_lines

FIRST_VISIT = (
    "第一次来，先到门诊大厅一层的建卡处，凭证件原件免费办就诊卡；已有医保卡的不用办。\n"
    "报到机在各楼层护士站旁边，不会用可以找穿红马甲的导诊员。"
)
FIRST_VISIT_EN = (
    "On your first visit go to the card desk on the ground floor of the outpatient hall; with your document the card "
    "is free, and an insurance card does as well.\n"
    "Check-in machines stand beside the nurses' station of each floor; the guides in red vests will help."
)
BASES = {"exact": CodeBasis.EXACT, "parent": CodeBasis.PARENT}


def add_hospital(one: facts.Hospital, city: City, *, actor: Actor, now: datetime) -> UUID:
    """The hospital's id; it is added where the city lacks it."""
    known = directory.find_hospital_by_code(one.code)
    if known is not None:
        return known.hospital_id
    campuses = [campus for campus in city.campuses if campus.hospital_code == one.code]
    told = HospitalFacts(
        name=one.name_zh,
        name_en=one.name_en,
        short_name=one.short_zh,
        short_name_en=one.short_en,
        level=one.level_zh,
        kind=one.kind_zh,
        district=campuses[0].district_zh,
        introduction=_introduction(one, campuses),
        specialties=one.specialties_zh,
    )
    return hospitals.add_hospital(AddHospital(one.code, told, f"demo:{one.code}"), actor=actor, now=now).id


def fill_hospital(code: str, hospital_id: UUID, city: City, *, actor: Actor, now: datetime) -> None:
    """Campuses, departments, doctors and prices from its files; the same files twice change nothing."""
    campuses = tuple(_campus(one) for one in city.campuses if one.hospital_code == code)
    departments = tuple(_department(one) for one in city.departments if one.hospital_code == code)
    doctors = tuple(_practitioner(one) for one in city.practitioners if one.hospital_code == code)
    prices = tuple(
        FeeFacts(
            clinic_kind=ClinicKind(kind),
            title=Title(title) if title else None,
            fee_fen=fen,
            effective_date=rosters.FEES_FROM,
            source="北京市医事服务费 2017 年标准（演示数据）",
        )
        for kind, title, fen in rosters.FEES
    )
    places.import_campuses(ImportCampuses(hospital_id, campuses), actor=actor, now=now)
    places.import_departments(ImportDepartments(hospital_id, departments), actor=actor, now=now)
    practitioners.import_practitioners(ImportPractitioners(hospital_id, doctors), actor=actor, now=now)
    fees.import_fees(ImportFees(hospital_id, prices), actor=actor, now=now)
    if not directory.get_hospital(hospital_id).first_visit:
        guide = SetFirstVisitGuide(hospital_id, FIRST_VISIT, FIRST_VISIT_EN)
        hospitals.set_first_visit_guide(guide, actor=actor, now=now)
    offered = {one.clinic_kind for one in directory.list_clinic_kinds(hospital_id) if one.is_offered}
    for kind in {ClinicKind(line.kind) for line in city.lines if line.hospital_code == code} - offered:
        fees.offer_clinic_kind(OfferClinicKind(hospital_id, kind), actor=actor, now=now)


def set_policies(code: str | None, hospital_id: UUID | None, city: City, *, actor: Actor, now: datetime) -> None:
    """The city's rules (no code), or one hospital's; a rule that somebody has decided already is left alone."""
    decided = {entry.policy for entry in policy_lines.policy_history(actor, hospital_id=hospital_id)}
    for one in city.policies:
        if one.hospital_code == code and one.key not in decided:
            cmd = SetPolicy(
                policy=one.key,
                value=one.value,
                hospital_id=hospital_id,
                department_id=None,
                effective_from=now,
                source=f"{one.source} 演示数据",
                key=f"demo:{code or 'city'}:{one.key}",
            )
            policies.set_policy(cmd, actor=actor, now=now)


def announce(code: str | None, hospital_id: UUID | None, city: City, *, actor: Actor, now: datetime) -> None:
    """The notices of the city (no code), or of one hospital, once."""
    shown = {one.title for one in directory.list_announcements(hospital_id, now)}
    for one in city.announcements:
        if one.hospital_code == code and one.title_zh not in shown:
            cmd = PublishAnnouncement(
                hospital_id=hospital_id,
                title=one.title_zh,
                body=one.body_zh,
                from_at=now,
                until_at=None,
                key=f"demo:{code or 'city'}:notice",
            )
            hospitals.publish_announcement(cmd, actor=actor, now=now)


def _introduction(one: facts.Hospital, campuses: list[facts.Campus]) -> str:
    where = "、".join(f"{campus.name_zh}({campus.district_zh})" for campus in campuses)
    return f"{one.level_zh}{one.kind_zh}，{where}。专科特色：{'、'.join(one.specialties_zh)}。"


def _campus(one: facts.Campus) -> CampusFacts:
    return CampusFacts(
        code=one.code,
        name=one.name_zh,
        name_en=one.name_en,
        district=one.district_zh,
        address=one.address_zh,
        latitude=one.latitude,
        longitude=one.longitude,
    )


def _department(one: OutpatientDepartment) -> DepartmentFacts:
    rule = one.mapping.rule
    return DepartmentFacts(
        code=one.code,
        campus_code=one.campus_code,
        name=one.name,
        name_en=one.name_en,
        national_code=one.mapping.code,
        code_basis=BASES.get(rule, CodeBasis.RULE),
        code_reason=f"{rule}: {one.mapping.reason}",
        sex=one.eligibility.sex,
        age_from=one.eligibility.age_from,
        age_below=one.eligibility.age_below,
        is_bookable=one.bookable,
    )


def _practitioner(one: Practitioner) -> PractitionerFacts:
    return PractitionerFacts(
        code=one.code,
        name=one.name,
        title=Title(one.title),
        licence=one.licence,
        specialties=one.specialties_zh,
        introduction=one.introduction_zh,
        department_codes=(one.department_code,),
    )
