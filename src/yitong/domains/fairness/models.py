"""Tables of fairness. What it knows of an account lies beside accounts, on one node."""

from django.db import models
from django.db.models import F, Q

from yitong.core.db.fields import EncryptedText
from yitong.core.db.scale import Scale
from yitong.core.ids import new_id
from yitong.domains.booking.contracts import AgeBand
from yitong.domains.fairness.contracts import ActKind, Level, Signal, Way
from yitong.domains.people.contracts.words import Decision


class Act(models.Model):
    """What an account did with a slot, from the event of that name; kept as long as the longest signal looks back."""

    scale = Scale.L
    append_only = False

    event_id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField(help_text="who acted")
    kind = models.CharField(max_length=9)
    at = models.DateTimeField()
    session_id = models.UUIDField(help_text="where a slot was taken or freed")
    patient_id = models.UUIDField()
    after_ms = models.BigIntegerField(help_text="booked: since the release; else: since it was booked")

    class Meta:
        db_table = "fairness_act"
        constraints = [
            models.CheckConstraint(name="act_kind_known", condition=Q(kind__in=[kind.value for kind in ActKind])),
        ]
        indexes = [
            models.Index(fields=["account_id", "at"], name="act_by_account"),
            models.Index(fields=["at"], name="act_by_age"),
            models.Index(fields=["patient_id"], name="act_by_patient"),
        ]


class Gathered(models.Model):
    """Up to which event acts were gathered. One row, and whoever gathers holds it."""

    scale = Scale.L
    append_only = False

    name = models.CharField(max_length=16, primary_key=True)
    recorded_at = models.DateTimeField()
    event_id = models.UUIDField()

    class Meta:
        db_table = "fairness_gathered"


class Score(models.Model):
    """An account's score. `is_stale`: something happened since it was computed, or a night went by."""

    scale = Scale.L
    append_only = False

    account_id = models.UUIDField(primary_key=True)
    points = models.PositiveIntegerField(default=0)
    level = models.CharField(max_length=5, default=Level.PLAIN.value)
    since = models.DateTimeField(null=True, help_text="when the level began; null: it never had another")
    computed_at = models.DateTimeField(null=True)
    cleared_at = models.DateTimeField(null=True, help_text="a person excused all that was until then (R-199)")
    is_stale = models.BooleanField(default=True)

    class Meta:
        db_table = "fairness_score"
        constraints = [
            models.CheckConstraint(name="score_level_known", condition=Q(level__in=[level.value for level in Level])),
            models.CheckConstraint(
                name="score_slow_has_a_beginning", condition=~Q(level=Level.SLOW.value) | Q(since__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["account_id"], name="score_stale", condition=Q(is_stale=True))]


class ScoreReason(models.Model):
    """One reason of a score. Together they are it: nothing else adds to a score."""

    scale = Scale.L
    append_only = False

    pk = models.CompositePrimaryKey("account_id", "signal")
    account = models.ForeignKey(Score, on_delete=models.CASCADE, related_name="+", db_index=False)
    signal = models.CharField(max_length=12)
    points = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    free = models.PositiveIntegerField()
    days = models.PositiveSmallIntegerField()
    bound = models.PositiveIntegerField(help_text="minutes, milliseconds or seconds that the signal goes by; else 0")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        db_table = "fairness_score_reason"
        constraints = [
            models.CheckConstraint(name="reason_signal_known", condition=Q(signal__in=[one.value for one in Signal])),
            models.CheckConstraint(name="reason_has_points", condition=Q(points__gt=0)),
        ]


class Check(models.Model):
    """The questions that an account was asked and has not answered yet, by the seed that they are drawn from."""

    scale = Scale.L
    append_only = False

    account_id = models.UUIDField(primary_key=True)
    seed = models.BigIntegerField()
    asked_at = models.DateTimeField()

    class Meta:
        db_table = "fairness_check"


class Review(models.Model):
    """A person is asked to look at a score (R-199), and what he decided."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    account_id = models.UUIDField()
    points = models.PositiveIntegerField(help_text="when it was asked for")
    asked_at = models.DateTimeField()
    words = EncryptedText(aad="fairness.review.words")
    decision = models.CharField(max_length=8, null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=64, null=True)
    decided_why = EncryptedText(aad="fairness.review.decided_why", null=True)

    class Meta:
        db_table = "fairness_review"
        constraints = [
            models.UniqueConstraint(name="review_one_waiting", fields=["account_id"], condition=Q(decision=None)),
            models.CheckConstraint(
                name="review_decision_whole",
                condition=Q(decision=None, decided_at=None, decided_by=None, decided_why=None)
                | Q(
                    decision__isnull=False,
                    decision__in=[one.value for one in Decision],
                    decided_at__gte=F("asked_at"),
                    decided_by__isnull=False,
                    decided_why__isnull=False,
                ),
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], name="review_waiting", condition=Q(decision=None))]


class Tried(models.Model):
    """People of a day who tried for a slot at a hospital's window, and those of them who got one. The window adds to it
    once a minute; who they were is not kept."""

    scale = Scale.H
    append_only = False

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    day = models.DateField()
    channel = models.CharField(max_length=32)
    way = models.CharField(max_length=8)
    band = models.CharField(max_length=5)
    tried = models.PositiveIntegerField()
    got = models.PositiveIntegerField()
    attempts = models.PositiveIntegerField(help_text="claims, however many of one person")

    class Meta:
        db_table = "fairness_tried"
        constraints = [
            models.UniqueConstraint(name="tried_once_a_cell", fields=["hospital_id", "day", "channel", "way", "band"]),
            models.CheckConstraint(name="tried_way_known", condition=Q(way__in=[way.value for way in Way])),
            models.CheckConstraint(name="tried_band_known", condition=Q(band__in=[band.value for band in AgeBand])),
            models.CheckConstraint(name="tried_got_of_those_who_tried", condition=Q(got__lte=F("tried"))),
        ]
        indexes = [models.Index(fields=["day"], name="tried_by_day")]


class Rush(models.Model):
    """A minute in which the window refused an account again and again."""

    scale = Scale.L
    append_only = False

    pk = models.CompositePrimaryKey("account_id", "at")
    account_id = models.UUIDField()
    at = models.DateTimeField()
    attempts = models.PositiveIntegerField()

    class Meta:
        db_table = "fairness_rush"
        indexes = [models.Index(fields=["at"], name="rush_by_age")]


class MeterAlarm(models.Model):
    """As `contracts.Alarm`; one for a group and a week."""

    scale = Scale.L
    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id)
    start = models.DateField()
    group = models.CharField(max_length=8)
    name = models.CharField(max_length=36)
    raised_at = models.DateTimeField()

    class Meta:
        db_table = "fairness_meter_alarm"
        constraints = [
            models.UniqueConstraint(name="alarm_once_a_week", fields=["start", "group", "name"]),
        ]


class AlarmNote(models.Model):
    """Who of the city took note of an alarm, and what he wrote of it. Once: no command changes it."""

    scale = Scale.L
    append_only = False  # what is encrypted is written again under a new key

    alarm_id = models.UUIDField(primary_key=True)
    by = models.CharField(max_length=64)
    why = EncryptedText(aad="fairness.alarm_note.why")
    at = models.DateTimeField()

    class Meta:
        db_table = "fairness_alarm_note"
