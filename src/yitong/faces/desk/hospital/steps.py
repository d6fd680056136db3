"""The way of a new hospital to its first session: what is there, and what comes next."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yitong.domains.hospitals.contracts.things import SetUp
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk.place import Place


@dataclass(frozen=True, slots=True)
class Step:
    """`view`: the page where it is done. `href`: where the next press leads, the empty form where nothing is there."""

    view: str
    name: str
    told: str
    href: str
    link: str
    is_done: bool
    is_next: bool = False


def steps(request: Request, place: Place, reader: Reader) -> list[Step]:
    """In the order in which one thing needs the other."""
    at, actor = place.hospital_id, request.actor
    done = hospitals.get_set_up(at)
    rostered = schedule.has_roster(at, reader.today, actor=actor)
    sits = schedule.has_sessions_ahead(at, actor=actor, now=reader.now)
    found = [
        _step("desk:facts", _("基本资料"), reader.name(place.hospital), "desk:facts", _("查看和修改"), is_done=True),
        *_counted(done),
        _step(
            "desk:roster",
            _("排班"),
            _("有每周固定出诊") if rostered else _("每个医师每周哪几个半天出诊"),
            "desk:roster",
            _("去排班"),
            is_done=rostered,
        ),
        _step(
            "desk:generate",
            _("生成出诊"),
            _("有还没到的出诊") if sits else _("按排班生成出诊和号，到放号时间患者就能约"),
            "desk:generate",
            _("去生成"),
            is_done=sits,
        ),
    ]
    first = next((one for one in found if not one.is_done), None)
    return [Step(one.view, one.name, one.told, one.href, one.link, one.is_done, is_next=one is first) for one in found]


def next_step(request: Request, place: Place, reader: Reader, *, here: str) -> Step | None:
    """What comes after the page `here`; None where that itself is not done yet, or nothing is left to do."""
    found = next((one for one in steps(request, place, reader) if one.is_next), None)
    return None if found is None or found.view == here else found


def _counted(done: SetUp) -> list[Step]:
    """Each with its count; a step whose ground is missing leads to that."""
    places = ngettext("%(n)s 个院区", "%(n)s 个院区", done.campuses) % {"n": done.campuses}
    rooms = ngettext("%(n)s 个可预约的科室", "%(n)s 个可预约的科室", done.departments) % {"n": done.departments}
    doctors = ngettext("%(n)s 位在岗医师", "%(n)s 位在岗医师", done.practitioners) % {"n": done.practitioners}
    prices = ngettext("%(n)s 条价格", "%(n)s 条价格", done.fees) % {"n": done.fees}
    return [
        _step(
            "desk:campuses",
            _("本院院区"),
            places if done.campuses else _("患者到哪里看病"),
            "desk:campuses" if done.campuses else "desk:campus_add",
            _("查看和修改") if done.campuses else _("加一个院区"),
            is_done=done.campuses > 0,
        ),
        _step(
            "desk:departments",
            _("本院科室"),
            rooms if done.departments else _("患者按它找号，每个科室要有国家代码"),
            "desk:departments" if done.departments else "desk:department_add",
            _("查看和修改") if done.departments else _("加一个科室"),
            is_done=done.departments > 0,
        ),
        _step(
            "desk:practitioners",
            _("本院医师"),
            doctors if done.practitioners else _("谁出诊，在哪个科室"),
            "desk:practitioners" if done.practitioners else "desk:practitioner_add",
            _("查看和修改") if done.practitioners else _("加一位医师"),
            is_done=done.practitioners > 0,
        ),
        _step(
            "desk:fees",
            _("医事服务费"),
            prices if done.fees else _("没有价格就不能生成出诊"),
            "desk:fees",
            _("查看和修改") if done.fees else _("定价"),
            is_done=done.fees > 0,
        ),
    ]


def _step(view: str, name: str, told: str, leads_to: str, link: str, *, is_done: bool) -> Step:
    return Step(view, name, told, reverse(leads_to), link, is_done)
