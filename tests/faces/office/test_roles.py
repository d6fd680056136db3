"""Who may open which page of the office, and press what: the whole table (R-205, S-83)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from tests import make
from tests.clinic import NOW
from tests.faces.office.conftest import CITY

from yitong.core.db import events
from yitong.core.db.models import Event
from yitong.core.ids import new_id
from yitong.domains.access.contracts import Scope
from yitong.domains.access.queries import list_keys
from yitong.domains.fairness.models import MeterAlarm
from yitong.domains.hospitals.commands import hospitals
from yitong.domains.hospitals.contracts.writes import PublishAnnouncement

Enter = Callable[..., Client]


@dataclass(frozen=True)
class Place:
    hospital_id: UUID
    channel_id: UUID
    key_id: UUID
    staff_id: UUID
    announcement_id: UUID
    alarm_id: UUID


@pytest.fixture(scope="module")
def place(shared_db: None) -> Place:
    hospital_id = make.hospital(now=NOW)
    channel_id, _secret = make.channel(Scope.COUNTS, now=NOW)
    key_id = list_keys(make.security_admin(), channel_id)[0].key_id
    staff_id = make.staff_member("policy_officer", now=NOW).staff_id
    notice = PublishAnnouncement(None, "公告", "内容", NOW, None, "key-1")
    announcement_id = hospitals.publish_announcement(notice, actor=make.city_operator(), now=NOW).id
    alarm_id = MeterAlarm.objects.create(start=NOW.date(), group="old", name="60+", raised_at=NOW).id
    return Place(hospital_id, channel_id, key_id, staff_id, announcement_id, alarm_id)


# page → the roles that may read it
READS: dict[str, set[str]] = {
    "figures.csv": {"city_operator", "auditor"},
    "fairness/": {"city_operator", "auditor"},
    "fairness/alarms/{alarm_id}/": {"city_operator", "auditor"},
    "hospitals/": {"city_operator", "policy_officer", "auditor"},
    "hospitals/add/": {"city_operator"},
    "hospitals/{hospital_id}/": {"city_operator", "policy_officer", "auditor"},
    "hospitals/{hospital_id}/switch/": {"city_operator"},
    "policies/": {"city_operator", "policy_officer", "auditor"},
    "policies/booking.limits.d7/": {"city_operator", "policy_officer", "auditor"},
    "channels/": {"city_operator", "security_admin", "auditor"},
    "channels/add/": {"security_admin"},
    "channels/{channel_id}/": {"city_operator", "security_admin", "auditor"},
    "channels/{channel_id}/terms/": {"security_admin"},
    "channels/{channel_id}/suspend/": {"security_admin"},
    "channels/{channel_id}/resume/": {"security_admin"},
    "channels/{channel_id}/revoke/": {"security_admin"},
    "channels/{channel_id}/keys/{key_id}/revoke/": {"security_admin"},
    "staff/": {"security_admin", "auditor"},
    "staff/add/": {"security_admin"},
    "staff/administrators/": {"security_admin", "auditor"},
    "staff/administrators/add/": {"security_admin"},
    "staff/{staff_id}/": {"security_admin", "auditor"},
    "staff/{staff_id}/leave/": {"security_admin"},
    "audit/": {"auditor"},
    "audit/reads/": {"auditor"},
    "audit/log/": {"auditor"},
    "audit/letters/": {"security_admin", "auditor"},
    "announcements/": {"city_operator"},
    "appeals/": {"city_operator"},
}
# what changes something: address, what is sent, who may
WRITES: list[tuple[str, dict[str, str], str]] = [
    ("fairness/alarms/{alarm_id}/", {"why": "看过"}, "city_operator"),
    ("hospitals/add/", {"code": "NEW-1"}, "city_operator"),
    ("hospitals/{hospital_id}/switch/", {"to": "closed"}, "city_operator"),
    (
        "policies/booking.limits.d7/decide/",
        {
            "decide": "1",
            "mode": "set",
            "value": "2",
            "day": "2027-01-01",
            "hour": "00:00",
            "source": "文号",
            "key": str(new_id()),
        },
        "policy_officer",
    ),
    ("channels/add/", {"code": "x"}, "security_admin"),
    ("channels/{channel_id}/terms/", {"name": "x"}, "security_admin"),
    ("channels/{channel_id}/keys/", {"key": str(new_id())}, "security_admin"),
    ("channels/{channel_id}/keys/{key_id}/revoke/", {}, "security_admin"),
    ("channels/{channel_id}/suspend/", {"reason": "违约"}, "security_admin"),
    ("channels/{channel_id}/resume/", {"reason": "改正"}, "security_admin"),
    ("channels/{channel_id}/revoke/", {"reason": "违约", "confirm": "channel"}, "security_admin"),
    ("staff/add/", {"login": "new-one", "name": "新人", "roles": "auditor"}, "security_admin"),
    ("staff/administrators/add/", {"login": "one-more", "name": "新人"}, "security_admin"),
    ("staff/{staff_id}/roles/give/", {"role": "city_operator"}, "security_admin"),
    ("staff/{staff_id}/roles/end/", {"role": "policy_officer"}, "security_admin"),
    ("staff/{staff_id}/invite/", {}, "security_admin"),
    ("staff/{staff_id}/second-factor/clear/", {}, "security_admin"),
    ("staff/{staff_id}/leave/", {}, "security_admin"),
    ("audit/letters/settle/", {"event": str(new_id()), "handler": "x", "how": "skip"}, "security_admin"),
    ("announcements/", {"title": "x"}, "city_operator"),
    ("announcements/{announcement_id}/withdraw/", {}, "city_operator"),
]
READ_ONLY_POSTS = {"audit/log/"}  # a press that only recomputes
SPECIAL = {
    "",
    "sign-in/",
    "audit/log/<str:log>/<str:shard>/",
    "appeals/<uuid:lock_id>/",
    "appeals/reviews/<uuid:review_id>/",
}  # tested by themselves


def path(page: str, place: Place) -> str:
    given = {name: getattr(place, name) for name in place.__dataclass_fields__}
    return f"/office/{page.format(**given)}"


def as_routed(page: str) -> str:
    return page.replace("booking.limits.d7", "<str:name>").replace("{", "<uuid:").replace("}", ">")


def routes() -> Iterator[str]:
    for entry in get_resolver("yitong.faces.office.urls").url_patterns:
        inner = getattr(entry, "url_patterns", None)
        if inner is None:
            yield str(entry.pattern)
        else:
            yield from (f"{entry.pattern}{one.pattern}" for one in inner)


def test_table_names_every_page() -> None:
    named = {as_routed(page) for page in READS} | {as_routed(page) for page, _, _ in WRITES} | SPECIAL
    assert set(routes()) == named


@pytest.mark.rule("R-205")
@pytest.mark.parametrize("role", CITY)
def test_each_role_reads_its_pages_and_no_other(role: str, place: Place, enter: Enter) -> None:
    client = enter(role)
    answers = {page: client.get(path(page, place)).status_code for page in READS}
    assert answers == {page: 200 if role in allowed else 403 for page, allowed in READS.items()}


@pytest.mark.rule("R-205")
@pytest.mark.parametrize("role", CITY)
def test_no_role_writes_what_is_anothers(role: str, place: Place, enter: Enter) -> None:
    client = enter(role)
    before = _all_events()
    for page, given, allowed in WRITES:
        if role != allowed:
            assert client.post(path(page, place), given).status_code == 403, page
    assert _all_events() == before


def test_auditor_may_press_nothing(place: Place, enter: Enter) -> None:
    assert "auditor" not in {allowed for _, _, allowed in WRITES}
    client = enter("auditor")
    for page, readers in READS.items():
        if "auditor" in readers:
            body = client.get(path(page, place)).content.decode()
            forms = [part.split(">")[0] for part in body.split("<form")[1:] if 'method="post"' in part.split(">")[0]]
            own = [form for form in forms if "/preferences/" not in form and "/desk/sign-out/" not in form]
            assert len(own) == (1 if page in READ_ONLY_POSTS else 0), page


@pytest.mark.rule("S-83")
@pytest.mark.parametrize("role", ["hospital_admin", "registrar", "nurse", "doctor", "roster_manager"])
def test_hospital_staff_get_in_nowhere(role: str, place: Place, enter: Enter) -> None:
    client = enter(role, hospital_id=place.hospital_id, second_factor=role == "hospital_admin")
    before = _all_events()
    for page in READS:
        assert client.get(path(page, place)).status_code == 403, page
    for page, given, _ in WRITES:
        assert client.post(path(page, place), given).status_code == 403, page
    assert _all_events() == before


def test_strangers_are_sent_to_the_sign_in(place: Place) -> None:
    client = Client(SERVER_NAME="localhost")
    for page in READS:
        answer = client.get(path(page, place))
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (303, "/office/sign-in/"), page
    for page, given, _ in WRITES:
        assert client.post(path(page, place), given).status_code == 303, page


def test_sign_in_is_that_of_all_staff() -> None:
    client = Client(SERVER_NAME="localhost")
    answer = client.get("/office/sign-in/?next=/office/policies/")
    assert answer.headers["Location"] == "/desk/sign-in/?next=%2Foffice%2Fpolicies%2F"
    for outside in ("https://elsewhere.example/", "/me/", "/office/sign-in/"):
        answer = client.get("/office/sign-in/", {"next": outside})
        assert answer.headers["Location"] == "/desk/sign-in/?next=%2Foffice%2F"


@pytest.mark.rule("R-205")
def test_without_the_second_factor_it_is_set_up_first(enter: Enter) -> None:
    answer = enter("security_admin", second_factor=False).get("/office/channels/")
    assert answer.headers["Location"] == "/desk/me/second-factor/"


@pytest.mark.parametrize(
    ("role", "first"),
    [("policy_officer", "/office/hospitals/"), ("security_admin", "/office/channels/")],
)
def test_home_is_the_first_page_that_one_may_see(role: str, first: str, enter: Enter) -> None:
    answer = enter(role).get("/office/")
    assert (answer.status_code, answer.headers["Location"]) == (303, first)


@pytest.mark.parametrize("role", CITY)
def test_rail_leads_only_to_pages_that_open(role: str, enter: Enter) -> None:
    client = enter(role)
    body = client.get("/office/", follow=True).content.decode()
    rail = body.split('class="rail"')[1].split("</nav>")[0]
    links = [part.split('"')[0] for part in rail.split('href="')[1:] if part.startswith("/office/")]
    assert len(links) > 2
    assert {link: client.get(link).status_code for link in links if link != "/office/"} == {
        link: 200 for link in links if link != "/office/"
    }


def test_lists_ask_as_much_for_one_row_as_for_many(place: Place, enter: Enter) -> None:
    from django.test.utils import CaptureQueriesContext

    pages = {"city_operator": "/office/hospitals/", "auditor": "/office/audit/", "security_admin": "/office/channels/"}

    def asked(client: Client, page: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page).status_code == 200
        return len(captured)

    clients = {page: enter(role) for role, page in pages.items()}
    for page, client in clients.items():
        client.get(page)
    few = {page: asked(client, page) for page, client in clients.items()}
    for _n in range(20):
        make.hospital(now=NOW)
        make.channel(Scope.COUNTS, now=NOW)
    assert {page: asked(client, page) for page, client in clients.items()} == few


def _all_events() -> int:
    assert events.CITY
    return Event.objects.count()
