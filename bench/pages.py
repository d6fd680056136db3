"""Real pages of patients against a bare Django page, interleaved in one run; the weight of the first page; and, when
the load is over, how a slow phone finds them (`_phone.py`).

Nothing is cached for the measurement: each kind of page is asked for many hospitals, departments and words in turn.
What patients' pages keep by themselves is as it is in `yitong up` (`faces/common/lately.py`): what is left to book for
ten seconds, with its age shown; what follows from reference data while that stands still.
"""

import gzip
import http.client
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import _load, _phone, _place

CONNECTIONS = 32
# How often each kind is asked for in one turn of the mix; those of an account come with its cookie.
ANONYMOUS = {
    "home": 3,
    "search": 3,
    "pinyin": 2,
    "suggest": 2,
    "hospital": 3,
    "department": 8,
    "doctor": 2,
    "session": 4,
}
SIGNED_IN = {"home": 2, "department": 3, "session": 2, "my_bookings": 3, "my_booking": 1}
TURNS = 24
ALONE = 2  # connections at which one page's own time is taken: one asks while the other answers
LEAST_RATIO = 0.2
MOST_MEDIAN_MS = 50
MOST_FIRST_LOAD_BYTES = 150_000


def run(quick: bool) -> dict[str, Any]:
    """Starts a city and a bare page, measures both in turns, ends both."""
    machine = _place.machine()
    name = "small" if quick else "beijing"
    rounds, seconds = (3, 2.0) if quick else (7, 5.0)
    with _place.city(name, _place.folder(f"pages-{name}")) as city, _place.served("_bare:application") as bare:
        drawn = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("_asks.py"))],
            env=city.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        asks = json.loads(drawn.stdout)
        mix = _mix(asks)
        _load.run(bare, ["/"], connections=CONNECTIONS, seconds=1)
        _load.run(city.port, mix, connections=CONNECTIONS, seconds=4)
        pairs = [_pair(bare, city.port, mix, seconds) for _ in range(rounds)]
        alone = {
            kind: _load.run(city.port, _asks_of(kind, asks), connections=ALONE, seconds=seconds / 2)
            for kind in asks["kinds"]
        }
        weight = _first_load(city.port)
        phone = _phone.measure(city.port, asks["kinds"], asks["cookie"], rounds=3 if quick else 5)
    ratios = [real.per_second / plain.per_second for plain, real in pairs]
    plain, real = (statistics.median(one.per_second for one in side) for side in zip(*pairs, strict=True))
    statuses = {status for _, one in pairs for status in one.statuses} | {
        s for one in alone.values() for s in one.statuses
    }
    ratio = round(statistics.median(ratios), 3)
    figures = {
        "city": name,
        "rounds": rounds,
        "connections": CONNECTIONS,
        "bare_per_s": round(plain, 1),
        "pages_per_s": round(real, 1),
        "ratio_lowest": round(min(ratios), 3),
        "ratio_highest": round(max(ratios), 3),
        "pages_median_ms": round(statistics.median(one.median_ms for _, one in pairs), 1),
        "pages_p99_ms": round(statistics.median(one.p99_ms for _, one in pairs), 1),
        **{f"{kind}_per_s": one.per_second for kind, one in alone.items()},
        **{f"{kind}_median_ms": one.median_ms for kind, one in alone.items()},
        **{f"{kind}_p99_ms": one.p99_ms for kind, one in alone.items()},
        **weight,
        **_phone.figures(phone),
    }
    slow = [alone[kind].median_ms for kind in ("department", "search", "pinyin", "suggest")]
    return {
        "bench": "pages",
        "machine": machine,
        "figures": figures,
        "ratios": {"page_ratio": ratio},
        "checks": {
            "all_answers_200": statuses == {"200"},
            "page_ratio_at_least_0.2": ratio >= LEAST_RATIO,
            "department_and_search_median_below_50_ms": max(slow) < MOST_MEDIAN_MS,
            "first_load_below_150_kB": weight["first_load_bytes"] < MOST_FIRST_LOAD_BYTES,
            **_phone.checks(phone),
        },
        "line": f"pages: {real:.0f}/s of patients' pages to {plain:.0f}/s of a bare Django page: {ratio:.2f};"
        f" department {alone['department'].median_ms} ms, search {alone['search'].median_ms} ms;"
        f" first load {weight['first_load_bytes'] / 1000:.0f} kB; {_phone.line(phone)}",
    }


def _pair(bare: int, city: int, mix: list[Any], seconds: float) -> tuple[_load.Load, _load.Load]:
    plain = _load.run(bare, ["/"], connections=CONNECTIONS, seconds=seconds / 2)
    return plain, _load.run(city, mix, connections=CONNECTIONS, seconds=seconds)


def _asks_of(kind: str, asks: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    headers = {"Cookie": asks["cookie"]} if kind.startswith("my_") else {}
    return [(path, headers) for path in asks["kinds"][kind]]


def _mix(asks: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Turns of all kinds by their shares; each turn takes the next path of its kind."""
    drawn: dict[str, int] = {}

    def following(kind: str) -> str:
        drawn[kind] = drawn.get(kind, -1) + 1
        paths = asks["kinds"][kind]
        return str(paths[drawn[kind] % len(paths)])

    mixed = []
    for _ in range(TURNS):
        turn = [(following(kind), {}) for kind, share in ANONYMOUS.items() for _ in range(share)]
        turn += [
            (following(kind), {"Cookie": asks["cookie"]}) for kind, share in SIGNED_IN.items() for _ in range(share)
        ]
        mixed += turn[::3] + turn[1::3] + turn[2::3]
    return mixed


def _first_load(port: int) -> dict[str, int]:
    """The home page and all that it names, for a browser that was never here: as transferred, and unpacked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    html, sent = _get(connection, "/")
    text = html.decode()
    named = set(re.findall(r'(?:href|src)="(/static/[^"#?]+)', text))
    sizes = {path: _get(connection, path) for path in sorted(named)}
    connection.close()
    return {
        "first_load_bytes": sent + sum(size for _, size in sizes.values()),
        "first_load_unpacked_bytes": len(html) + sum(len(body) for body, _ in sizes.values()),
        "first_load_html_bytes": len(html),
        "first_load_files": len(sizes),
    }


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[bytes, int]:
    connection.request("GET", path, headers={"Accept-Encoding": "gzip", "Accept": "*/*"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return (gzip.decompress(body) if answer.headers.get("Content-Encoding") == "gzip" else body), len(body)
