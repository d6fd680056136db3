"""The draw's pages over real domains: the way in, applying with a family, the result with its proof, the checker."""

import gzip
import html
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from tests import clinic, lines, make
from tests import draws as build
from tests.faces.patient.test_patient_pages import text_of
from tests.visitor import signed_in

from yitong.core import clock
from yitong.core.db import policies
from yitong.core.db.models import Event
from yitong.core.ids import new_id
from yitong.core.lots.verify import verify
from yitong.domains.draws import models
from yitong.domains.draws.commands import announce
from yitong.domains.draws.contracts import FILE_HALF_DAYS, FILE_TITLES, EntryState
from yitong.domains.draws.ports import beacon
from yitong.domains.hospitals.contracts.things import Title
from yitong.domains.hospitals.models import Department
from yitong.domains.people.contracts.words import Relation
from yitong.domains.schedule.contracts import HalfDay
from yitong.domains.schedule.models import ClinicSession
from yitong.domains.waitlist.commands import joining
from yitong.domains.waitlist.contracts import Join, Mode, SessionKey
from yitong.domains.waitlist.models import WaitlistEntry
from yitong.faces.common import drawn
from yitong.faces.common.words import Reader

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R-017")]


@pytest.fixture(autouse=True)
def _beacon() -> Iterator[None]:
    before = beacon.taken()
    build.plug()
    yield
    beacon.plug(before)


def path_of(place: build.Place, more: str = "") -> str:
    return f"/draws/{place.hospital_id}/{place.draw_id}/{more}"


def test_department_that_gives_by_lot_leads_to_its_draw() -> None:
    place = build.opened()
    with clock.frozen(place.row.opens_at):
        page = Client().get(f"/hospitals/{place.hospital_id}/departments/{place.department_id}/")
        assert path_of(place) in page.content.decode()
        shown = text_of(Client().get(path_of(place)))
    assert "报名中" in shown
    assert bytes(place.row.operator_promise).hex() in shown
    assert "每支签的机会完全一样" in shown


def test_family_applies_without_scripts_and_sees_rank_and_ticket() -> None:
    place = build.opened(slots=(1, 3))
    mother, own = clinic.holder()
    child = clinic.add_patient(mother, clinic.identity(birth=date(2016, 5, 1)), relation=Relation.CHILD)
    client = signed_in(mother)
    wish = {"key": str(new_id()), "patients": [str(own), str(child)], "visit": "first", "place_0": "2", "place_1": "1"}
    with clock.frozen(place.row.opens_at):
        assert client.get(path_of(place, "apply/")).status_code == 200
        for wrong in ({"place_0": "", "place_1": ""}, {"place_0": "1"}, {"patients": []}):
            assert client.post(path_of(place, "apply/"), {**wish, **wrong}).status_code == 422
        answer = client.post(path_of(place, "apply/"), wish)
        again = client.post(path_of(place, "apply/"), wish)
        other = client.post(path_of(place, "apply/"), {**wish, "key": str(new_id())})
    assert answer.status_code == again.status_code == 303
    assert answer.headers["Location"] == again.headers["Location"]
    assert other.status_code == 409
    entry = models.DrawEntry.objects.get(hospital_id=place.hospital_id)
    assert entry.session_ids == [place.sessions[1], place.sessions[0]]
    build.settled(place)
    shown = text_of(client.get(answer.headers["Location"]))
    assert bytes(entry.ticket).hex() in shown
    assert "第 1 名，共 1 份" in shown
    assert "中签" in shown
    assert "我的摇号" in text_of(client.get("/me/draws/"))


def test_applying_too_often_is_told_to_wait_and_keeps_what_was_chosen() -> None:
    place = build.opened(slots=(1, 3))
    holder, own = clinic.holder()
    client, path = signed_in(holder), path_of(place, "apply/")
    with clock.frozen(place.row.opens_at):
        for n in range(7):
            wish = {"key": str(new_id()), "patients": [str(own)], "visit": "again", "place_1": "1"}
            told = client.post(path, wish)
            assert told.status_code == (303 if n == 0 else 409 if n < 6 else 429)
    shown = told.content.decode()
    assert re.search(rf'value="{own}"[^>]* checked', shown)
    assert re.search(r'value="again"[^>]* checked', shown)


def test_entry_is_withdrawn_by_its_holder_alone() -> None:
    place = build.opened()
    build.apply(place)
    entry_id = place.entries[0]
    stranger, _ = clinic.holder()
    path = f"/me/draws/{place.hospital_id}/{entry_id}/"
    with clock.frozen(place.row.opens_at):
        client = signed_in(stranger)
        assert client.get(path).status_code == 404
        assert client.post(f"{path}withdraw/", {"key": str(new_id())}).status_code == 404
        assert place.entry().state is EntryState.APPLIED
        client = signed_in(place.accounts[entry_id])
        assert client.post(f"{path}withdraw/", {"key": str(new_id())}).status_code == 303
    assert place.entry().state is EntryState.WITHDRAWN


def test_file_is_anybodys_and_whole() -> None:
    place = build.opened()
    assert Client().get(path_of(place, "file/")).status_code == 404
    build.apply(place)
    build.settled(place)
    answer = Client().get(path_of(place, "file/"), headers={"Accept-Encoding": "identity"})
    content = gzip.decompress(answer.content) if answer.headers.get("Content-Encoding") == "gzip" else answer.content
    assert verify(content.splitlines(keepends=True), published_root=place.draw.root).is_whole
    shown = text_of(Client().get(path_of(place)))
    assert (place.draw.seed or b"").hex() in shown
    assert "不足 10 份，不公布" in shown


def test_void_draw_says_by_whose_silence() -> None:
    place = build.planned()
    build.advance(place, place.row.opens_at)
    shown = text_of(Client().get(path_of(place)))
    assert "医院没有按时提交或公开它的密数" in shown
    assert "不会再摇一次" in shown


def test_checker_is_served_strictly_and_carries_itself_offline() -> None:
    served = Client().get("/draws/check/")
    assert "<script>" not in served.content.decode()
    assert "patient/draw-check" in served.content.decode()
    carried = Client().get("/draws/check/file/")
    assert carried.headers["Content-Disposition"].startswith("attachment")
    text = carried.content.decode()
    assert "const DrawCheck" in text
    assert not re.findall(r'(?:src|href)="', text)


def test_the_checker_carries_english_for_every_word_of_a_file() -> None:
    for path in ("/draws/check/", "/draws/check/file/"):
        assert "data-words" not in Client().get(path).content.decode()
        page = Client(headers={"accept-language": "en"}).get(path).content.decode()
        (carried,) = re.findall(r'data-words="([^"]+)"', page)
        words = json.loads(html.unescape(carried))
        assert words["副主任医师"] == "Associate chief physician"
        assert set(words) == {*FILE_HALF_DAYS.values(), *FILE_TITLES.values()}
        assert [one for one in words.values() if not one.isascii()] == []
    assert set(FILE_HALF_DAYS) == set(HalfDay)
    assert set(FILE_TITLES) == set(Title)


def lost(place: build.Place, actor: clinic.Actor, *patients: UUID) -> UUID:
    """This holder's entry, of a draw whose places went to others: it asks for more of them than there are."""
    build.apply(place)
    entry_id = build.apply(place, actor=actor, patients=patients)
    build.settled(place)
    assert place.entry(-1).state is EntryState.LOST
    return entry_id


def family(people: int = 2) -> tuple[clinic.Actor, list[UUID]]:
    actor, own = clinic.holder()
    return actor, [own, *lines.family(actor, people - 1)]


def test_who_lost_gets_in_line_by_one_press_before_the_release() -> None:
    place = build.opened(slots=(1,))
    actor, patients = family()
    entry_id = lost(place, actor, *patients)
    client, path = signed_in(actor), f"/me/draws/{place.hospital_id}/{entry_id}/"
    with clock.frozen(build.after_beacon(place)):
        page = client.get(path)
        assert "一键候补" in text_of(page)
        key = re.search(r'name="key" value="([^"]+)"', page.content.decode())
        assert key is not None
        done, again = (client.post(f"{path}wait/", {"key": key[1]}) for _ in range(2))
        assert (done.status_code, done.headers["Location"]) == (303, again.headers["Location"])
        waits = WaitlistEntry.objects.get()
        assert (waits.patient_ids, waits.session_ids, waits.mode) == (patients, list(place.sessions), "at_once")
        assert done.headers["Location"] == f"/bookings/waitlist/{waits.id}/"
        page = client.get(path)
        assert "一键候补" not in text_of(page)
        assert done.headers["Location"] in page.content.decode()


def test_who_waits_there_with_somebody_else_may_get_in_line_still() -> None:
    place = build.opened(slots=(1,))
    actor, (own, child, other) = family(3)
    entry_id = lost(place, actor, own, child)
    client, path = signed_in(actor), f"/me/draws/{place.hospital_id}/{entry_id}/"
    with clock.frozen(build.after_beacon(place)):
        key = SessionKey(place.hospital_id, place.sessions[0])
        joining.join_waitlist(Join("others", (other,), (key,), Mode.AT_ONCE), actor=actor, now=clock.now())
        assert "一键候补" in text_of(client.get(path))
        assert client.post(f"{path}wait/", {"key": str(new_id())}).status_code == 303
    assert WaitlistEntry.objects.filter(patient_ids=[own, child]).count() == 1


def test_who_wished_for_more_than_a_line_takes_waits_for_those_he_wants_most() -> None:
    place = build.opened(slots=(1, 1, 1))
    with transaction.atomic():
        policies.record(
            "waitlist.sessions_per_entry",
            2,
            scope="city",
            hospital_id=None,
            scope_id=None,
            effective_from=make.NOW - timedelta(days=1),
            source="test",
            decided_by="test",
            now=make.NOW,
        )
    for one in place.sessions:
        build.apply(place, sessions=[one])
    actor, patients = family()
    entry_id = build.apply(place, actor=actor, patients=patients, sessions=place.sessions[::-1])
    build.settled(place)
    client, path = signed_in(actor), f"/me/draws/{place.hospital_id}/{entry_id}/"
    with clock.frozen(build.after_beacon(place)):
        offered = re.findall(r"<ul class=\"bullets\">(.*?)</ul>", client.get(path).content.decode(), re.DOTALL)
        assert offered[0].count("<li") == 2
        assert client.post(f"{path}wait/", {"key": str(new_id())}).status_code == 303
    assert WaitlistEntry.objects.get().session_ids == [place.sessions[2], place.sessions[1]]


def sits(place: build.Place, n: int, *, is_named: bool, **facts: object) -> None:
    """From here on this doctor sits in the n-th session of a draw."""
    code = Department.objects.get(id=place.department_id).code
    doctor_id = make.practitioner(place.hospital_id, code, **facts)
    ClinicSession.objects.filter(hospital_id=place.hospital_id, id=place.sessions[n]).update(
        practitioner_id=doctor_id, title=facts["title"], clinic_kind="expert", is_first_visit_named=is_named
    )


def the_city_lets_doctors_be_named() -> None:
    with transaction.atomic():
        policies.record(
            "booking.first_visit_named_doctor",
            True,
            scope="city",
            hospital_id=None,
            scope_id=None,
            effective_from=build.NOW - timedelta(days=1),
            source="test",
            decided_by="test",
            now=build.NOW,
        )


def test_sessions_are_named_in_the_readers_language_and_doctors_where_one_may_name_them() -> None:
    place = build.opened(slots=(2, 2, 2))
    the_city_lets_doctors_be_named()
    sits(place, 1, is_named=True, name="李示范", name_en="LI Shifan", title="chief")
    sits(place, 2, is_named=False, name="张示范", name_en="ZHANG Shifan", title="chief")
    said = {}
    for language in ("zh-hans", "en"):
        with translation.override(language), clock.frozen(place.row.opens_at):
            reader = Reader(language, clock.now())
            found = drawn.labels([place.draw], reader)
            days = [reader.day(one.day) for one in place.clinics]
        said[language] = [found[one].replace(day, "…") for one, day in zip(place.sessions, days, strict=True)]
    assert said == {
        "zh-hans": [
            "… 上午 8:00–9:00 · 普通门诊",
            "… 上午 8:00–9:00 · 李示范 主任医师 · 专家门诊",
            "… 上午 8:00–9:00 · 主任医师 · 专家门诊",
        ],
        "en": [
            "…, 8:00–9:00 · General clinic",
            "…, 8:00–9:00 · LI Shifan Chief physician · Expert clinic",
            "…, 8:00–9:00 · Chief physician · Expert clinic",
        ],
    }


def test_pages_of_a_draw_are_whole_in_english() -> None:
    place = build.opened(slots=(2, 2))
    actor, own = clinic.holder()
    entry_id = build.apply(place, actor=actor, patients=[own])
    client = signed_in(actor)
    entry = f"/me/draws/{place.hospital_id}/{entry_id}/"
    for path in (path_of(place), path_of(place, "apply/"), entry, f"{entry}change/"):
        with clock.frozen(place.row.opens_at):
            page = client.get(path, headers={"accept-language": "en"}).content.decode()
        assert "General clinic" in page, path
        assert 'lang="zh-Hans" translate="no">' not in page, path


def test_the_list_asks_the_same_for_one_and_for_many() -> None:
    first = build.opened()
    actor, own = clinic.holder()
    build.apply(first, actor=actor, patients=[own])
    client = signed_in(actor)

    def asked() -> tuple[int, int]:
        with clock.frozen(first.row.opens_at), CaptureQueriesContext(connection) as found:
            page = client.get("/me/draws/").content.decode()
        return page.count(f"/me/draws/{first.hospital_id}/"), len(found)

    asked()
    n, one = asked()
    for _ in range(3):
        department_id = make.department(first.hospital_id)
        build.apply(
            build.opened(hospital_id=first.hospital_id, department_id=department_id), actor=actor, patients=[own]
        )
    asked()
    assert asked() == (4 * n, one)


def test_where_something_is_left_nobody_gets_in_line() -> None:
    place = build.opened(slots=(2,))
    actor, patients = family(3)
    entry_id = lost(place, actor, *patients)
    client, path = signed_in(actor), f"/me/draws/{place.hospital_id}/{entry_id}/"
    with clock.frozen(build.after_beacon(place)):
        assert "一键候补" not in text_of(client.get(path))
        assert client.post(f"{path}wait/", {"key": str(new_id())}).status_code == 422
    with clock.frozen(place.row.release_at):
        assert client.post(f"{path}wait/", {"key": str(new_id())}).status_code == 409
    assert not WaitlistEntry.objects.exists()


def test_who_won_or_is_another_gets_in_no_line() -> None:
    place = build.opened(slots=(1,))
    actor, patients = family()
    entry_id = lost(place, actor, *patients)
    winner = place.entries[0]
    with clock.frozen(build.after_beacon(place)):
        client = signed_in(place.accounts[winner])
        won = client.post(f"/me/draws/{place.hospital_id}/{winner}/wait/", {"key": str(new_id())})
        other = client.post(f"/me/draws/{place.hospital_id}/{entry_id}/wait/", {"key": str(new_id())})
    assert (won.status_code, won.headers["Location"]) == (303, f"/me/draws/{place.hospital_id}/{winner}/")
    assert other.status_code == 404
    assert not WaitlistEntry.objects.exists()


def test_the_message_about_a_lost_draw_names_the_waitlist() -> None:
    place = build.opened(slots=(1,))
    actor, patients = family()
    lost(place, actor, *patients)
    settled = Event.objects.get(operation="draws.settled")
    where = (place.hospital_id, place.draw_id, announce.AfterDraw.LOST, settled.id)
    announce.tell_all(*where, now=build.after_beacon(place))
    client = signed_in(actor)
    assert "可在“我的摇号”登记候补" in text_of(client.get("/messages/"))
    assert "join the waitlist" in text_of(client.get("/messages/", headers={"Accept-Language": "en"}))


def test_choices_are_changed_until_closing_and_the_ticket_stays() -> None:
    place = build.opened(slots=(1, 3))
    build.apply(place)
    entry_id, before = place.entries[0], place.entry()
    actor, path = place.accounts[entry_id], f"/me/draws/{place.hospital_id}/{place.entries[0]}/"
    client = signed_in(actor)
    wish = {"key": str(new_id()), "place_0": "2", "place_1": "1"}
    with clock.frozen(place.row.opens_at):
        assert f"{path}change/" in client.get(path).content.decode()
        shown = client.get(f"{path}change/").content.decode()
        assert re.findall(r'<option value="(\d*)" selected', shown) == ["1", "2"]
        assert client.post(f"{path}change/", {**wish, "place_1": "2"}).status_code == 422
        assert signed_in(clinic.holder()[0]).post(f"{path}change/", wish).status_code == 404
        assert place.entry() == before
        assert client.post(f"{path}change/", wish).status_code == 303
        told = [client.post(f"{path}change/", {**wish, "key": str(new_id())}).status_code for _ in range(6)]
        assert told == [303] * 5 + [429]
    assert place.entry().session_ids == (place.sessions[1], place.sessions[0])
    assert place.entry().ticket == before.ticket
    with clock.frozen(place.row.closes_at):
        assert "报名已经截止" in text_of(client.get(f"{path}change/"))
        assert client.post(f"{path}change/", {**wish, "key": str(new_id())}).status_code == 409
