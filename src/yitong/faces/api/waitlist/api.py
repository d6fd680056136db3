"""候补: wait for what is sold out, see how it goes, change one's mind, answer an offer, leave (R-017)."""

from dataclasses import asdict
from typing import Any

from ninja import Router
from ninja.responses import Status

from yitong.core import clock
from yitong.domains.access.contracts import Scope
from yitong.domains.waitlist import contracts, queries
from yitong.domains.waitlist.commands import answering, joining
from yitong.faces.api.auth import ApiRequest, ChannelKey, Holder
from yitong.faces.api.fields import Id
from yitong.faces.api.waitlist import schemas
from yitong.faces.common import throttle

READ = ChannelKey(Scope.BOOKINGS_READ, holder=Holder.MUST)
WRITE = ChannelKey(Scope.BOOKINGS_WRITE, holder=Holder.MUST, is_command=True)

router = Router()


@router.post("/me/waitlist", response={201: schemas.WaitChanged}, auth=WRITE, summary="登记候补 · Join the waitlist")
def join_waitlist(request: ApiRequest, data: schemas.Join) -> Any:
    """For patients of the account holder. What is freed in any of these sessions goes by the order of joining; it is
    booked, or offered, as `mode` says."""
    now = clock.now()
    throttle.device("hold", f"account:{request.actor.account_id}", now=now)
    cmd = contracts.Join(
        key=request.idempotency_key,
        patient_ids=tuple(data.patient_ids),
        sessions=data.session_keys(),
        mode=data.mode,
        is_first_visit=data.is_first_visit,
    )
    return Status(201, asdict(joining.join_waitlist(cmd, actor=request.actor, now=now)))


@router.get("/me/waitlist", response=schemas.Entries, auth=READ, summary="我的候补 · My waitlist, at every hospital")
def list_my_entries(request: ApiRequest) -> Any:
    """Those that wait first, then the latest; at most 20."""
    return {"items": [asdict(entry) for entry in queries.list_my_entries(request.actor)]}


@router.get("/me/waitlist/{entry_id}", response=schemas.Entry, auth=READ, summary="候补详情 · One entry")
def get_entry(request: ApiRequest, entry_id: Id) -> Any:
    """With its places in line and its offer, if it has one."""
    return asdict(queries.get_entry(entry_id, request.actor))


@router.post(
    "/me/waitlist/{entry_id}/change", response=schemas.WaitChanged, auth=WRITE, summary="修改候补 · Change an entry"
)
def change_waitlist_entry(request: ApiRequest, entry_id: Id, data: schemas.ChangeWait) -> Any:
    """While nothing is promised to it. It keeps its place in the lines where it stays, and stands last in those that
    are new; what is not named is left."""
    now = clock.now()
    throttle.device("hold", f"account:{request.actor.account_id}", now=now)
    cmd = contracts.ChangeEntry(request.idempotency_key, entry_id, data.session_keys(), data.mode)
    return asdict(joining.change_entry(cmd, actor=request.actor, now=now))


@router.post("/me/waitlist/{entry_id}/withdraw", response=schemas.WaitChanged, auth=WRITE, summary="退出候补 · Leave")
def withdraw_entry(request: ApiRequest, entry_id: Id) -> Any:
    """What was promised to it goes on to the next."""
    cmd = contracts.Withdraw(request.idempotency_key, entry_id)
    return asdict(joining.withdraw_entry(cmd, actor=request.actor, now=clock.now()))


@router.post(
    "/hospitals/{hospital_id}/offers/{offer_id}/accept",
    response=schemas.WaitChanged,
    auth=WRITE,
    summary="接受候补号源 · Take an offer",
)
def accept_offer(request: ApiRequest, hospital_id: Id, offer_id: Id) -> Any:
    """Books what was offered, for all patients of the entry, before the offer's `until`."""
    cmd = contracts.Accept(request.idempotency_key, hospital_id, offer_id)
    return asdict(answering.accept_offer(cmd, actor=request.actor, now=clock.now()))


@router.post(
    "/hospitals/{hospital_id}/offers/{offer_id}/decline",
    response=schemas.WaitChanged,
    auth=WRITE,
    summary="不要候补号源 · Decline an offer",
)
def decline_offer(request: ApiRequest, hospital_id: Id, offer_id: Id) -> Any:
    """It goes on to the next; the entry keeps its place as long as it may be asked again."""
    cmd = contracts.Decline(request.idempotency_key, hospital_id, offer_id)
    return asdict(answering.decline_offer(cmd, actor=request.actor, now=clock.now()))
