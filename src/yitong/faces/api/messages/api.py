"""Messages to the account holder, and how he wants to be told."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from ninja import Router

from yitong.core import clock
from yitong.domains.access.contracts import Scope
from yitong.domains.notify import commands, contracts, queries
from yitong.faces.api.auth import ApiRequest, ChannelKey, Holder
from yitong.faces.api.messages import schemas
from yitong.faces.api.paging import Cursor, Limit, pack, unpack
from yitong.faces.common import pages

router = Router(auth=ChannelKey(Scope.ACCOUNTS, holder=Holder.MUST))


@router.get("/me/messages", response=schemas.Inbox, summary="我的消息 · Messages")
def list_messages(request: ApiRequest, cursor: Cursor = None, limit: Limit = 20) -> Any:
    """The newest first, in the language of Accept-Language."""
    account_id = request.account_id
    question = f"messages:{account_id}"
    place = unpack(cursor, question)
    inbox = queries.get_inbox(
        account_id,
        request.actor,
        language=pages.language_of(request),
        before=UUID(place[0]) if place else None,
        limit=limit,
    )
    items = [{**asdict(line.message), "title": line.title, "text": line.text} for line in inbox.items]
    next_cursor = pack([str(inbox.before)], question) if inbox.before else None
    return {"items": items, "next_cursor": next_cursor, "unread": inbox.unread}


@router.post("/me/messages/read", response=schemas.Read, summary="标为已读 · Mark messages as read")
def mark_read(request: ApiRequest, data: schemas.MarkRead) -> Any:
    """These messages, or (null) all. Harmless when repeated, so it needs no key."""
    ids = None if data.message_ids is None else tuple(data.message_ids)
    return {"marked": commands.mark_read(request.account_id, ids, actor=request.actor, now=clock.now())}


@router.get("/me/preferences", response=schemas.Preferences, summary="通知设置 · Preferences")
def get_preferences(request: ApiRequest) -> Any:
    return _shown(queries.get_preferences(request.account_id, request.actor))


@router.put("/me/preferences", response=schemas.Preferences, summary="修改通知设置 · Change preferences")
def set_preferences(request: ApiRequest, data: schemas.SetPreferences) -> Any:
    """Messages about security always go out. Harmless when repeated, so it needs no key."""
    cmd = contracts.SetPreferences(request.account_id, data.language, tuple(data.muted))
    return _shown(commands.set_preferences(cmd, actor=request.actor, now=clock.now()))


def _shown(preferences: contracts.Preferences) -> dict[str, Any]:
    return {**asdict(preferences), "muted": sorted(preferences.muted)}
