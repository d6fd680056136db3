"""For who comes to a hospital for the first time: what to bring, where to go, what happens then."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yitong.core.db import policies
from yitong.core.policy.values import Policies
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.patient.hospitals import presenters


@require_GET
def guide(request: Request, hospital_id: UUID) -> HttpResponse:
    """The same for everybody, and as long as the hospital's data and rules stand."""
    reader = pages.reader_of(request)
    in_force = policies.at(hospital_id, reader.now)

    def make() -> dict[str, object]:
        found = hospitals.get_hospital(hospital_id)
        return {
            "hospital_id": hospital_id,
            "name": reader.name(found),
            "bring": _bring(),
            "own": (reader.is_english and found.first_visit_en) or found.first_visit,
            "then": _then(in_force),
            "places": presenters.places(found, hospitals.list_campuses(hospital_id), reader),
            "phone": found.phone,
        }

    return pages.shared(request, "patient/hospitals/guide.html", (hospital_id, in_force), reader, make, longest=None)


def _bring() -> list[str]:
    return [
        _("预约时用的证件原件；孩子就诊，再带监护人的证件"),
        _("医保卡或医保电子凭证；没有也能看，费用自付"),
        _("以前的病历、检查结果，正在吃的药或药盒"),
        _("这里的预约码，可以先截图或抄下来"),
    ]


def _then(in_force: Policies) -> list[str]:
    pay = (
        _("费用在预约后先付，看病时不再付医事服务费")
        if in_force.word("booking.payment") == "online"
        else _("费用就诊时在医院付，平台不收费")
    )
    grace = in_force.int("booking.pickup.grace_minutes")
    return [
        _("提前 15 分钟到，在窗口或自助机凭证件和预约码报到"),
        _("晚到了也先去报到：预约时段过后 %(n)s 分钟内都有效") % {"n": grace},
        _("按预约单上的诊室去候诊区，等叫号"),
        pay,
    ]
