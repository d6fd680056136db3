"""What the outside does for people: an authority knows who holds which number, hospitals give numbers of their own."""

from typing import Protocol

from yitong.core.plugs import Plug
from yitong.domains.people.contracts.patients import IdentityAsk, NumberAnswer, NumberAsk
from yitong.domains.people.contracts.words import Verdict


class IdentityAuthority(Protocol):
    """Says whether name and number (and phone) belong together. Asked again under the same id, it answers the same."""

    def check(self, ask: IdentityAsk) -> Verdict:
        """Never raises for what the network does: that is `Verdict.UNKNOWN`."""
        ...


class HospitalRegister(Protocol):
    """Has hospitals make a patient's number (R-049). Asked again under the same id, it answers the same."""

    is_open: bool  # False where no hospital can be asked: then its window makes the number

    def number(self, ask: NumberAsk) -> NumberAnswer:
        """Never raises for what the network does: that is `NumberOutcome.UNKNOWN`."""
        ...


identity_authority: Plug[IdentityAuthority] = Plug("people.IdentityAuthority")
hospital_register: Plug[HospitalRegister] = Plug("people.HospitalRegister")
