"""What the outside does for people: an authority that knows who holds which number, and the domains' personal data."""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from yitong.core.plugs import Plug
from yitong.domains.people.contracts import IdentityAsk, Verdict


class IdentityAuthority(Protocol):
    """Says whether name and number (and phone) belong together. Asked again under the same id, it answers the same."""

    def check(self, ask: IdentityAsk) -> Verdict:
        """Never raises for what the network does: that is `Verdict.UNKNOWN`."""
        ...


class PersonalData(Protocol):
    """A domain's `personal_data.py` (R-198)."""

    def export(self, patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, object]: ...


identity_authority: Plug[IdentityAuthority] = Plug("people.IdentityAuthority")
personal_data: Plug[Mapping[str, PersonalData]] = Plug("people.personal_data")
