"""The meter's alarm: some did worse than all others. It waits until a person takes note of it."""

from datetime import datetime

from yitong.core.actor import Actor
from yitong.core.db import events, policies
from yitong.core.db.command import command
from yitong.core.ids import new_id
from yitong.domains.fairness import errors, models, permissions, queries
from yitong.domains.fairness.contracts import Alarm, AlarmNoted, AlarmRaised, NoteAlarm
from yitong.domains.fairness.rules import meter

METER = Actor.system("fairness.meter")
LONGEST_NOTE = 500


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


@command(refusals={"fairness_alarm_note_pkey": errors.AlarmIsNoted})
def note_alarm(cmd: NoteAlarm, *, actor: Actor, now: datetime) -> None:
    """A person of the city takes note of an alarm, by name, and writes what he found or does.

    His same words again change nothing.

    Emits: AlarmNoted. Refuses: Forbidden, AlarmMissing, AlarmIsNoted, NoteEmpty.
    """
    permissions.check_can_note_alarm(actor)
    why = cmd.why.strip()
    if not why or len(why) > LONGEST_NOTE:
        raise errors.NoteEmpty(most=LONGEST_NOTE)
    if not models.MeterAlarm.objects.filter(id=cmd.alarm_id).exists():
        raise errors.AlarmMissing()
    before = models.AlarmNote.objects.filter(alarm_id=cmd.alarm_id).order_by("alarm_id").first()
    if before is not None:
        if (before.by, before.why) != (actor.key, why):
            raise errors.AlarmIsNoted()
        return
    models.AlarmNote.objects.create(alarm_id=cmd.alarm_id, by=actor.key, why=why, at=now)
    events.append(AlarmNoted(subject_id=cmd.alarm_id), actor, at=now, shard="fairness")
