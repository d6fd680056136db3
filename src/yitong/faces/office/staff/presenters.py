"""Staff, as words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.domains.access.contracts import StaffMember
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
    )


def role_at(role: str, hospital_id: UUID | None, places: Mapping[UUID, str]) -> str:
    name = words.role(role)
    return name if hospital_id is None else f"{name} · {places.get(hospital_id, '')}"
