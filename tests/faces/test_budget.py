"""What a first visit has to fetch, compressed as `yitong up` serves it: scripts of at most 15 kB, 100 kB in all."""

import gzip
import re
from collections.abc import Iterator

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from tests.clinic import NOW

from yitong.core import clock

pytestmark = pytest.mark.django_db

SCRIPTS = 15_000
ALL = 100_000
PAGES = ["/", "/sign-in/", "/search/?q=眼科", "/settings/", "/desk/sign-in/", "/gallery/desk/"]


@pytest.fixture(autouse=True)
def _now(settings: object) -> Iterator[None]:
    settings.YITONG_DEMO = True  # type: ignore[attr-defined]
    with clock.frozen(NOW):
        yield


def weight(path: str) -> int:
    """Bytes of a static file on the way."""
    found = finders.find(path.removeprefix("/static/"))
    assert isinstance(found, str), path
    with open(found, "rb") as file:
        return len(gzip.compress(file.read(), 9))


def test_all_that_a_patient_may_ever_load_of_ours_is_light() -> None:
    """htmx, which few pages fetch, apart."""
    own = ["yitong/yitong.js", *(f"patient/{name}.js" for name in ("patient", "offline", "window", "live"))]
    assert sum(weight(f"/static/{one}") for one in own) <= SCRIPTS


@pytest.mark.parametrize("path", PAGES)
def test_first_load_is_light(path: str) -> None:
    answer = Client(SERVER_NAME="localhost").get(path)
    assert answer.status_code == 200
    html = answer.content.decode()
    scripts = set(re.findall(r'<script src="(/static/[^"]+)"', html))
    others = set(re.findall(r'<(?:link rel="(?:stylesheet|icon)"|use) href="(/static/[^"#]+)', html))
    assert len(scripts) >= 1
    assert len(others) >= 5
    assert not any("htmx" in script for script in scripts)  # it comes when the page is there, where it is used
    script_weight = sum(map(weight, scripts))
    assert script_weight <= SCRIPTS
    assert len(gzip.compress(answer.content, 6)) + script_weight + sum(map(weight, others)) <= ALL
