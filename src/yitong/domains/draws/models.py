"""Draws: their tables. A second draw, two entries of one patient, one rank for two: constraints forbid each."""

from typing import Self
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from yitong.core.db.command import joined
from yitong.core.db.fields import EncryptedText
from yitong.core.db.scale import Scale
from yitong.core.ids import new_id
from yitong.domains.draws import errors
from yitong.domains.draws.contracts import ENDED, OPERATOR_SECRET, BeaconState, DrawState, EntryState, VoidReason

KNOWS_ROOT = (DrawState.CLOSED, DrawState.REVEALED, DrawState.DRAWN, DrawState.SETTLED)
KNOWS_SECRETS = (DrawState.REVEALED, DrawState.DRAWN, DrawState.SETTLED)
KNOWS_SEED = (DrawState.DRAWN, DrawState.SETTLED)


class Draw(models.Model):
    """摇号 of what one department releases at one instant. `served` is the last rank that had its turn."""

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    department_id = models.UUIDField()
    release_at = models.DateTimeField()
    state = models.CharField(max_length=16)
    hospital_name = models.CharField(max_length=200, help_text="as it stands in the file")
    department_name = models.CharField(max_length=200)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    reveal_by = models.DateTimeField()
    weights = models.JSONField(help_text="reason → lots")
    operator_secret = EncryptedText(aad=OPERATOR_SECRET)
    operator_promise = models.BinaryField(max_length=32)
    hospital_promise = models.BinaryField(max_length=32, null=True)
    hospital_secret = models.BinaryField(max_length=32, null=True)
    beacon_state = models.CharField(max_length=8)
    beacon_chain = models.CharField(max_length=64, default="")
    beacon_round = models.BigIntegerField(null=True)
    beacon_at = models.DateTimeField(null=True)
    beacon_deadline = models.DateTimeField(null=True)
    beacon_randomness = models.BinaryField(max_length=32, null=True)
    beacon_signature = models.BinaryField(max_length=128, null=True)
    count = models.PositiveIntegerField(null=True, help_text="entries, as they were committed")
    root = models.BinaryField(max_length=32, null=True)
    signer = models.CharField(max_length=64, default="")
    signature = models.BinaryField(max_length=128, null=True)
    seed = models.BinaryField(max_length=32, null=True)
    served = models.PositiveIntegerField(default=0)
    void_reason = models.CharField(max_length=16, null=True)
    planned_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "draws_draw"
        constraints = [
            models.CheckConstraint(name="draw_state_known", condition=Q(state__in=list(DrawState))),
            models.CheckConstraint(
                name="draw_times_in_order",
                condition=Q(opens_at__lt=F("closes_at"), closes_at__lt=F("reveal_by"))
                & Q(closes_at__lt=F("release_at")),
            ),
            models.CheckConstraint(
                name="draw_root_as_its_state",
                condition=Q(state__in=KNOWS_ROOT, root__isnull=False, count__isnull=False, signature__isnull=False)
                | Q(state__in=[DrawState.PLANNED, DrawState.OPENED], root=None, count=None, signature=None)
                | Q(state=DrawState.VOID),
            ),
            models.CheckConstraint(
                name="draw_secrets_as_its_state",
                condition=Q(state__in=KNOWS_SECRETS, hospital_secret__isnull=False)
                | (~Q(state__in=KNOWS_SECRETS) & Q(hospital_secret=None)),
            ),
            models.CheckConstraint(
                name="draw_seed_as_its_state",
                condition=Q(state__in=KNOWS_SEED, seed__isnull=False) | (~Q(state__in=KNOWS_SEED) & Q(seed=None)),
            ),
            models.CheckConstraint(
                name="draw_beacon_whole",
                condition=Q(beacon_state=BeaconState.NONE, beacon_round=None, beacon_randomness=None)
                | Q(beacon_state=BeaconState.HAD, beacon_round__isnull=False, beacon_randomness__isnull=False)
                | Q(
                    beacon_state__in=[BeaconState.AWAITED, BeaconState.MISSED],
                    beacon_round__isnull=False,
                    beacon_randomness=None,
                ),
            ),
            # Before the beacon is decided no secret is open: else who opens last could choose.
            models.CheckConstraint(
                name="draw_beacon_before_secrets",
                condition=~Q(state__in=KNOWS_SECRETS) | ~Q(beacon_state=BeaconState.AWAITED),
            ),
            models.CheckConstraint(
                name="draw_void_for_a_reason",
                condition=Q(state=DrawState.VOID, void_reason__isnull=False, void_reason__in=list(VoidReason))
                | (~Q(state=DrawState.VOID) & Q(void_reason=None)),
            ),
            # Never again: what was drawn or void stays so, for these sessions of this department.
            models.UniqueConstraint(
                name="draw_once_per_release", fields=["hospital_id", "department_id", "release_at"]
            ),
        ]
        indexes = [
            models.Index(fields=["hospital_id", "opens_at"], name="draw_under_way", condition=~Q(state__in=ENDED)),
            models.Index(fields=["hospital_id", "department_id", "-release_at"], name="draw_of_department"),
        ]

    def own(self) -> "models.QuerySet[Draw]":
        """This one row, for an update."""
        return Draw.objects.filter(hospital_id=self.hospital_id, id=self.id)

    @classmethod
    def locked(cls, hospital_id: UUID, draw_id: UUID) -> Self:
        """The draw FOR UPDATE. Refuses DrawMissing. Joins the caller's command."""
        with joined():
            rows = cls.objects.defer("operator_secret").filter(hospital_id=hospital_id, id=draw_id)
            found = rows.select_for_update(of=("self",)).order_by("id").first()
            if found is None:
                raise errors.DrawMissing()
            return found


class DrawSession(models.Model):
    """A session whose online places are given by this draw. `left` counts down while winners are booked."""

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    draw_id = models.UUIDField()
    session_id = models.UUIDField()
    place = models.PositiveSmallIntegerField(help_text="in the draw's list, from 0")
    what = models.CharField(max_length=200, help_text="for people, as it stands in the file")
    places = models.PositiveIntegerField()
    left = models.PositiveIntegerField()

    class Meta:
        db_table = "draws_session"
        constraints = [
            models.UniqueConstraint(name="draw_session_once", fields=["hospital_id", "session_id"]),
            models.CheckConstraint(name="draw_session_left", condition=Q(left__lte=F("places"))),
        ]
        indexes = [models.Index(fields=["hospital_id", "draw_id", "place"], name="draw_session_of")]


class DrawEntry(models.Model):
    """One application: the ticket is its applicant's, and all that the public file knows of it."""

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    draw_id = models.UUIDField()
    account_id = models.UUIDField()
    channel = models.CharField(max_length=32)
    ticket = models.BinaryField(max_length=16)
    places = models.PositiveSmallIntegerField()
    session_ids = ArrayField(models.UUIDField())
    is_first_visit = models.BooleanField()
    is_older = models.BooleanField(help_text="one of the patients is 60 or over on the day of closing (R-226)")
    state = models.CharField(max_length=16)
    reasons = ArrayField(models.CharField(max_length=16), default=list)
    weight = models.PositiveSmallIntegerField(null=True)
    rank = models.PositiveIntegerField(null=True)
    key = models.BinaryField(max_length=32, null=True)
    given_id = models.UUIDField(null=True, help_text="the session that it won")
    applied_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "draws_entry"
        constraints = [
            models.CheckConstraint(name="draw_entry_state_known", condition=Q(state__in=list(EntryState))),
            models.CheckConstraint(name="draw_entry_places_some", condition=Q(places__gte=1, places__lte=3)),
            models.CheckConstraint(
                name="draw_entry_won_something",
                condition=Q(state=EntryState.WON, given_id__isnull=False)
                | (~Q(state=EntryState.WON) & Q(given_id=None)),
            ),
            models.CheckConstraint(
                name="draw_entry_rank_whole",
                condition=Q(rank=None, key=None) | Q(rank__isnull=False, key__isnull=False, weight__isnull=False),
            ),
            models.UniqueConstraint(name="draw_ticket_once", fields=["hospital_id", "draw_id", "ticket"]),
            models.UniqueConstraint(
                name="draw_rank_once", fields=["hospital_id", "draw_id", "rank"], condition=Q(rank__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["hospital_id", "draw_id", "account_id"], name="draw_entry_of_account")]

    def own(self) -> "models.QuerySet[DrawEntry]":
        return DrawEntry.objects.filter(hospital_id=self.hospital_id, id=self.id)


class DrawApplicant(models.Model):
    """One patient of an entry, in the order in which they were named."""

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    draw_id = models.UUIDField()
    entry_id = models.UUIDField()
    patient_id = models.UUIDField()
    place = models.PositiveSmallIntegerField()
    live = models.BooleanField(default=True)
    booking_id = models.UUIDField(null=True)

    class Meta:
        db_table = "draws_applicant"
        constraints = [
            models.UniqueConstraint(
                name="draw_applicant_once", fields=["hospital_id", "draw_id", "patient_id"], condition=Q(live=True)
            )
        ]
        indexes = [
            models.Index(fields=["hospital_id", "entry_id", "place"], name="draw_applicant_of_entry"),
            models.Index(fields=["hospital_id", "patient_id"], name="draw_applicant_of_patient"),
        ]


class DrawChange(models.Model):
    """What happened while winners were booked: a rule refused a session to an entry, or places were taken away."""

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    draw_id = models.UUIDField()
    session_id = models.UUIDField()
    entry_id = models.UUIDField(null=True)
    code = models.CharField(max_length=40, null=True)
    before_rank = models.PositiveIntegerField(null=True)
    places = models.PositiveIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "draws_change"
        constraints = [
            models.CheckConstraint(
                name="draw_change_one_kind",
                condition=Q(entry_id__isnull=False, code__isnull=False, before_rank=None, places=None)
                | Q(entry_id=None, code=None, before_rank__isnull=False, places__isnull=False),
            ),
            models.UniqueConstraint(
                name="draw_refusal_once",
                fields=["hospital_id", "entry_id", "session_id"],
                condition=Q(entry_id__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["hospital_id", "draw_id"], name="draw_change_of")]


class DrawFile(models.Model):
    """The public file, gzip-compressed: as it was drawn, then once more when all are served."""

    scale = Scale.H

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(help_text="the draw's id")
    content = models.BinaryField()
    is_final = models.BooleanField()
    written_at = models.DateTimeField()

    class Meta:
        db_table = "draws_file"


class PatientDraw(models.Model):
    """The patient's side: which draws he is in, wherever they are; written in the same transaction."""

    scale = Scale.P
    no_delete = True

    pk = models.CompositePrimaryKey("patient_id", "id")
    patient_id = models.UUIDField()
    id = models.UUIDField(help_text="the entry's id")
    hospital_id = models.UUIDField()
    applied_at = models.DateTimeField()

    class Meta:
        db_table = "draws_patient_draw"
        indexes = [models.Index(fields=["patient_id", "-applied_at"], name="patient_draw_by_time")]
