"""One department of many hospitals: where the next free time is, the nearest first."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yitong.domains.hospitals.errors import DepartmentMissing
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.patient.hospitals import near, presenters

# By pressing a button one may let the phone say where it is; the page turns that into a district (patient.js).
MAY_ASK_WHERE = "camera=(), geolocation=(self), microphone=(), payment=(), usb=()"

# What most people look for: codes of 医疗机构诊疗科目名录.
COMMON = ("03", "04", "07", "05", "10", "12", "13", "04.03", "50")


def common() -> list[tuple[str, str]]:
    """(word, href)."""
    words = [_("内科"), _("外科"), _("儿科"), _("妇产科"), _("眼科"), _("口腔科"), _("皮肤科"), _("骨科"), _("中医科")]
    return [(word, reverse("patient:soon", args=[code])) for word, code in zip(words, COMMON, strict=True)]


@require_GET
def soon(request: Request, code: str) -> HttpResponse:
    if code not in COMMON:
        raise DepartmentMissing()
    reader = pages.reader_of(request)
    path = reverse("patient:soon", args=[code])
    asked = request.GET.get("near", "")
    asked = asked if any(one.district == asked for one in hospitals.list_all_campuses()) else ""

    def make() -> dict[str, object]:
        return {
            "name": next(word for word, href in common() if href == path),
            "places": near.soon(code, asked, reader),
            "districts": near.districts(path, asked),
            "as_of": presenters.as_of(reader),
        }

    response = pages.shared(request, "patient/hospitals/soon.html", (code, asked), reader, make)
    response.headers["Permissions-Policy"] = MAY_ASK_WHERE
    return response
