"""The message centre in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from yitong.domains.notify.contracts import DeliveryState, RenderedMessage
from yitong.faces.common.words import Reader


@dataclass(frozen=True, slots=True)
class Line:
    title: str
    text: str
    when: str
    is_new: bool
    href: str


def line(rendered: RenderedMessage, reader: Reader) -> Line:
    message = rendered.message
    is_new = message.state is DeliveryState.DELIVERED
    return Line(rendered.title, rendered.text, reader.moment(message.created_at), is_new, _href(message.params))


def _href(params: Mapping[str, str]) -> str:
    """The booking that the message is about."""
    if "hospital_id" not in params or "booking_id" not in params:
        return ""
    return reverse("patient:booking", args=[params["hospital_id"], params["booking_id"]])
