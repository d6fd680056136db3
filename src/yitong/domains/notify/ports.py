"""What the outside does for notify: carry a text to a phone, and turn ids into words."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from yitong.core.plugs import Plug
from yitong.domains.notify.contracts import Answer, FactAsk, Outgoing, Report


class SmsGateway(Protocol):
    """Carries texts. A message handed over again under the same id is sent once."""

    shows_texts: bool  # a demo: what goes out may be read by anyone on the outbox page

    def send(self, outgoing: Outgoing) -> Answer:
        """Hands a text over. Never raises for what the network does: that is `Answer.UNKNOWN`."""
        ...

    def read_report(self, headers: Mapping[str, str], body: bytes) -> Report | None:
        """The report in a call-back from the gateway; None where its signature, age or form is wrong."""
        ...


class FactSource(Protocol):
    """Words for ids: hospitals, departments, practitioners, patients."""

    def words(self, asks: Sequence[FactAsk], language: str, *, masked: bool) -> list[dict[str, str]]:
        """For each ask the words by parameter name. `masked`: a text message, which others may see (R-108)."""
        ...


sms_gateway: Plug[SmsGateway] = Plug("notify.SmsGateway")
fact_source: Plug[FactSource] = Plug("notify.FactSource")
