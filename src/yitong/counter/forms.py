"""Where the window sends a page without scripts: it asked by a form, and is answered by 303 to another page."""

from urllib.parse import parse_qs, urlencode
from uuid import UUID

from yitong.core.digests import plain
from yitong.core.errors import Busy, Refusal
from yitong.counter.asks import Ask
from yitong.counter.picture import Known
from yitong.counter.problems import NOT_STORED
from yitong.counter.requests import LONGEST_BODY, Answering, Request

FORM = "application/x-www-form-urlencoded"


def is_form(asked: Request) -> bool:
    return asked.headers.get("content-type", "").lower().startswith(FORM)


def send_on(reply: Answering, where: str) -> None:
    reply.response_empty(303, [("location", where), NOT_STORED])


def way(ask: Ask | None, body: bytes, outcome: Known | Refusal) -> str:
    """Where a page without scripts is sent: to the booking, or back to the choice with what was said."""
    if isinstance(outcome, Known):
        return f"/bookings/{outcome.told.hospital_id}/{outcome.told.booking_id}/?new=1"
    if ask is None:
        return _way_of_unreadable(body, outcome)
    said = {"visit": _visit(is_first=ask.is_first_visit), "refused": outcome.code, "patient": ask.patient_id}
    if isinstance(outcome, Busy):
        said["key"] = ask.key  # it may have been booked: with the same key it is never booked twice
    said.update((name, plain(value)) for name, value in outcome.params.items() if value is not None)
    return f"/book/{ask.hospital_id}/{ask.slot_id}/?{urlencode(said)}"


def _way_of_unreadable(body: bytes, refusal: Refusal) -> str:
    """Back to the form where it can be told which one it was: nobody was chosen, most likely."""
    fields = {name: values[-1] for name, values in parse_qs(body[:LONGEST_BODY].decode(errors="replace")).items()}
    try:
        hospital_id, slot_id = UUID(fields.get("hospital_id", "")), UUID(fields.get("slot_id", ""))
    except ValueError:
        return "/"
    said = {"visit": _visit(is_first=fields.get("is_first_visit") != "false"), "refused": refusal.code}
    return f"/book/{hospital_id}/{slot_id}/?{urlencode(said)}"


def _visit(*, is_first: bool) -> str:
    return "first" if is_first else "again"
