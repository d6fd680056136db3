"""Tables of accounts, all local to one node."""

from enum import StrEnum

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from yitong.core.actor import Actor
from yitong.core.db.fields import EncryptedText
from yitong.core.db.scale import Scale
from yitong.core.ids import new_id
from yitong.domains.people.contracts.words import CodePurpose, Decision, LockReason, Relation
from yitong.domains.people.models.shared import LANGUAGES, known, together


class AccountState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Account(models.Model):
    """Who signs in by phone. Never a Django user."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    state = models.CharField(max_length=8, default=AccountState.OPEN.value)
    phone = EncryptedText(aad="people.account.phone", null=True, help_text="null once closed, or taken over")
    language = models.CharField(max_length=2, default="zh")
    booked_at = ArrayField(models.DateTimeField(), default=list, help_text="the last 3 months (R-010)")
    cancelled_at = ArrayField(models.DateTimeField(), default=list, help_text="the last month (R-010)")
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_account"
        constraints = [
            models.CheckConstraint(
                name="account_state_as_its_end",
                condition=Q(state="open", closed_at=None)
                | Q(state="closed", closed_at__isnull=False, phone=None, booked_at=[], cancelled_at=[]),
            ),
            models.CheckConstraint(name="account_language_known", condition=Q(language__in=LANGUAGES)),
        ]


class AccountPhone(models.Model):
    """One phone leads to one account (R-006): global uniqueness in a table keyed by the value's blind index."""

    scale = Scale.L
    append_only = False

    phone_index = models.BinaryField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        db_table = "people_account_phone"
        constraints = [models.UniqueConstraint(name="account_one_phone", fields=["account"])]


class Device(models.Model):
    """A browser or app of an account. `device_hash` is of the random value in its cookie."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    device_hash = models.BinaryField()
    label = models.CharField(max_length=80, default="")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, help_text="when a second fact was last given here (R-048)")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_device"
        constraints = [models.UniqueConstraint(name="device_once_an_account", fields=["account", "device_hash"])]
        indexes = [models.Index(fields=["device_hash"], name="device_by_hash")]


class AccountSession(models.Model):
    """A signed-in device. Only the hash of its token is kept.

    It opens the account only through the channel that it was made through: a channel that is shut (S-14) is left with
    nothing that another way in would take.
    """

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    token_hash = models.BinaryField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField(max_length=32, default="web")
    waits_for_fact = models.BooleanField(default=False, help_text="opens nothing but the second fact (R-048)")
    fact_tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    address_index = models.BinaryField(
        null=True, help_text="keyed hash of where it was opened from, for a week (R-017)"
    )

    class Meta:
        db_table = "people_account_session"
        constraints = [
            models.UniqueConstraint(name="session_token_once", fields=["token_hash"]),
            models.CheckConstraint(name="session_fact_tries_few", condition=Q(fact_tries__lte=5)),
        ]
        indexes = [
            models.Index(fields=["account"], name="session_open_by_account", condition=Q(ended_at=None)),
            models.Index(fields=["device"], name="session_open_by_device", condition=Q(ended_at=None)),
            models.Index(fields=["address_index"], name="session_by_address", condition=Q(address_index__isnull=False)),
        ]


class SignInCode(models.Model):
    """The newest code sent to a phone for one purpose; a newer one takes its place. Only its keyed hash is kept."""

    scale = Scale.L
    append_only = False

    pk = models.CompositePrimaryKey("phone_index", "purpose")
    phone_index = models.BinaryField()
    purpose = models.CharField(max_length=12)
    id = models.UUIDField(default=new_id)
    code_hash = models.BinaryField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_sign_in_code"
        constraints = [
            known("code_purpose_known", "purpose", CodePurpose),
            models.CheckConstraint(name="code_tries_few", condition=Q(tries__lte=5)),
        ]


class Quota(models.Model):
    """What one phone, device, address or account asked for in the last day (R-048). `subject` is a blind index."""

    scale = Scale.L
    append_only = False

    pk = models.CompositePrimaryKey("kind", "subject")
    kind = models.CharField(max_length=12)
    subject = models.BinaryField()
    asked_at = ArrayField(models.DateTimeField(), default=list)

    class Meta:
        db_table = "people_quota"
        constraints = [
            models.CheckConstraint(
                name="quota_kind_known", condition=Q(kind__in=["phone", "device", "address", "fact", "verify", "check"])
            )
        ]


class AbuseLock(models.Model):
    """R-010: an account that booked or cancelled too often. A person lifts it (R-199)."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=12)
    locked_at = models.DateTimeField()
    appealed_at = models.DateTimeField(null=True)
    appeal = EncryptedText(aad="people.abuse_lock.appeal", null=True)
    decision = models.CharField(max_length=8, null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=64, null=True)
    decided_why = EncryptedText(aad="people.abuse_lock.decided_why", null=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "people_abuse_lock"
        constraints = [
            known("abuse_reason_known", "reason", LockReason),
            models.UniqueConstraint(name="abuse_one_open_per_account", fields=["account"], condition=Q(lifted_at=None)),
            together("abuse_appeal_whole", "appealed_at", "appeal"),
            together("abuse_decision_whole", "decision", "decided_at", "decided_by", "decided_why"),
            models.CheckConstraint(
                name="abuse_lifted_as_decided",
                condition=Q(
                    decision__isnull=False,
                    decision=Decision.LIFTED.value,
                    lifted_at__isnull=False,
                    lifted_at=F("decided_at"),
                )
                | (Q(lifted_at=None) & (Q(decision=None) | Q(decision=Decision.KEPT.value))),
            ),
        ]
        indexes = [
            models.Index(
                fields=["appealed_at"], name="abuse_appeals_waiting", condition=Q(lifted_at=None, decision=None)
            )
        ]


class SlowPath(models.Model):
    """An account that has to pass a check before it books online (R-017): slower, not blocked. Fairness writes it, and
    booking asks for it in the reads that it makes anyway."""

    scale = Scale.L
    append_only = False

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="+", primary_key=True)
    since = models.DateTimeField()
    checked_until = models.DateTimeField(
        help_text="booking is open until then; its beginning, while nothing was passed"
    )

    class Meta:
        db_table = "people_slow_path"
        constraints = [
            models.CheckConstraint(
                name="slow_path_checked_after_its_beginning", condition=Q(checked_until__gte=F("since"))
            )
        ]


class AccountPatientSet(models.QuerySet["AccountPatient"]):
    def visible_to(self, actor: Actor) -> "AccountPatientSet":
        return self.filter(account_id=actor.account_id) if actor.account_id else self.none()


class AccountPatient(models.Model):
    """A patient in an account. `seat` makes the limit of R-006 a constraint: the command takes the lowest free one."""

    scale = Scale.L
    append_only = False

    pk = models.CompositePrimaryKey("account_id", "seat")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    seat = models.PositiveSmallIntegerField()
    patient_id = models.UUIDField()
    relation = models.CharField(max_length=8)
    identity_index = models.BinaryField()
    guardian_consent = models.CharField(max_length=40, null=True, help_text="version of the notice agreed to (R-103)")
    linked_at = models.DateTimeField()

    objects = AccountPatientSet.as_manager()

    class Meta:
        db_table = "people_account_patient"
        constraints = [
            known("account_patient_relation_known", "relation", Relation),
            models.CheckConstraint(name="account_patient_seats", condition=Q(seat__gte=1, seat__lte=10)),
            models.UniqueConstraint(name="account_patient_once", fields=["account", "patient_id"]),
            models.UniqueConstraint(name="account_patient_identity_once", fields=["account", "identity_index"]),
            models.UniqueConstraint(name="account_patient_one_self", fields=["account"], condition=Q(relation="self")),
            models.UniqueConstraint(
                name="account_patient_self_of_one", fields=["patient_id"], condition=Q(relation="self")
            ),
            models.CheckConstraint(
                name="account_patient_consent_of_guardians",
                condition=Q(guardian_consent=None) | Q(relation__in=["child", "ward"]),
            ),
        ]
        indexes = [models.Index(fields=["patient_id"], name="account_patient_by_patient")]
