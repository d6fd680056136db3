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

from yitong.core import clock
from yitong.faces.common.actors import STAFF_COOKIE

HERE = NOW + timedelta(minutes=5)  # when the pages are asked: after everybody signed in

Enter = Callable[..., Client]


@pytest.fixture(autouse=True)
def _now(db: None) -> Iterator[None]:
    with clock.frozen(HERE):
        yield


def signed_in(*roles: str, hospital_id: UUID | None = None, second_factor: bool = True) -> Client:
    """A browser in which somebody with these roles has signed in, with the second factor unless told otherwise."""
    someone = make.staff_member(*roles, hospital_id=hospital_id, now=NOW)
    client = Client(SERVER_NAME="localhost")
    later = NOW + timedelta(minutes=4)
    code = make.totp_code(make.totp(someone, now=NOW)[0], later) if second_factor else None
    client.cookies[STAFF_COOKIE] = make.signed_in(someone, now=later, code=code).token
    client.staff_id = someone.staff_id  # type: ignore[attr-defined]
    return client


@pytest.fixture
def enter() -> Enter:
    return signed_in


@pytest.fixture
def text() -> Callable[[Any], str]:
    """What a page says, without its tags."""
    return lambda response: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))
