"""Family members: add, verify, show the code, see who looked, remove."""

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.errors import Refusal, Unidentified
from yitong.core.ids import new_id
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries
from yitong.domains.people.commands import carriers as numbers
from yitong.domains.people.commands import patients, proving
from yitong.domains.people.contracts.patients import AskHospitalNumber, NumberConsent, PatientCard, Verification
from yitong.domains.people.contracts.words import NUMBER_NOTICES, Relation
from yitong.domains.people.errors import ConsentMissing, PatientMissing
from yitong.domains.people.ports import hospital_register
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.patient.people import forms, presenters


@require_GET
def people_list(request: Request) -> HttpResponse:
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    most = policies.at(None, reader.now).int("booking.account.patients")
    cards = queries.patients_of(account_id)
    context = {
        "members": [presenters.member(card, reader) for card in cards],
        "most": most,
        "is_full": len(cards) >= most,
    }
    return pages.page(request, "patient/people/people.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def add(request: Request) -> HttpResponse:
    """Adds a patient and asks the authority; the page says at once what comes next."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    back = pages.safe_next(request, request.POST.get("next") or request.GET.get("next"), reverse("patient:people"))
    refusal: Refusal | None = None
    cards = queries.patients_of(account_id)
    most = policies.at(None, reader.now).int("booking.account.patients")
    # Nearly everybody begins with himself; whom else he adds, he says.
    initial = {"key": new_id(), "relation": "" if cards else Relation.SELF.value}
    form = forms.Add(request.POST) if request.method == "POST" else forms.Add(initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            added = patients.add_patient(form.to_command(account_id), actor=request.actor, now=reader.now)
        except Unidentified:
            raise
        except Refusal as caught:
            refusal = caught
        else:
            notice = _("已添加，正在实名核验")
            if back == reverse("patient:people"):
                return pages.go(request, "patient:person", added.patient_id, notice=notice)
            return pages.go_to(request, back, notice=notice)
    context = {
        "form": form,
        "refusal": pages.said(refusal, reader),
        "next": back,
        "is_full": len(cards) >= most,
        "most": most,
        "says_nothing_more": " ".join(forms.SAYS_BIRTH),
        "asks_consent": "" if isinstance(refusal, ConsentMissing) else " ".join(forms.MAY_BE_MINOR),
    }
    status = refusal.status if refusal else 422 if form.is_bound and form.errors else 200
    return pages.page(request, "patient/people/add.html", context, status)


@require_GET
def person(request: Request, patient_id: UUID) -> HttpResponse:
    return _person_page(request, _card(request, patient_id), None)


@require_POST
def verify(request: Request, patient_id: UUID) -> HttpResponse:
    """Asks the authority again (R-045)."""
    card = _card(request, patient_id)
    form = forms.Verify(request.POST)
    if form.is_valid():
        cmd = form.to_command(card.patient_id)
        try:
            proving.ask_verification(cmd, actor=request.actor, now=pages.reader_of(request).now)
        except Unidentified:
            raise
        except Refusal as refusal:
            return _person_page(request, card, refusal)
    return pages.go(request, "patient:person", card.patient_id, notice=_("已重新提交核验"))


@require_POST
def ask_number(request: Request, patient_id: UUID, hospital_id: UUID) -> HttpResponse:
    """Asks a hospital that was not asked, or said no or nothing, for its number (R-049). The press is the consent."""
    card, now = _card(request, patient_id), pages.reader_of(request).now
    hospitals.get_hospital(hospital_id)
    consent = NumberConsent(request.POST.get("notice", ""), pages.account_of(request), now)
    cmd = AskHospitalNumber(card.patient_id, hospital_id, consent)
    try:
        numbers.ask_hospital_number(cmd, actor=request.actor, now=now)
    except Unidentified:
        raise
    except Refusal as refusal:
        return _person_page(request, card, refusal)
    return pages.go(request, "patient:person", card.patient_id, notice=_("已请医院建档"))


def _person_page(request: Request, card: PatientCard, refusal: Refusal | None) -> HttpResponse:
    reader = pages.reader_of(request)
    carriers = queries.list_carriers(card.patient_id, request.actor)
    wanted = request.GET.get("hospital", "")  # a booking there leads here
    names = {str(h.hospital_id): h for h in hospitals.list_hospitals(with_closed=True)} if carriers or wanted else {}
    can_ask = hospital_register.taken().is_open
    lines = presenters.carriers(carriers, names, reader, can_ask=can_ask)
    if can_ask and wanted in names and presenters.has_no_number(carriers, wanted):
        lines.append(presenters.missing_number(card.patient_id, names[wanted], reader))
    context = {
        "member": presenters.member(card, reader, _last_verification(card.patient_id, request.actor)),
        "patient_id": card.patient_id,
        "carriers": lines,
        "notice": NUMBER_NOTICES[-1],
        "key": new_id(),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "patient/people/person.html", context, refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
def remove(request: Request, patient_id: UUID) -> HttpResponse:
    account_id = pages.account_of(request)
    card = _card(request, patient_id)
    reader = pages.reader_of(request)
    refusal: Refusal | None = None
    if request.method == "POST":
        form = forms.Remove(request.POST)
        if form.is_valid():
            try:
                cmd = form.to_command(account_id, patient_id)
                patients.remove_patient(cmd, actor=request.actor, now=reader.now)
            except Unidentified:
                raise
            except Refusal as caught:
                refusal = caught
            else:
                return pages.go(request, "patient:people", notice=_("已从您的账号移除"))
    context = {
        "member": presenters.member(card, reader),
        "patient_id": patient_id,
        "key": request.POST.get("key") or new_id(),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "patient/people/remove.html", context, refusal.status if refusal else 200)


@never_cache
@require_GET
def code(request: Request, patient_id: UUID) -> HttpResponse:
    """The dynamic code (R-104): the page asks for the next one when it runs out; without scripts a link does."""
    card = _card(request, patient_id)
    reader = pages.reader_of(request)
    found = queries.get_qr(card.patient_id, request.actor, now=reader.now)
    context = {
        "member": presenters.member(card, reader),
        "patient_id": patient_id,
        "code": presenters.Code(found.text, found.expires_at),
    }
    return pages.page(request, "patient/people/code.html", context)


@require_GET
def reads(request: Request, patient_id: UUID) -> HttpResponse:
    """Who looked at this person's record, and what for."""
    card = _card(request, patient_id)
    reader = pages.reader_of(request)
    lines = queries.list_reads(card.patient_id, request.actor)
    names = {h.hospital_id: h for h in hospitals.list_hospitals(with_closed=True)} if lines else {}
    context = {
        "member": presenters.member(card, reader),
        "patient_id": patient_id,
        "reads": presenters.reads(lines, names, reader),
    }
    return pages.page(request, "patient/people/reads.html", context)


def _last_verification(patient_id: UUID, actor: Actor) -> Verification | None:
    found = queries.list_verifications(patient_id, actor)
    return found[0] if found else None


def _card(request: Request, patient_id: UUID) -> PatientCard:
    """One of the account's own patients, or the person whom a merged record leads to; any other looks absent."""
    account_id = pages.account_of(request)
    cards = {card.patient_id: card for card in queries.patients_of(account_id)}
    card = cards.get(patient_id) or cards.get(queries.survivor_of(patient_id))
    if card is None:
        raise PatientMissing()
    return card
