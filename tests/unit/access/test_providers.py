"""Sign-in through a hospital's own provider, over HTTP on loopback against the simulator."""

import socket
import ssl
import threading
from datetime import timedelta
from functools import partial
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
from tests import make

from yitong.core import clock
from yitong.core.actor import Role
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden
from yitong.domains.access import errors, models, ports, queries
from yitong.domains.access.commands import providers, staff
from yitong.domains.access.contracts import BindIdentity, GiveRole, ImportStaff, RoleName, SetProvider
from yitong.links.oidc.provider import OidcProvider
from yitong.simulators import idp

pytestmark = pytest.mark.django_db
HERE, THERE = UUID(int=11), UUID(int=12)
ADMIN = make.hospital_admin(HERE)
BACK = "http://127.0.0.1:8000/desk/sign-in/back/"
PEOPLE = {
    "wang": idp.Person("sub-wang", "pw-wang"),
    "li": idp.Person("sub-li", "pw-li", ("pwd", "otp", "mfa")),
    "guest": idp.Person("sub-guest", "pw-guest"),
}
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not used over HTTP; one with certificates takes 40 ms to make


@pytest.fixture(scope="module")
def key():
    return idp.new_key()


@pytest.fixture
def directory(key, monkeypatch):
    monkeypatch.setattr(ports, "_connect", partial(OidcProvider, asks_this_machine=True))
    known = idp.Directory("desk", "s3cret&=:%", (BACK,), PEOPLE, key=key)
    server = idp.serve(known)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield known
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def provider(directory):
    cmd = SetProvider(HERE, directory.issuer + "/", "desk", "s3cret&=:%")
    providers.set_provider(cmd, actor=ADMIN, now=clock.now())
    return directory


def bound(role, subject, hospital_id=HERE):
    member = make.staff_member(role, hospital_id=hospital_id, password=None, now=clock.now())
    cmd = BindIdentity(HERE, member.staff_id, subject)
    staff.bind_identity(cmd, actor=make.security_admin(), now=clock.now())
    return member


def browse(start, login, password=None):
    """The browser: signs in at the provider and comes back with code and state."""
    answer = httpx.post(
        start.url, data={"login": login, "password": password or f"pw-{login}"}, trust_env=False, verify=PLAIN
    )
    assert answer.status_code == 303, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def sign_in(login):
    start = providers.begin_identity(HERE, BACK, now=clock.now())
    back = browse(start, login)
    return providers.finish_identity(state=back["state"], browser_state=start.state, code=back["code"], now=clock.now())


def test_bound_staff_sign_in_with_the_roles_of_this_hospital_alone(provider):
    nurse = bound("nurse", "sub-wang")
    staff.give_role(GiveRole(nurse.staff_id, RoleName.DOCTOR, THERE), actor=make.security_admin(), now=clock.now())
    done = sign_in("wang")
    live = queries.session_of(done.token, clock.now())
    assert (live.staff_id, live.roles) == (nurse.staff_id, {Role("nurse", HERE)})
    assert models.IdentityAttempt.objects.count() == 0


@pytest.mark.rule("R-205")
def test_second_factor_counts_where_the_provider_saw_one(provider):
    admin = bound("hospital_admin", "sub-li")
    assert queries.session_of(sign_in("li").token, clock.now()).roles == {Role("hospital_admin", HERE)}
    staff.bind_identity(BindIdentity(HERE, admin.staff_id, "sub-wang"), actor=make.security_admin(), now=clock.now())
    assert queries.session_of(sign_in("wang").token, clock.now()).roles == frozenset()


def test_unbound_or_gone_staff_are_unknown(provider):
    with pytest.raises(errors.IdentityUnknown):
        sign_in("guest")
    nurse = bound("nurse", "sub-wang")
    staff.leave(nurse.staff_id, actor=ADMIN, now=clock.now())
    with pytest.raises(errors.IdentityUnknown):
        sign_in("wang")
    assert models.StaffSession.objects.count() == 0


@pytest.mark.parametrize("lie", ["nonce", "audience", "issuer", "expired", "signature", "unsigned", "discovery"])
def test_every_lie_is_refused(provider, lie):
    bound("nurse", "sub-wang")
    start = providers.begin_identity(HERE, BACK, now=clock.now())
    back = browse(start, "wang")
    provider.misbehave = lie
    with pytest.raises(errors.IdentityRefused):
        providers.finish_identity(state=back["state"], browser_state=start.state, code=back["code"], now=clock.now())
    assert models.StaffSession.objects.count() == 0


@pytest.mark.parametrize("trouble", ["garbage", "error"])
def test_provider_in_trouble_is_down_or_refuses(provider, trouble):
    bound("nurse", "sub-wang")
    start = providers.begin_identity(HERE, BACK, now=clock.now())
    back = browse(start, "wang")
    provider.misbehave = trouble
    with pytest.raises((errors.ProviderDown, errors.IdentityRefused)):
        providers.finish_identity(state=back["state"], browser_state=start.state, code=back["code"], now=clock.now())


def test_provider_that_does_not_answer_is_down(provider):
    cmd = SetProvider(HERE, "http://127.0.0.1:9", "desk", "s")
    providers.set_provider(cmd, actor=ADMIN, now=clock.now())
    with pytest.raises(errors.ProviderDown):
        providers.begin_identity(HERE, BACK, now=clock.now())
    assert models.IdentityAttempt.objects.count() == 0


@pytest.mark.parametrize(
    "host", ["http://127.0.0.1", "http://localhost", "https://0.0.0.0", "https://[::ffff:127.0.0.1]"]
)
def test_no_hospital_makes_us_ask_our_own_machine(host, monkeypatch):
    monkeypatch.setattr(ports, "_connect", partial(OidcProvider, asks_this_machine=False))
    with socket.create_server(("127.0.0.1", 0)) as inside:
        issuer = f"{host}:{inside.getsockname()[1]}"
        providers.set_provider(SetProvider(HERE, issuer, "desk", "s"), actor=ADMIN, now=clock.now())
        with pytest.raises(errors.ProviderDown):
            providers.begin_identity(HERE, BACK, now=clock.now())
        inside.setblocking(False)
        with pytest.raises(BlockingIOError):
            inside.accept()


def test_nor_what_lies_on_its_link(monkeypatch):
    monkeypatch.setattr(httpx.Client, "stream", lambda *_given, **_more: pytest.fail("asked"))
    monkeypatch.setattr(ports, "_connect", partial(OidcProvider, asks_this_machine=False))
    for host in ("169.254.169.254", "[fe80::1]"):
        providers.set_provider(SetProvider(HERE, f"https://{host}", "desk", "s"), actor=ADMIN, now=clock.now())
        with pytest.raises(errors.ProviderDown):
            providers.begin_identity(HERE, BACK, now=clock.now())


def test_state_of_another_browser_used_twice_or_old_signs_nobody_in(provider):
    bound("nurse", "sub-wang")
    start = providers.begin_identity(HERE, BACK, now=clock.now())
    back = browse(start, "wang")
    finish = {"state": back["state"], "code": back["code"]}
    for browser_state in ("", "other"):
        with pytest.raises(errors.IdentityRefused):
            providers.finish_identity(**finish, browser_state=browser_state, now=clock.now())
    with pytest.raises(errors.IdentityRefused):
        providers.finish_identity(**finish, browser_state=start.state, now=clock.now() + timedelta(minutes=10))
    assert providers.finish_identity(**finish, browser_state=start.state, now=clock.now()).token
    with pytest.raises(errors.IdentityRefused):
        providers.finish_identity(**finish, browser_state=start.state, now=clock.now())


def test_unfinished_attempts_are_forgotten(provider):
    providers.begin_identity(HERE, BACK, now=clock.now())
    assert providers.forget_attempts(now=clock.now()) == 0
    assert providers.forget_attempts(now=clock.now() + timedelta(minutes=11)) == 1


def test_provider_is_dropped_and_named_anew(provider, owner_connection):
    nurse = bound("nurse", "sub-wang")
    assert queries.find_provider(HERE) is True
    assert "s3cret" not in repr(queries.get_provider(HERE))
    providers.set_provider(SetProvider(HERE, "https://sso.example", "desk", "s"), actor=ADMIN, now=clock.now())
    assert models.StaffIdentity.objects.filter(staff_id=nurse.staff_id).count() == 0
    providers.drop_provider(HERE, actor=ADMIN, now=clock.now())
    assert queries.find_provider(HERE) is False
    with pytest.raises(errors.ProviderMissing):
        providers.begin_identity(HERE, BACK, now=clock.now())
    with pytest.raises(errors.ProviderMissing):
        providers.drop_provider(HERE, actor=ADMIN, now=clock.now())


def test_the_secret_is_kept_while_the_issuer_is_the_same(provider):
    set_ = partial(providers.set_provider, actor=ADMIN, now=clock.now())
    set_(SetProvider(HERE, "https://sso.example", "desk", "first"))
    events = Event.objects.count()
    set_(SetProvider(HERE, "https://sso.example/", "desk", None))
    assert Event.objects.count() == events  # nothing is another
    set_(SetProvider(HERE, "https://sso.example", "desk-2", None))
    settings = queries.get_provider(HERE)
    assert (settings.client_id, settings.client_secret) == ("desk-2", "first")
    with pytest.raises(errors.ProviderInvalid) as refused:
        set_(SetProvider(HERE, "https://other.example", "desk-2", None))
    assert refused.value.params == {"field": "client_secret"}
    assert queries.get_provider(HERE).issuer == "https://sso.example"


def test_what_a_page_may_show_of_a_provider_has_no_secret(provider):
    bound("nurse", "sub-wang")
    facts = queries.find_provider_facts(HERE, ADMIN)
    assert (facts.issuer, facts.client_id, facts.is_active, facts.bound) == (provider.issuer, "desk", True, 1)
    assert "s3cret" not in repr(facts)
    providers.drop_provider(HERE, actor=ADMIN, now=clock.now())
    assert queries.find_provider_facts(HERE, ADMIN).is_active is False
    assert queries.find_provider_facts(THERE, make.hospital_admin(THERE)) is None
    for actor in (make.hospital_admin(THERE), make.security_admin(), make.staff_actor("nurse", hospital_id=HERE)):
        with pytest.raises(Forbidden):
            queries.find_provider_facts(HERE, actor)


@pytest.mark.parametrize(
    "issuer",
    ["", "http://sso.example", "ftp://x", "https://", "https://[x", "https://a@b", "https://x/?q=1", "javascript:1"],
)
def test_addresses_without_https_are_refused(issuer):
    with pytest.raises(errors.ProviderInvalid):
        providers.set_provider(SetProvider(HERE, issuer, "desk", "s"), actor=ADMIN, now=make.NOW)
    for actor in (make.hospital_admin(THERE), make.security_admin()):
        with pytest.raises(Forbidden):
            providers.set_provider(SetProvider(HERE, "https://sso.example", "d", "s"), actor=actor, now=make.NOW)


def test_subjects_come_by_file_and_belong_to_one(provider):
    text = "action,login,name,roles,subject\njoin,li.na,李娜,nurse,sub-wang\n"
    [li] = staff.import_staff(ImportStaff(HERE, text), actor=ADMIN, now=clock.now()).joined
    assert sign_in("wang").staff_id == li.staff_id
    with pytest.raises(errors.IdentityTaken):
        bound("nurse", "sub-wang")
    other = make.staff_member("nurse", hospital_id=THERE, password=None)
    with pytest.raises(errors.StaffMissing):
        staff.bind_identity(BindIdentity(HERE, other.staff_id, "sub-x"), actor=ADMIN, now=clock.now())


# -- the simulator refuses what a true provider refuses ------------------------------------------------------------


def changed(url, **params):
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | params
    return httpx.URL(parts._replace(query="").geturl(), params={k: v for k, v in query.items() if v})


@pytest.mark.parametrize(
    ("params", "status", "error"),
    [
        ({"client_id": "other"}, 400, None),
        ({"redirect_uri": "https://evil.example/"}, 400, None),
        ({"response_type": "token"}, 303, "invalid_scope"),
        ({"scope": "profile"}, 303, "invalid_scope"),
        ({"code_challenge_method": "plain"}, 303, "invalid_request"),
        ({"code_challenge": ""}, 303, "invalid_request"),
    ],
)
def test_simulator_refuses_bad_requests(provider, params, status, error):
    start = providers.begin_identity(HERE, BACK, now=clock.now())
    answer = httpx.get(changed(start.url, **params), trust_env=False, verify=PLAIN)
    assert answer.status_code == status
    if error:
        assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == [error]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"code": "wrong"}, 400),
        ({"code_verifier": "wrong"}, 400),
        ({"redirect_uri": "https://evil.example/"}, 400),
        ({"grant_type": "password"}, 400),
        ({"client_secret": "wrong"}, 401),
    ],
)
def test_simulator_refuses_bad_exchanges(provider, change, status):
    verifier = "v" * 43
    url = ports.identity_provider(queries.get_provider(HERE)).authorization_url(
        redirect_uri=BACK, state="s", nonce="n", verifier=verifier
    )
    answer = httpx.post(url, data={"login": "wang", "password": "pw-wang"}, trust_env=False, verify=PLAIN)
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0],
        "code_verifier": verifier,
        "redirect_uri": BACK,
        "client_id": "desk",
        "client_secret": "s3cret&=:%",
    }
    address = f"{provider.issuer}/token"
    assert httpx.post(address, data=form | change, trust_env=False, verify=PLAIN).status_code == status
    if "code" not in change and status == 400 and "grant_type" not in change:
        assert httpx.post(address, data=form, trust_env=False, verify=PLAIN).status_code == 400  # the code is used up
    wrong = httpx.post(url, data={"login": "wang", "password": "no"}, trust_env=False, verify=PLAIN)
    assert wrong.status_code == 401
