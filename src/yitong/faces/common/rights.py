"""The rights of a person over his data (R-198): a port, because only `config` knows every domain that holds some."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.plugs import Plug


class Rights(Protocol):
    def export(self, account_id: UUID) -> dict[str, object]:
        """All that every domain holds of this account and its patients, as plain values."""
        ...

    def erase(self, account_id: UUID, *, actor: Actor, now: datetime) -> None:
        """Forget the account and those patients that no other account has. Refuses: RightsDenied."""
        ...


rights: Plug[Rights] = Plug("faces.Rights")
