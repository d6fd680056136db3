"""Who asks is looked up once and only when needed: staff on staff pages, the account holder elsewhere."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from tests import make

from yitong.core import clock
from yitong.core.actor import Role
from yitong.domains.access.commands import sign_in
from yitong.faces.common import actors, security


def ask(path: str, **cookies: str) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = AnonymousUser()
    request.COOKIES.update(cookies)
    seen = {}

    def view(request: HttpRequest) -> HttpResponse:
        seen["request"] = request
        return HttpResponse()

    actors.ActorMiddleware(view)(request)
    return seen["request"]


def test_page_for_everybody_asks_nobody(db: None) -> None:
    with CaptureQueriesContext(connection) as asked:
        request = ask("/", yitong_session="x" * 40)
        assert security.is_personal(request) is False

    assert len(asked) == 0


def test_unknown_session_is_nobody(db: None) -> None:
    request = ask("/", yitong_session="x" * 40)

    assert request.actor.kind == "anonymous"
    assert security.is_personal(request) is False


def test_staff_are_known_on_their_pages_only(db: None) -> None:
    hospital_id = make.hospital()
    invited = make.staff_member("registrar", hospital_id=hospital_id)
    token = make.signed_in(invited).token
    with clock.frozen(make.NOW):
        desk, patient, api = (ask(path, yitong_staff=token) for path in ("/desk/today/", "/", "/api/v1/hospitals"))

        assert (desk.actor.kind, desk.actor.id) == ("staff", str(invited.staff_id))
        assert desk.actor.roles == {Role("registrar", hospital_id)}
        assert desk.actor.channel == "desk"
        assert patient.actor.kind == "anonymous"
        assert api.actor.kind == "anonymous"
        assert security.is_personal(desk) is True


@pytest.mark.rule("R-205")
def test_staff_who_do_nothing_are_signed_out_and_who_work_are_not(db: None) -> None:
    token = make.signed_in(make.staff_member("registrar", hospital_id=make.hospital())).token

    def kind_after(minutes: int) -> str:
        with clock.frozen(make.NOW + timedelta(minutes=minutes)):
            return ask("/desk/", yitong_staff=token).actor.kind

    assert [kind_after(minutes) for minutes in (10, 20, 30)] == ["staff"] * 3
    assert kind_after(46) == "anonymous"


def test_staff_who_signed_out_are_nobody(db: None) -> None:
    token = make.signed_in(make.staff_member("registrar", hospital_id=make.hospital())).token
    sign_in.sign_out(token, now=make.NOW)

    with clock.frozen(make.NOW):
        assert ask("/desk/", yitong_staff=token).staff_session is None
