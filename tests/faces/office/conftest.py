"""Staff of the city at the office's pages."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from tests import make
from tests.clinic import NOW
from tests.stock import stocked

from yitong.core import clock
from yitong.faces.common.actors import STAFF_COOKIE

HERE = NOW + timedelta(minutes=5)  # when the pages are asked: after everybody signed in

CITY = ("city_operator", "policy_officer", "security_admin", "auditor")

Enter = Callable[..., Client]


@pytest.fixture(autouse=True)
def _now(db: None) -> Iterator[None]:
    with clock.frozen(HERE):
        yield


def signed_in(*roles: str, hospital_id: UUID | None = None, second_factor: bool = True) -> Client:
    """A browser in which somebody with these roles has signed in, with the second factor unless told otherwise."""
    return browser_of(*at_work(*roles, hospital_id=hospital_id, second_factor=second_factor))


@stocked(1, "city_operator")
@stocked(1, "policy_officer")
@stocked(1, "security_admin")
@stocked(1, "auditor")
def at_work(*roles: str, hospital_id: UUID | None = None, second_factor: bool = True) -> tuple[UUID, str]:
    """A new member of staff and the token of his session."""
    someone = make.staff_member(*roles, hospital_id=hospital_id, now=NOW)
    later = NOW + timedelta(minutes=4)
    code = make.totp_code(make.totp(someone, now=NOW)[0], later) if second_factor else None
    return someone.staff_id, make.signed_in(someone, now=later, code=code).token


def browser_of(staff_id: UUID, token: str) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.cookies[STAFF_COOKIE] = token
    client.staff_id = staff_id  # type: ignore[attr-defined]
    return client


@pytest.fixture(scope="module")
def city_staff(shared_db: None) -> dict[str, Client]:
    """Role → a browser in which somebody with it has signed in."""
    with clock.frozen(HERE):
        return {role: signed_in(role) for role in CITY}


@pytest.fixture
def enter(city_staff: dict[str, Client]) -> Enter:
    """`enter("auditor")`. Who has one role of the city has signed in before; each test has browsers of its own."""

    def come(*roles: str, hospital_id: UUID | None = None, second_factor: bool = True) -> Client:
        if len(roles) > 1 or roles[0] not in city_staff or not second_factor:
            return signed_in(*roles, hospital_id=hospital_id, second_factor=second_factor)
        return browser_of(city_staff[roles[0]].staff_id, city_staff[roles[0]].cookies[STAFF_COOKIE].value)  # type: ignore[attr-defined]

    return come


@pytest.fixture
def text() -> Callable[[Any], str]:
    """What a page says, without its tags."""
    return lambda response: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))
