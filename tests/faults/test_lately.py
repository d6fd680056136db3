"""What is left to book is kept for ten seconds, for everybody alike, and says when it was read."""

import re
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from tests import clinic as build
from tests.clinic import DAY, NOW
from tests.visitor import signed_in

from yitong.core import clock
from yitong.core.db import reference
from yitong.core.ids import new_id
from yitong.domains.hospitals import models as hospitals
from yitong.faces.common import lately, pages

pytestmark = pytest.mark.usefixtures("committed_db", "_keeping")


@pytest.fixture
def _keeping(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.YITONG_KEEPS_REFERENCE = True
    monkeypatch.setattr(reference, "_kept", reference._Kept())
    monkeypatch.setattr(lately, "_kept", {})
    with clock.frozen(NOW):
        yield


def main_of(client: Client, path: str) -> str:
    """What stands between the menus."""
    response: Any = client.get(path)
    assert response.status_code == 200
    return str(response.content.decode().split("<main", 1)[1].split("</main>", 1)[0])


def pages_of(place: build.Clinic) -> list[str]:
    return [
        f"/hospitals/{place.hospital_id}/departments/{place.department_id}/?date={DAY.isoformat()}",
        f"/hospitals/{place.hospital_id}/sessions/{place.session_id}/",
    ]


def as_of(html: str) -> str:
    found = re.search(r"余号更新于 <span data-as-of>(\d\d:\d\d:\d\d)</span>", html)
    assert found
    return found[1]


def said(later: timedelta = timedelta()) -> str:
    return (NOW + later).astimezone(clock.SHANGHAI).strftime("%H:%M:%S")


def test_a_booking_made_meanwhile_shows_within_ten_seconds() -> None:
    place = build.clinic(slots=4)
    visitor = Client(SERVER_NAME="localhost")
    before = {path: main_of(visitor, path) for path in pages_of(place)}
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor)
    for path, html in before.items():
        assert as_of(html) == said()
        with clock.frozen(NOW + timedelta(seconds=9.9)):
            assert main_of(visitor, path) == html
        with clock.frozen(NOW + timedelta(seconds=10)):
            after = main_of(visitor, path)
        assert as_of(after) == said(timedelta(seconds=10))
        assert after.replace(as_of(after), as_of(html)) != html


def test_nothing_is_kept_over_a_whole_minute_since_releases_come_at_one() -> None:
    place = build.clinic(slots=4)
    visitor, path = Client(SERVER_NAME="localhost"), pages_of(place)[0]
    minute = NOW.replace(second=0) + timedelta(minutes=1)
    with clock.frozen(minute - timedelta(seconds=1)):
        before = main_of(visitor, path)
    with clock.frozen(minute - timedelta(milliseconds=1)):
        assert main_of(visitor, path) == before
    with clock.frozen(minute):
        assert as_of(main_of(visitor, path)) == said(minute - NOW)


def test_a_changed_place_shows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    place = build.clinic(slots=4)
    visitor = Client(SERVER_NAME="localhost")
    path = pages_of(place)[0]
    main_of(visitor, path)
    hospitals.Department.objects.filter(id=place.department_id).update(name="新名字科")
    monkeypatch.setattr(reference, "LOOK_AFTER_S", 0)
    assert "新名字科" in main_of(visitor, path)


def test_two_accounts_read_the_same_and_nothing_of_each_other() -> None:
    place = build.clinic(slots=4)
    (one, _), (other, _) = build.holder(), build.holder()
    clients = [signed_in(one), signed_in(other), Client(SERVER_NAME="localhost")]
    for path in pages_of(place):
        read = [main_of(client, path) for client in clients]
        assert read[0] == read[1] == read[2]
        whole = clients[1].get(path).content.decode()
        assert str(one.account_id) not in whole
        tokens = {re.findall(r'csrfmiddlewaretoken" value="(\w+)"', c.get(path).content.decode())[0] for c in clients}
        assert len(tokens) == len(clients)


def test_the_kept_home_page_bears_each_visitor_his_own_visit() -> None:
    place = build.clinic(slots=4)
    (one, patient_id), (other, _) = build.holder(), build.holder()
    build.hold(place, patient_id, one)
    stranger, booked, idle = Client(SERVER_NAME="localhost"), signed_in(one), signed_in(other)
    for _ in range(2):  # made, then kept
        assert "下一次就诊" in main_of(booked, "/")
        assert main_of(stranger, "/") == main_of(idle, "/")
        assert "下一次就诊" not in main_of(idle, "/")
    assert stranger.get("/").content.decode().count('href="/" aria-current="page"') == 2
    assert "aria-current" not in stranger.get("/settings/").content.decode().split("<main", 1)[0]


def test_a_kept_page_says_the_instant_at_which_it_is_sent() -> None:
    place = build.clinic(slots=4)
    visitor = Client(SERVER_NAME="localhost")
    for path in ("/", f"/hospitals/{place.hospital_id}/", *pages_of(place)):
        visitor.get(path)
        with clock.frozen(NOW + timedelta(seconds=1)):
            sent = (NOW + timedelta(seconds=1)).isoformat(timespec="milliseconds")
            assert f'data-now="{sent}"' in visitor.get(path).content.decode()


def test_a_kept_page_keeps_no_path_of_another_visitor() -> None:
    place = build.clinic(slots=4)
    visitor = Client(SERVER_NAME="localhost")
    for mark in ("one", "other&<>"):
        html = visitor.get(f"/hospitals/{place.hospital_id}/", {"from": mark}).content.decode()
        assert f'name="next" value="/hospitals/{place.hospital_id}/?from={quote(mark)}"' in html
        assert lately._kept
        assert pages.MARK not in html


def test_each_language_visit_and_day_is_kept_for_itself() -> None:
    place = build.clinic(slots=4)
    visitor = Client(SERVER_NAME="localhost")
    path = pages_of(place)[0]
    chinese = main_of(visitor, path)
    english: Any = visitor.get(path, headers={"Accept-Language": "en"})
    assert f"Availability as of <span data-as-of>{said()}</span>" in english.content.decode()
    assert main_of(visitor, path.replace(DAY.isoformat(), (DAY + timedelta(days=1)).isoformat())) != chinese
    assert main_of(visitor, path) == chinese


def test_a_refusal_and_a_claim_are_never_kept() -> None:
    place = build.clinic(slots=4)
    visitor = Client(SERVER_NAME="localhost")
    nowhere = f"/hospitals/{place.hospital_id}/departments/{new_id()}/"
    assert visitor.get(nowhere).status_code == visitor.get(nowhere).status_code == 404
    assert not lately._kept
    with reference.kept():
        assert lately.keep(("key",), NOW, lambda: "first") == "first"
        assert lately.keep(("key",), NOW, lambda: "second") == "first"
    assert lately.keep(("key",), NOW, lambda: "truth") == "truth"


@pytest.fixture
def shelf(settings: Any, tmp_path: Path) -> None:
    settings.CACHES = {
        "lately": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(tmp_path)}
    }


def in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process has of its own, emptied."""
    monkeypatch.setattr(lately, "_kept", {})
    monkeypatch.setattr(reference, "_kept", reference._Kept())


@pytest.mark.usefixtures("shelf")
def test_processes_of_a_machine_share_what_is_left_and_it_grows_no_older_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    place = build.clinic(slots=4)
    visitor = Client(SERVER_NAME="localhost")
    before = {path: main_of(visitor, path) for path in pages_of(place)}
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor)
    in_another_process(monkeypatch)
    for path, html in before.items():
        for seconds in (6, 9.9):
            with clock.frozen(NOW + timedelta(seconds=seconds)):
                assert main_of(visitor, path) == html, "read by the first, six seconds ago"
        with clock.frozen(NOW + timedelta(seconds=10)):
            after = main_of(visitor, path)
        assert as_of(after) == said(timedelta(seconds=10))
        assert after.replace(as_of(after), as_of(html)) != html


@pytest.mark.usefixtures("shelf")
def test_another_process_shows_a_changed_place_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    place = build.clinic(slots=4)
    visitor, path = Client(SERVER_NAME="localhost"), pages_of(place)[0]
    main_of(visitor, path)
    hospitals.Department.objects.filter(id=place.department_id).update(name="新名字科")
    in_another_process(monkeypatch)
    assert "新名字科" in main_of(visitor, path)


@pytest.mark.usefixtures("shelf")
def test_the_shelf_holds_nothing_of_those_who_asked(tmp_path: Path) -> None:
    place = build.clinic(slots=4)
    (one, patient_id), _ = build.holder(), build.holder()
    build.hold(place, patient_id, one)
    client = signed_in(one)
    for path in ("/", "/bookings/", *pages_of(place)):
        client.get(path)
    files = list(tmp_path.iterdir())
    assert len(files) == len(pages_of(place)), "only what tells what is left"
    for file in files:
        content = zlib.decompress(file.read_bytes()[file.read_bytes().index(b"x\x9c") :])
        assert str(one.account_id).encode() not in content
        assert str(patient_id).encode() not in content
        assert pages.MARK.encode() not in content


def test_the_number_of_parts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lately, "MOST", 3)
    with reference.kept():
        for n in range(10):
            lately.keep((n,), NOW, lambda: "part")
    assert list(lately._kept) == [(7,), (8,), (9,)]
