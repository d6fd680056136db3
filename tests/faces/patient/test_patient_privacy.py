"""Messages and reads: what is new, what was taken back, who looked; in words and never another's."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import clinic as build
from tests.clinic import NOW
from tests.faces.patient.test_patient_pages import text_of
from tests.visitor import signed_in

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.ids import new_id
from yitong.domains.notify import queries as notices
from yitong.domains.notify.contracts import DeliveryState, Medium, Message, RenderedMessage, TemplateName
from yitong.domains.people.contracts.words import Relation
from yitong.domains.people.queries import record_reads
from yitong.faces.common.words import Reader
from yitong.faces.patient.messages import presenters

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def seen_by_staff(hospital_id: UUID, patient_id: UUID, *, what: str, purpose: str, minutes: int) -> None:
    at = NOW - timedelta(minutes=minutes)
    record_reads([(patient_id, hospital_id)], build.registrar(hospital_id), what=what, purpose=purpose, now=at)


def household() -> tuple[Actor, list[UUID], build.Clinic]:
    actor, own_id = build.holder()
    spouse_id = build.add_patient(actor, relation=Relation.SPOUSE)
    return actor, [own_id, spouse_id], build.clinic()


def test_all_my_people_are_on_one_page_the_newest_first_without_a_code() -> None:
    actor, (own_id, spouse_id), place = household()
    seen_by_staff(place.hospital_id, own_id, what="carriers", purpose="identification", minutes=9)
    seen_by_staff(place.hospital_id, spouse_id, what="booking", purpose="a_code_of_a_channel", minutes=5)
    page = text_of(signed_in(actor).get("/me/reads/"))
    assert page.index("预约") < page.index("就诊卡 · 核对身份")
    assert "a_code" not in page
    assert "carriers" not in page
    assert page.count("医院工作人员") == 2
    other, _ = build.holder()
    assert "还没有人看过" in text_of(signed_in(other).get("/me/reads/"))


def test_the_reads_page_asks_as_much_for_many_lines_as_for_one() -> None:
    actor, (own_id, _), place = household()
    client = signed_in(actor)

    def asked() -> int:
        client.get("/me/reads/")
        with CaptureQueriesContext(connection) as captured:
            client.get("/me/reads/")
        return len(captured)

    seen_by_staff(place.hospital_id, own_id, what="booking", purpose="booking", minutes=1)
    one = asked()
    for minutes in range(2, 40):
        seen_by_staff(place.hospital_id, own_id, what="booking", purpose="booking", minutes=minutes)
    assert asked() == one


def test_marking_all_as_read_is_taken_back() -> None:
    actor, (own_id, _), place = household()
    build.hold(place, own_id, actor)
    client = signed_in(actor)
    assert actor.account_id is not None
    unread = notices.count_unread(actor.account_id, actor)
    assert unread
    assert f"{unread} 条未读" in text_of(client.get("/messages/"))
    client.post("/messages/read/")
    page = client.get("/messages/")
    assert "条未读" not in text_of(page)
    assert "/messages/unread/" in page.content.decode()
    (key,) = [part.split('"')[0] for part in page.content.decode().split('name="key" value="')[1:]]
    assert "已撤销" in text_of(client.post("/messages/unread/", {"key": key}, follow=True))
    assert notices.count_unread(actor.account_id, actor) == unread
    assert client.post("/messages/unread/", {"key": "no instant"}).status_code == 303
    assert notices.count_unread(actor.account_id, actor) == unread


def told(template: TemplateName, *, days_ago: int = 0, **ids: UUID) -> RenderedMessage:
    params = {name: str(one) for name, one in ids.items()}
    at = NOW - timedelta(days=days_ago)
    message = Message(new_id(), new_id(), template, params, Medium.IN_APP, DeliveryState.DELIVERED, at, None)
    return RenderedMessage(message, "标题", "内容")


def test_messages_lie_by_day_and_lead_where_something_can_be_done() -> None:
    hospital_id, booking_id, patient_id = new_id(), new_id(), new_id()
    items = [
        told(TemplateName.BOOKING_STOPPED, hospital_id=hospital_id, booking_id=booking_id, patient_id=patient_id),
        told(TemplateName.PATIENT_NOT_VERIFIED, patient_id=patient_id),
        told(TemplateName.NEW_DEVICE, days_ago=1),
        told(TemplateName.ACCOUNT_LOCKED, days_ago=1),
        told(TemplateName.APPEAL_REFUSED, days_ago=3),
    ]
    days = presenters.by_day(items, Reader("zh-hans", NOW))
    assert [(day.name.split()[0], len(day.lines)) for day in days] == [("今天", 2), ("昨天", 2), ("11月20日", 1)]
    assert [line.href for day in days for line in day.lines] == [
        f"/bookings/{hospital_id}/{booking_id}/",
        f"/me/people/{patient_id}/",
        "/me/devices/",
        "/me/appeal/",
        "",
    ]
    assert all(line.is_new and line.time == "10:00" for day in days for line in day.lines)
