"""Account holders who come through a channel: code, session, second fact, devices."""

from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.responses import Status

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.domains.access.contracts import Scope
from yitong.domains.people import queries
from yitong.domains.people.commands import accounts, phones
from yitong.domains.people.contracts.accounts import AskCode, Client, GiveSecondFact, SignIn
from yitong.domains.people.contracts.words import CodePurpose
from yitong.faces.api.accounts import schemas
from yitong.faces.api.auth import ACCOUNT_HEADER, ApiRequest, ChannelKey, Holder
from yitong.faces.api.fields import Id
from yitong.faces.common import pages
from yitong.faces.common.rights import rights

THROUGH = ChannelKey(Scope.ACCOUNTS)
HOLDER = ChannelKey(Scope.ACCOUNTS, holder=Holder.MUST)
WAITING = ChannelKey(Scope.ACCOUNTS, holder=Holder.WAITING)

router = Router()


@router.post("/accounts/codes", response={202: schemas.CodeAsked}, auth=THROUGH, summary="发送验证码 · Send a code")
def ask_code(request: ApiRequest, data: schemas.AskCode) -> Any:
    """The answer is the same whether the phone has an account or not. Few a day for each phone and device (R-048)."""
    client = _client(request, data.device)
    cmd = AskCode(data.phone, CodePurpose.SIGN_IN, client, pages.language_of(request))
    return Status(202, phones.ask_code(cmd, actor=request.actor, now=clock.now()))


@router.post("/accounts/sessions", response={201: schemas.SignedIn}, auth=THROUGH, summary="登录 · Sign in")
def sign_in(request: ApiRequest, data: schemas.SignIn) -> Any:
    """By phone and code, each code once. On a new device, who has patients is asked for a second fact (R-048)."""
    client = _client(request, data.device, data.label)
    cmd = SignIn(data.phone, data.code, client, pages.language_of(request))
    return Status(201, accounts.sign_in(cmd, actor=request.actor, now=clock.now()))


@router.post("/me/second-fact", response={204: None}, auth=WAITING, summary="补充验证 · Give the second fact")
def give_second_fact(request: ApiRequest, data: schemas.SecondFact) -> Any:
    """The token of a session that waits for it; afterwards that session opens the account."""
    cmd = GiveSecondFact(request.headers[ACCOUNT_HEADER], data.fact)
    accounts.give_second_fact(cmd, actor=request.actor, now=clock.now())
    return Status(204, None)


@router.get("/me", response=schemas.Account, auth=HOLDER, summary="我的账号 · My account")
def get_account(request: ApiRequest) -> Any:
    return queries.get_account(request.account_id, request.actor)


@router.delete("/me/session", response={204: None}, auth=HOLDER, summary="退出登录 · Sign out")
def sign_out(request: ApiRequest) -> Any:
    """Harmless when repeated: the second time nobody is signed in."""
    accounts.sign_out(request.headers[ACCOUNT_HEADER], actor=request.actor, now=clock.now())
    return Status(204, None)


@router.get("/me/devices", response=schemas.Devices, auth=HOLDER, summary="登录设备 · Devices")
def list_devices(request: ApiRequest) -> Any:
    return {"items": queries.list_devices(request.account_id, request.actor, token=request.headers[ACCOUNT_HEADER])}


@router.delete("/me/devices/{device_id}", response={204: None}, auth=HOLDER, summary="移除设备 · Revoke a device")
def revoke_device(request: ApiRequest, device_id: Id) -> Any:
    """Signs it out, and it will be asked for a second fact again."""
    accounts.revoke_device(device_id, actor=request.actor, now=clock.now())
    return Status(204, None)


@router.get("/me/export", response=schemas.Export, auth=HOLDER, summary="导出我的数据 · Export my data")
def export_data(request: ApiRequest) -> Any:
    """All that Yitong holds of the account and its patients, by part (R-198). In clear: it is the holder's own."""
    return {"made_at": clock.now(), "parts": rights.taken().export(request.account_id)}


def _client(request: HttpRequest, device: str, label: str = "") -> Client:
    """A device of one channel is not that of another which calls itself alike. The address that we see is the channel's
    own machine: the device stands for it too, and the channel as a whole has its own limit."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    of_channel = f"{actor.channel}:{device}"
    return Client(of_channel, of_channel, label)
