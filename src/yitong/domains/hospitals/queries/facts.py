"""What a hospital says of itself as it stands now, whole, in the words of the commands that change it.

Never from what this process holds (`reference.keeps`): a page that is opened to change something shows the last word.
"""

from dataclasses import fields
from typing import Any, TypeVar
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db.models import PolicyRecord
from yitong.core.policy.keys import key_named
from yitong.domains.hospitals import models, permissions
from yitong.domains.hospitals.contracts.things import ClinicKind, CodeBasis, Title
from yitong.domains.hospitals.contracts.writes import (
    CampusFacts,
    Decisions,
    DepartmentFacts,
    FeeFacts,
    GuideFacts,
    HospitalFacts,
    PractitionerFacts,
    PriceList,
)
from yitong.domains.hospitals.errors import (
    CampusMissing,
    DepartmentMissing,
    HospitalMissing,
    PractitionerMissing,
)

F = TypeVar("F", HospitalFacts, CampusFacts, DepartmentFacts, PractitionerFacts, FeeFacts)
MOST = 200  # prices, or decisions of one policy: more than any hospital sets in a decade


def hospital_facts(hospital_id: UUID) -> HospitalFacts:
    row = models.Hospital.objects.filter(id=hospital_id).first()  # one row at most
    if row is None:
        raise HospitalMissing()
    return _facts(HospitalFacts, row, specialties=tuple(row.specialties))


def campus_facts(hospital_id: UUID, campus_id: UUID) -> CampusFacts:
    row = models.Campus.objects.filter(hospital_id=hospital_id, id=campus_id).first()  # one row at most
    if row is None:
        raise CampusMissing()
    return _facts(CampusFacts, row)


def department_facts(hospital_id: UUID, department_id: UUID) -> DepartmentFacts:
    rows = models.Department.objects.filter(hospital_id=hospital_id, id=department_id)
    row = rows.select_related("campus").first()  # one row at most
    if row is None:
        raise DepartmentMissing()
    return _facts(DepartmentFacts, row, campus_code=row.campus.code, code_basis=CodeBasis(row.code_basis))


def practitioner_facts(hospital_id: UUID, practitioner_id: UUID, actor: Actor) -> PractitionerFacts:
    """With the licence number, for the hospital's own administrator. Refuses Forbidden, PractitionerMissing."""
    permissions.check_can(actor, permissions.Action.READ_LICENCE, hospital_id)
    row = models.Practitioner.objects.filter(hospital_id=hospital_id, id=practitioner_id).first()  # one row at most
    if row is None:
        raise PractitionerMissing()
    seats = models.PractitionerDepartment.objects.filter(practitioner_id=row.id).order_by("position")
    codes = tuple(seats.values_list("department__code", flat=True))  # the home department first
    return _facts(PractitionerFacts, row, title=Title(row.title), department_codes=codes)


def guide_facts(hospital_id: UUID) -> GuideFacts:
    row = models.Hospital.objects.filter(id=hospital_id).first()  # one row at most
    if row is None:
        raise HospitalMissing()
    return GuideFacts(text=row.first_visit, text_en=row.first_visit_en)


def price_list(hospital_id: UUID) -> PriceList:
    rows = models.Fee.objects.filter(hospital_id=hospital_id).order_by("-effective_date", "clinic_kind", "title")
    return PriceList(
        prices=tuple(
            _facts(
                FeeFacts,
                row,
                clinic_kind=ClinicKind(row.clinic_kind),
                title=None if row.title is None else Title(row.title),
            )
            for row in rows[:MOST]
        )
    )


def decisions(hospital_id: UUID | None, policy: str) -> Decisions:
    """Of a hospital and its departments; None: of the city, and of the nation, which the city's page shows too.

    Refuses PolicyUnknown."""
    rows = PolicyRecord.objects.filter(hospital_id=hospital_id, key=key_named(policy).key)
    latest = rows.order_by("-decided_at", "-id").values_list("id", flat=True)[:MOST]
    return Decisions(policy=policy, record_ids=tuple(latest))


def _facts(kind: type[F], row: Any, **more: Any) -> F:
    """`more`: what the row holds in another form."""
    same = {one.name: getattr(row, one.name) for one in fields(kind) if one.name not in more}
    return kind(**same, **more)
