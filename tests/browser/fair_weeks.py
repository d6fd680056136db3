"""Weeks of the meter of fairness: in the last whole one the old lost at every window; before it nobody tried."""

from datetime import date, timedelta
from uuid import UUID

from tests import make

from yitong.core import clock
from yitong.domains.fairness import queries
from yitong.domains.fairness.commands import alarming
from yitong.domains.fairness.models import MeterAlarm, Tried
from yitong.domains.hospitals.queries import directory as hospitals

CHANCES = {"0-17": 40, "18-44": 41, "45-59": 39, "60-74": 27, "75+": 22}  # of a hundred
WAYS = (("script", "web"), ("form", "web"), ("script", "app"), ("program", "api"))


def put_once() -> date:
    """Returns the Monday of the week in which nobody tried."""
    week, quiet = queries.weeks(clock.now())[:2]
    if not Tried.objects.filter(day=week, hospital_id=hospitals.list_hospitals()[0].hospital_id).exists():
        for n, one in enumerate(hospitals.list_hospitals()):
            for way, channel in WAYS:
                for m, (band, chance) in enumerate(CHANCES.items()):
                    tried = 60 + 7 * n + 11 * m
                    counts = {"tried": tried, "got": tried * chance // 100, "attempts": tried * 3}
                    cell = {"hospital_id": one.hospital_id, "day": week, "channel": channel, "way": way, "band": band}
                    Tried.objects.create(**cell, **counts)
        alarming.raise_alarms(now=clock.now())
    return quiet


def alarm() -> UUID:
    """An alarm of that week."""
    return queries.list_open_alarms(make.city_operator())[0].alarm_id


def older_alarm() -> UUID:
    """One more, of another week, of which nobody took note."""
    start = queries.weeks(clock.now())[make.number() % 20 + 2]
    raised = clock.now() - timedelta(days=20)
    return MeterAlarm.objects.create(start=start, group="channel", name=f"c{make.number()}", raised_at=raised).id
