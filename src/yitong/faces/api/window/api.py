"""A pass to the booking window for an account holder who signed in through the channel."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from ninja import Router
from ninja.responses import Status

from yitong.core import clock
from yitong.core.errors import Missing
from yitong.domains.access.contracts import Scope
from yitong.domains.booking.queries import window
from yitong.domains.people import queries as people
from yitong.faces.api.auth import ACCOUNT_HEADER, AccountSessionRequired, ApiRequest, ChannelKey, Holder
from yitong.faces.api.window import schemas

CLAIMS = "/counter/claims"

router = Router()


class WindowNotServed(Missing):
    """This place runs without a booking window: everything is booked by `POST /bookings`."""

    code = "WINDOW_NOT_SERVED"


@router.post(
    "/passes",
    response={201: schemas.Pass},
    auth=ChannelKey(Scope.BOOKINGS_WRITE, holder=Holder.MUST),
    summary="放号窗口通行证 · A pass to the booking window",
)
def issue_pass(request: ApiRequest) -> Any:
    """For the account holder of `X-Account-Session`, who signed in through this very channel: with it each of his
    patients can be booked for at `POST /counter/claims`, where a release is claimed, for a quarter of an hour.

    It writes nothing and may be asked for again. It dies at once with the session, with this key and with the channel.
    """
    if not settings.YITONG_COUNTER:
        raise WindowNotServed()
    now = clock.now()
    session = people.session_of(request.headers[ACCOUNT_HEADER], now, channel=request.channel.code)
    if session is None:  # it ended a moment ago
        raise AccountSessionRequired()
    issued = window.issue_pass(session, channel=request.channel.code, now=now, key_id=request.key_id)
    return Status(201, {**asdict(issued), "claims": CLAIMS})
