"""How the booking window says no: RFC 9457 problem details, as the API gives them."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from yitong.core import sentences
from yitong.core.digests import plain
from yitong.core.errors import Busy, Refusal
from yitong.counter.requests import Answering, Request

BUSY_WAIT_S = "1"
PROBLEM = ("content-type", "application/problem+json")
NOT_STORED = ("cache-control", "no-store")
HEADERS = [PROBLEM, NOT_STORED, ("vary", "accept-language")]


def refuse(reply: Answering, asked: Request, refusal: Refusal) -> None:
    """In the asker's language; says when to ask again."""
    language = "en" if asked.headers.get("accept-language", "").lower().startswith("en") else "zh"
    if refusal.params:
        reply.response_bytes(refusal.status, _headers(refusal), _problem(refusal, language))
        return
    found = _plain.get((refusal.code, language))
    if found is None:
        found = _plain[refusal.code, language] = (_headers(refusal), _problem(refusal, language))
    reply.response_bytes(refusal.status, *found)


def _headers(refusal: Refusal) -> list[tuple[str, str]]:
    if isinstance(refusal, Busy):
        return [*HEADERS, ("retry-after", BUSY_WAIT_S)]
    if "wait_s" in refusal.params:
        return [*HEADERS, ("retry-after", str(refusal.params["wait_s"]))]
    return HEADERS


Params = tuple[tuple[str, object], ...]

_problems: dict[tuple[str, str, Params], bytes] = {}
_plain: dict[tuple[str, str], tuple[list[tuple[str, str]], bytes]] = {}  # without params: nearly all, in a release


def _problem(refusal: Refusal, language: str) -> bytes:
    """Ready-made where it was said before: a release refuses thousands of times in the same words."""
    params = {name: plain(value) for name, value in refusal.params.items()} if refusal.params else {}
    asked: tuple[str, str, Params] = (refusal.code, language, tuple(sorted(params.items())) if params else ())
    found = _problems.get(asked)
    if found is None:
        found = _problem_body(refusal, params, language)
        if len(_problems) < 1_000:
            _problems[asked] = found
    return found


def _problem_body(refusal: Refusal, params: Mapping[str, object], language: str) -> bytes:
    said = sentences.sentence(refusal.code, params, language)
    body = {
        "type": f"/api/v1/problems#{refusal.code}",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "code": refusal.code,
        "message": said.message,
        "next_step": said.next_step,
        "rule_id": refusal.rule,
        "params": params,
    }
    return json.dumps(body, ensure_ascii=False).encode()
