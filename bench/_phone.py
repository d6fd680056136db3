"""A slow phone at patients' pages: Chromium with a processor slowed four times, 1.6 Mb/s and 150 ms to each answer.

What is measured is what the browser itself reports: largest contentful paint, layout shift, the time from an input to
the next picture (event timing, which counts from 16 ms on in steps of 8), and bytes as they were transferred. Each look
is a first visit: nothing is cached. What a tap would open is held back, so that the page stays and its answer is timed.
"""

import http.client
import os
import re
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

KNOWN = ("/usr/bin/chromium", "/usr/bin/chromium-headless-shell")
CHROMIUM = os.environ.get("YITONG_CHROMIUM") or next((one for one in KNOWN if Path(one).exists()), KNOWN[0])
CPU_SLOWER = 4
LATENCY_MS = 150
DOWN_BYTES_PER_S, UP_BYTES_PER_S = 1_600_000 // 8, 750_000 // 8
LEAST_EVENT_MS = 16  # what event timing doesn't list took less
SETTLE_MS = 400

MOST_PAINT_MS = 1500
MOST_SHIFT = 0.05
MOST_INTERACTION_MS = 100
MOST_BYTES = 100_000
MOST_SCRIPT_BYTES = 15_000

WATCH = """(() => {
  const seen = (window.__seen = {paint: 0, shift: 0, input: 0});
  const watch = (type, act, more) =>
    new PerformanceObserver((list) => list.getEntries().forEach(act)).observe({type, buffered: true, ...more});
  watch('largest-contentful-paint', (one) => (seen.paint = one.startTime));
  watch('layout-shift', (one) => (seen.shift += one.hadRecentInput ? 0 : one.value));
  const longest = (one) => one.interactionId && (seen.input = Math.max(seen.input, one.duration));
  watch('event', longest, {durationThreshold: 16});
})()"""

# What is pressed or typed into on each page, when it is there: what its readers press first, and its heaviest part.
PRESSED = {
    "home": ("#q", ".chip", "main a.item"),
    "department": (".strip a", "a.offer", ".tabbar a"),
    "session": ("a.window", "main summary", ".tabbar a"),
    "book": (".people label", "form.form [type=submit]"),
    "my_bookings": ("main a.card", ".tabbar a"),
}
TYPED = "内"


@dataclass(frozen=True, slots=True)
class Look:
    """One visit of one page."""

    paint_ms: float
    shift: float
    interaction_ms: float
    bytes: int
    script_bytes: int


def measure(port: int, kinds: dict[str, list[str]], cookie: str, *, rounds: int) -> dict[str, Look] | None:
    """Each page looked at so often; the median paint, the worst of all else. None: there is no browser here."""
    with _browser() as browser:
        if browser is None:
            return None
        seen: dict[str, list[Look]] = {}
        for page, path in _paths(port, kinds, cookie).items():
            is_mine = page in ("book", "my_bookings")
            seen[page] = [
                look(browser, f"http://127.0.0.1:{port}{path}", PRESSED[page], cookie if is_mine else "")
                for _ in range(rounds)
            ]
        return {page: summed(looks) for page, looks in seen.items()}


def summed(looks: Sequence[Look]) -> Look:
    return Look(
        statistics.median(one.paint_ms for one in looks),
        max(one.shift for one in looks),
        statistics.median(one.interaction_ms for one in looks),
        max(one.bytes for one in looks),
        max(one.script_bytes for one in looks),
    )


def figures(looks: dict[str, Look] | None) -> dict[str, Any]:
    if looks is None:
        return {"phone": f"not measured: no Chromium at {CHROMIUM}, or no Playwright"}
    profile = f"CPU ×{CPU_SLOWER}, {DOWN_BYTES_PER_S * 8 / 1e6:g} Mb/s, {LATENCY_MS} ms"
    return {"phone": profile} | {
        f"phone_{page}_{one.name}": round(getattr(look, one.name), 3 if one.name == "shift" else None)
        for page, look in looks.items()
        for one in fields(Look)
    }


def checks(looks: dict[str, Look] | None) -> dict[str, bool]:
    """Without a browser nothing is proved, so nothing holds."""
    every = list((looks or {}).values())

    def each(name: str, limit: float, *, within: bool = False) -> bool:
        values = [getattr(one, name) for one in every]
        return bool(values) and all(value <= limit if within else value < limit for value in values)

    return {
        "phone_largest_paint_below_1500_ms": each("paint_ms", MOST_PAINT_MS),
        "phone_layout_shift_below_0.05": each("shift", MOST_SHIFT),
        "phone_interaction_below_100_ms": each("interaction_ms", MOST_INTERACTION_MS),
        "phone_first_load_within_100_kB": each("bytes", MOST_BYTES, within=True),
        "phone_script_within_15_kB": each("script_bytes", MOST_SCRIPT_BYTES, within=True),
    }


def line(looks: dict[str, Look] | None) -> str:
    if looks is None:
        return "slow phone not measured"
    every = looks.values()
    return (
        f"slow phone: largest paint {max(one.paint_ms for one in every):.0f} ms,"
        f" shift {max(one.shift for one in every):.3f}, interaction {max(one.interaction_ms for one in every):.0f} ms"
    )


def look(browser: Any, url: str, pressed: Sequence[str], cookie: str = "") -> Look:
    """Opens the address as a phone that was never here, waits until all is quiet, then presses."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        device_scale_factor=3,
        is_mobile=True,
        has_touch=True,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        service_workers="block",  # what it fetches for later, it fetches after the page, and not by this line
    )
    try:
        if cookie:
            name, _, value = cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": url}])
        page = context.new_page()
        page.add_init_script(WATCH)
        sizes = _slowed(context.new_cdp_session(page))
        page.goto(url, wait_until="load")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(SETTLE_MS)
        loaded = dict(sizes)
        page.route(re.compile("."), lambda route: route.fulfill(status=204))
        for selector in pressed:
            _press(page, selector)
        seen = page.evaluate("window.__seen")
    finally:
        context.close()
    return Look(seen["paint"], seen["shift"], max(seen["input"], LEAST_EVENT_MS), loaded["all"], loaded["script"])


def _press(page: Any, selector: str) -> None:
    """Taps the first that is there; types into it when it is a field.

    With the finger alone: Playwright's own tap listens on the page whether anything lies over what it taps, and that
    would be timed with it. What scrolling paints comes before.
    """
    found = page.locator(f"{selector}:visible").first
    if not found.count() or not found.is_enabled():
        return
    found.evaluate("node => node.scrollIntoView({block: 'center', behavior: 'instant'})")
    page.wait_for_timeout(SETTLE_MS)
    box = found.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    if found.evaluate("node => node.matches('input')"):
        found.press_sequentially(TYPED, delay=50)
    page.wait_for_timeout(SETTLE_MS)


def _slowed(session: Any) -> dict[str, int]:
    """Makes the page's processor and line slow; gives the bytes that come over it, counted as they do."""
    sizes, kinds = {"all": 0, "script": 0}, {}
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MS,
            "downloadThroughput": DOWN_BYTES_PER_S,
            "uploadThroughput": UP_BYTES_PER_S,
        },
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWER})

    def count(event: dict[str, Any]) -> None:
        sizes["all"] += int(event["encodedDataLength"])
        if kinds.get(event["requestId"]) == "Script":
            sizes["script"] += int(event["encodedDataLength"])

    session.on("Network.responseReceived", lambda event: kinds.__setitem__(event["requestId"], event["type"]))
    session.on("Network.loadingFinished", count)
    return sizes


@contextmanager
def _browser() -> Iterator[Any]:
    """None where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        yield None
        return
    if not Path(CHROMIUM).exists():
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def _paths(port: int, kinds: dict[str, list[str]], cookie: str) -> dict[str, str]:
    """One page of each kind in which something is left, so that it shows all it can."""
    department, _ = _first(port, kinds["department"], r'<a class="card offer[^>]*href="([^"]+)"')
    session, slot = _first(port, kinds["session"], r'<a class="window[^>]*href="([^"]+)"')
    return {
        "home": "/",
        "department": department,
        "session": session,
        "book": slot.replace("&amp;", "&"),
        "my_bookings": "/bookings/",
    }


def _first(port: int, paths: Sequence[str], wanted: str) -> tuple[str, str]:
    """(path, what is found there) of the first page that has it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        for path in paths:
            connection.request("GET", path, headers={"Accept": "text/html"})
            if found := re.search(wanted, connection.getresponse().read().decode()):
                return path, found[1]
    finally:
        connection.close()
    raise RuntimeError(f"none of {len(paths)} pages has {wanted}")
