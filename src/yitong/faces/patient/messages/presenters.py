"""The message centre in words: by day, what is new marked, each with the way to what it is about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.core.clock import SHANGHAI, shanghai_date
from yitong.domains.notify.contracts import DeliveryState, RenderedMessage, TemplateName
from yitong.faces.common import words
from yitong.faces.common.words import Reader

# What a message is about, as a drawing; those of bookings are the rest.
OF_ACCOUNT = (
    TemplateName.NEW_DEVICE,
    TemplateName.PHONE_CHANGED,
    TemplateName.ACCOUNT_LOCKED,
    TemplateName.ACCOUNT_UNLOCKED,
    TemplateName.APPEAL_REFUSED,
    TemplateName.SLOW_PATH_BEGUN,
    TemplateName.SLOW_PATH_REVIEWED,
    TemplateName.SLOW_PATH_KEPT,
)
OF_PEOPLE = (
    TemplateName.PATIENT_VERIFIED,
    TemplateName.PATIENT_NOT_VERIFIED,
    TemplateName.VERIFICATION_UNKNOWN,
    TemplateName.PATIENT_ELSEWHERE,
    TemplateName.PATIENT_LINKED,
    TemplateName.HOSPITAL_NUMBER_REFUSED,
)


@dataclass(frozen=True, slots=True)
class Line:
    title: str
    text: str
    time: str
    is_new: bool
    icon: str
    href: str
    link: str


@dataclass(frozen=True, slots=True)
class Day:
    name: str
    lines: list[Line]


def by_day(items: Iterable[RenderedMessage], reader: Reader) -> list[Day]:
    """The newest first, as they come."""
    return [
        Day(reader.day(day), [line(item) for item in of_day])
        for day, of_day in groupby(items, key=lambda item: shanghai_date(item.message.created_at))
    ]


def line(rendered: RenderedMessage) -> Line:
    message = rendered.message
    href, link = _about(message.template, message.params)
    return Line(
        title=rendered.title,
        text=rendered.text,
        time=words.clock_time(message.created_at.astimezone(SHANGHAI).time()),
        is_new=message.state is DeliveryState.DELIVERED,
        icon=_icon(message.template),
        href=href,
        link=link,
    )


def _icon(template: str) -> str:
    if template in OF_ACCOUNT:
        return "shield"
    return "people" if template in OF_PEOPLE else "calendar"


def _about(template: str, params: Mapping[str, str]) -> tuple[str, str]:
    """Where one can do something about it, and what the link says: the booking, the person, the account."""
    if "hospital_id" in params and "booking_id" in params:
        return reverse("patient:booking", args=[params["hospital_id"], params["booking_id"]]), _("看这个预约")
    if "patient_id" in params and template in OF_PEOPLE:
        return reverse("patient:person", args=[params["patient_id"]]), _("看这位就诊人")
    if template == TemplateName.NEW_DEVICE:
        return reverse("patient:devices"), _("看我的设备")
    if template == TemplateName.ACCOUNT_LOCKED:
        return reverse("patient:appeal"), _("去申诉")
    if template in (TemplateName.SLOW_PATH_BEGUN, TemplateName.SLOW_PATH_KEPT):
        return reverse("patient:check"), _("看原因")
    return "", ""
