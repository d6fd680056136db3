"""The meter's alarm: some did worse than all others."""

from datetime import datetime

from yitong.core.actor import Actor
from yitong.core.db import events, policies
from yitong.core.db.command import command
from yitong.core.ids import new_id
from yitong.domains.fairness import models, queries
from yitong.domains.fairness.contracts import Alarm, AlarmRaised
from yitong.domains.fairness.rules import meter

METER = Actor.system("fairness.meter")


@command()
def raise_alarms(*, now: datetime) -> list[Alarm]:
    """Look at the latest whole week; each group that did worse is said once. Returns those that are new.

    Emits: AlarmRaised.
    """
    start, in_force = queries.weeks(now)[0], policies.at(None, now)
    worse = meter.worse_ones(
        queries.counted(start),
        margin=in_force.share("fairness.meter_margin"),
        least=in_force.int("fairness.meter_least"),
    )
    said = set(models.MeterAlarm.objects.filter(start=start).values_list("group", "name"))
    raised = []
    for group, name in worse:
        if (group.value, name) in said:
            continue
        row = models.MeterAlarm.objects.create(id=new_id(), start=start, group=group.value, name=name, raised_at=now)
        event = AlarmRaised(subject_id=row.id, start=start, group=group.value, name=name)
        events.append(event, METER, at=now, shard="fairness")
        raised.append(Alarm(start, group, name))
    return raised
