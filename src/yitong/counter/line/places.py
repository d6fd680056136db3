"""Lines as this process knows them: who stands where, how many are before him, who was let in.

Whoever waits asks again and again, and is answered from here. The rows are the truth; nothing here is told before
they are written.
"""

from bisect import bisect_left, insort
from collections import deque
from datetime import datetime, timedelta

import msgspec

from yitong.domains.booking.contracts import LineTimes, Standing
from yitong.domains.booking.rules import LATE, standing_of

RATE_OVER = timedelta(minutes=1)  # the pace at which people were let in is taken over so long
FEWEST_S = 5.0  # a pace over less than this says nothing


class Place(msgspec.Struct, frozen=True, gc=False):
    """A row of `booking_place`, its ids as text: there may be a hundred thousand of them."""

    id: str
    line_id: str
    patient_id: str
    rank: int
    admitted_at: datetime | None = None
    admitted_until: datetime | None = None
    left_at: datetime | None = None

    @property
    def is_waiting(self) -> bool:
        return self.admitted_at is None and self.left_at is None


class Line:
    """One department's line of one release."""

    def __init__(self, hospital: str, department: str, times: LineTimes) -> None:
        self.hospital, self.department, self.times = hospital, department, times
        self.id = ""  # until somebody stands in it
        self.places: dict[str, Place] = {}  # by patient
        self._waiting: list[int] = []  # ranks, in order
        self._let_in: deque[tuple[datetime, int]] = deque()

    def put(self, place: Place) -> None:
        """A place as its row is now."""
        before = self.places.get(place.patient_id)
        if before is not None and before.is_waiting:
            del self._waiting[bisect_left(self._waiting, before.rank)]
        self.places[place.patient_id] = place
        if place.is_waiting:
            insort(self._waiting, place.rank)

    def note_let_in(self, now: datetime, count: int) -> None:
        self._let_in.append((now, count))

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def ahead(self, place: Place) -> int:
        """How many are let in before this one."""
        return bisect_left(self._waiting, place.rank)

    def wait(self, ahead: int, now: datetime) -> timedelta | None:
        """How long that takes at the pace of the last minute; None where that says nothing."""
        while self._let_in and self._let_in[0][0] < now - RATE_OVER:
            self._let_in.popleft()
        let_in = sum(count for _, count in self._let_in)
        if not let_in:
            return None
        over_s = max(FEWEST_S, (now - self._let_in[0][0]).total_seconds())
        return timedelta(seconds=round((ahead + 1) * over_s / let_in))

    def standing(self, place: Place | None, now: datetime) -> Standing:
        if place is None:
            return Standing.OUTSIDE
        return standing_of(place.admitted_until, place.left_at, self.times, now=now)

    def is_late(self, place: Place) -> bool:
        """Whether he came after the doors: then arrival orders him, and no lot."""
        return place.rank >= LATE
