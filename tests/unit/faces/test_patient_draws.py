"""The draw's pages over real domains: the way in, applying with a family, the result with its proof, the checker."""

import gzip
import re
from collections.abc import Iterator
from datetime import date

import pytest
from django.test import Client
from tests import clinic, make
from tests import draws as build
from tests.unit.faces.test_patient_pages import signed_in, text_of

from yitong.core import clock
from yitong.core.ids import new_id
from yitong.core.lots.verify import verify
from yitong.domains.draws import models
from yitong.domains.draws.contracts import EntryState
from yitong.domains.draws.ports import beacon

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
    child = clinic.add_patient(mother, clinic.identity(birth=date(2016, 5, 1)), relation=make.people.Relation.CHILD)
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
