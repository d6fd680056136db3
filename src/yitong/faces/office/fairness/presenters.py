"""Alarms of the meter, as the city's people read them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from yitong.domains.access import queries as access
from yitong.domains.fairness.contracts import RaisedAlarm
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common import meter
from yitong.faces.common.words import Reader


@dataclass(frozen=True, slots=True)
class AlarmShown:
    """`by`, `at` and `why`: who took note of it; empty while it waits."""

    href: str
    week_href: str
    week: str
    who: str
    raised: str
    is_open: bool
    by: str
    at: str
    why: str


def names_of(reader: Reader) -> meter.Names:
    """What groups are called: hospitals are known from memory, channels are one query."""
    of_hospitals = {one.hospital_id: reader.name(one) for one in hospitals.list_hospitals(with_closed=True)}
    return meter.Names(reader, of_hospitals, access.channel_names())


def alarms(found: Sequence[RaisedAlarm], names: meter.Names) -> list[AlarmShown]:
    """In their order. One query for the names of staff."""
    staff = access.staff_names(_staff(found))
    return [_alarm(one, names, staff) for one in found]


def page_href(week: str, before: UUID | None) -> str:
    """Of the alarms that wait, the page after one of them, or the first; `week` of the meter stays, if any."""
    asked = {"week": week, "before": str(before or "")}
    return "?" + urlencode({name: value for name, value in asked.items() if value}) + "#alarms"


def _alarm(one: RaisedAlarm, names: meter.Names, staff: dict[UUID, str]) -> AlarmShown:
    note, reader = one.note, names.reader
    return AlarmShown(
        href=reverse("office:alarm", args=[one.alarm_id]),
        week_href=f"{reverse('office:fairness')}?week={one.alarm.start.isoformat()}",
        week=meter.week_words(one.alarm.start, reader),
        who=names.of(one.alarm.group, one.alarm.name),
        raised=reader.moment(one.raised_at),
        is_open=note is None,
        by=staff.get(UUID(note.by.partition(":")[2]), "") if note else "",
        at=reader.moment(note.at) if note else "",
        why=note.why if note else "",
    )


def _staff(found: Iterable[RaisedAlarm]) -> set[UUID]:
    return {UUID(one.note.by.partition(":")[2]) for one in found if one.note}
