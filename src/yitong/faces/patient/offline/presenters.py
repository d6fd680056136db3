"""What one needs at the hospital when the phone has no connection, and no more than that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from yitong.core import clock
from yitong.domains.booking.contracts import Booking, State
from yitong.domains.hospitals.contracts.things import Campus, Department, Hospital
from yitong.domains.schedule.contracts import Session
from yitong.faces.common import words
from yitong.faces.common.words import Reader
from yitong.faces.patient.booking.presenters import whereabouts

WITH_CODE = (State.CONFIRMED, State.CHECKED_IN)
MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Card:
    """Nobody's name and no department: it lies on a phone that others may hold."""

    day: str
    time: str
    hospital: str
    where: str
    code: str
    qr: str
    kept_at: str


def next_with_code(bookings: Sequence[Booking], now: datetime) -> Booking | None:
    coming = [b for b in bookings if b.state in WITH_CODE and b.ends_at > now]
    return min(coming, key=lambda b: b.starts_at, default=None)


def until(booking: Booking) -> datetime:
    """The end of the day of the visit."""
    return clock.at_shanghai(clock.shanghai_date(booking.starts_at) + timedelta(days=1), MIDNIGHT)


def card(
    booking: Booking, session: Session, hospital: Hospital, campus: Campus, department: Department, reader: Reader
) -> Card:
    """Days by their date: `tomorrow` would be wrong when it is read."""
    day = clock.shanghai_date(booking.starts_at)
    parts = (words.month_day(day, reader.language), words.weekday(day, reader.language))  # `Mon 30 Nov` in English
    return Card(
        day=" ".join(parts if not reader.is_english else reversed(parts)),
        time=words.window(booking.starts_at, booking.ends_at),
        hospital=reader.name(hospital),
        where=whereabouts(campus, department, session.room, reader),
        code=booking.code,
        qr=f"YITONG:{hospital.code}:{booking.code}",
        kept_at=f"{words.month_day(clock.shanghai_date(reader.now), reader.language)} "
        f"{words.clock_time(reader.now.astimezone(clock.SHANGHAI).time())}",
    )
