"""Parts of pages that are the same for every visitor, kept in this process for ten seconds at most.

They tell what is left to book, and when that was read (`common/parts/as_of.html`), kept or not; a claim always reads
the tables. It serves only a visitor's GET, outside every transaction and while the reference data stands still
(`core.db.reference`). Nothing of the one who asks may go into it but through the key.
"""

import threading
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from yitong.core.db import reference

T = TypeVar("T")

LONGEST = timedelta(seconds=10)
MOST = 2_000  # of about 10 kB each


class _Kept(NamedTuple):
    made_at: datetime
    edition: object
    value: object


_lock = threading.Lock()
_kept: dict[Hashable, _Kept] = {}


def keep(key: Hashable, now: datetime, make: Callable[[], T], *, longest: timedelta | None = LONGEST) -> T:
    """What was made under this key less than `longest` before `now`, where it may be kept; else it is made now.

    `longest=None`: for what follows from the reference data alone, and stands as long as that does.
    """
    edition = reference.edition()
    if edition is None:
        return make()
    found = _kept.get(key)
    if found is not None and found.edition is edition and _is_young(found.made_at, now, longest):
        return found.value  # type: ignore[return-value]
    made = make()
    with _lock:
        _kept.pop(key, None)
        while len(_kept) >= MOST:
            del _kept[next(iter(_kept))]  # the oldest: a dict gives its keys in the order in which they came
        _kept[key] = _Kept(now, edition, made)
    return made


def _is_young(made_at: datetime, now: datetime, longest: timedelta | None) -> bool:
    """Never from before a whole minute to after it: releases and stops come at whole minutes, and what was kept
    before one would say afterwards that nothing is open yet."""
    if longest is None:
        return True
    is_same_minute = made_at.timestamp() // 60 == now.timestamp() // 60
    return is_same_minute and timedelta() <= now - made_at < longest
