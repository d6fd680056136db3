"""Every page of the city, judged on a phone in Chinese, where it is photographed too, and on a desk screen in English;
with YITONG_LONG=1 (`make long`) both in every width, size, language and light. The pictures lie in
`.yitong/shots/pages/`."""

from collections.abc import Callable, Iterator
from itertools import product
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage
from pytest_django.plugin import DjangoDbBlocker
from tests.browser import judges
from tests.browser.conftest import NUMBERS, REFUSED
from tests.browser.pages_of_city import HOLDERS, PAGES, Page, World, build_world
from tests.browser.visitors import LONG, SHOTS, photograph
from tests.browser.wards import HOSPITAL, Ward

from yitong.domains.hospitals.queries import directory as hospitals

WIDTHS = (390, 768, 1440)
SIZES = ("normal", "large")
LANGUAGES = ("zh", "en")
PHOTOGRAPHED = (390, "normal", "zh", "light")
IN_SHORT = (PHOTOGRAPHED, (1440, "normal", "en", "light"))
FACES = ("patient", "desk", "office", "others")
STATUSES = {"missing": 404, "refused": 403}
HEIGHT = 844
Variant = tuple[str, int, str, str, str]


def variants() -> list[Variant]:
    """(face, width, size, language, light); only patients' pages know the dark."""
    if not LONG:
        return [(face, *form) for face in FACES for form in IN_SHORT]
    found = []
    for face, width, size, language in product(FACES, WIDTHS, SIZES, LANGUAGES):
        for scheme in ("light", "dark") if face == "patient" else ("light",):
            found.append((face, width, size, language, scheme))
    return found


@pytest.fixture(scope="module")
def world(server: str, django_db_blocker: DjangoDbBlocker) -> World:
    with django_db_blocker.unblock():
        found = hospitals.find_hospital_by_code(HOSPITAL)
        assert found is not None
        return build_world(Ward(found.hospital_id, django_db_blocker), [next(NUMBERS) for _ in HOLDERS])


@pytest.fixture
def context(chromium: Browser, server: str) -> Iterator[Callable[[Variant], BrowserContext]]:
    """One window for all pages of a variant."""
    opened: list[BrowserContext] = []

    def new(variant: Variant) -> BrowserContext:
        _face, width, size, language, scheme = variant
        made = chromium.new_context(
            viewport={"width": width, "height": HEIGHT},
            locale="zh-CN" if language == "zh" else "en-GB",
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            has_touch=width == WIDTHS[0],
        )
        made.set_default_timeout(20_000)
        if size != "normal":
            made.add_cookies([{"name": "yitong_size", "value": size, "url": server}])
        opened.append(made)
        return made

    yield new
    for one in opened:
        one.close()


@pytest.mark.slow
@pytest.mark.timeout(900)  # dozens of pages, each looked at by two judges
@pytest.mark.rule("R-221")
@pytest.mark.parametrize("variant", variants(), ids=lambda one: "-".join(map(str, one)))
def test_every_page_is_clean(
    variant: Variant, context: Callable[[Variant], BrowserContext], world: World, server: str
) -> None:
    """All findings of a variant at once, each with its page."""
    window = context(variant)
    judges.bring(window)
    page = window.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
    folder = SHOTS / "pages" / "-".join(map(str, variant[1:]))
    found: dict[str, list[object]] = {}
    for one in (page for page in PAGES if page.face == variant[0]):
        enter(window, world, one, server)
        answer = page.goto(server + world.path(one))
        assert answer is not None
        if LONG or variant[1:] == PHOTOGRAPHED:
            photograph(page, folder / one.shot)
        said = [*judges.faults(page), *judges.too_wide(page), *complaints]
        if variant[3] == "en" and one.face != "others":  # samples, the outbox and the API's pages are in both
            said += [*judges.left_in_chinese(page), *judges.torn(page)]
        if answer.status != STATUSES.get(one.state, 200):
            said.append(f"answered {answer.status}")
        if urlsplit(page.url).path != urlsplit(world.path(one)).path:  # to sign in, most likely
            said.append(f"led to {urlsplit(page.url).path}")
        if said:
            found[one.shot] = said
        complaints.clear()
    if found:  # said whole: pytest would shorten it
        pytest.fail("\n".join(f"{shot}: {one}" for shot, said in found.items() for one in said), pytrace=False)


def is_complaint(message: ConsoleMessage) -> bool:
    """A script or a style that the CSP refused, above all; a page that is missing on purpose is none."""
    return message.type == "error" and not any(known in message.text for known in REFUSED)


def enter(window: BrowserContext, world: World, one: Page, server: str) -> None:
    """As the one who opens this page; nobody else's cookies stay."""
    for name in {name for cookies in world.cookies.values() for name in cookies}:
        window.clear_cookies(name=name)
    window.add_cookies([{"name": n, "value": v, "url": server} for n, v in world.cookies[one.who].items()])
