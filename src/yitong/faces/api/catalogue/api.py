"""Hospitals, departments, doctors, prices, announcements, rules in words, search."""

from typing import Annotated, Any

from ninja import Router
from pydantic import Field

from yitong.core import clock
from yitong.domains.access.contracts import Scope
from yitong.domains.hospitals.queries import directory, policy_lines, searching
from yitong.faces.api.auth import ApiRequest, ChannelKey
from yitong.faces.api.catalogue import schemas
from yitong.faces.api.etags import catalogue
from yitong.faces.api.fields import Day, Id, Page, Plain
from yitong.faces.api.paging import Cursor, Limit, page_of
from yitong.faces.common import pages

router = Router(auth=ChannelKey(Scope.CATALOGUE))

SearchText = Annotated[str, Field(min_length=1, max_length=40, examples=["xnk"]), Plain]


@router.get("/hospitals", response=schemas.Hospitals, summary="医院列表 · Hospitals")
@catalogue
def list_hospitals(request: ApiRequest) -> Any:
    """Every open hospital of the city."""
    return {"items": directory.list_hospitals()}


@router.get(
    "/hospitals/{hospital_id}", response=schemas.HospitalWithCampuses, summary="医院与院区 · One hospital, its campuses"
)
@catalogue
def get_hospital(request: ApiRequest, hospital_id: Id) -> Any:
    """A closed hospital, and a closed campus, is given too, with `is_open` false: old bookings name it."""
    hospital = schemas.Hospital.model_validate(directory.get_hospital(hospital_id))
    return {**hospital.model_dump(), "campuses": directory.list_campuses(hospital_id, with_closed=True)}


@router.get("/hospitals/{hospital_id}/departments", response=Page[schemas.Department], summary="科室列表 · Departments")
@catalogue
def list_departments(
    request: ApiRequest, hospital_id: Id, campus_id: Id | None = None, cursor: Cursor = None, limit: Limit = 20
) -> Any:
    """By national code and name, of one campus or of all."""
    directory.get_hospital(hospital_id)
    items, next_cursor = page_of(
        directory.list_departments(hospital_id, campus_id),
        key=lambda department: str(department.department_id),
        question=f"departments:{hospital_id}:{campus_id}",
        cursor=cursor,
        limit=limit,
    )
    return {"items": items, "next_cursor": next_cursor}


@router.get(
    "/hospitals/{hospital_id}/departments/{department_id}", response=schemas.Department, summary="科室 · One department"
)
@catalogue
def get_department(request: ApiRequest, hospital_id: Id, department_id: Id) -> Any:
    return directory.get_department(hospital_id, department_id)


@router.get(
    "/hospitals/{hospital_id}/departments/{department_id}/practitioners",
    response=Page[schemas.Practitioner],
    summary="科室医生 · Doctors of a department",
)
@catalogue
def list_practitioners(
    request: ApiRequest, hospital_id: Id, department_id: Id, cursor: Cursor = None, limit: Limit = 20
) -> Any:
    """The highest title first."""
    directory.get_department(hospital_id, department_id)
    items, next_cursor = page_of(
        directory.list_practitioners(hospital_id, department_id),
        key=lambda practitioner: str(practitioner.practitioner_id),
        question=f"practitioners:{department_id}",
        cursor=cursor,
        limit=limit,
    )
    return {"items": items, "next_cursor": next_cursor}


@router.get(
    "/hospitals/{hospital_id}/practitioners/{practitioner_id}",
    response=schemas.Practitioner,
    summary="医生 · One doctor",
)
@catalogue
def get_practitioner(request: ApiRequest, hospital_id: Id, practitioner_id: Id) -> Any:
    return directory.get_practitioner(hospital_id, practitioner_id)


@router.get("/hospitals/{hospital_id}/fees", response=schemas.Fees, summary="医事服务费 · Prices")
@catalogue
def list_fees(request: ApiRequest, hospital_id: Id, day: Day | None = None) -> Any:
    """The prices in force on that day (today when none is named)."""
    directory.get_hospital(hospital_id)
    return {"items": directory.list_fees(hospital_id, day or clock.shanghai_date(clock.now()))}


@router.get(
    "/hospitals/{hospital_id}/rules", response=schemas.Rules, summary="预约规则 · The rules of booking, in words"
)
@catalogue
def list_rules(request: ApiRequest, hospital_id: Id, department_id: Id | None = None) -> Any:
    """In the language of Accept-Language, made from the values that are enforced."""
    directory.get_hospital(hospital_id)
    if department_id is not None:
        directory.get_department(hospital_id, department_id)
    lines = policy_lines.policies_in_words(
        hospital_id, clock.now(), pages.language_of(request), department_id=department_id
    )
    return {"items": [{"policy": line.policy, "rule_id": line.rule, "words": line.text} for line in lines]}


@router.get("/announcements", response=schemas.Announcements, summary="公告 · Announcements")
@catalogue
def list_announcements(request: ApiRequest, hospital_id: Id | None = None) -> Any:
    """The city's and, where one is named, the hospital's; the latest first, 50 at most."""
    if hospital_id is not None:
        directory.get_hospital(hospital_id)
    return {"items": directory.list_announcements(hospital_id, clock.now())}


@router.get("/search", response=schemas.Results, summary="搜索 · Search")
@catalogue
def search(request: ApiRequest, q: SearchText, limit: Annotated[int, Field(ge=1, le=50, examples=[20])] = 20) -> Any:
    """Hospitals, departments and doctors by name, pinyin or initials (`xnk` finds 心内科); the best first."""
    return {"items": searching.search(q, limit)}
