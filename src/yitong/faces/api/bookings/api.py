"""Hold, confirm, cancel, move; one's bookings at every hospital (S-03); entitlements to a pool."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from ninja import Router
from ninja.responses import Status

from yitong.core import clock, masks
from yitong.core.actor import Actor
from yitong.domains.access.contracts import Scope
from yitong.domains.booking import contracts
from yitong.domains.booking.commands import change, claim, extra
from yitong.domains.booking.queries import bookings
from yitong.faces.api.auth import ApiRequest, ChannelKey, Holder
from yitong.faces.api.bookings import schemas
from yitong.faces.api.fields import Id, Page
from yitong.faces.api.paging import Cursor, CursorInvalid, Limit, pack, unpack
from yitong.faces.common import throttle

READ = ChannelKey(Scope.BOOKINGS_READ, holder=Holder.MAY)
WRITE = ChannelKey(Scope.BOOKINGS_WRITE, holder=Holder.MAY, is_command=True)

router = Router()

MINE = "bookings:mine"


@router.post("/bookings", response={201: schemas.Held}, auth=WRITE, summary="预约 · Hold a slot")
def hold_slot(request: ApiRequest, data: schemas.HoldSlot) -> Any:
    """For a patient of the account holder, or, without one, for a patient whom the channel resolved (114, kiosk).

    Where the visit is paid on the day the booking is confirmed at once; else it is held until `hold_until` (R-018).
    """
    now = clock.now()
    _slow_down(request, now)
    cmd = contracts.HoldSlot(key=request.idempotency_key, **data.model_dump())
    return Status(201, claim.hold_slot(cmd, actor=request.actor, now=now))


@router.post(
    "/hospitals/{hospital_id}/bookings/{booking_id}/confirm",
    response=schemas.Changed,
    auth=WRITE,
    summary="确认预约 · Confirm a held booking",
)
def confirm_booking(request: ApiRequest, hospital_id: Id, booking_id: Id) -> Any:
    """By the channel that made the booking, once it was paid; an account holder can't (R-018)."""
    cmd = contracts.ConfirmBooking(request.idempotency_key, hospital_id, booking_id)
    return change.confirm_booking(cmd, actor=request.actor, now=clock.now())


@router.post(
    "/hospitals/{hospital_id}/bookings/{booking_id}/cancel",
    response=schemas.Changed,
    auth=WRITE,
    summary="退号 · Cancel",
)
def cancel_booking(request: ApiRequest, hospital_id: Id, booking_id: Id) -> Any:
    """Until the booking's `cancel_until` (R-007)."""
    cmd = contracts.CancelBooking(request.idempotency_key, hospital_id, booking_id)
    return change.cancel_booking(cmd, actor=request.actor, now=clock.now())


@router.post(
    "/hospitals/{hospital_id}/bookings/{booking_id}/move",
    response=schemas.Changed,
    auth=WRITE,
    summary="改约 · Move to another slot",
)
def move_booking(request: ApiRequest, hospital_id: Id, booking_id: Id, data: schemas.MoveBooking) -> Any:
    """One act: the booking keeps its id and takes another slot of the same hospital (R-047)."""
    now = clock.now()
    _slow_down(request, now)
    cmd = contracts.MoveBooking(request.idempotency_key, hospital_id, booking_id, data.slot_id)
    return change.move_booking(cmd, actor=request.actor, now=now)


@router.get(
    "/hospitals/{hospital_id}/bookings/{booking_id}",
    response=schemas.Booking,
    auth=READ,
    summary="预约详情 · One booking",
)
def get_booking(request: ApiRequest, hospital_id: Id, booking_id: Id) -> Any:
    """For the account of its patient, or the channel that made it; to all others it is absent."""
    return _booking(bookings.get_booking(hospital_id, booking_id, request.actor, now=clock.now()), request.actor)


@router.get(
    "/me/bookings",
    response=Page[schemas.Booking],
    auth=ChannelKey(Scope.BOOKINGS_READ, holder=Holder.MUST),
    summary="我的预约 · My bookings, at every hospital",
)
def list_my_bookings(request: ApiRequest, cursor: Cursor = None, limit: Limit = 20) -> Any:
    """Of all patients of the account, the latest day of visit first."""
    place = unpack(cursor, f"{MINE}:{request.actor.account_id}")
    found = _after(place, request.actor)
    part = found[:limit]
    more = len(found) > limit
    place_now = [part[-1].date.isoformat(), str(part[-1].booking_id)] if more else None
    return {
        "items": [_booking(booking, request.actor) for booking in part],
        "next_cursor": pack(place_now, f"{MINE}:{request.actor.account_id}") if place_now else None,
    }


@router.post(
    "/entitlements",
    response={201: schemas.Granted},
    auth=ChannelKey(Scope.ENTITLEMENTS, is_command=True),
    summary="转诊、签约号源资格 · Grant an entitlement to a pool",
)
def grant_entitlement(request: ApiRequest, data: schemas.GrantEntitlement) -> Any:
    """A referral or a contract lets one patient draw from one pool of one department until a day (R-012, R-096)."""
    cmd = contracts.GrantEntitlement(key=request.idempotency_key, **{**data.model_dump(), "pool": data.pool.value})
    return Status(201, extra.grant_entitlement(cmd, actor=request.actor, now=clock.now()))


def _slow_down(request: ApiRequest, now: datetime) -> None:
    """Nobody takes slots, for a hold or a move, faster than a person can (R-017)."""
    if request.actor.account_id is not None:
        throttle.device("hold", f"account:{request.actor.account_id}", now=now)


def _after(place: list[str] | None, actor: Actor) -> list[contracts.Booking]:
    """The bookings after the one at which the page before ended; the domain gives whole days."""
    now = clock.now()
    if place is None:
        return bookings.list_my_bookings(actor, now=now)
    day, last = date.fromisoformat(place[0]), place[1]
    found = bookings.list_my_bookings(actor, now=now, before=day + timedelta(days=1))
    ids = [str(booking.booking_id) for booking in found]
    if last not in ids:
        raise CursorInvalid()
    return found[ids.index(last) + 1 :]


def _booking(booking: contracts.Booking, actor: Actor) -> dict[str, Any]:
    """The name in clear only for the account whose patient it is (R-108)."""
    shown = asdict(booking)
    if actor.kind != "account":
        shown["patient_name"] = masks.name(booking.patient_name)
    return shown
