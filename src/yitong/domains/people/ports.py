"""What the outside does for people: an authority that knows who holds which number."""

from typing import Protocol

from yitong.core.plugs import Plug
from yitong.domains.people.contracts import IdentityAsk, Verdict


class IdentityAuthority(Protocol):
    """Says whether name and number (and phone) belong together. Asked again under the same id, it answers the same."""

    def check(self, ask: IdentityAsk) -> Verdict:
        """Never raises for what the network does: that is `Verdict.UNKNOWN`."""
        ...


identity_authority: Plug[IdentityAuthority] = Plug("people.IdentityAuthority")
