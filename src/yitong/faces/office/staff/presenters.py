"""Staff, as words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from yitong.domains.access.contracts import RoleName, StaffMember
from yitong.faces.common.tables import Column, Order, Table
from yitong.faces.common.words import Reader
from yitong.faces.office import words


@dataclass(frozen=True, slots=True)
class Line:
    href: str
    login: str
    name: str
    roles: list[str]
    has_second_factor: bool
    last: str
    last_at: datetime | None


TABLE: Table[Line] = Table(
    columns=[
        Column(later("姓名")),
        Column(later("登录名"), "login"),
        Column(later("角色"), "roles"),
        Column(later("第二重验证"), "factor"),
        Column(later("最近登录"), "last"),
    ],
    keys={
        "login": lambda one: one.login,
        "roles": lambda one: one.roles,
        "factor": lambda one: one.has_second_factor,
        "last": lambda one: (one.last_at is not None, one.last_at),
    },
    otherwise=Order("login"),
)


def administrators(
    found: Iterable[StaffMember], places: Mapping[UUID, str], reader: Reader
) -> list[tuple[Line, list[str]]]:
    """Each with the hospitals whose administrator he is."""
    return [(line(one, places, reader), _administers(one, places)) for one in found]


def _administers(one: StaffMember, places: Mapping[UUID, str]) -> list[str]:
    return [places.get(at, "") for role, at in one.roles if role == RoleName.HOSPITAL_ADMIN and at is not None]


def lines(found: Iterable[StaffMember], places: Mapping[UUID, str], reader: Reader) -> list[Line]:
    return [line(one, places, reader) for one in found]


def line(one: StaffMember, places: Mapping[UUID, str], reader: Reader) -> Line:
    return Line(
        reverse("office:member", args=[one.staff_id]),
        one.login,
        one.name,
        [role_at(role, at, places) for role, at in one.roles],
        one.has_second_factor,
        reader.moment(one.last_sign_in_at) if one.last_sign_in_at else _("还没登录过"),
        one.last_sign_in_at,
    )


def role_at(role: str, hospital_id: UUID | None, places: Mapping[UUID, str]) -> str:
    name = words.role(role)
    return name if hospital_id is None else f"{name} · {places.get(hospital_id, '')}"
