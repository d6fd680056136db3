"""Finding a patient: by the booking's code, a document, a card, or name and birth. Each read leaves a line.

And his page: his bookings at this hospital, and his number there.
"""

from uuid import UUID

from django import forms as django_forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.booking import permissions as may_booking
from yitong.domains.booking.queries import bookings as booking
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import permissions as may_people
from yitong.domains.people import queries as people
from yitong.domains.people.commands import carriers, numbers
from yitong.domains.people.contracts.patients import NumberHere
from yitong.domains.people.errors import HospitalNumberChanged, HospitalNumberRefused
from yitong.domains.people.queries.carriers import find_number_here
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.patients import forms, presenters
from yitong.faces.desk.place import Place, at_desk

WAYS: dict[str, type[forms.ByDocument] | type[forms.ByCard] | type[forms.ByName]] = {
    "document": forms.ByDocument,
    "card": forms.ByCard,
    "name": forms.ByName,
}


@never_cache
@require_http_methods(["GET", "POST"])
@at_desk
def find(request: Request, place: Place) -> HttpResponse:
    may_booking.check_can_list(request.actor, place.hospital_id)
    may_people.check_can_read(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    way = request.POST.get("way", "")
    shown: dict[str, django_forms.Form] = {"code": forms.ByCode(prefix="code")}
    shown |= {name: form(prefix=name) for name, form in WAYS.items()}
    found: list[presenters.Found] | None = None
    refusal: Refusal | None = None
    is_unknown = False
    if way == "code":
        by_code = forms.ByCode(request.POST, prefix="code")
        shown["code"] = by_code
        if by_code.is_valid():
            hit = booking.find_booking_by_code(place.hospital_id, by_code.digits(), request.actor, now=reader.now)
            if hit is not None:
                return pages.go(request, "desk:booking", hit.booking_id)
            is_unknown = True
    elif way in WAYS:
        form = WAYS[way](request.POST, prefix=way)
        shown[way] = form
        if form.is_valid():
            try:
                patients = people.find_patients(form.to_wish(place.hospital_id), request.actor, now=reader.now)
            except IN_PLACE as caught:
                refusal = caught
            else:
                found = [presenters.found_patient(one, reader) for one in patients]
                is_unknown = not found
    context = {
        "forms": shown,
        "way": way or "code",
        "found": found,
        "is_unknown": is_unknown,
        "can_register": _can_register(request, place),
        "refusal": pages.said(refusal, reader),
    }
    wrong = way in shown and bool(shown[way].errors)
    return pages.page(request, "desk/patients/find.html", context, refusal.status if refusal else 422 if wrong else 200)


@require_GET
@at_desk
def patient(request: Request, place: Place, patient_id: UUID) -> HttpResponse:
    """The patient's bookings at this hospital."""
    return _patient_page(request, place, patient_id)


@require_POST
@at_desk
def number(request: Request, place: Place, patient_id: UUID) -> HttpResponse:
    """Writes down his number at this hospital, from its own system or his card (R-049)."""
    may_people.check_can_link_carrier(request.actor, place.hospital_id)
    form = forms.HospitalNumber(request.POST)
    refusal: Refusal | None = None
    if form.is_valid():
        cmd = form.to_command(place.hospital_id, patient_id)
        try:
            carriers.give_hospital_number(cmd, actor=request.actor, now=pages.reader_of(request).now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:patient", patient_id, notice=_("就诊号已记下"))
    return _patient_page(request, place, patient_id, form, refusal)


@require_POST
@at_desk
def number_wrong(request: Request, place: Place, patient_id: UUID) -> HttpResponse:
    """His number at this hospital is wrong: the right one stands there instead, or none (R-049)."""
    may_people.check_can_link_carrier(request.actor, place.hospital_id)
    form = forms.WrongNumber(request.POST)
    refusal: Refusal | None = None
    if form.is_valid():
        cmd = form.to_command(place.hospital_id, patient_id)
        try:
            numbers.correct_hospital_number(cmd, actor=request.actor, now=pages.reader_of(request).now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            said = _("就诊号已更正") if cmd.number else _("就诊号已收回")
            return pages.go(request, "desk:patient", patient_id, notice=said)
    return _patient_page(request, place, patient_id, form, refusal)


def _patient_page(
    request: Request,
    place: Place,
    patient_id: UUID,
    sent: forms.HospitalNumber | forms.WrongNumber | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    """`sent`: the form that was not taken."""
    reader = pages.reader_of(request)
    someone = people.get_patient(patient_id, request.actor, purpose=forms.PURPOSE, hospital_id=place.hospital_id)
    shown = presenters.found_patient(someone, reader)
    bookings = booking.list_bookings_of_patient(place.hospital_id, patient_id, request.actor, now=reader.now)
    departments = hospitals.departments_by_id(place.hospital_id, {one.department_id for one in bookings})
    can_register = _can_register(request, place)
    number_facts, here = _number_facts(request, place, patient_id) if can_register else ([], None)
    context = {
        "patient": shown,
        "patient_id": patient_id,
        "facts": [*shown.facts, *number_facts],
        "bookings": presenters.bookings(bookings, departments, reader),
        "can_register": can_register,
        "form": _to_type(sent) if can_register and here is None else None,
        "wrong": _to_correct(sent, here, refusal) if here is not None else None,
        "sent": sent,
        "refusal": pages.said(refusal, reader),
    }
    status = status_of(sent, refusal) if sent is not None else 200
    return pages.page(request, "desk/patients/patient.html", context, status)


def _to_type(sent: django_forms.Form | None) -> forms.HospitalNumber:
    return sent if isinstance(sent, forms.HospitalNumber) else forms.HospitalNumber(initial={"key": new_id()})


def _to_correct(sent: django_forms.Form | None, here: NumberHere, refusal: Refusal | None) -> forms.WrongNumber:
    """About the number that stands now: what was typed about one that is gone is not kept."""
    if isinstance(sent, forms.WrongNumber) and not isinstance(refusal, HospitalNumberChanged):
        return sent
    return forms.WrongNumber(initial={"key": new_id(), "carrier": here.carrier_id})


def _number_facts(request: Request, place: Place, patient_id: UUID) -> tuple[list[presenters.Fact], NumberHere | None]:
    """His number at this hospital, in clear for the window that works by it (R-049)."""
    try:
        found = find_number_here(patient_id, place.hospital_id, request.actor)
    except HospitalNumberRefused:
        return [(_("本院就诊号"), _("院内系统没有建成"), _("请核对证件，在院内系统建档，再填在下面"))], None
    return [(_("本院就诊号"), found.number if found else _("还没有"), "")], found


def _can_register(request: Request, place: Place) -> bool:
    try:
        may_people.check_can_register(request.actor, place.hospital_id)
    except Refusal:
        return False
    return True
