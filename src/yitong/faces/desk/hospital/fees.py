"""The hospital's prices: each from a day on, so that what was published stays (R-162)."""

from datetime import timedelta

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yitong.core.errors import Refusal
from yitong.domains.hospitals import permissions as may
from yitong.domains.hospitals.commands import fees as commands
from yitong.domains.hospitals.errors import FactsChanged
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.hospitals.queries import facts as stand
from yitong.faces.common import pages
from yitong.faces.common.acting import attempt, said
from yitong.faces.common.request import Request
from yitong.faces.desk.forms import status_of
from yitong.faces.desk.hospital import forms, presenters
from yitong.faces.desk.hospital.steps import next_step
from yitong.faces.desk.place import Place, at_desk


@require_http_methods(["GET", "POST"])
@at_desk
def fees(request: Request, place: Place) -> HttpResponse:
    """A repeat of the press finds the price as it is. One that begins later is corrected by setting it anew."""
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    initial = {"title": forms.ALL_TITLES, "effective_date": reader.today + timedelta(days=1)}
    stands = stand.price_list(place.hospital_id)  # before the page's own list, which may only be younger
    form = forms.FeeForm(request.POST if request.method == "POST" else None, stands=stands, initial=initial)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        cmd = form.to_command(place.hospital_id)
        refusal = attempt(form, lambda: commands.set_fee(cmd, actor=request.actor, now=reader.now))
        if refusal is None:
            return pages.go(request, "desk:fees", notice=_("价格已定，到那天自动生效"))
    context = {
        "prices": presenters.prices(hospitals.list_fee_history(place.hospital_id), reader),
        "form": form,
        "stands": form.show_what_stands() if isinstance(refusal, FactsChanged) else [],
        "next": next_step(request, place, reader, here="desk:fees"),
        "refusal": said(form, refusal, reader),
    }
    return pages.page(request, "desk/hospital/fees.html", context, status_of(form, refusal))
