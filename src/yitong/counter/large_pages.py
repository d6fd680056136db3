"""Large pages for what stays in memory.

A city's picture is a million small objects, and each request touches some that none touched lately. With pages of 4 kB
the processor looks up where they lie about as long as it reads them. Linux gathers what is there into pages of 2 MB
where a process asks for it (`madvise`, since 6.1); elsewhere, or where it is forbidden, nothing happens.
"""

import ctypes
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SIZE = 2 << 20
HUGEPAGE, COLLAPSE = 14, 25  # asm-generic/mman-common.h: what comes from now on, what is there
MAPS = Path("/proc/self/maps")

# Private and written to, of no file: where objects lie.
_ANONYMOUS = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p 0+ 00:00 0\s*(?:\[heap\])?")


def gather() -> None:
    """Asks for them wherever a whole one has room. That it isn't granted is no error."""
    if sys.platform != "linux" or not MAPS.is_file():
        return
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    for start, length in regions(MAPS.read_text()):
        for advice in (HUGEPAGE, COLLAPSE):
            advise(start, length, advice)


def regions(maps: str) -> Iterator[tuple[int, int]]:
    """Start and length in bytes of what objects may lie in, by whole large pages."""
    for line in maps.splitlines():
        found = _ANONYMOUS.fullmatch(line.rstrip())
        if found is not None:
            start, end = (int(word, 16) for word in found.groups())
            start, end = -(-start // SIZE) * SIZE, end // SIZE * SIZE
            if start < end:
                yield start, end - start
