"""Where objects lie, as Linux tells it (proc(5)), and by which whole large pages."""

import subprocess
import sys
from pathlib import Path

import pytest

from yitong.counter import large_pages
from yitong.counter.large_pages import SIZE, regions

HEAP = "2000000-2900000 rw-p 00000000 00:00 0                          [heap]"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (HEAP, [(0x2000000, 4 * SIZE)]),
        ("7f0000100000-7f0000a00000 rw-p 00000000 00:00 0 ", [(0x7F0000200000, 4 * SIZE)]),
        ("7f0000000000-7f0000200000 rw-p 00000000 00:00 0", [(0x7F0000000000, SIZE)]),
        ("7f0000100000-7f0000300000 rw-p 00000000 00:00 0", []),  # two halves
        ("7f0000000000-7f0000400000 r--p 00000000 00:00 0", []),
        ("7f0000000000-7f0000400000 rw-s 00000000 00:00 0", []),
        ("7f0000000000-7f0000400000 rw-p 00001000 08:01 4711 /usr/lib/libpq.so.5", []),
        ("7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0 [stack]", []),
        ("", []),
    ],
)
def test_whole_large_pages_of_what_objects_lie_in(line: str, found: list[tuple[int, int]]) -> None:
    assert list(regions(f"{line}\n")) == found


def test_where_the_system_tells_nothing_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In some containers; as an error it would be taken for a lost database, again and again."""
    monkeypatch.setattr(large_pages, "MAPS", tmp_path / "maps")
    large_pages.gather()


def test_nothing_is_lost_when_they_are_gathered() -> None:
    script = (
        "from yitong.counter import large_pages\n"
        "kept = {str(n): n for n in range(300_000)}\n"
        "large_pages.gather()\n"
        "assert all(kept[str(n)] == n for n in range(300_000))\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
