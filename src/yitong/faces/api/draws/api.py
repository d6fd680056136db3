"""摇号: the draws of a hospital and their files, for anybody; apply, change, withdraw, rank and proof (R-017)."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Router
from ninja.responses import Status

from yitong.core import clock
from yitong.core.lots.terms import Party
from yitong.domains.access.contracts import Scope
from yitong.domains.draws import contracts, queries
from yitong.domains.draws.commands import applying
from yitong.domains.draws.errors import DrawMissing
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.api.auth import ApiRequest, ChannelKey, Holder
from yitong.faces.api.draws import schemas
from yitong.faces.api.etags import catalogue
from yitong.faces.api.fields import Id, Page
from yitong.faces.api.paging import Cursor, CursorInvalid, Limit, pack, unpack
from yitong.faces.common import throttle

PUBLIC = ChannelKey(Scope.CATALOGUE)
READ = ChannelKey(Scope.BOOKINGS_READ, holder=Holder.MUST)
WRITE = ChannelKey(Scope.BOOKINGS_WRITE, holder=Holder.MUST, is_command=True)
LINES = "application/x-ndjson"
A_FILE = {
    "responses": {
        200: {
            "description": "OK",
            "content": {LINES: {"schema": {"type": "string", "examples": [schemas.EXAMPLE_LINE]}}},
        }
    }
}

router = Router()


# -- for anybody -----------------------------------------------------------------------------------------------------


@router.get("/hospitals/{hospital_id}/draws", response=Page[schemas.Draw], auth=PUBLIC, summary="摇号列表 · Draws")
@catalogue
def list_draws(
    request: ApiRequest, hospital_id: Id, department_id: Id | None = None, cursor: Cursor = None, limit: Limit = 20
) -> Any:
    """Those that are announced, take entries, or are decided: the latest release first, of one department or of all."""
    hospitals.get_hospital(hospital_id)
    question = f"draws:{hospital_id}:{department_id}"
    place = unpack(cursor, question)
    try:
        found = queries.list_draws(
            hospital_id, department_id=department_id, after=UUID(place[0]) if place else None, most=limit + 1
        )
    except DrawMissing:
        raise CursorInvalid() from None
    part = found[:limit]
    next_cursor = pack([str(part[-1].draw_id)], question) if len(found) > limit else None
    return {"items": [_draw(one) for one in part], "next_cursor": next_cursor}


@router.get(
    "/hospitals/{hospital_id}/draws/{draw_id}", response=schemas.DrawWithCounts, auth=PUBLIC, summary="摇号 · One draw"
)
@catalogue
def get_draw(request: ApiRequest, hospital_id: Id, draw_id: Id) -> Any:
    """Its terms, and all that is public by now: hashes, root, seed, how many entries have how many lots."""
    found = queries.get_draw(hospital_id, draw_id)
    counts = [asdict(one) for one in queries.counts(hospital_id, draw_id)]
    return {**_draw(found), "has_file": queries.has_file(hospital_id, draw_id), "counts": counts}


@router.get(
    "/hospitals/{hospital_id}/draws/{draw_id}/file",
    auth=PUBLIC,
    summary="摇号文件 · The public file of a draw",
    openapi_extra=A_FILE,
)
@catalogue
def get_draw_file(request: ApiRequest, hospital_id: Id, draw_id: Id) -> HttpResponse:
    """By which anybody computes the draw again. It names nobody. `docs/draws.md` says what its lines mean."""
    return HttpResponse(queries.plain(queries.get_file(hospital_id, draw_id)), content_type=LINES)


# -- one's own -------------------------------------------------------------------------------------------------------


@router.post(
    "/hospitals/{hospital_id}/draws/{draw_id}/entries",
    response={201: schemas.DrawEntryChanged},
    auth=WRITE,
    summary="摇号报名 · Apply to a draw",
)
def apply_to_draw(request: ApiRequest, hospital_id: Id, draw_id: Id, data: schemas.ApplyToDraw) -> Any:
    """For patients of the account holder, together or not at all, while the draw is open. Early or late, the chance is
    the same. In its turn the entry is given the first of its sessions that has room for all of them."""
    now = clock.now()
    throttle.device("hold", f"account:{request.account_id}", now=now)
    cmd = contracts.Apply(
        key=request.idempotency_key,
        hospital_id=hospital_id,
        draw_id=draw_id,
        patient_ids=tuple(data.patient_ids),
        session_ids=tuple(data.session_ids),
        is_first_visit=data.is_first_visit,
    )
    return Status(201, asdict(applying.apply(cmd, actor=request.actor, now=now)))


@router.get("/me/draws", response=schemas.DrawEntries, auth=READ, summary="我的摇号 · My entries, at every hospital")
def list_my_draws(request: ApiRequest) -> Any:
    """The newest first; at most 20."""
    return {"items": [_entry(one) for one in queries.list_my_entries(request.actor)]}


@router.get(
    "/hospitals/{hospital_id}/draw-entries/{entry_id}",
    response=schemas.DrawEntry,
    auth=READ,
    summary="我的报名 · One of my entries",
)
def get_draw_entry(request: ApiRequest, hospital_id: Id, entry_id: Id) -> Any:
    """With its ticket, its rank once it is drawn, and what it won; to all others it is absent."""
    return _entry(queries.get_entry(hospital_id, entry_id, request.actor))


@router.get(
    "/hospitals/{hospital_id}/draw-entries/{entry_id}/proof",
    response=schemas.DrawProof,
    auth=READ,
    summary="报名的证明 · Proof that an entry was in the draw",
)
def get_draw_proof(request: ApiRequest, hospital_id: Id, entry_id: Id) -> Any:
    """That the entry lay under the root which was published at closing; once the draw's file is there."""
    return asdict(queries.get_proof(hospital_id, entry_id, request.actor))


@router.post(
    "/hospitals/{hospital_id}/draw-entries/{entry_id}/change",
    response=schemas.DrawEntryChanged,
    auth=WRITE,
    summary="修改志愿 · Change the sessions of an entry",
)
def change_draw_entry(request: ApiRequest, hospital_id: Id, entry_id: Id, data: schemas.ChangeDrawEntry) -> Any:
    """Other sessions of the draw, or another order of them, until it closes. The ticket stays."""
    now = clock.now()
    throttle.device("hold", f"account:{request.account_id}", now=now)
    cmd = contracts.ChangeEntry(request.idempotency_key, hospital_id, entry_id, tuple(data.session_ids))
    return asdict(applying.change_entry(cmd, actor=request.actor, now=now))


@router.post(
    "/hospitals/{hospital_id}/draw-entries/{entry_id}/withdraw",
    response=schemas.DrawEntryChanged,
    auth=WRITE,
    summary="撤回报名 · Withdraw an entry",
)
def withdraw_draw_entry(request: ApiRequest, hospital_id: Id, entry_id: Id) -> Any:
    """Until the draw closes; its patients may be in another entry then."""
    cmd = contracts.WithdrawEntry(request.idempotency_key, hospital_id, entry_id)
    return asdict(applying.withdraw_entry(cmd, actor=request.actor, now=clock.now()))


def _draw(one: contracts.Draw) -> dict[str, Any]:
    both = {
        name: {party.value: values.get(party) for party in Party}
        for name, values in (("promises", one.promises), ("secrets", one.secrets))
    }
    return {**asdict(one), **both}


def _entry(one: contracts.Entry) -> dict[str, Any]:
    refusals = [{"session_id": session_id, "code": code} for session_id, code in one.refusals.items()]
    return {**asdict(one), "refusals": refusals}
