"""Notify: writes. What is told is written with the change that it tells of, and carried later."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from yitong.core.actor import Actor
from yitong.core.db import jobs
from yitong.core.db.command import command, joined
from yitong.core.db.fields import blind_index
from yitong.core.ids import new_id
from yitong.domains.notify import errors, models, permissions
from yitong.domains.notify.contracts import (
    Answer,
    DeliveryState,
    FactAsk,
    Failure,
    Medium,
    Outgoing,
    Preferences,
    SetPreferences,
    Tell,
    TellPhone,
    TemplateName,
    Topic,
)
from yitong.domains.notify.ports import fact_source, sms_gateway
from yitong.domains.notify.queries import preferences_of
from yitong.domains.notify.rules import messages
from yitong.domains.notify.states import Event, next_state

TRIES = 6
SMS_LIFE = timedelta(hours=12)
KEPT = timedelta(days=180)
DELIVER_JOB = "yitong.domains.notify.jobs.deliver"


def tell(tell: Tell, now: datetime) -> None:
    """Tell an account holder one thing, once by key and medium. Joins the caller's command."""
    template = TemplateName(tell.template)
    messages.check_params(template, tell.params)
    topic = messages.TEMPLATES[template].topic
    with joined():
        contact = models.Contact.objects.filter(account_id=tell.account_id).order_by("pk").first()
        for medium in tell.media:
            if medium is Medium.SMS and (contact is None or contact.phone is None or topic.value in contact.muted):
                continue
            _put(tell, template, medium, now)


def _put(tell: Tell, template: TemplateName, medium: Medium, now: datetime) -> None:
    is_sms = medium is Medium.SMS
    row = models.Message(
        id=new_id(),
        key=tell.key,
        medium=medium.value,
        account_id=tell.account_id,
        template=template.value,
        params=dict(tell.params),
        state=(DeliveryState.QUEUED if is_sms else DeliveryState.DELIVERED).value,
        next_at=now if is_sms else None,
        expires_at=now + SMS_LIFE if is_sms else None,
        settled_at=None if is_sms else now,
        created_at=now,
    )
    _insert_once(row)


def tell_phone(tell: TellPhone, now: datetime) -> None:
    """Send a code to a phone. Joins the caller's command; the code is encrypted until it leaves, then wiped."""
    template = TemplateName(tell.template)
    messages.check_params(template, tell.secret)
    with joined():
        _insert_once(
            models.Message(
                id=new_id(),
                key=tell.key,
                medium=Medium.SMS.value,
                phone=tell.phone,
                language=tell.language,
                template=template.value,
                secret=json.dumps(tell.secret),
                next_at=now,
                expires_at=tell.expires_at,
                created_at=now,
            )
        )


def _insert_once(row: models.Message) -> None:
    """Told before under this key and medium: nothing happens."""
    if models.Message.objects.filter(key=row.key, medium=row.medium).exists():
        return
    models.Message.objects.bulk_create([row], ignore_conflicts=True)  # two at once: the constraint lets one pass
    if row.medium == Medium.SMS:
        jobs.enqueue(DELIVER_JOB, queue=jobs.OUTSIDE, message_id=str(row.id))


# -- contacts ----------------------------------------------------------------------------------------------------------


def set_contact(account_id: UUID, phone: str | None, language: str) -> None:
    """Where an account is told from now on; None: it has no phone any more. Joins the caller's command."""
    with joined():
        models.Contact.objects.update_or_create(
            account_id=account_id,
            defaults={"phone": phone, "phone_index": blind_index("phone", phone) if phone else None},
            create_defaults={
                "phone": phone,
                "phone_index": blind_index("phone", phone) if phone else None,
                "language": language,
            },
        )


@command()
def set_preferences(cmd: SetPreferences, *, actor: Actor, now: datetime) -> Preferences:
    """Choose the language of messages and what not to send by SMS. Refuses: ContactMissing, TopicAlwaysSent."""
    permissions.check_is_account(actor, cmd.account_id)
    if Topic.SECURITY in cmd.muted:
        raise errors.TopicAlwaysSent()
    row = models.Contact.objects.select_for_update().filter(account_id=cmd.account_id).order_by("pk").first()
    if row is None:
        raise errors.ContactMissing()
    row.language = "en" if cmd.language.startswith("en") else "zh"
    row.muted = sorted(topic.value for topic in set(cmd.muted))
    row.save(update_fields=["language", "muted"])
    return preferences_of(row)


# -- delivery ----------------------------------------------------------------------------------------------------------


@command()
def take_turn(message_id: UUID, *, now: datetime) -> Outgoing | None:
    """Take one queued text for a try; None where it is not its turn. The next try is set before this one begins.

    Locks: Message.
    """
    row = _locked(message_id)
    if row is None or row.state != DeliveryState.QUEUED or row.next_at is None or row.next_at > now:
        return None
    assert row.expires_at is not None
    contact = (
        models.Contact.objects.filter(account_id=row.account_id).order_by("pk").first() if row.account_id else None
    )
    phone = contact.phone if contact else row.phone
    if row.expires_at <= now or row.tries >= TRIES or phone is None:
        expired = row.expires_at <= now
        why = Failure.NO_PHONE if phone is None else Failure.EXPIRED if expired else Failure.GAVE_UP
        _settle(row, Event.FAIL, now, why)
        return None
    language = contact.language if contact else row.language or "zh"
    text = _text(row, language)
    row.tries += 1
    row.next_at = now + wait_after(row.tries)
    if sms_gateway.taken().shows_texts:
        row.shown = text
    row.save(update_fields=["tries", "next_at", "shown"])
    return Outgoing(row.id, phone, text, row.expires_at)


def _text(row: models.Message, language: str) -> str:
    template = TemplateName(row.template)
    params = {**row.params, **(json.loads(row.secret) if row.secret else {})}
    ids = messages.ids_in(template, params)
    words: Mapping[str, str] = {}
    if ids:
        words = fact_source.taken().words([FactAsk(row.account_id, params)], language, masked=True)[0]
    return messages.sms_text(messages.render(template, params, words, language)[1], language)


def wait_after(tries: int) -> timedelta:
    """Until the next try: 5 s, 20 s, 80 s, 5 min, 20 min."""
    return timedelta(seconds=min(1280, 5 * 4 ** (tries - 1)))


@command()
def note_answer(message_id: UUID, answer: Answer, *, now: datetime) -> None:
    """What the gateway said. An unknown outcome changes nothing: the same id is handed over again at its turn."""
    row = _locked(message_id)
    if row is None or answer is Answer.UNKNOWN:
        return
    if answer is Answer.ACCEPTED:
        _settle(row, Event.ACCEPT, now)
    else:
        _settle(row, Event.FAIL, now, Failure.REFUSED)


@command()
def take_report(headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
    """A gateway's call-back. A report that comes twice, or too late, changes nothing. Refuses: ReportRefused."""
    report = sms_gateway.taken().read_report(headers, body)
    if report is None:
        raise errors.ReportRefused()
    row = _locked(report.message_id)
    if row is None:
        return
    if report.is_delivered:
        _settle(row, Event.ARRIVE, now)
    else:
        _settle(row, Event.FAIL, now, Failure.UNREACHABLE)


def _locked(message_id: UUID) -> models.Message | None:
    rows = list(models.Message.objects.select_for_update(of=("self",)).filter(id=message_id).order_by("pk"))
    return rows[0] if rows else None


def _settle(row: models.Message, event: Event, now: datetime, failure: Failure | None = None) -> None:
    state = next_state(DeliveryState(row.state), event)
    if state is None:
        return
    row.state = state.value
    row.next_at = None
    row.secret = None
    if row.sent_at is None and state is not DeliveryState.FAILED:
        row.sent_at = now
    if state is not DeliveryState.SENT:
        row.settled_at = now
        row.failure = failure.value if failure else None
    row.save(update_fields=["state", "next_at", "secret", "sent_at", "settled_at", "failure"])


# -- reading -----------------------------------------------------------------------------------------------------------


@command()
def mark_read(account_id: UUID, message_ids: tuple[UUID, ...] | None, *, actor: Actor, now: datetime) -> int:
    """Mark in-app messages as read: these, or all. Returns how many were new."""
    permissions.check_is_account(actor, account_id)
    rows = models.Message.objects.visible_to(actor).filter(state=DeliveryState.DELIVERED.value)
    if message_ids is not None:
        rows = rows.filter(id__in=message_ids)
    return rows.update(state=DeliveryState.READ.value, read_at=now)


@command()
def mark_unread(account_id: UUID, read_at: datetime, *, actor: Actor, now: datetime) -> int:
    """Take a marking back: what was marked at that very instant is new again. Returns how many; a second time none."""
    permissions.check_is_account(actor, account_id)
    rows = models.Message.objects.visible_to(actor).filter(state=DeliveryState.READ.value, read_at=read_at)
    return rows.update(state=DeliveryState.DELIVERED.value, read_at=None)


@command()
def forget_old(*, now: datetime) -> int:
    """Messages are kept for 180 days (R-194). A bounded batch at a time; returns how many went."""
    old = models.Message.objects.filter(created_at__lt=now - KEPT).order_by("id").values("id")[:5000]
    return models.Message.objects.filter(id__in=old).delete()[0]


def forget_account(account_id: UUID) -> int:
    """Remove an account's contact and messages. Joins the caller's command. Returns how many messages went."""
    with transaction.atomic(savepoint=False):
        models.Contact.objects.filter(account_id=account_id).delete()
        return models.Message.objects.filter(account_id=account_id).delete()[0]
