"""Ways in and out of the desk, through its pages."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from tests import make
from tests.faces.desk.conftest import NOW, Desk, Hospital, enter, open_hospital

from yitong.core import clock
from yitong.domains.access import ports
from yitong.domains.access.commands import providers, staff, terminals
from yitong.domains.access.contracts import (
    BindIdentity,
    GiveRole,
    Identity,
    ProviderSettings,
    RegisterTerminal,
    RoleName,
    SetProvider,
)
from yitong.domains.access.models import StaffSession


def give(client: Client, path: str, **data: object) -> tuple[int, str, str]:
    answer = client.post(path, data)
    return answer.status_code, answer.headers.get("Location", ""), answer.content.decode()


def test_password_alone_opens_the_desk_and_leads_back(hospital: Hospital) -> None:
    invited = make.staff_member("registrar", hospital_id=hospital.id)
    client = Client()
    status, to, _body = give(
        client, "/desk/sign-in/", login=invited.login, password=make.PASSWORD, next="/desk/window/"
    )
    assert (status, to) == (303, "/desk/window/")
    cookie = client.cookies["yitong_staff"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "")
    assert client.get(to).status_code == 200


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example/", "/me/", "javascript:alert(1)"])
def test_sign_in_leads_to_the_desk_only(hospital: Hospital, where: str) -> None:
    invited = make.staff_member("registrar", hospital_id=hospital.id)
    _status, to, _body = give(Client(), "/desk/sign-in/", login=invited.login, password=make.PASSWORD, next=where)
    assert to == "/desk/"


def test_the_code_is_asked_for_after_the_password(hospital: Hospital) -> None:
    invited = make.staff_member("hospital_admin", hospital_id=hospital.id)
    secret, recovery = make.totp(invited, now=NOW - timedelta(minutes=5))
    client = Client()
    status, _to, body = give(client, "/desk/sign-in/", login=invited.login, password=make.PASSWORD)
    assert (status, 'name="code"' in body, "yitong_staff" in client.cookies) == (401, True, False)
    wrong = give(client, "/desk/sign-in/", login=invited.login, password=make.PASSWORD, code="000000")
    assert wrong[0] == 401
    right = give(
        client, "/desk/sign-in/", login=invited.login, password=make.PASSWORD, code=make.totp_code(secret, NOW)
    )
    assert right[:2] == (303, "/desk/")
    assert client.get("/desk/staff/").status_code == 200
    again = give(Client(), "/desk/sign-in/", login=invited.login, password=make.PASSWORD, code=recovery[0])
    assert again[0] == 303


@pytest.mark.rule("R-205")
def test_five_failures_lock_and_the_page_says_for_how_long(hospital: Hospital) -> None:
    invited = make.staff_member("registrar", hospital_id=hospital.id)
    client = Client()
    for _ in range(4):
        assert give(client, "/desk/sign-in/", login=invited.login, password="wrong-wrong")[0] == 401
    status, _to, body = give(client, "/desk/sign-in/", login=invited.login, password="wrong-wrong")
    assert (status, "30" in body) == (403, True)
    assert give(client, "/desk/sign-in/", login=invited.login, password=make.PASSWORD)[0] == 403
    assert StaffSession.objects.filter(staff_id=invited.staff_id).count() == 0


def test_an_invitation_sets_the_first_password(hospital: Hospital) -> None:
    invited = make.staff_member("nurse", hospital_id=hospital.id, password=None)
    client = Client()
    new = "a-quiet-Lake-77"
    differs = give(client, "/desk/sign-in/invite/", login=invited.login, invite=invited.invite, new=new, again="other")
    weak = give(client, "/desk/sign-in/invite/", login=invited.login, invite=invited.invite, new="12345", again="12345")
    wrong = give(client, "/desk/sign-in/invite/", login=invited.login, invite="nonsense", new=new, again=new)
    assert (differs[0], weak[0], wrong[0]) == (422, 422, 401)
    done = give(client, "/desk/sign-in/invite/", login=invited.login, invite=invited.invite, new=new, again=new)
    assert done[:2] == (303, "/desk/sign-in/")
    assert give(client, "/desk/sign-in/", login=invited.login, password=new)[0] == 303


def test_setting_up_the_second_factor_by_pages(hospital: Hospital) -> None:
    someone = enter(make.staff_member("hospital_admin", hospital_id=hospital.id))
    assert someone.get("/desk/rules/").headers["Location"] == "/desk/me/second-factor/"
    begun = someone.post("/desk/me/second-factor/", begin="1").content.decode()
    secret = re.search(r'name="secret" value="([A-Z2-7]+)"', begun)[1]  # type: ignore[index]
    uri = re.search(r'name="uri" value="([^"]+)"', begun)[1].replace("&amp;", "&")  # type: ignore[index]
    assert "<svg" in begun
    wrong = someone.post("/desk/me/second-factor/", uri=uri, secret=secret, code="000000")
    assert (wrong.status_code, secret in wrong.content.decode()) == (401, True)
    done = someone.post("/desk/me/second-factor/", uri=uri, secret=secret, code=make.totp_code(secret, NOW))
    assert (done.status_code, done.content.decode().count("<li>") >= 8) == (200, True)
    assert someone.get("/desk/rules/").status_code == 200
    forged = someone.post("/desk/me/second-factor/", uri='https://x/"><b>', secret=secret, code="1")
    assert "https://x/" not in forged.content.decode()


def test_a_new_password_ends_the_other_sessions(hospital: Hospital) -> None:
    invited = make.staff_member("registrar", hospital_id=hospital.id)
    here, elsewhere = enter(invited), enter(invited)
    new = "a-quiet-Lake-78"
    assert here.post("/desk/me/password/", old="not-this-one", new=new, again=new).status_code == 401
    assert here.post("/desk/me/password/", old=make.PASSWORD, new=new, again=new).status_code == 303
    assert here.get("/desk/").status_code == 200
    assert elsewhere.get("/desk/").headers["Location"].startswith("/desk/sign-in/")


def test_switching_at_a_shared_desk(hospital: Hospital) -> None:
    made = terminals.register_terminal(
        RegisterTerminal(hospital.id, "一号窗"), actor=make.hospital_admin(hospital.id), now=NOW
    )
    first = make.staff_member("registrar", hospital_id=hospital.id)
    second = make.staff_member("nurse", hospital_id=hospital.id)
    client = Client()
    assert "不是共用电脑" in client.get("/desk/switch/").content.decode()
    client.cookies["yitong_terminal"] = made.token
    give(client, "/desk/sign-in/", login=first.login, password=make.PASSWORD)
    assert client.post("/desk/me/pin/", {"pin": "123456"}).status_code == 422
    assert client.post("/desk/me/pin/", {"pin": "849201"}).status_code == 303
    old = client.cookies["yitong_staff"].value
    give(client, "/desk/sign-in/", login=second.login, password=make.PASSWORD)
    assert give(client, "/desk/switch/", staff=first.staff_id, secret="111222")[0] == 401
    assert give(client, "/desk/switch/", staff=first.staff_id, secret="849201")[:2] == (303, "/desk/")
    assert client.get("/desk/window/").status_code == 200
    assert client.cookies["yitong_staff"].value != old
    outsider = make.staff_member("nurse", hospital_id=hospital.id)
    assert give(client, "/desk/switch/", staff=outsider.staff_id, secret=make.PASSWORD)[0] == 422


def test_signing_out_ends_the_session(hospital: Hospital, desk: Callable[..., Desk]) -> None:
    someone = desk("nurse")
    assert someone.post("/desk/sign-out/").status_code == 303
    assert StaffSession.objects.get(staff_id=someone.staff_id, ended_at__isnull=False).ended_why == "signed_out"


def test_one_with_two_hospitals_chooses_and_is_checked_each_time(hospital: Hospital) -> None:
    other = open_hospital()
    invited = make.staff_member("registrar", hospital_id=hospital.id)
    staff.give_role(GiveRole(invited.staff_id, RoleName.NURSE, other.id), actor=make.hospital_admin(other.id), now=NOW)
    someone = enter(invited)
    to = someone.get("/desk/week/").headers["Location"]
    assert to == "/desk/place/?next=%2Fdesk%2Fweek%2F"
    assert someone.post("/desk/place/", hospital=make.hospital()).status_code == 403
    chosen = someone.post("/desk/place/", hospital=other.id, next="/desk/week/")
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/desk/week/")
    assert someone.get(f"/desk/sessions/{other.place.session_id}/").status_code == 200
    assert someone.get(f"/desk/sessions/{hospital.place.session_id}/").status_code == 404
    assert someone.get("/desk/window/").status_code == 403  # a nurse here, whatever elsewhere
    someone.client.cookies["yitong_place"] = "forged"
    assert someone.get("/desk/week/").headers["Location"].startswith("/desk/place/")


@pytest.mark.rule("R-205")
def test_a_page_that_asks_again_by_itself_keeps_nobody_awake(hospital: Hospital) -> None:
    someone = enter(make.staff_member("registrar", hospital_id=hospital.id))
    for minutes in range(1, 15):
        with clock.frozen(NOW + timedelta(minutes=minutes)):
            live = someone.get("/desk/", headers={"HX-Request": "true", "HX-Trigger": "live-today"})
            assert live.status_code == 200
    with clock.frozen(NOW + timedelta(minutes=16)):
        gone = someone.get("/desk/", headers={"HX-Request": "true", "HX-Trigger": "live-today"})
        assert "/desk/sign-in/" in gone.headers["HX-Redirect"]


class Provider:
    """A hospital's provider that vouches for one subject."""

    subject = "zhang.san"

    def authorization_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        return f"https://sso.hospital.example/authorize?state={state}&redirect_uri={redirect_uri}"

    def identity(self, *, code: str, redirect_uri: str, nonce: str, verifier: str) -> Identity:
        return Identity(self.subject, has_second_factor=True)


@pytest.fixture
def provider(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> Provider:
    made = Provider()
    monkeypatch.setattr(ports, "_connect", None)

    def connect(settings: ProviderSettings) -> Provider:
        return made

    ports.plug_identity_provider(connect)
    cmd = SetProvider(hospital.id, "https://sso.hospital.example", "yitong", "secret")
    providers.set_provider(cmd, actor=make.hospital_admin(hospital.id), now=NOW)
    return made


def test_through_the_hospitals_own_provider(hospital: Hospital, provider: Provider) -> None:
    invited = make.staff_member("registrar", hospital_id=hospital.id)
    bound = BindIdentity(hospital.id, invited.staff_id, provider.subject)
    staff.bind_identity(bound, actor=make.hospital_admin(hospital.id), now=NOW)
    client = Client()
    assert f"/desk/sign-in/provider/{hospital.id}/" in client.get("/desk/sign-in/").content.decode()
    out = client.get(f"/desk/sign-in/provider/{hospital.id}/")
    assert (out.status_code, urlsplit(out.headers["Location"]).netloc) == (302, "sso.hospital.example")
    state = client.cookies["yitong_identity"].value
    assert client.get(f"/desk/sign-in/provider/{make.hospital()}/").status_code == 404
    stranger = Client().get("/desk/sign-in/provider/back/", {"state": state, "code": "c"})
    assert stranger.status_code == 401
    back = client.get("/desk/sign-in/provider/back/", {"state": state, "code": "c"})
    assert (back.status_code, back.headers["Location"]) == (303, "/desk/")
    assert client.get("/desk/window/").status_code == 200


def test_the_provider_knows_somebody_whom_we_do_not(hospital: Hospital, provider: Provider) -> None:
    client = Client()
    client.get(f"/desk/sign-in/provider/{hospital.id}/")
    state = client.cookies["yitong_identity"].value
    back = client.get("/desk/sign-in/provider/back/", {"state": state, "code": "c"})
    assert (back.status_code, "yitong_staff" in client.cookies) == (401, False)
