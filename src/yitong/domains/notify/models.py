"""Tables of notify."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from yitong.core.actor import Actor
from yitong.core.db.fields import EncryptedText
from yitong.core.db.scale import Scale
from yitong.core.ids import new_id
from yitong.domains.notify.contracts import DeliveryState, Failure, Medium, Topic

LANGUAGES = ["zh", "en"]


class ContactSet(models.QuerySet["Contact"]):
    def visible_to(self, actor: Actor) -> "ContactSet":
        return self.filter(account_id=actor.account_id) if actor.account_id else self.none()


class Contact(models.Model):
    """Where and how an account is told."""

    scale = Scale.L
    append_only = False

    account_id = models.UUIDField(primary_key=True)
    phone = EncryptedText(aad="notify.contact.phone", null=True)
    phone_index = models.BinaryField(null=True)
    language = models.CharField(max_length=2, default="zh")
    muted = ArrayField(models.CharField(max_length=16), default=list, help_text="topics not sent by SMS")

    objects = ContactSet.as_manager()

    class Meta:
        db_table = "notify_contact"
        constraints = [
            models.CheckConstraint(name="contact_language_known", condition=Q(language__in=LANGUAGES)),
            models.CheckConstraint(
                name="contact_muted_known",
                condition=Q(muted__contained_by=[t.value for t in Topic if t is not Topic.SECURITY]),
            ),
            models.CheckConstraint(
                name="contact_phone_with_its_index",
                condition=Q(phone=None, phone_index=None) | Q(phone__isnull=False, phone_index__isnull=False),
            ),
        ]


class MessageSet(models.QuerySet["Message"]):
    def visible_to(self, actor: Actor) -> "MessageSet":
        """An account's own in-app messages."""
        if not actor.account_id:
            return self.none()
        return self.filter(account_id=actor.account_id, medium=Medium.IN_APP.value)


class Message(models.Model):
    """One thing told by one medium, to an account or (a code) to a bare phone."""

    scale = Scale.L
    append_only = False

    id = models.UUIDField(primary_key=True, default=new_id)
    key = models.CharField(max_length=120)
    medium = models.CharField(max_length=8)
    account_id = models.UUIDField(null=True)
    phone = EncryptedText(aad="notify.message.phone", null=True, help_text="only where there is no account")
    language = models.CharField(max_length=2, null=True, help_text="only where there is no account")
    template = models.CharField(max_length=32)
    params = models.JSONField(default=dict, help_text="ids, dates, numbers, codes of bookings; never a name")
    secret = EncryptedText(aad="notify.message.secret", null=True, help_text="JSON; wiped when the message leaves")
    shown = EncryptedText(aad="notify.message.shown", null=True, help_text="the text, in a demo only")
    state = models.CharField(max_length=12, default=DeliveryState.QUEUED.value)
    failure = models.CharField(max_length=12, null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, help_text="when it is handed over, or handed over again")
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True, help_text="delivered or failed")
    read_at = models.DateTimeField(null=True)

    objects = MessageSet.as_manager()

    class Meta:
        db_table = "notify_message"
        constraints = [
            models.UniqueConstraint(name="message_told_once", fields=["key", "medium"]),
            models.CheckConstraint(name="message_medium_known", condition=Q(medium__in=[m.value for m in Medium])),
            models.CheckConstraint(name="message_state_known", condition=Q(state__in=[s.value for s in DeliveryState])),
            models.CheckConstraint(
                name="message_has_one_receiver",
                condition=Q(account_id__isnull=False, phone=None, language=None)
                | Q(
                    account_id=None,
                    phone__isnull=False,
                    language__isnull=False,
                    language__in=LANGUAGES,
                    medium=Medium.SMS.value,
                ),
            ),
            models.CheckConstraint(
                name="message_waits_while_queued",
                condition=Q(state=DeliveryState.QUEUED.value, next_at__isnull=False, expires_at__isnull=False)
                | (~Q(state=DeliveryState.QUEUED.value) & Q(next_at=None)),
            ),
            models.CheckConstraint(
                name="message_secret_only_while_queued", condition=Q(secret=None) | Q(state=DeliveryState.QUEUED.value)
            ),
            models.CheckConstraint(
                name="message_failed_says_why",
                condition=Q(
                    state=DeliveryState.FAILED.value, failure__isnull=False, failure__in=[f.value for f in Failure]
                )
                | (~Q(state=DeliveryState.FAILED.value) & Q(failure=None)),
            ),
            models.CheckConstraint(
                name="message_read_in_app",
                condition=Q(state=DeliveryState.READ.value, medium=Medium.IN_APP.value, read_at__isnull=False)
                | (~Q(state=DeliveryState.READ.value) & Q(read_at=None)),
            ),
        ]
        indexes = [
            models.Index(fields=["account_id", "-id"], name="message_by_account", condition=Q(medium="in_app")),
            models.Index(fields=["next_at"], name="message_by_turn", condition=Q(state="queued")),
        ]
