"""Another phone for the account of one who stands at the window with his document: the old phone is his no more."""

from uuid import UUID

from django.core import signing
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from yitong.core.errors import Forbidden, Refusal, Unidentified
from yitong.core.ids import new_id
from yitong.domains.booking.errors import RealNameMismatch
from yitong.domains.people import permissions as may_people
from yitong.domains.people import queries as people
from yitong.domains.people.commands import patients, phones
from yitong.domains.people.contracts.patients import Patient
from yitong.domains.people.errors import AccountMissing
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk.forms import status_of
from yitong.faces.desk.patients import forms, presenters
from yitong.faces.desk.place import Place, at_desk

PURPOSE = "registration"
SALT = "desk.phone"
COMPARED_S = 900  # for how long a document that was compared lies before us


@never_cache
@require_http_methods(["GET", "POST"])
@at_desk
def phone(request: Request, place: Place, patient_id: UUID) -> HttpResponse:
    """The document is compared, then the new phone gets a code, then the code is given (R-048)."""
    may_people.check_can_register(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    someone = people.get_patient(patient_id, request.actor, purpose=PURPOSE, hospital_id=place.hospital_id)
    has_code = "new_code" in request.POST
    form = forms.PhoneCode(request.POST) if has_code else forms.NewPhone(request.POST or None, initial=_fresh())
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            if isinstance(form, forms.PhoneCode):
                _check_compared(request, place, someone.patient_id, form)
                cmd = form.to_command(patient_id, place.hospital_id)
                phones.change_phone_at_desk(cmd, actor=request.actor, now=reader.now)
                return pages.go(request, "desk:patient", patient_id, notice=_("手机号已更换，原来的登录都已退出"))
            form = _send_code(request, place, someone, form, reader)
        except (Unidentified, Forbidden):
            raise
        except Refusal as caught:
            refusal = caught
    context = {
        "form": form,
        "patient": presenters.found_patient(someone, reader),
        "patient_id": patient_id,
        "asks_code": isinstance(form, forms.PhoneCode),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/patients/phone.html", context, status_of(form, refusal))


def _send_code(
    request: Request, place: Place, someone: Patient, form: forms.NewPhone, reader: Reader
) -> forms.PhoneCode:
    """Refuses RealNameMismatch where the document is another's (R-001), AccountMissing where he has none of his own."""
    if not people.is_same_document(someone, form.cleaned_data["number"]):
        raise RealNameMismatch()
    if not people.has_own_account(someone.patient_id):
        raise AccountMissing()
    patients.register_at_desk(form.to_command(place.hospital_id), actor=request.actor, now=reader.now)
    number = form.cleaned_data["new_phone"]
    phones.ask_code_at_desk(number, place.hospital_id, actor=request.actor, now=reader.now)
    proof = signing.dumps(_compared(request, place, someone.patient_id, number), salt=SALT)
    return forms.PhoneCode(initial={"new_phone": number, "proof": proof})


def _check_compared(request: Request, place: Place, patient_id: UUID, form: forms.PhoneCode) -> None:
    """A code alone moves nobody's account: it may have been sent for another's document. Refuses RealNameMismatch."""
    try:
        proved = signing.loads(form.cleaned_data["proof"], salt=SALT, max_age=COMPARED_S)
    except signing.BadSignature:
        raise RealNameMismatch() from None
    if proved != _compared(request, place, patient_id, form.cleaned_data["new_phone"]):
        raise RealNameMismatch()


def _compared(request: Request, place: Place, patient_id: UUID, phone: str) -> list[str]:
    """Who compared whose document where, and for which phone."""
    return [request.actor.key, str(place.hospital_id), str(patient_id), phone]


def _fresh() -> dict[str, object]:
    return {"key": new_id()}
