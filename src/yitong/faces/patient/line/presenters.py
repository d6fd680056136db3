"""A line before the window in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.core.clock import SHANGHAI
from yitong.core.policy.values import Policies
from yitong.domains.booking.contracts import LinePlace, LineTimes, Standing
from yitong.domains.booking.queries import window
from yitong.domains.people.contracts.patients import PatientCard
from yitong.faces.common.words import Reader, clock_time

IN_LINE = (Standing.GATHERING, Standing.WAITING, Standing.ADMITTED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One of the account's patients, and where he stands."""

    patient_id: str
    name: str
    is_in_line: bool
    is_admitted: bool
    said: str


@dataclass(frozen=True, slots=True)
class When:
    """The hours of a line as words; `opens` and `doors` also as instants for the countdown."""

    is_open: bool
    opens_at: str
    release_at: str
    doors_at: str
    ends_at: str
    turn: int  # minutes


@dataclass(frozen=True, slots=True)
class WayToLine:
    href: str
    opens_at: str
    release_at: str


def way_to(hospital_id: UUID, department_id: UUID, in_force: Policies, reader: Reader) -> WayToLine | None:
    """Where a department's people stand in line before its next release; nothing is asked where nobody has to."""
    if in_force.word("booking.line.mode") == "off":
        return None
    times = window.next_line(hospital_id, department_id, reader.now)
    if times is None:
        return None
    href = reverse("patient:line", args=[hospital_id, department_id])
    return WayToLine(href, reader.moment(times.opens_at), reader.moment(times.release_at))


def when(times: LineTimes, turn_minutes: int, reader: Reader) -> When:
    return When(
        is_open=times.opens_at <= reader.now < times.ends_at,
        opens_at=reader.moment(times.opens_at),
        release_at=reader.moment(times.release_at),
        doors_at=clock_seconds(times),
        ends_at=reader.moment(times.ends_at),
        turn=turn_minutes,
    )


def clock_seconds(times: LineTimes) -> str:
    """The hour of the doors, to the second where it needs them."""
    at = times.doors_at.astimezone(SHANGHAI).time()
    return f"{clock_time(at)}:{at.second:02d}" if at.second else clock_time(at)


def waiting(
    patients: Sequence[PatientCard], places: Mapping[UUID, LinePlace], times: LineTimes, reader: Reader
) -> list[Waiting]:
    found = []
    for card in patients:
        place = places.get(card.patient_id) or LinePlace(card.patient_id, Standing.OUTSIDE)
        found.append(
            Waiting(
                patient_id=str(card.patient_id),
                name=card.name,
                is_in_line=place.standing in IN_LINE,
                is_admitted=place.standing is Standing.ADMITTED,
                said=words(place, times, reader),
            )
        )
    return found


def words(place: LinePlace, times: LineTimes, reader: Reader) -> str:
    """Where he stands, as one sentence. The page's script has the same sentences."""
    match place.standing:
        case Standing.GATHERING:
            return _("已在队里。%(time)s 抽签定先后") % {"time": clock_seconds(times)}
        case Standing.WAITING if place.ahead:
            return _("前面还有 %(n)d 人") % {"n": place.ahead}
        case Standing.WAITING:
            return _("下一个就是您")
        case Standing.ADMITTED if place.until is not None:
            return _("轮到了！请在 %(time)s 前选时间") % {"time": reader.moment(place.until)}
        case Standing.MISSED:
            return _("轮到时没有预约，要重新排队")
        case Standing.LEFT:
            return _("已退出")
    return _("还没有排队")
