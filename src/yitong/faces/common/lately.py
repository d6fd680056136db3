"""Parts of pages that are the same for every visitor, kept for ten seconds at most.

They tell what is left to book, and when that was read (`common/parts/as_of.html`), kept or not; a claim always reads
the tables. It serves only a visitor's GET, outside every transaction and while the reference data stands still
(`core.db.reference`). Nothing of the one who asks may go into it but through the key.

It is kept in this process. What is dear and old in moments is shared with the other web processes of the machine too
(the cache `lately` of the settings): each of them would make it anew for itself every ten seconds.
"""

import threading
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, TypeVar

from django.core.cache import caches

from yitong.core.db import reference

T = TypeVar("T")

LONGEST = timedelta(seconds=10)
MOST = 2_000  # of about 10 kB each


class _Kept(NamedTuple):
    made_at: datetime
    edition: str
    value: object


_lock = threading.Lock()
_kept: dict[Hashable, _Kept] = {}


def keep(
    key: tuple[Hashable, ...],
    now: datetime,
    make: Callable[[], T],
    *,
    longest: timedelta | None = LONGEST,
    for_machine: bool = False,
) -> T:
    """What was made under this key less than `longest` before `now`, where it may be kept; else it is made now.

    `longest=None`: for what follows from the reference data alone, and stands as long as that does.
    `for_machine`: shared with the other processes; it can be pickled, and the key's `repr` is the same in all of them.
    """
    edition = reference.edition()
    if edition is None:
        return make()
    found = _kept.get(key)
    if found is None or not _stands(found, edition, now, longest):
        found = _of_machine(key, edition, now, make) if for_machine else _Kept(now, edition, make())
        _put(key, found)
    return found.value  # type: ignore[return-value]


def _of_machine(key: tuple[Hashable, ...], edition: str, now: datetime, make: Callable[[], object]) -> _Kept:
    shelf, name = caches["lately"], sha256(repr(key).encode()).hexdigest()
    found: _Kept | None = shelf.get(name)
    if found is None or not _stands(found, edition, now, LONGEST):
        found = _Kept(now, edition, make())
        shelf.set(name, found, LONGEST.total_seconds())
    return found


def _put(key: Hashable, made: _Kept) -> None:
    with _lock:
        _kept.pop(key, None)
        while len(_kept) >= MOST:
            del _kept[next(iter(_kept))]  # the oldest: a dict gives its keys in the order in which they came
        _kept[key] = made


def _stands(found: _Kept, edition: str, now: datetime, longest: timedelta | None) -> bool:
    """Never from before a whole minute to after it: releases and stops come at whole minutes, and what was kept
    before one would say afterwards that nothing is open yet."""
    if found.edition != edition or longest is None:
        return found.edition == edition
    is_same_minute = found.made_at.timestamp() // 60 == now.timestamp() // 60
    return is_same_minute and timedelta() <= now - found.made_at < longest
