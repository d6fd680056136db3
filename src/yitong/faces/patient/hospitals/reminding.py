"""A reminder of the next release for one's own calendar: the phone wakes its owner, not we."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yitong.core.clock import shanghai_date
from yitong.core.db import policies
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.patient.hospitals import presenters
from yitong.formats import icalendar

LASTS = timedelta(minutes=10)
BEFORE = (timedelta(minutes=5),)


@require_GET
def release(request: Request, hospital_id: UUID) -> HttpResponse:
    """The same for everybody: when this hospital's next day opens."""
    reader = pages.reader_of(request)
    found = hospitals.get_hospital(hospital_id)
    comes = presenters.release(policies.at(hospital_id, reader.now), reader)
    name = reader.name(found)
    entry = icalendar.Appointment(
        uid=f"release-{hospital_id}-{shanghai_date(comes.at)}@yitong",
        sequence=0,
        starts_at=comes.at,
        ends_at=comes.at + LASTS,
        summary=_("放号：%(name)s") % {"name": name},
        location="",
        description=comes.text,
        url=settings.PUBLIC_URL.rstrip("/") + reverse("patient:hospital", args=[hospital_id]),
        status=icalendar.Status.CONFIRMED,
        written_at=reader.now,
        alarms=BEFORE,
    )
    headers = {"Content-Disposition": 'attachment; filename="release.ics"'}
    return HttpResponse(icalendar.write(entry), content_type=icalendar.MEDIA_TYPE, headers=headers)
