"""The kernel's tables."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from yitong.core.db.models_security import DataKey, DayRoot, Seal, SealCursor, SealedLeaf
from yitong.core.db.scale import Scale
from yitong.core.ids import new_id
from yitong.core.policy.kinds import SCOPES

__all__ = [
    "DataKey",
    "DayRoot",
    "DeadLetter",
    "Event",
    "EventDelivery",
    "EventFailure",
    "IdempotencyKey",
    "PolicyRecord",
    "RelayPartition",
    "Seal",
    "SealCursor",
    "SealedLeaf",
    "SweepTurn",
    "WorkerHeartbeat",
]


class ClockTimestamp(Now):
    """The server's clock at this row, finer than the transaction's start."""

    template = "CLOCK_TIMESTAMP()"

    def as_postgresql(self, compiler, connection, **extra):  # type: ignore[no-untyped-def]
        return self.as_sql(compiler, connection, template=self.template, **extra)


class Event(models.Model):
    """What happened: outbox, history and audit of writes in one row. Never changed, never removed.

    `recorded_at` is the database's clock: within a shard, whose events follow each other under one row lock, it
    gives their order.
    """

    scale = Scale.H
    append_only = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField(help_text="the nil UUID where the event belongs to no hospital")
    id = models.UUIDField(default=new_id)
    operation = models.CharField(max_length=64)
    actor = models.CharField(max_length=64)
    channel = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    from_state = models.CharField(max_length=32, null=True)
    to_state = models.CharField(max_length=32, null=True)
    at = models.DateTimeField()
    shard = models.CharField(max_length=80)
    body = models.JSONField(default=dict)
    trace_id = models.CharField(max_length=40, default="")
    recorded_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        db_table = "core_event"
        indexes = [
            models.Index(fields=["recorded_at"], name="event_by_record"),
            models.Index(fields=["hospital_id", "subject_id", "recorded_at"], name="event_by_subject"),
            BrinIndex(fields=["at"], name="event_by_instant"),
        ]


class EventDelivery(models.Model):
    """An event that all its handlers have seen. The relay writes it; its absence makes an event pending."""

    scale = Scale.L
    event_id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "core_event_delivery"


class EventFailure(models.Model):
    """A handler's failed tries at one event, until it succeeds or goes to the dead letters."""

    scale = Scale.L
    event_id = models.UUIDField()
    handler = models.CharField(max_length=120)
    pk = models.CompositePrimaryKey("event_id", "handler")
    tries = models.PositiveIntegerField()
    last_error = models.CharField(max_length=200)
    next_at = models.DateTimeField()

    class Meta:
        db_table = "core_event_failure"


class DeadLetter(models.Model):
    """An event that a handler failed at 8 times. An open one stops its shard, unless the handler is skippable."""

    scale = Scale.L
    event_id = models.UUIDField()
    handler = models.CharField(max_length=120)
    pk = models.CompositePrimaryKey("event_id", "handler")
    shard = models.CharField(max_length=80)
    stops_shard = models.BooleanField()
    error = models.CharField(max_length=200)
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=64, null=True)
    settled_how = models.CharField(max_length=16, null=True)

    class Meta:
        db_table = "core_dead_letter"
        constraints = [
            models.CheckConstraint(
                name="dead_letter_settled_whole",
                condition=models.Q(settled_at=None, settled_by=None, settled_how=None)
                | models.Q(
                    settled_at__isnull=False,
                    settled_by__isnull=False,
                    settled_how__isnull=False,  # or NULL IN (…) would pass
                    settled_how__in=["retry", "skip"],
                ),
            )
        ]
        indexes = [models.Index(fields=["shard"], name="dead_letter_open", condition=models.Q(settled_at=None))]


class RelayPartition(models.Model):
    """Each relay pass holds one of these rows: a shard belongs to one partition, so its events keep their order."""

    scale = Scale.L
    number = models.PositiveSmallIntegerField(primary_key=True)

    class Meta:
        db_table = "core_relay_partition"


class IdempotencyKey(models.Model):
    """One command done under one key by one actor, with its first answer."""

    scale = Scale.L
    actor = models.CharField(max_length=64)
    operation = models.CharField(max_length=64)
    key = models.CharField(max_length=80)
    pk = models.CompositePrimaryKey("actor", "operation", "key")
    digest = models.BinaryField(max_length=32)
    answer = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "core_idempotency_key"
        indexes = [models.Index(fields=["at"], name="idempotency_key_age")]


class PolicyRecord(models.Model):
    """One value of one policy in one scope from one instant on. A new value is a new row."""

    scale = Scale.R
    append_only = True
    id = models.UUIDField(primary_key=True, default=new_id)
    scope = models.CharField(max_length=16)
    scope_id = models.UUIDField(null=True, help_text="hospital or department; null for nation and city")
    hospital_id = models.UUIDField(null=True)
    key = models.CharField(max_length=64)
    value = models.JSONField(null=True, help_text="null: from here on the wider scope decides")
    effective_from = models.DateTimeField()
    source = models.CharField(max_length=200)
    decided_by = models.CharField(max_length=64)
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "core_policy_record"
        constraints = [
            models.CheckConstraint(name="policy_scope_known", condition=models.Q(scope__in=SCOPES)),
            models.CheckConstraint(
                name="policy_scope_has_its_place",
                condition=models.Q(scope__in=["nation", "city"], scope_id=None, hospital_id=None)
                | models.Q(scope__in=["hospital", "department"], scope_id__isnull=False, hospital_id__isnull=False),
            ),
            models.UniqueConstraint(
                name="policy_one_value_an_instant",
                fields=["scope", "scope_id", "key", "effective_from", "decided_at"],
                nulls_distinct=False,
            ),
        ]
        indexes = [models.Index(fields=["key", "scope", "scope_id", "effective_from"], name="policy_by_key")]


class SweepTurn(models.Model):
    """The turn of each sweep that was begun last. Who writes it takes the turn; lost, a turn is done twice."""

    scale = Scale.L
    name = models.CharField(max_length=120, primary_key=True)
    at = models.DateTimeField(help_text="when the turn begins, by the database's clock")

    class Meta:
        db_table = "core_sweep_turn"


class WorkerHeartbeat(models.Model):
    """The last sign of life of each worker, for `/health/ready`."""

    scale = Scale.L
    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "core_worker_heartbeat"
