"""The account: people, devices, phone, data, settings."""

import json
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.errors import Refusal, Unidentified
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.notify import commands as notices
from yitong.domains.notify import queries as inbox
from yitong.domains.people import queries as people
from yitong.domains.people.commands import abuse, accounts
from yitong.domains.people.commands import phones as phone_acts
from yitong.domains.people.errors import CodeOver, CodeWrong
from yitong.faces.common import pages
from yitong.faces.common.actors import ACCOUNT_COOKIE
from yitong.faces.common.request import Request
from yitong.faces.common.rights import rights
from yitong.faces.patient import devices as clients
from yitong.faces.patient.me import forms, presenters
from yitong.faces.patient.people import presenters as persons

MOST_READS = 100


@require_GET
def me(request: Request) -> HttpResponse:
    """What belongs to the account; for a stranger, the way to sign in."""
    reader = pages.reader_of(request)
    account_id = request.actor.account_id
    if account_id is None:
        return pages.page(request, "patient/me/stranger.html")
    account = people.get_account(account_id, request.actor)
    context = {
        "phone": account.phone_masked,
        "lock": presenters.lock_note(account.lock, reader),
        "unread": inbox.count_unread(account_id, request.actor),
    }
    return pages.page(request, "patient/me/me.html", context)


@require_GET
def devices(request: Request) -> HttpResponse:
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    found = people.list_devices(account_id, request.actor, token=request.COOKIES.get(ACCOUNT_COOKIE, ""))
    return pages.page(request, "patient/me/devices.html", {"devices": presenters.device_lines(found, reader)})


@require_POST
def revoke(request: Request, device_id: UUID) -> HttpResponse:
    pages.account_of(request)
    accounts.revoke_device(device_id, actor=request.actor, now=pages.reader_of(request).now)
    return pages.go(request, "patient:devices", notice=_("已让这台设备退出登录"))


@never_cache
@require_http_methods(["GET", "POST"])
def phone(request: Request) -> HttpResponse:
    """Changing the phone, first step: the new number gets a code, and the old one too (R-048)."""
    pages.account_of(request)
    reader = pages.reader_of(request)
    form = forms.NewPhone(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        client = clients.client_of(request)
        try:
            for cmd in form.to_commands(client, reader.language):
                phone_acts.ask_code(cmd, actor=request.actor, now=reader.now)
        except Refusal as caught:
            refusal = caught
        else:
            codes = forms.Codes(initial={"new_phone": form.cleaned_data["new_phone"]})
            return pages.page(request, "patient/me/phone_codes.html", {"form": codes})
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "patient/me/phone.html", context, _status(form, refusal))


@never_cache
@require_POST
def phone_codes(request: Request) -> HttpResponse:
    pages.account_of(request)
    reader = pages.reader_of(request)
    form = forms.Codes(request.POST)
    refusal: Refusal | None = None
    if form.is_valid():
        try:
            cmd = form.to_command(clients.client_of(request))
            phone_acts.change_phone(cmd, actor=request.actor, now=reader.now)
        except Unidentified:
            raise
        except CodeWrong as wrong:
            refusal = wrong if wrong.params["left"] else CodeOver()
        except Refusal as caught:
            refusal = caught
        else:
            return pages.go(request, "patient:me", notice=_("手机号已更换"))
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "patient/me/phone_codes.html", context, _status(form, refusal))


@require_http_methods(["GET", "POST"])
def appeal(request: Request) -> HttpResponse:
    """An appeal to a person (R-199), against the account's lock or where it has booked as often as it may (R-010)."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    lock = presenters.lock_note(people.get_account(account_id, request.actor).lock, reader)
    if lock is None:
        if not people.has_booked_most(account_id, request.actor, reader.now):
            return pages.go(request, "patient:me")
        lock = presenters.use_note()
    form = forms.Appeal(request.POST if request.method == "POST" else None, initial={"lock": lock.id})
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            abuse.appeal_lock(form.to_command(), actor=request.actor, now=reader.now)
        except Unidentified:
            raise
        except Refusal as caught:
            refusal = caught
        else:
            return pages.go(request, "patient:me", notice=_("申诉已提交，由人工复核"))
    context = {"form": form, "lock": lock, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "patient/me/appeal.html", context, _status(form, refusal))


@require_GET
def reads(request: Request) -> HttpResponse:
    """Who looked at the records of one's people, all on one page, the newest first."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    cards = people.patients_of(account_id)
    found = [(card, one) for card in cards for one in people.list_reads(card.patient_id, request.actor)]
    names = {h.hospital_id: h for h in hospitals.list_hospitals(with_closed=True)} if found else {}
    context = {"reads": persons.all_reads(found, names, reader)[:MOST_READS], "has_people": bool(cards)}
    return pages.page(request, "patient/me/reads.html", context)


@require_GET
def data(request: Request) -> HttpResponse:
    """What we hold, a copy of it, and the way out (R-198)."""
    pages.account_of(request)
    return pages.page(request, "patient/me/data.html")


@never_cache
@require_POST
def export(request: Request) -> HttpResponse:
    """Everything of this account, as one JSON file."""
    account_id = pages.account_of(request)
    exported = rights.taken().export(account_id)
    body = json.dumps(exported, ensure_ascii=False, indent=2, default=str)
    return HttpResponse(
        body,
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="yitong-data.json"', "Cache-Control": "no-store"},
    )


@require_http_methods(["GET", "POST"])
def erase(request: Request) -> HttpResponse:
    """Close the account and forget its people. What the law makes hospitals keep stays with them."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    form = forms.Erase(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            rights.taken().erase(account_id, actor=request.actor, now=reader.now)
        except Unidentified:
            raise
        except Refusal as caught:
            refusal = caught
        else:
            response = pages.go(request, "patient:home", notice=_("账号已注销，感谢使用"))
            response.delete_cookie(ACCOUNT_COOKIE)
            return response
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "patient/me/erase.html", context, _status(form, refusal))


@require_http_methods(["GET", "POST"])
def settings(request: Request) -> HttpResponse:
    """Language and type size for everybody; what goes out by SMS for the account holder."""
    account_id = request.actor.account_id
    reader = pages.reader_of(request)
    form: forms.Preferences | None = None
    if account_id is not None:
        if request.method == "POST":
            form = forms.Preferences(request.POST)
            if form.is_valid():
                notices.set_preferences(
                    form.to_command(account_id, reader.language), actor=request.actor, now=reader.now
                )
                return pages.go(request, "patient:settings", notice=_("已保存"))
        muted = inbox.get_preferences(account_id, request.actor).muted
        form = forms.Preferences(initial={name: name not in muted for name in ("booking", "people")})
    return pages.page(request, "patient/me/settings.html", {"form": form, "sizes": pages.SIZES})


def _status(form: object, refusal: Refusal | None) -> int:
    if refusal is not None:
        return refusal.status
    return 422 if getattr(form, "is_bound", False) and getattr(form, "errors", None) else 200
