"""A claim as it comes over HTTP: JSON from a page's script or a partner, a form from a page without scripts."""

from urllib.parse import parse_qs
from uuid import UUID

import msgspec

from yitong.domains.booking.contracts import Near
from yitong.domains.booking.errors import ClaimUnreadable


class Ask(msgspec.Struct):
    """A claim as it is sent."""

    key: str
    hospital_id: str
    slot_id: str
    patient_id: str
    pass_: str = msgspec.field(name="pass")
    is_first_visit: bool = True
    by_name: bool = False
    near: Near = Near.WINDOW

    def put_plainly(self) -> None:
        """Makes its ids the text that the picture knows them by, however they were written. Refuses ClaimUnreadable.

        What the picture knows is written so, so this is asked only where something is not found.
        """
        try:
            self.hospital_id, self.slot_id, self.patient_id = (
                str(UUID(one)) for one in (self.hospital_id, self.slot_id, self.patient_id)
            )
        except ValueError as error:
            raise ClaimUnreadable() from error


_asks = msgspec.json.Decoder(Ask)


def read(body: bytes, *, is_form: bool) -> Ask:
    """From JSON, or from a form. Refuses ClaimUnreadable."""
    try:
        if not is_form:
            return _asks.decode(body)
        fields = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        ask = msgspec.convert(fields, Ask, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:  # the last: too deep in itself
        raise ClaimUnreadable() from error
    ask.put_plainly()  # they become parts of an address
    return ask
