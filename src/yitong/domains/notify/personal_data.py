"""What notify holds of a person: export, erase, retain (R-198, R-214)."""

from collections.abc import Collection
from uuid import UUID

from yitong.domains.notify import commands, models


def export(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, object]:
    """The account's contact and messages, as plain values. Messages belong to accounts, never to patients."""
    contact = models.Contact.objects.filter(account_id=account_id).order_by("pk").first() if account_id else None
    rows = models.Message.objects.filter(account_id=account_id).order_by("id") if account_id else []
    return {
        "contact": None
        if contact is None
        else {"phone": contact.phone, "language": contact.language, "muted": contact.muted},
        "messages": [
            {
                "template": row.template,
                "params": row.params,
                "medium": row.medium,
                "state": row.state,
                "created_at": row.created_at.isoformat(),
            }
            for row in rows
        ],
    }


def erase(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, int]:
    """Forget the account's contact and messages. Joins the caller's command."""
    return {"messages": commands.forget_account(account_id) if account_id else 0}


def retain() -> dict[str, str]:
    """How long what is kept, and by which rule."""
    return {
        "notify_contact": "until the account is closed (R-194)",
        "notify_message": "180 days; texts with codes are wiped when they leave (R-194)",
    }
