"""How long the first start takes with the small city, and how long the second; in full runs with Beijing as well."""

import shutil
from typing import Any

from bench import _place

SMALL_LIMIT_S = 5
BEIJING_LIMIT_S = 60


def run(quick: bool) -> dict[str, Any]:
    """Starts each city from nothing, ends it, and starts it again."""
    machine = _place.machine()
    figures: dict[str, float] = {}
    for name in ("small",) if quick else ("small", "beijing"):
        folder = _place.folder(f"demo-{name}")
        shutil.rmtree(folder, ignore_errors=True)
        with _place.city(name, folder) as first:
            figures |= {f"{name}_load_s": first.load_s, f"{name}_ready_s": first.ready_s}
        with _place.city(name, folder) as second:
            figures[f"{name}_ready_again_s"] = second.ready_s
        shutil.rmtree(folder, ignore_errors=True)
    checks = {"small_below_5_s": figures["small_load_s"] < SMALL_LIMIT_S}
    if not quick:
        checks["beijing_below_60_s"] = figures["beijing_load_s"] < BEIJING_LIMIT_S
    loads = ", ".join(f"{name} {seconds} s" for name, seconds in figures.items() if name.endswith("load_s"))
    return {
        "bench": "demo",
        "machine": machine,
        "figures": figures,
        "ratios": {},
        "checks": checks,
        "line": f"demo: {loads.replace('_load_s', ' loads in')}",
    }
