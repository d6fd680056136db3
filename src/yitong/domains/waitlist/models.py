"""Waitlist: its tables.

An entry is its account's (L) and may wait at several hospitals; each hospital has a row of its own for each session in
whose line the entry stands (H), so that a line is served by one node.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from yitong.core.db.scale import Scale
from yitong.core.ids import new_id
from yitong.domains.waitlist.contracts import ENDED, LIVE, OFFER_LIVE, CloseReason, Mode, OfferState, WaitState

OF_ENTRIES = [reason for reason in CloseReason if reason is not CloseReason.DROPPED]  # one session is, no whole entry


class WaitlistEntry(models.Model):
    """候补: whose, for whom, where, how. `session_ids` are at `hospital_ids`, in the order of preference."""

    scale = Scale.L
    no_delete = True

    id = models.UUIDField(primary_key=True, default=new_id)
    account_id = models.UUIDField()
    patient_ids = ArrayField(models.UUIDField())
    hospital_ids = ArrayField(models.UUIDField())
    session_ids = ArrayField(models.UUIDField())
    mode = models.CharField(max_length=8)
    is_first_visit = models.BooleanField()
    channel = models.CharField(max_length=32)
    state = models.CharField(max_length=16)
    live = models.BooleanField()
    offers = models.PositiveSmallIntegerField(default=0, help_text="how often it was asked")
    joined_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=16, null=True)
    booked_hospital_id = models.UUIDField(null=True)
    booked_session_id = models.UUIDField(null=True)

    class Meta:
        db_table = "waitlist_entry"
        constraints = [
            models.CheckConstraint(name="entry_mode_known", condition=Q(mode__in=list(Mode))),
            models.CheckConstraint(
                name="entry_live_as_its_state",
                condition=Q(live=True, state__in=LIVE, ended_at=None)
                | Q(live=False, state__in=ENDED, ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="entry_booked_somewhere",
                condition=Q(state=WaitState.BOOKED, booked_hospital_id__isnull=False, booked_session_id__isnull=False)
                | (~Q(state=WaitState.BOOKED) & Q(booked_hospital_id=None, booked_session_id=None)),
            ),
            models.CheckConstraint(
                name="entry_closed_for_a_reason",
                condition=Q(state=WaitState.CLOSED, end_reason__isnull=False, end_reason__in=OF_ENTRIES)
                | (~Q(state=WaitState.CLOSED) & Q(end_reason=None)),
            ),
        ]
        indexes = [
            GinIndex(fields=["patient_ids"], name="entry_of_patient", condition=Q(live=True)),
            models.Index(fields=["account_id", "-joined_at"], name="entry_of_account"),
        ]


class WaitlistChoice(models.Model):
    """An entry's place in the line of one session: `joined_at`, then the entry's id."""

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    session_id = models.UUIDField()
    entry_id = models.UUIDField()
    place = models.PositiveSmallIntegerField(help_text="in the entry's order of preference, from 0")
    people = models.PositiveSmallIntegerField()
    mode = models.CharField(max_length=8)
    joined_at = models.DateTimeField()
    closes_at = models.DateTimeField(help_text="the last moment of the line, as the policies were on joining")
    live = models.BooleanField(default=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=16, null=True)

    class Meta:
        db_table = "waitlist_choice"
        constraints = [
            models.CheckConstraint(name="choice_people_some", condition=Q(people__gte=1, people__lte=3)),
            models.CheckConstraint(
                name="choice_ended_whole",
                condition=Q(live=True, ended_at=None, end_reason=None)
                | Q(live=False, ended_at__isnull=False, end_reason__isnull=False, end_reason__in=list(CloseReason)),
            ),
            models.UniqueConstraint(name="choice_once", fields=["hospital_id", "session_id", "entry_id"]),
        ]
        indexes = [
            models.Index(
                fields=["hospital_id", "session_id", "joined_at"], name="choice_in_line", condition=Q(live=True)
            ),
            models.Index(fields=["hospital_id", "closes_at"], name="choice_to_close", condition=Q(live=True)),
        ]


class WaitlistOffer(models.Model):
    """Kept slots that are promised to an entry: gathered for a family, or offered with a clock. `until` is the end of
    the present state."""

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    session_id = models.UUIDField()
    entry_id = models.UUIDField()
    state = models.CharField(max_length=16)
    live = models.BooleanField()
    made_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "waitlist_offer"
        constraints = [
            models.CheckConstraint(name="offer_state_known", condition=Q(state__in=list(OfferState))),
            models.CheckConstraint(
                name="offer_live_as_its_state",
                condition=Q(live=True, state__in=OFFER_LIVE, ended_at=None)
                | (Q(live=False, ended_at__isnull=False) & ~Q(state__in=OFFER_LIVE)),
            ),
            models.CheckConstraint(name="offer_until_after_made", condition=Q(until__gte=F("made_at"))),
            models.UniqueConstraint(
                name="offer_one_live_per_entry", fields=["hospital_id", "entry_id"], condition=Q(live=True)
            ),
        ]
        indexes = [models.Index(fields=["hospital_id", "until"], name="offer_due", condition=Q(live=True))]


class WaitlistPassed(models.Model):
    """A kept slot went past an entry: why, for the replay and for the one who waits. It doesn't come back to it."""

    scale = Scale.H
    no_delete = True

    pk = models.CompositePrimaryKey("hospital_id", "id")
    hospital_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    kept_id = models.UUIDField()
    session_id = models.UUIDField()
    entry_id = models.UUIDField()
    reason = models.CharField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        db_table = "waitlist_passed"
        constraints = [
            models.UniqueConstraint(name="passed_once", fields=["hospital_id", "kept_id", "entry_id"]),
        ]
        indexes = [models.Index(fields=["hospital_id", "entry_id", "-at"], name="passed_of_entry")]
