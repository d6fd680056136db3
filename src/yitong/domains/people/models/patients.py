"""Tables of patients, by patient; the registers that make a value unique in the whole city are local to one node."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from yitong.core.actor import Actor
from yitong.core.db.fields import EncryptedText
from yitong.core.db.models import ClockTimestamp
from yitong.core.db.scale import Scale
from yitong.core.ids import new_id
from yitong.domains.people.contracts.words import (
    CarrierKind,
    CarrierState,
    IdentityKind,
    IdentityLevel,
    PatientState,
    Sex,
    VerificationState,
)
from yitong.domains.people.models.accounts import AccountPatient
from yitong.domains.people.models.shared import known, together


class PatientSet(models.QuerySet["Patient"]):
    def visible_to(self, actor: Actor) -> "PatientSet":
        """An account holder sees the patients of his account; staff and channels are asked for their right before."""
        if actor.kind in ("staff", "channel", "system") and actor.account_id is None:
            return self
        links = AccountPatient.objects.visible_to(actor).values("patient_id")
        return self.filter(id__in=links)


class Patient(models.Model):
    """One person. While only declared he is what one account says of him; once proven his identity leads here alone."""

    scale = Scale.P
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    state = models.CharField(max_length=8, default=PatientState.ACTIVE.value)
    level = models.CharField(max_length=8, default=IdentityLevel.DECLARED.value)
    name = EncryptedText(aad="people.patient.name", null=True)
    name_index = models.BinaryField(null=True)
    sex = models.CharField(max_length=8)
    birth_date = models.DateField(null=True)
    identity_kind = models.CharField(max_length=20)
    identity_number = EncryptedText(aad="people.patient.identity_number", null=True)
    identity_index = models.BinaryField(null=True)
    survivor_id = models.UUIDField(null=True, help_text="the patient that a merged record leads to")
    created_at = models.DateTimeField()
    level_at = models.DateTimeField(null=True, help_text="when the level was reached")
    erased_at = models.DateTimeField(null=True)

    objects = PatientSet.as_manager()

    class Meta:
        db_table = "people_patient"
        constraints = [
            known("patient_level_known", "level", IdentityLevel),
            known("patient_sex_known", "sex", Sex),
            known("patient_identity_kind_known", "identity_kind", IdentityKind),
            models.CheckConstraint(
                name="patient_state_as_its_fields",
                condition=Q(state="active", survivor_id=None, erased_at=None, name__isnull=False)
                | Q(state="merged", survivor_id__isnull=False, erased_at=None, name__isnull=False)
                | Q(state="erased", erased_at__isnull=False, name=None, birth_date=None),
            ),
            together("patient_identity_whole", "name", "name_index", "identity_number", "identity_index"),
            models.CheckConstraint(
                name="patient_not_its_own_survivor", condition=Q(survivor_id=None) | ~Q(survivor_id=F("id"))
            ),
        ]
        indexes = [
            models.Index(fields=["name_index", "birth_date"], name="patient_by_name_and_birth"),
            models.Index(fields=["survivor_id"], name="patient_by_survivor", condition=Q(state="merged")),
        ]


class PatientIdentity(models.Model):
    """A proven identity leads to one patient of the city (R-102). Declared ones are not here: they claim nothing."""

    scale = Scale.L
    append_only = False

    pk = models.CompositePrimaryKey("family", "number_index")
    family = models.CharField(max_length=20, help_text="kinds that share one range of numbers")
    number_index = models.BinaryField()
    patient_id = models.UUIDField()
    proven_at = models.DateTimeField()

    class Meta:
        db_table = "people_patient_identity"
        indexes = [models.Index(fields=["patient_id"], name="identity_by_patient")]


class Verification(models.Model):
    """One question to the authority whether name, number (and phone) belong together (R-045)."""

    scale = Scale.P
    append_only = False

    pk = models.CompositePrimaryKey("patient_id", "id")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=new_id)
    account_id = models.UUIDField(null=True, help_text="whose phone is asked with; who is told")
    asks_phone = models.BooleanField(default=False)
    state = models.CharField(max_length=12, default=VerificationState.ASKED.value)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_verification"
        constraints = [
            known("verification_state_known", "state", VerificationState),
            models.UniqueConstraint(name="verification_one_open", fields=["patient"], condition=Q(state="asked")),
            models.CheckConstraint(
                name="verification_open_or_settled",
                condition=Q(state="asked", settled_at=None, next_at__isnull=False)
                | (~Q(state="asked") & Q(settled_at__isnull=False, next_at=None)),
            ),
        ]
        indexes = [models.Index(fields=["next_at"], name="verification_by_turn", condition=Q(state="asked"))]


class Carrier(models.Model):
    """A card, code or hospital number that leads to a patient (R-102, R-049)."""

    scale = Scale.P
    append_only = False

    pk = models.CompositePrimaryKey("patient_id", "id")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=new_id)
    kind = models.CharField(max_length=16)
    issuer = models.CharField(max_length=36, help_text="a hospital's id, or `city`")
    value = EncryptedText(aad="people.carrier.value", null=True)
    value_index = models.BinaryField(null=True)
    state = models.CharField(max_length=8)
    reason = models.CharField(max_length=200, default="", help_text="the hospital's words for its refusal")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(db_default=0, help_text="how often the hospital was asked")
    next_at = models.DateTimeField(null=True, help_text="when it is asked (again); null while it is not")
    consent = models.CharField(max_length=40, null=True, help_text="version of the notice agreed to before (R-049)")
    consent_by = models.UUIDField(null=True, help_text="the account that agreed")
    consent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_carrier"
        constraints = [
            known("carrier_kind_known", "kind", CarrierKind),
            models.CheckConstraint(
                name="carrier_state_as_its_value",
                condition=Q(state="pending", kind="hospital_number", value=None, ended_at=None)
                | Q(state="refused", kind="hospital_number", value=None, ended_at__isnull=False)
                | Q(state="active", value__isnull=False, ended_at=None)
                | Q(state="ended", ended_at__isnull=False),
            ),
            known("carrier_state_known", "state", CarrierState),
            together("carrier_value_with_its_index", "value", "value_index"),
            together("carrier_consent_whole", "consent", "consent_by", "consent_at"),
            models.UniqueConstraint(
                name="carrier_one_pending", fields=["patient", "issuer"], condition=Q(state="pending")
            ),
            models.CheckConstraint(name="carrier_asked_while_pending", condition=Q(state="pending") | Q(next_at=None)),
        ]
        indexes = [models.Index(fields=["next_at"], name="carrier_by_turn", condition=Q(next_at__isnull=False))]


class CarrierIndex(models.Model):
    """An active carrier leads to one patient in the whole city."""

    scale = Scale.L
    append_only = False

    pk = models.CompositePrimaryKey("kind", "issuer", "value_index")
    kind = models.CharField(max_length=16)
    issuer = models.CharField(max_length=36)
    value_index = models.BinaryField()
    patient_id = models.UUIDField()
    carrier_id = models.UUIDField()

    class Meta:
        db_table = "people_carrier_index"
        indexes = [models.Index(fields=["patient_id"], name="carrier_index_by_patient")]


class NumberConsent(models.Model):
    """That an account agreed to have a hospital asked for this patient's number, should a booking result (R-049).

    Said where one gets in line or enters a draw. It counts for the booking of this key alone, and goes onto the row of
    the question with it.
    """

    scale = Scale.P
    append_only = False

    pk = models.CompositePrimaryKey("patient_id", "id")
    patient_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    hospital_id = models.UUIDField()
    key = models.CharField(max_length=80, help_text="of the booking that may result")
    notice = models.CharField(max_length=40)
    account_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        db_table = "people_number_consent"
        constraints = [
            models.UniqueConstraint(name="number_consent_once", fields=["patient_id", "hospital_id", "key"]),
        ]


class QrUse(models.Model):
    """A dynamic code that a terminal has taken (R-104); it is kept until the code would have run out anyway."""

    scale = Scale.L
    append_only = False

    code_hash = models.BinaryField(primary_key=True)
    expires_at = models.DateTimeField()
    used_by = models.CharField(max_length=64)
    terminal = models.CharField(max_length=64)

    class Meta:
        db_table = "people_qr_use"
        indexes = [models.Index(fields=["expires_at"], name="qr_use_by_age")]


class BookingLimits(models.Model):
    """What a patient may still book at all hospitals (R-005, R-009). The city's ceilings are constraints.

    A patient is locked by this row, and it is made with him.
    """

    scale = Scale.P
    append_only = False

    patient = models.OneToOneField(Patient, on_delete=models.PROTECT, related_name="+", primary_key=True)
    live_days = ArrayField(models.DateField(), default=list, help_text="days of visit of live bookings, sorted")
    no_show_days = ArrayField(models.DateField(), default=list)
    no_shows_counted = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateField(null=True, help_text="the first day on which booking is possible again")
    moved_to = models.UUIDField(null=True, help_text="the survivor of a merge, whose row holds the days since")

    class Meta:
        db_table = "people_booking_limits"
        constraints = [
            models.CheckConstraint(
                name="limits_of_a_merged_patient_are_empty", condition=Q(moved_to=None) | Q(live_days=[])
            ),
            models.CheckConstraint(
                name="limits_no_shows_at_least_locked",
                condition=Q(locked_until=None) | Q(no_shows_counted__gt=0),
            ),
        ]  # limits_same_day, limits_7_days and limits_3_months stand in migration 0002, beside their function


class OpenEpisode(models.Model):
    """Something unfinished at a hospital (R-102): higher domains write it; while it is there, nobody is merged."""

    scale = Scale.P
    append_only = False

    pk = models.CompositePrimaryKey("patient_id", "id")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField()
    hospital_id = models.UUIDField()
    kind = models.CharField(max_length=32)
    opened_at = models.DateTimeField()

    class Meta:
        db_table = "people_open_episode"


class PatientMerge(models.Model):
    """Two records became one, and perhaps two again (R-102). `moved` lists the ids that changed hands."""

    scale = Scale.P
    append_only = False

    pk = models.CompositePrimaryKey("patient_id", "id")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=new_id)
    merged_id = models.UUIDField()
    basis = models.CharField(max_length=16)
    reason = EncryptedText(aad="people.patient_merge.reason")
    moved = models.JSONField(help_text="carriers, identities, seats in accounts, days: what an unmerge gives back")
    at = models.DateTimeField()
    by = models.CharField(max_length=64)
    unmerged_at = models.DateTimeField(null=True)
    unmerged_by = models.CharField(max_length=64, null=True)
    unmerged_why = EncryptedText(aad="people.patient_merge.unmerged_why", null=True)

    class Meta:
        db_table = "people_patient_merge"
        constraints = [
            models.CheckConstraint(name="merge_basis_known", condition=Q(basis__in=["same_identity", "person"])),
            models.CheckConstraint(name="merge_of_two", condition=~Q(merged_id=F("patient_id"))),
            models.UniqueConstraint(
                name="merge_one_in_force", fields=["patient", "merged_id"], condition=Q(unmerged_at=None)
            ),
            together("merge_undone_whole", "unmerged_at", "unmerged_by", "unmerged_why"),
        ]
        indexes = [models.Index(fields=["merged_id"], name="merge_by_merged")]


class MergeCandidate(models.Model):
    """A probable match (R-102). It waits for a person; nothing follows from it by itself."""

    scale = Scale.P
    append_only = False

    pk = models.CompositePrimaryKey("patient_id", "id")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", db_index=False)
    id = models.UUIDField(default=new_id)
    other_id = models.UUIDField()
    matches = ArrayField(models.CharField(max_length=16))
    state = models.CharField(max_length=8, default="open")
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=64, null=True)

    class Meta:
        db_table = "people_merge_candidate"
        constraints = [
            models.CheckConstraint(
                name="candidate_open_or_decided",
                condition=Q(state="open", decided_at=None, decided_by=None)
                | Q(state__in=["merged", "rejected"], decided_at__isnull=False, decided_by__isnull=False),
            ),
            models.UniqueConstraint(name="candidate_once_a_pair", fields=["patient", "other_id"]),
        ]
        indexes = [models.Index(fields=["found_at"], name="candidate_waiting", condition=Q(state="open"))]


class ReadLogSet(models.QuerySet["ReadLog"]):
    def visible_to(self, actor: Actor) -> "ReadLogSet":
        links = AccountPatient.objects.visible_to(actor).values("patient_id")
        return self.filter(patient_id__in=links)


class ReadLog(models.Model):
    """Each read of a patient's record by staff or a channel, as the patient sees it. Never changed, never removed."""

    scale = Scale.P
    append_only = True

    pk = models.CompositePrimaryKey("patient_id", "id")
    patient_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    reader = models.CharField(max_length=64)
    channel = models.CharField(max_length=32)
    hospital_id = models.UUIDField(null=True)
    what = models.CharField(max_length=40)
    purpose = models.CharField(max_length=80)
    trace_id = models.CharField(max_length=40, default="")
    at = models.DateTimeField(db_default=Now())
    recorded_at = models.DateTimeField(db_default=ClockTimestamp(), help_text="the order in the log")

    objects = ReadLogSet.as_manager()

    class Meta:
        db_table = "people_read_log"
        indexes = [
            models.Index(fields=["patient_id", "-recorded_at"], name="read_log_by_patient"),
            models.Index(fields=["recorded_at"], name="read_log_by_record"),
        ]
