"""Without a connection: what the worker is told to keep, of whom, until when; and that nothing else is."""

import json
import re
import struct
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import pytest
from django.test import Client
from tests import clinic as build
from tests.clinic import DAY, NOW
from tests.faces.patient.test_patient_pages import text_of
from tests.visitor import signed_in

from yitong.core import clock
from yitong.core.ids import new_id
from yitong.domains.booking.models import Booking
from yitong.faces import common
from yitong.faces.common.actors import ACCOUNT_COOKIE
from yitong.faces.common.pages import OFFLINE_COOKIE

STATIC = Path(common.__file__).parent / "static/yitong"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def test_worker_stands_at_the_root_and_is_asked_for_anew() -> None:
    answer = Client(SERVER_NAME="localhost").get("/service-worker.js")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
    script = answer.content.decode()
    assert "{%" not in script
    for path in re.findall(r'"(/static/[^"]+)"', script):
        assert (STATIC / path.removeprefix("/static/yitong/")).exists()


def test_card_has_what_one_needs_at_the_hospital_and_nobody_in_it() -> None:
    given = build.identity()
    place, (actor, patient) = build.clinic(), build.holder(given)
    build.hold(place, patient, actor)
    client = signed_in(actor)
    answer = client.get("/offline/card/")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store, private"
    midnight = clock.at_shanghai(DAY + timedelta(days=1), time(0))
    assert answer.headers["X-Keep-Until"] == midnight.isoformat()
    booking = Booking.objects.get(hospital_id=place.hospital_id)
    said = text_of(answer)
    assert f"{booking.code[:4]} {booking.code[4:]}" in said
    assert f"{DAY.month}月{DAY.day}日" in said
    assert "明天" not in said
    in_english = text_of(client.get("/offline/card/", headers={"Accept-Language": "en"}))
    assert f"{DAY:%a} {DAY.day} {DAY:%b} " in in_english
    page = client.get(f"/bookings/{place.hospital_id}/{booking.id}/")
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd[^>]*>(.*?)<", page.content.decode()))
    for name in ("就诊人", "科室", "医生"):
        assert facts[name]
        assert facts[name] not in answer.content.decode(), name
    assert given.name[0] + "*" not in said


def test_nothing_is_kept_for_nobody_for_no_booking_and_for_who_does_not_want_it() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    client = signed_in(actor)
    assert client.get("/offline/card/").status_code == 204
    held = build.hold(place, patient, actor)
    assert client.get("/offline/card/").status_code == 200
    assert Client(SERVER_NAME="localhost").get("/offline/card/").status_code == 204
    stranger = Client(SERVER_NAME="localhost")
    stranger.cookies[ACCOUNT_COOKIE] = "nobody's"
    assert stranger.get("/offline/card/").status_code == 204
    client.post("/preferences/", {"next": "/", "offline": "off"})
    assert client.get("/offline/card/").status_code == 204
    assert 'data-keep=""' in client.get("/").content.decode()
    client.post("/preferences/", {"next": "/", "offline": "on"})
    assert 'data-keep="/offline/card/"' in client.get("/").content.decode()
    client.post(f"/bookings/{place.hospital_id}/{held.booking_id}/cancel/", {"key": str(new_id())})
    assert client.get("/offline/card/").status_code == 204


def test_choice_of_the_device_is_one_of_two_words() -> None:
    client = Client(SERVER_NAME="localhost")
    client.post("/preferences/", {"next": "/", "offline": "whatever"})
    assert OFFLINE_COOKIE not in client.cookies


def test_sign_out_empties_the_device() -> None:
    actor, _ = build.holder()
    answer = signed_in(actor).post("/sign-out/")
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert 'data-keep=""' in Client(SERVER_NAME="localhost").get("/").content.decode()


def test_offline_page_is_the_same_for_everybody() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    build.hold(place, patient, actor)
    mine, anyones = (client.get("/offline/").content for client in (signed_in(actor), Client(SERVER_NAME="localhost")))
    assert mine == anyones
    assert b"<!--nothing-->" in mine
    assert b"<!--/nothing-->" in mine
    assert b"csrf" not in mine


def test_manifest_names_icons_that_are_there_in_the_size_that_it_says() -> None:
    manifest = json.loads((STATIC / "manifest.webmanifest").read_text(encoding="utf-8"))
    kinds = {(icon["purpose"], icon["sizes"]) for icon in manifest["icons"]}
    assert {("any", "192x192"), ("any", "512x512"), ("maskable", "512x512")} <= kinds
    for icon in manifest["icons"]:
        content = (STATIC / icon["src"]).read_bytes()
        if icon["type"] == "image/png":
            width, height = struct.unpack(">II", content[16:24])
            assert icon["sizes"] == f"{width}x{height}"
            assert len(content) < 16_000
    client = Client(SERVER_NAME="localhost")
    for path in (manifest["start_url"], *(shortcut["url"] for shortcut in manifest["shortcuts"])):
        assert client.get(path).status_code in (200, 303)
