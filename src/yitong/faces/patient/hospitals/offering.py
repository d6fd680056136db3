"""Days, sessions and windows as one may choose them, as plain words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from django.utils.translation import gettext as _

from yitong.core.policy.values import Policies
from yitong.domains.booking.contracts import SessionOffer, SlotOffer
from yitong.domains.hospitals.contracts.things import Department, Practitioner
from yitong.domains.schedule.contracts import Session, SessionState
from yitong.domains.schedule.queries import timetable as schedule
from yitong.domains.waitlist import queries as waitlist
from yitong.faces.common import terms, words
from yitong.faces.common.words import Reader
from yitong.faces.patient.hospitals.presenters import Tab, department_line
from yitong.faces.patient.hospitals.ways import Link, Visit, Way

MOST_NEAR = 4


@dataclass(frozen=True, slots=True)
class Day:
    """One tile of the calendar strip."""

    name: str
    number: str
    left: str
    href: str
    is_current: bool
    has_left: bool
    date: str = ""


@dataclass(frozen=True, slots=True)
class Doctor:
    mark: str
    name: str
    title: str
    about: str
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Offer:
    """A session as one may choose it. One that is not released yet may be waited for: `opens_at` says until when.

    `way` is where it leads when something is left, and `sessions` are those that it stands for: for the script that
    follows what is left. `wait_href`: where one gets in line for it, while it is sold out.
    """

    href: str
    way: str
    sessions: str
    opens_at: datetime | None
    doctor: Doctor
    when: str
    fee: str
    left: str
    is_open: bool
    note: str
    is_present: bool
    wait_href: str = ""


@dataclass(frozen=True, slots=True)
class HalfDay:
    name: str
    offers: list[Offer]


@dataclass(frozen=True, slots=True)
class Near:
    """Another day, or another department, that has something left."""

    href: str
    title: str
    note: str


@dataclass(frozen=True, slots=True)
class Window:
    time: str
    left: str
    href: str
    starts: int = 0  # as seconds since 1970


def strip(
    days: Sequence[date],
    bookable: Collection[date],
    sessions: Iterable[Session],
    offers: Mapping[UUID, SessionOffer],
    chosen: date,
    link: Link,
    reader: Reader,
) -> list[Day]:
    """Each day with what is left: a number, full, stopped, none, or not yet released. One may wait for the last."""
    of_day: dict[date, list[Session]] = {}
    for session in sessions:
        of_day.setdefault(session.date, []).append(session)
    tiles = []
    for day in days:
        here = of_day.get(day, [])
        left = sum(offers[s.session_id].left for s in here if s.session_id in offers)
        tiles.append(
            Day(
                name=reader.short_day(day),
                number=f"{day.month}-{day.day}",
                left=_left_of_day(here, left, reader),
                href=link.to(date=day.isoformat()) if day in bookable or here else "",
                is_current=day == chosen,
                has_left=bool(left),
                date=day.isoformat(),
            )
        )
    return tiles


def _left_of_day(sessions: Sequence[Session], left: int, reader: Reader) -> str:
    if left:
        return left_words(left)
    if not sessions:
        return _("无号")
    if all(s.state is SessionState.STOPPED for s in sessions):
        return _("停诊")
    return _("未放号") if opens_at(sessions, reader) else _("约满")


def opens_at(sessions: Iterable[Session], reader: Reader) -> datetime | None:
    """When the first of these opens that is still to be released; None where there is none."""
    coming = [s.release_at for s in sessions if s.release_at > reader.now and s.state is not SessionState.STOPPED]
    return min(coming, default=None)


def left_words(left: int) -> str:
    return _("余 %(n)s") % {"n": left} if left else _("约满")


def doctor(practitioner: Practitioner, reader: Reader, tags: Sequence[str] = ()) -> Doctor:
    name = reader.name(practitioner)
    return Doctor(name[:1], name, terms.term(terms.TITLES, practitioner.title), practitioner.specialties, list(tags))


def unnamed(session: Session, about: str) -> Doctor:
    """The doctors of a title, none of them named."""
    clinic = terms.term(terms.CLINICS, session.clinic_kind)
    title = terms.term(terms.TITLES, session.title)
    return Doctor((title or clinic)[:1], title or clinic, clinic if title else "", about, [])


def session_doctor(
    session: Session,
    practitioners: Mapping[UUID, Practitioner],
    visit: Visit,
    policies: Policies,
    reader: Reader,
    *,
    present_id: UUID | None = None,
) -> Doctor:
    """Who sits in the session; a first visit sees the title alone where the rule says so (R-004)."""
    found = practitioners.get(session.practitioner_id) if session.practitioner_id else None
    if found is None or schedule.must_hide_name(session, policies, is_first_visit=visit is Visit.FIRST):
        return unnamed(session, _("由科室安排医生"))
    tags = [terms.term(terms.CLINIC_KINDS, session.clinic_kind)]
    if visit is Visit.AGAIN and schedule.must_hide_name(session, policies, is_first_visit=True):
        tags.append(_("限复诊"))
    if session.substituted_id:
        tags.append(_("替诊"))
    if found.practitioner_id == present_id:
        tags.append(_("原来的医生"))
    return doctor(found, reader, tags)


def half_days(
    sessions: Iterable[Session],
    offers: Mapping[UUID, SessionOffer],
    practitioners: Mapping[UUID, Practitioner],
    visit: Visit,
    way: Way,
    policies: Policies,
    reader: Reader,
) -> list[HalfDay]:
    """The sessions of one day, by half-day, those with slots left first, of them the present doctor's. Sessions whose
    doctors are unnamed and of one kind and title are one offer."""
    by_half: dict[str, dict[tuple[object, ...], list[Session]]] = {}
    for session in sorted(sessions, key=lambda s: s.starts_at):
        by_half.setdefault(session.half_day, {}).setdefault(_bundle(session, visit, policies), []).append(session)
    return [
        HalfDay(
            terms.term(terms.HALF_DAYS, half),
            sorted(
                (offer(bundle, offers, practitioners, visit, way, policies, reader) for bundle in bundles.values()),
                key=lambda o: (not o.is_open, not o.is_present),
            ),
        )
        for half, bundles in by_half.items()
    ]


def _bundle(session: Session, visit: Visit, policies: Policies) -> tuple[object, ...]:
    if schedule.must_hide_name(session, policies, is_first_visit=visit is Visit.FIRST):
        return (session.clinic_kind, session.title, session.fee_fen)
    return (session.session_id,)


def offer(
    bundle: Sequence[Session],
    offers: Mapping[UUID, SessionOffer],
    practitioners: Mapping[UUID, Practitioner],
    visit: Visit,
    way: Way,
    policies: Policies,
    reader: Reader,
) -> Offer:
    """One or several sessions as one thing to choose; the first one stands for all."""
    session = bundle[0]
    left = sum(offers[s.session_id].left for s in bundle if s.session_id in offers)
    text, note, opens_at = left_words(left), "", None
    if all(s.state is SessionState.STOPPED for s in bundle):
        text, note = _("停诊"), _("医生停诊，已约的号会退费并通知")
    elif not left and all(s.release_at > reader.now for s in bundle):
        opens_at = min(s.release_at for s in bundle)
        text, note = _("未放号"), _("%(time)s放号") % {"time": reader.moment(opens_at)}
    can_wait = not left and not opens_at and any(waitlist.can_join(s, policies, now=reader.now) for s in bundle)
    return Offer(
        href=way.session(session) if left or opens_at else "",
        way=way.session(session),
        sessions=" ".join(str(s.session_id) for s in bundle),
        opens_at=opens_at,
        doctor=session_doctor(session, practitioners, visit, policies, reader, present_id=way.present_id),
        when=f"{reader.day(session.date)} {terms.term(terms.HALF_DAYS, session.half_day)}",
        fee=reader.yuan(session.fee_fen),
        left=text,
        is_open=left > 0,
        note=note,
        is_present=visit is Visit.AGAIN and way.present_id is not None and session.practitioner_id == way.present_id,
        wait_href=way.waiting(session) if can_wait else "",
    )


def windows(slots: Iterable[SlotOffer], hospital_id: UUID, way: Way, *, is_to_come: bool = False) -> list[Window]:
    """Slots of the same time are one tile, which leads to its first open slot."""
    ordered = sorted(slots, key=lambda s: (s.starts_at, s.ends_at, s.number))
    tiles = []
    for times, group in groupby(ordered, key=lambda s: (s.starts_at, s.ends_at)):
        free = [slot for slot in group if slot.is_open]
        href = way.slot(hospital_id, free[0].slot_id) if free else ""
        left = _("未放号") if is_to_come and not free else left_words(len(free))
        tiles.append(Window(words.window(*times), left, href, int(times[0].timestamp())))
    return tiles


def open_days(
    days: Sequence[date],
    sessions: Iterable[Session],
    offers: Mapping[UUID, SessionOffer],
    *,
    with_id: UUID | None = None,
) -> dict[date, int]:
    """What is left on each day that has something left, in order; of one doctor where one is named."""
    left: dict[date, int] = dict.fromkeys(days, 0)
    for one in sessions:
        if one.date in left and one.session_id in offers and with_id in (None, one.practitioner_id):
            left[one.date] += offers[one.session_id].left
    return {day: n for day, n in left.items() if n}


def near_days(found: Mapping[date, int], chosen: date, link: Link, reader: Reader) -> list[Near]:
    """Up to MOST_NEAR days with something left, those nearest to the chosen one, in order."""
    closest = sorted((day for day in found if day != chosen), key=lambda day: abs((day - chosen).days))[:MOST_NEAR]
    return [Near(link.to(date=day.isoformat()), reader.day(day), left_words(found[day])) for day in sorted(closest)]


def colleagues(departments: Iterable[Department], reader: Reader) -> list[Near]:
    """Where others sit who do what a doctor does that has nothing left."""
    lines = [department_line(department, reader) for department in departments]
    return [Near(line.href, line.name, _("看看其他医生")) for line in lines]


def visit_tabs(sessions: Iterable[Session], visit: Visit, policies: Policies, link: Link) -> list[Tab]:
    """首诊 and 复诊, where it makes a difference here (R-004); else none."""
    if not any(schedule.must_hide_name(s, policies, is_first_visit=True) for s in sessions):
        return []
    return [
        Tab(link.to(visit="first"), _("首诊：按职称约"), visit is Visit.FIRST),
        Tab(link.to(visit="again"), _("复诊：可点名约医生"), visit is Visit.AGAIN),
    ]
