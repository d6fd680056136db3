"""The message centre in words."""

from dataclasses import dataclass

from yitong.domains.notify.contracts import DeliveryState, RenderedMessage
from yitong.faces.common.words import Reader


@dataclass(frozen=True, slots=True)
class Line:
    title: str
    text: str
    when: str
    is_new: bool


def line(rendered: RenderedMessage, reader: Reader) -> Line:
    message = rendered.message
    is_new = message.state is DeliveryState.DELIVERED
    return Line(rendered.title, rendered.text, reader.moment(message.created_at), is_new)
