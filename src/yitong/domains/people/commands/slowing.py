"""The slow path of an account (R-017), as a higher domain decides it. All join the caller's command."""

from datetime import datetime
from uuid import UUID

from yitong.core.db.command import joined
from yitong.domains.people import models


def slow_down(account_id: UUID, *, at: datetime) -> None:
    """From now on the account passes a check before it books. Nothing where it does already, or is no account."""
    with joined():
        if models.Account.objects.filter(id=account_id, state="open").exists():
            models.SlowPath.objects.bulk_create(
                [models.SlowPath(account_id=account_id, since=at, checked_until=at)], ignore_conflicts=True
            )


def end_slow_path(account_id: UUID) -> None:
    with joined():
        models.SlowPath.objects.filter(account_id=account_id).delete()


def note_check_passed(account_id: UUID, *, until: datetime) -> bool:
    """Booking is open until then. Whether the account was on the slow path at all."""
    with joined():
        return models.SlowPath.objects.filter(account_id=account_id).update(checked_until=until) == 1
