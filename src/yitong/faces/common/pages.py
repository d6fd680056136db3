"""How a view answers: a whole page, a part of one, or "go there".

Every template gets `shell` (language, type size, face, the notice of the last act); nothing else is global.
"""

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal
from uuid import UUID

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.html import escape, format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from yitong.core import clock
from yitong.core.errors import Refusal, Unidentified
from yitong.core.sentences import Sentence, sentence
from yitong.faces.common import lately
from yitong.faces.common.csrf import token_of
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader

Face = Literal["patient", "desk", "office"]
SIZES = ("normal", "large", "largest")
SIZE_COOKIE = "yitong_size"
NOTICE_COOKIE = "yitong_notice"
OFFLINE_COOKIE = "yitong_offline"
HOSPITAL_FIELD = "at_hospital"
NOTICE_MAX_AGE_S = 60
SECTIONS = ("/hospitals/", "/search/", "/book/", "/bookings/", "/messages/", "/me/", "/sign-in/")

MARK = secrets.token_hex(16)  # nobody outside this process can write it
MARKED = re.compile(f"{MARK}-([a-z_]+);")


@dataclass(frozen=True, slots=True)
class Undo:
    """What takes the last act back: a path of ours that is posted to, and the key with which it counts once."""

    path: str
    key: str


@dataclass(frozen=True, slots=True)
class Shell:
    """What the frame around a page needs to know.

    `section`: where in the patient's menus the page lies; one of a few words, as parts of pages are kept by it.
    """

    face: Face
    language: str
    size: str
    path: str
    section: str
    notice: str
    now: str
    undo: Undo | None = None
    keeps_offline: bool = True  # not for shared pages, which are kept without it
    hospital: str = ""  # the one for which a page of the desk is made

    @property
    def layout(self) -> str:
        return f"common/{self.face}_shell.html"

    @property
    def at_hospital(self) -> SafeString:
        """The field by which a form of the desk tells for which hospital it was made; nothing on other pages."""
        if not self.hospital:
            return SafeString()
        return format_html('<input type="hidden" name="{}" value="{}">', HOSPITAL_FIELD, self.hospital)

    @property
    def is_english(self) -> bool:
        return self.language.startswith("en")

    @property
    def html_language(self) -> str:
        return "en" if self.is_english else "zh-Hans"


def page(
    request: HttpRequest, template: str, context: Mapping[str, object] | None = None, status: int = 200
) -> HttpResponse:
    """A whole page. Shows the notice that the last `go` left, once."""
    shell = _shell(request, template)
    response = render(
        request, template, {"csrf_token": token_of(request), **(context or {}), "shell": shell}, status=status
    )
    patch_vary_headers(response, ["HX-Request", "Accept-Language", "Cookie"])
    response.headers.setdefault("Cache-Control", "private, no-cache")
    if shell.notice:
        response.delete_cookie(NOTICE_COOKIE)
    return response


def shared(
    request: HttpRequest,
    template: str,
    key: tuple[Hashable, ...],
    reader: Reader,
    make: Callable[[], Mapping[str, object]],
    *,
    longest: timedelta | None = lately.LONGEST,
    own: Mapping[str, SafeString] | None = None,
) -> HttpResponse:
    """A whole page that is the same for every visitor, but for the path, the token and the instant in its frame, and
    the visitor's `own` parts: those stand as marks in what is kept (`lately`), and are written in for each request."""
    shell = _shell(request, template)
    parts = own or {}
    if shell.notice:
        return page(request, template, {**make(), **parts})

    def render_once() -> tuple[bytes, ...]:
        frame = replace(shell, path=f"{shell.section}{_mark('path')}", now=_mark("now"))
        context = {**make(), **{name: _mark(name) for name in parts}, "shell": frame, "csrf_token": _mark("token")}
        return tuple(piece.encode() for piece in MARKED.split(render_to_string(template, context)))

    pieces = lately.keep(
        (template, *key, shell.section, shell.language, shell.size), reader.now, render_once, longest=longest
    )
    written = {name.encode(): html.encode() for name, html in parts.items()}
    written[b"path"] = escape(shell.path[len(shell.section) :]).encode()
    written[b"now"], written[b"token"] = shell.now.encode(), token_of(request).encode()
    marks = (written[name] for name in pieces[1::2])
    return _unkept(HttpResponse(b"".join(piece + next(marks, b"") for piece in pieces[::2])))


def framed(
    request: HttpRequest,
    template: str,
    key: tuple[Hashable, ...],
    reader: Reader,
    make: Callable[[], tuple[Mapping[str, Hashable], SafeString]],
) -> HttpResponse:
    """A shared page that tells what is left: `make` gives its frame, which follows from reference data and stands as
    long as that does, and its `part`, which is kept for a moment only (`lately`)."""
    frame, told = lately.keep((template, "part", *key, reader.language), reader.now, make, for_machine=True)
    return shared(request, template, (*key, *frame.values()), reader, lambda: frame, longest=None, own={"part": told})


def _mark(name: str) -> SafeString:
    return SafeString(f"{MARK}-{name};")


def part(template: str, context: Mapping[str, object]) -> SafeString:
    """A part of a page as it stands for everybody: it knows nothing of who asks. Its template begins with `_`."""
    return render_to_string(template, {**context})


def partial(
    request: HttpRequest, template: str, context: Mapping[str, object] | None = None, status: int = 200
) -> HttpResponse:
    """A part of a page, for htmx. Its template begins with `_`."""
    return _unkept(render(request, template, {**(context or {}), "shell": _shell(request, template)}, status=status))


def fragment(html: SafeString) -> HttpResponse:
    """A part made by `part`, for htmx."""
    return _unkept(HttpResponse(html))


def _unkept(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request", "Accept-Language", "Cookie"])
    response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


def answer(
    request: HttpRequest,
    template: str,
    part: str,
    context: Mapping[str, object] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The part for htmx, the whole page (which includes the part) for everybody else: one view, one context."""
    if is_htmx(request):
        return partial(request, part, context, status)
    return page(request, template, context, status)


def go(
    request: HttpRequest,
    name: str,
    *args: object,
    notice: str = "",
    undo: Undo | None = None,
    fragment: str = "",
) -> HttpResponse:
    """To another page: 303, or HX-Redirect for htmx. `notice`: a sentence without personal data, shown there once, with
    a button that posts `undo` when there is one."""
    path = reverse(name, args=args) + (f"#{fragment}" if fragment else "")
    return go_to(request, path, notice=notice, undo=undo)


def go_to(request: HttpRequest, path: str, *, notice: str = "", undo: Undo | None = None) -> HttpResponse:
    """As `go`, to a path of our own that the caller has checked."""
    response: HttpResponse
    if is_htmx(request):
        response = HttpResponse(status=204, headers={"HX-Redirect": path})
    else:
        response = HttpResponseRedirect(path)
        response.status_code = 303
    if notice:
        response.set_cookie(
            NOTICE_COOKIE,
            signing.dumps([notice, undo.path, undo.key] if undo else [notice], salt=NOTICE_COOKIE),
            max_age=NOTICE_MAX_AGE_S,
            httponly=True,
            secure=request.is_secure(),
            samesite="Lax",
        )
    return response


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def language_of(request: HttpRequest) -> str:
    return get_language() or "zh-hans"


def reader_of(request: HttpRequest) -> Reader:
    """The reader of this answer, with the instant at which it is made."""
    return Reader(language_of(request), clock.now())


def account_of(request: Request) -> UUID:
    """The account holder who asks; refuses Unidentified, which leads to the sign-in and back."""
    account_id: UUID | None = request.actor.account_id
    if account_id is None:
        raise Unidentified()
    return account_id


def said(refusal: Refusal | None, reader: Reader) -> Sentence | None:
    """The catalogue's sentence for a refusal, for the place where the form stands."""
    return sentence(refusal.code, refusal.params, reader.language) if refusal else None


def safe_next(request: HttpRequest, path: str | None, otherwise: str) -> str:
    """`path` when it is a path of this site, else `otherwise`."""
    if path and path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        return path
    return otherwise


def face_of(request: HttpRequest, template: str = "") -> Face:
    """From the template's folder, or for common pages from the path; the gallery shows parts as their face does."""
    for place in (template, request.path.lstrip("/").removeprefix("gallery/")):
        if place.startswith("desk/"):
            return "desk"
        if place.startswith("office/"):
            return "office"
    return "patient"


def keeps_offline(request: HttpRequest) -> bool:
    """Whether this device may keep the next booking for when it has no network."""
    return request.COOKIES.get(OFFLINE_COOKIE) != "off"


def _shell(request: HttpRequest, template: str) -> Shell:
    place = getattr(request, "desk_place", None)
    size = request.COOKIES.get(SIZE_COOKIE, "normal")
    notice, undo = _notice(request)
    return Shell(
        face=face_of(request, template),
        language=language_of(request),
        size=size if size in SIZES else "normal",
        path=request.get_full_path() if request.method == "GET" else request.path,
        section=next((one for one in SECTIONS if request.path.startswith(one)), "/" if request.path == "/" else ""),
        notice=notice,
        now=clock.now().isoformat(timespec="milliseconds"),
        undo=undo,
        keeps_offline=keeps_offline(request),
        hospital=str(place.hospital_id) if place else "",
    )


def _notice(request: HttpRequest) -> tuple[str, Undo | None]:
    raw = request.COOKIES.get(NOTICE_COOKIE)
    if not raw:
        return "", None
    try:
        text, *undo = signing.loads(raw, salt=NOTICE_COOKIE, max_age=NOTICE_MAX_AGE_S)
    except signing.BadSignature:
        return "", None
    return text, Undo(*undo) if undo else None
