"""The first people come in by the command line, while there is nobody yet who could let them in on the pages."""

import os
import re

import pytest
from click.testing import CliRunner, Result
from django.test import Client
from tests import make

from yitong.cli import database
from yitong.cli.main import main
from yitong.cli.staff import ROLES
from yitong.core import clock
from yitong.core.actor import Role
from yitong.core.db.models import Event
from yitong.domains.access import models, queries
from yitong.domains.access.contracts import CITY_ROLES, RoleName
from yitong.domains.hospitals.queries import directory as hospitals

PASSWORD = "a long enough secret"


def _say(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["staff", *arguments])


def _code(result: Result) -> str:
    assert result.exit_code == 0, result.output
    found = re.search(r"with the code  (\S+)", result.output)
    assert found is not None
    return found[1]


@pytest.fixture(autouse=True)
def _here(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(database.URL, os.environ[database.URL])


def test_first_officer_sets_a_password_with_the_code_and_is_led_to_the_second_factor() -> None:
    code = _code(_say("add", "first.officer", "李安"))
    member = models.Staff.objects.get(login="first.officer")
    assert queries.roles_of(member.id, clock.now()) == {Role(RoleName.SECURITY_ADMIN.value, None)}
    assert set(Event.objects.filter(subject_id=member.id).values_list("actor", flat=True)) == {"system:cli.staff"}
    sent = {"login": "first.officer", "invite": code, "new": PASSWORD, "again": PASSWORD}
    client = Client(SERVER_NAME="localhost")
    assert client.post("/desk/sign-in/invite/", sent).headers["Location"] == "/desk/sign-in/"
    answer = client.post("/desk/sign-in/", {"login": "first.officer", "password": PASSWORD})
    assert answer.headers["Location"] == "/desk/me/second-factor/"


def test_administrator_belongs_to_a_hospital_and_officers_to_none() -> None:
    hospital_id = make.hospital()
    code = hospitals.get_hospital(hospital_id).code
    _code(_say("add", "an.administrator", "王路", "--role", "hospital_admin", "--hospital", code))
    member = models.Staff.objects.get(login="an.administrator")
    assert queries.roles_of(member.id, clock.now()) == {Role(RoleName.HOSPITAL_ADMIN.value, hospital_id)}
    for misplaced in (["--role", "hospital_admin"], ["--hospital", code]):
        refused = _say("add", "another.one", "李安", *misplaced)
        assert refused.exit_code == 1
        assert "does not belong to that place" in refused.output
    assert not models.Staff.objects.filter(login="another.one").exists()


def test_what_is_refused_is_said_in_a_sentence() -> None:
    _code(_say("add", "first.officer", "李安"))
    taken = _say("add", "first.officer", "王路")
    assert taken.exit_code == 1
    assert taken.output.startswith("Error: ")
    nowhere = _say("add", "another.one", "李安", "--role", "hospital_admin", "--hospital", "nowhere")
    assert nowhere.exit_code == 2
    assert "known hospitals" in nowhere.output
    nobody = _say("invite", "nobody.at.all")
    assert nobody.exit_code == 2


def test_one_who_lost_everything_is_let_in_again() -> None:
    someone = make.staff_member("security_admin", now=clock.now())
    make.totp(someone, now=clock.now())
    assert _code(_say("invite", someone.login, "--second-factor")) != someone.invite
    member = models.Staff.objects.get(id=someone.staff_id)
    assert member.totp_confirmed_at is None
    assert not member.has_usable_password()


def test_roles_on_offer_are_those_that_let_others_in() -> None:
    assert {RoleName(one) for one in ROLES} == CITY_ROLES | {RoleName.HOSPITAL_ADMIN}
