"""Stops: whom one would touch, how far one has come."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.domains.booking.contracts import LIVE, Reach, State
from yitong.domains.hospitals.contracts.things import Practitioner
from yitong.domains.schedule.contracts import Session, SessionState, Stoppage, Substitute
from yitong.faces.common import terms
from yitong.faces.common import words as common
from yitong.faces.common.words import Reader
from yitong.faces.desk import words
from yitong.faces.desk.today.presenters import doctor_of

Counts = Mapping[State, int]
NAMED_SUBSTITUTES = 2


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    href: str
    time: str
    doctor: str
    department: str
    booked: int
    is_ticked: bool
    substitutes: str
    substitute_href: str
    state: str
    tag: str


@dataclass(frozen=True, slots=True)
class Around:
    """What the sessions are shown with, read once for all of them."""

    counts: Mapping[UUID, Counts]
    departments: Mapping[UUID, str]
    doctors: Mapping[UUID, Practitioner]
    substitutes: Mapping[UUID, Sequence[Substitute]]


@dataclass(frozen=True, slots=True)
class Progress:
    """`key` changes when the page has something new to show."""

    key: str
    reason: str
    who: str
    when: str
    state: str
    tag: str
    done: int
    of: int
    percent: int
    still_booked: int
    can_undo: bool
    is_over: bool


def by_day(
    sessions: Iterable[Session], around: Around, ticked: set[UUID], reader: Reader
) -> list[tuple[str, list[Line]]]:
    return [
        (reader.day(day), [line(one, around, one.session_id in ticked, reader) for one in own])
        for day, own in groupby(sessions, key=lambda one: one.date)
    ]


def line(session: Session, around: Around, is_ticked: bool, reader: Reader) -> Line:
    counts = around.counts.get(session.session_id, {})
    found = around.substitutes.get(session.session_id, ())
    state, tag = _state(session)
    return Line(
        id=str(session.session_id),
        href=reverse("desk:session", args=[session.session_id]),
        time=f"{terms.term(terms.HALF_DAYS, session.half_day)} {common.window(session.starts_at, session.ends_at)}",
        doctor=doctor_of(session, around.doctors, _("科室出诊"), reader),
        department=around.departments.get(session.department_id, ""),
        booked=sum(counts.get(state, 0) for state in LIVE),
        is_ticked=is_ticked,
        substitutes=_named(found) if session.practitioner_id is not None else "",
        substitute_href=reverse("desk:substitute", args=[session.session_id]),
        state=state,
        tag=tag,
    )


def _named(found: Sequence[Substitute]) -> str:
    """The first few by name, and how many more; those of the same grade come first (R-016)."""
    if not found:
        return ""
    shown = [one.name if one.same_grade else _("%(name)s（职称更高）") % {"name": one.name} for one in found]
    rest = len(shown) - NAMED_SUBSTITUTES
    text = "、".join(shown[:NAMED_SUBSTITUTES])
    return _("%(names)s 等 %(n)s 人") % {"names": text, "n": len(shown)} if rest > 0 else text


def _state(session: Session) -> tuple[str, str]:
    if session.state is SessionState.STOPPED:
        return _("已停诊"), "danger"
    return (_("待停诊"), "warn") if session.stops_at is not None else ("", "")


def touched(reach: Reach) -> tuple[str, str]:
    """(how many people, how they are told) in words."""
    if not reach.patients:
        return _("没有人预约，不用通知"), ""
    people = _("会影响 %(n)s 人（%(bookings)s 个预约）") % {"n": reach.patients, "bookings": reach.bookings}
    told = _("%(n)s 人会收到短信和站内消息；已付的费用原路退回，不占预约次数，也不算爽约。") % {"n": reach.told}
    rest = reach.patients - reach.told
    if rest:
        told += _("另有 %(n)s 人是窗口挂的号，没有账号：请在名单上找到他们，打电话告诉。") % {"n": rest}
    return people, told


def progress(stoppage: Stoppage, still_booked: int, who: str, reader: Reader) -> Progress:
    is_waiting = stoppage.undone_at is None and reader.now < stoppage.due_at
    is_over = stoppage.undone_at is not None or (stoppage.stopped == stoppage.sessions and still_booked == 0)
    if stoppage.undone_at is not None:
        state, tag = _("已撤销"), ""
    elif is_waiting:
        state, tag = _("还没生效，可以撤销"), "warn"
    elif is_over:
        state, tag = _("全部停诊，预约都已结束"), "ok"
    else:
        state, tag = _("正在停诊和通知"), "info"
    return Progress(
        key=f"{state}-{stoppage.stopped}-{still_booked}",
        reason=terms.term(words.STOP_REASONS, stoppage.reason),
        who=who,
        when=reader.moment(stoppage.planned_at),
        state=state,
        tag=tag,
        done=stoppage.stopped,
        of=stoppage.sessions,
        percent=100 * stoppage.stopped // stoppage.sessions,
        still_booked=still_booked,
        can_undo=is_waiting,
        is_over=is_over,
    )
