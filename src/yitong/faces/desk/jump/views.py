"""The jump box: a page, a department, a doctor, a booking, a patient, from anywhere by a few letters. And the sheet
of keys. Both are pages of their own, which a script shows in a sheet above the page at hand."""

from dataclasses import dataclass
from datetime import timedelta

from django import forms as django_forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from yitong.core.errors import Refusal
from yitong.domains.booking import permissions as may_booking
from yitong.domains.booking.queries import bookings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import permissions as may_people
from yitong.domains.people import queries as people
from yitong.faces.common import pages, terms
from yitong.faces.common.request import Request
from yitong.faces.common.texts import Text
from yitong.faces.common.words import Reader
from yitong.faces.desk import departments as naming
from yitong.faces.desk import menu, words
from yitong.faces.desk import place as places
from yitong.faces.desk.forms import IN_PLACE, NO_MEMORY
from yitong.faces.desk.jump import wishes
from yitong.faces.desk.patients import presenters
from yitong.faces.desk.place import Place, at_desk

MOST = 8  # of each kind
KEYS_COOKIE = "yitong_desk_keys"  # read by the desk's script: `off` leaves only keys that no letter is part of
KEYS_MAX_AGE = timedelta(days=400)


class Box(django_forms.Form):
    q = Text(
        label=gettext_lazy("跳到"),
        max_length=80,
        help_text=gettext_lazy("页面、科室、医师；或刷卡、输入预约码、病案号、身份证号后按回车"),
        error_messages={
            "required": gettext_lazy("请输入要找的"),
            "max_length": gettext_lazy("太长了，请核对"),
        },
        widget=django_forms.TextInput(attrs={**NO_MEMORY, "autofocus": True}),
    )


@dataclass(frozen=True, slots=True)
class Hit:
    href: str
    title: str
    note: str
    icon: str


@never_cache
@require_http_methods(["GET", "POST"])
@at_desk
def jump(request: Request, place: Place) -> HttpResponse:
    """Only one hit: straight there. A patient is looked for when asked to the end, never while typing: each look is
    logged."""
    reader = pages.reader_of(request)
    box = Box(request.POST if request.method == "POST" else None)
    hits: list[Hit] | None = None
    refusal: Refusal | None = None
    if box.is_bound and box.is_valid():
        wish = wishes.read(box.cleaned_data["q"])
        try:
            hits = _patients(request, place, wish, reader) or _places(request, place, wish.text, reader)
        except IN_PLACE as caught:
            refusal = caught
        else:
            if len(hits) == 1:
                return pages.go_to(request, hits[0].href)
    context = {"box": box, "hits": hits, "refusal": pages.said(refusal, reader)}
    status = refusal.status if refusal else 422 if box.errors else 404 if hits == [] else 200
    return pages.answer(request, "desk/jump/jump.html", "desk/jump/_jump.html", context, status)


@never_cache
@require_POST
@at_desk
def suggest(request: Request, place: Place) -> HttpResponse:
    """What lies in the menus, while it is typed. No patient."""
    reader = pages.reader_of(request)
    text = request.POST.get("q", "").strip()[:80]
    return pages.partial(request, "desk/jump/_hits.html", {"hits": _places(request, place, text, reader)})


@require_http_methods(["GET", "POST"])
def keys(request: Request) -> HttpResponse:
    """All keys on one sheet; those of one letter can be switched off, for who speaks to the computer."""
    places.session_of(request)
    if request.method == "POST":
        value = "off" if request.POST.get("keys") == "off" else "on"
        notice = _("单键快捷键已关闭") if value == "off" else _("单键快捷键已打开")
        response = pages.go(request, "desk:keys", notice=notice)
        response.set_cookie(
            KEYS_COOKIE, value, max_age=KEYS_MAX_AGE, path="/desk/", samesite="Lax", secure=request.is_secure()
        )
        return response
    context = {
        "goes": [(item.go, item.name) for item in menu.items(request, places.find(request))],
        "sheets": words.key_sheets(),
        "is_off": request.COOKIES.get(KEYS_COOKIE) == "off",
    }
    return pages.answer(request, "desk/jump/keys.html", "desk/jump/_keys.html", context)


def _places(request: Request, place: Place, text: str, reader: Reader) -> list[Hit]:
    """Pages, departments and doctors whose name has these letters."""
    wanted = text.casefold()
    if not wanted:
        return []
    pages_ = [
        Hit(item.href, item.name, _("页面"), item.icon)
        for item in menu.items(request, place)
        if wanted in item.name.casefold()
    ]
    named = naming.names(place.hospital_id, hospitals.list_departments(place.hospital_id), reader)
    departments = [
        Hit(f"{reverse('desk:today')}?department={key}", name, _("今天的出诊"), "department")
        for key, name in named.items()
        if wanted in name.casefold()
    ]
    doctors = [
        Hit(
            f"{reverse('desk:week')}?doctor={one.practitioner_id}",
            f"{reader.name(one)} {terms.term(terms.TITLES, one.title)}",
            _("一周的出诊"),
            "person",
        )
        for one in hospitals.list_practitioners(place.hospital_id)
        if wanted in one.name.casefold() or wanted in one.name_en.casefold()
    ]
    return [*pages_[:MOST], *departments[:MOST], *doctors[:MOST]]


def _patients(request: Request, place: Place, wish: wishes.Wish, reader: Reader) -> list[Hit]:
    """A booking by its code, a patient by document, number or card; for those who may find patients."""
    can_find = may_people.can_read(request.actor, place.hospital_id)
    if not (wish.number and can_find and may_booking.can_list(request.actor, place.hospital_id)):
        return []
    if wish.is_code:
        hit = bookings.find_booking_by_code(place.hospital_id, wish.number, request.actor, now=reader.now)
        if hit is not None:
            return [Hit(reverse("desk:booking", args=[hit.booking_id]), hit.patient_name, _("预约"), "calendar")]
    for each in wish.patients(place.hospital_id):
        found = [
            presenters.found_patient(one, reader) for one in people.find_patients(each, request.actor, now=reader.now)
        ]
        if found:
            return [Hit(one.href, one.name, one.about, "person") for one in found]
    return []
