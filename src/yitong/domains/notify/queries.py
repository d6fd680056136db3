"""Notify: reads."""

from datetime import datetime
from uuid import UUID

from yitong.core import masks
from yitong.core.actor import Actor
from yitong.domains.notify import errors, models, permissions
from yitong.domains.notify.contracts import (
    DeliveryState,
    FactAsk,
    Inbox,
    Medium,
    Message,
    OutboxItem,
    Preferences,
    RenderedMessage,
    TemplateName,
    Topic,
)
from yitong.domains.notify.ports import fact_source, sms_gateway
from yitong.domains.notify.rules import messages

PAGE = 20
SWEEP = 200


def get_inbox(account_id: UUID, actor: Actor, *, language: str, before: UUID | None = None, limit: int = PAGE) -> Inbox:
    """One page of an account's messages in words, newest first. Refuses: ContactMissing where it is another's."""
    permissions.check_is_account(actor, account_id)
    rows = models.Message.objects.visible_to(actor)
    page = rows if before is None else rows.filter(id__lt=before)
    found = list(page.order_by("-id")[: limit + 1])
    more, shown = len(found) > limit, found[:limit]
    return Inbox(
        items=tuple(_rendered(shown, "en" if language.startswith("en") else "zh")),
        unread=count_unread(account_id, actor),
        before=shown[-1].id if more else None,
    )


def count_unread(account_id: UUID, actor: Actor) -> int:
    permissions.check_is_account(actor, account_id)
    return models.Message.objects.visible_to(actor).filter(state=DeliveryState.DELIVERED.value).count()


def _rendered(rows: list[models.Message], language: str) -> list[RenderedMessage]:
    asks = [FactAsk(row.account_id, row.params) for row in rows]
    words = fact_source.taken().words(asks, language, masked=False) if asks else []
    answers = []
    for row, known in zip(rows, words, strict=True):
        title, text = messages.render(TemplateName(row.template), row.params, known, language)
        answers.append(RenderedMessage(_contract(row), title, text))
    return answers


def _contract(row: models.Message) -> Message:
    assert row.account_id is not None
    return Message(
        message_id=row.id,
        account_id=row.account_id,
        template=row.template,
        params=row.params,
        medium=Medium(row.medium),
        state=DeliveryState(row.state),
        created_at=row.created_at,
        read_at=row.read_at,
    )


def get_preferences(account_id: UUID, actor: Actor) -> Preferences:
    permissions.check_is_account(actor, account_id)
    row = models.Contact.objects.visible_to(actor).filter(account_id=account_id).order_by("pk").first()
    if row is None:
        raise errors.ContactMissing()
    return preferences_of(row)


def preferences_of(row: models.Contact) -> Preferences:
    muted = frozenset(Topic(topic) for topic in row.muted)
    return Preferences(row.account_id, masks.phone(row.phone), row.language, muted)


def list_due(now: datetime) -> list[UUID]:
    """Queued texts whose turn has come, oldest first: for the sweep that finds what a killed worker dropped."""
    rows = models.Message.objects.filter(state=DeliveryState.QUEUED.value, next_at__lte=now)
    return list(rows.order_by("next_at", "id").values_list("id", flat=True)[:SWEEP])


def is_outbox_open() -> bool:
    """Whether this is a demo, whose gateway shows its texts."""
    return sms_gateway.taken().shows_texts


def list_outbox(limit: int = 50) -> list[OutboxItem]:
    """The texts that went out lately, newest first: in a demo, where the gateway shows them. Refuses: OutboxClosed."""
    if not is_outbox_open():
        raise errors.OutboxClosed()
    rows = models.Message.objects.filter(medium=Medium.SMS.value, shown__isnull=False).order_by("-id")[:limit]
    contacts = models.Contact.objects.in_bulk([row.account_id for row in rows if row.account_id])
    items = []
    for row in rows:
        contact = contacts.get(row.account_id) if row.account_id else None
        phone = (contact.phone if contact else row.phone) or ""
        assert row.shown is not None
        items.append(OutboxItem(row.id, phone, row.shown, DeliveryState(row.state), row.sent_at or row.created_at))
    return items
