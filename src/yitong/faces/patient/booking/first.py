"""A first booking in one go: who one is, the check of it, the booking.

The check takes the authority a moment, so a page stands between. It is reached only by a token that we signed when the
person pressed "核验并预约": for this account, slot and patient, so that nobody else can make a browser book.
"""

from uuid import UUID

from django.core import signing
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from yitong.core.db import policies
from yitong.core.errors import Refusal, Unidentified
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.domains.people.commands import patients
from yitong.domains.people.contracts.patients import PatientCard
from yitong.domains.people.contracts.words import IdentityLevel
from yitong.domains.people.errors import PatientMissing
from yitong.domains.people.queries.consents import notice_in
from yitong.domains.schedule.contracts import Slot
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.patient import handing
from yitong.faces.patient.booking import forms, views, window
from yitong.faces.patient.check.gate import check_first
from yitong.faces.patient.hospitals import choosing
from yitong.faces.patient.hospitals.ways import Visit
from yitong.faces.patient.people import presenters as persons

SALT = "patient.booking.first"
LONGEST_S = 15 * 60


@never_cache
@require_POST
@check_first
def begin(request: Request, hospital_id: UUID, slot_id: UUID) -> HttpResponse:
    """Adds oneself and asks the authority; then waits for it."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    visit = choosing.asked_visit(request)
    slot = schedule.get_slot(hospital_id, slot_id)
    session = schedule.get_session(hospital_id, slot.session_id)
    form = forms.Myself(request.POST)
    refusal: Refusal | None = None
    if form.is_valid():
        try:
            added = patients.add_patient(form.to_command(account_id), actor=request.actor, now=reader.now)
        except Unidentified:
            raise
        except Refusal as caught:
            refusal = caught
        else:
            said = notice_in(form.text(), account_id, hospital_id) is not None
            key = handing.key_for(account_id, hospital_id, says=said)
            token = signing.dumps([str(account_id), str(slot_id), str(added.patient_id), str(key)], salt=SALT)
            path = reverse("patient:book_wait", args=[hospital_id, slot_id, token])
            return pages.go_to(request, f"{path}?visit={visit.value}")
    in_force = policies.at(hospital_id, reader.now, department_id=session.department_id)
    return views.book_page(
        request, slot, session, in_force, account_id, reader, form=None, myself=form, refusal=refusal, status=422
    )


@never_cache
@require_GET
@check_first
def wait(request: Request, hospital_id: UUID, slot_id: UUID, token: str) -> HttpResponse:
    """How the check stands; once it is passed, the booking that was asked for, which a script then sends."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    visit = choosing.asked_visit(request)
    book_href = f"{reverse('patient:book', args=[hospital_id, slot_id])}?visit={visit.value}"
    try:
        asked_by, asked_slot, patient, key = signing.loads(token, salt=SALT, max_age=LONGEST_S)
    except signing.BadSignature:
        return pages.go_to(request, book_href)
    if (asked_by, asked_slot) != (str(account_id), str(slot_id)):
        return pages.go_to(request, book_href)
    card = _card(account_id, UUID(patient))
    found = people.list_verifications(card.patient_id, request.actor)
    card = _card(account_id, card.patient_id)  # once more: the answer may have come between the two
    member = persons.member(card, reader, found[0] if found else None)
    slot = schedule.get_slot(hospital_id, slot_id)
    is_ready = card.level is not IdentityLevel.DECLARED
    context = {
        "window": _form(request, slot, visit, reader) if is_ready else None,
        "is_window_served": window.is_served(),
        "member": member,
        "patient_id": card.patient_id,
        "key": key,
        "handed": _handed(key, account_id, hospital_id, reader) if is_ready else "",
        "visit": visit.value,
        "when": reader.visit(slot.starts_at, slot.ends_at),
        "book_href": book_href,
        "is_ready": is_ready,
    }
    return pages.answer(request, "patient/booking/wait.html", "patient/booking/_wait.html", context)


def _form(request: Request, slot: Slot, visit: Visit, reader: Reader) -> window.Form | None:
    """What the form says to the booking window, where one is served: a release is claimed there by everybody."""
    session = schedule.get_session(slot.hospital_id, slot.session_id)
    in_force = policies.at(slot.hospital_id, reader.now, department_id=session.department_id)
    is_first = visit is Visit.FIRST
    by_name = views.is_by_name(session, in_force, is_first_visit=is_first)
    return window.form_for(request, slot, reader, is_first_visit=is_first, by_name=by_name)


def _handed(key: str, account_id: UUID, hospital_id: UUID, reader: Reader) -> str:
    """What the page before said (R-049), once more beside the button that is pressed where no script sends the form."""
    if notice_in(key, account_id, hospital_id) is None:
        return ""
    return handing.words(reader.name(hospitals.get_hospital(hospital_id)), _("确认预约"))


def _card(account_id: UUID, patient_id: UUID) -> PatientCard:
    """The person who was added; verified, the record may lead to another (R-102)."""
    cards = {card.patient_id: card for card in people.patients_of(account_id)}
    card = cards.get(patient_id) or cards.get(people.survivor_of(patient_id))
    if card is None:
        raise PatientMissing()
    return card
