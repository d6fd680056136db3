"""The waitlist in plain words: what one waits for, how many come first, what was offered, why it went on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.core import masks
from yitong.core.db import policies
from yitong.core.sentences import sentence
from yitong.domains.hospitals.contracts.things import Practitioner
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.domains.schedule.contracts import Session
from yitong.domains.schedule.queries import timetable as schedule
from yitong.domains.waitlist.contracts import CloseReason, Entry, Line, Mode, OfferState, Passing, PassReason, WaitState
from yitong.faces.common import terms
from yitong.faces.common.words import Reader
from yitong.faces.patient.booking.presenters import Person
from yitong.faces.patient.hospitals import near, offering

TAGS = {WaitState.OFFERED: "warn", WaitState.GATHERING: "info", WaitState.WAITING: "info", WaitState.BOOKED: "ok"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What lines of entries need to be put into words, asked once for all of them."""

    sessions: Mapping[UUID, Session]
    places: Mapping[UUID, str]  # hospital and department, by session
    doctors: Mapping[UUID, Practitioner]
    unnamed: Collection[UUID]  # sessions whose doctor a first visit doesn't name
    names: Mapping[UUID, str]  # of patients, in clear


@dataclass(frozen=True, slots=True)
class Choice:
    """One more session, or several that are one offer, that could be waited for."""

    sessions: str
    when: str
    who: str
    fee: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A department of the same specialty at another place, with what is sold out there."""

    hospital_id: UUID
    title: str
    note: str
    choices: list[Choice]


@dataclass(frozen=True, slots=True)
class Card:
    href: str
    when: str
    where: str
    who: str
    state: str
    tag: str
    said: str
    is_live: bool


@dataclass(frozen=True, slots=True)
class LineSaid:
    """A session that one waits for: its hour with who sits, and how it stands."""

    title: str
    note: str


@dataclass(frozen=True, slots=True)
class PassingSaid:
    why: str
    what: str
    when: str


@dataclass(frozen=True, slots=True)
class OfferSaid:
    hospital_id: UUID
    offer_id: UUID
    slots: list[str]
    until: datetime
    is_open: bool
    is_over: bool


def facts_of(entries: Sequence[Entry], reader: Reader) -> Facts:
    """A handful of queries for each hospital, however many entries."""
    wanted: dict[UUID, set[UUID]] = {}
    for entry in entries:
        for line in entry.lines:
            wanted.setdefault(line.hospital_id, set()).add(line.session_id)
    sessions: dict[UUID, Session] = {}
    places: dict[UUID, str] = {}
    doctors: dict[UUID, Practitioner] = {}
    unnamed: set[UUID] = set()
    for hospital_id, ids in wanted.items():
        found = schedule.sessions_by_id(hospital_id, ids)
        departments = hospitals.departments_by_id(hospital_id, {one.department_id for one in found.values()})
        name = reader.name(hospitals.get_hospital(hospital_id))
        sessions |= found
        places |= {key: f"{name} · {reader.name(departments[one.department_id])}" for key, one in found.items()}
        who = {one.practitioner_id for one in found.values() if one.practitioner_id is not None}
        doctors |= hospitals.practitioners_by_id(hospital_id, who) if who else {}
        in_force = policies.of_hospital(hospital_id, reader.now)
        unnamed |= {
            key
            for key, one in found.items()
            if schedule.must_hide_name(one, in_force(one.department_id), is_first_visit=True)
        }
    ids = {patient_id for entry in entries for patient_id in entry.patient_ids}
    return Facts(sessions, places, doctors, unnamed, people.names_of(ids) if ids else {})


def waited(entry: Entry, facts: Facts, chosen: Collection[str] | None, reader: Reader) -> list[Choice]:
    """The sessions in whose line it stands; chosen are all at first."""
    said = [(str(line.session_id), _line(entry, line, facts, reader)) for line in entry.lines if line.is_live]
    return [Choice(key, one.title, one.note, "", chosen is None or key in chosen) for key, one in said]


def others(half_days: Sequence[offering.HalfDay], without: Collection[str], chosen: Collection[str]) -> list[Choice]:
    """What else is sold out and could be waited for."""
    return [
        Choice(
            sessions=offer.sessions,
            when=offer.when,
            who=f"{offer.doctor.name} {offer.doctor.title}".strip(),
            fee=offer.fee,
            is_chosen=offer.sessions in chosen,
        )
        for half in half_days
        for offer in half.offers
        if offer.wait_href and not set(offer.sessions.split()) & set(without)
    ]


def elsewhere(
    place: near.Alike,
    half_days: Sequence[offering.HalfDay],
    without: Collection[str],
    chosen: Collection[str],
    most: int,
) -> Elsewhere | None:
    """Its box names the hospital too. The first `most`, and what was chosen. None where nothing there can be waited
    for."""
    hospital_id = place.department.hospital_id
    found = [
        replace(one, sessions=box, is_chosen=box in chosen)
        for one in others(half_days, without, ())
        for box in [f"{hospital_id} {one.sessions}"]
    ]
    shown = [one for n, one in enumerate(found) if n < most or one.is_chosen]
    return Elsewhere(hospital_id, place.title, place.note, shown) if shown else None


def checked(person: Person, chosen: Collection[str] | None) -> Person:
    """As asked before; at first oneself, or the first who may."""
    return person if chosen is None else replace(person, is_chosen=person.id in chosen)


def how(entry: Entry) -> str:
    """What happens when its turn comes."""
    if entry.mode is Mode.ASK:
        return _("轮到时先问您，并在保留时间内等您确认；夜里不计时。")
    return _("轮到时直接约好并通知您；不想去了，请在取消截止前取消。")


def card(entry: Entry, facts: Facts, reader: Reader) -> Card:
    return Card(
        href=reverse("patient:waitlist_entry", args=[entry.entry_id]),
        when=_when(entry, facts, reader),
        where=facts.places[_shown(entry)],
        who=_("、").join(masks.name(facts.names[one]) for one in entry.patient_ids if one in facts.names),
        state=terms.term(terms.WAITLIST_STATES, entry.state),
        tag=TAGS.get(entry.state, ""),
        said=_said(entry, reader),
        is_live=entry.ended_at is None,
    )


def _shown(entry: Entry) -> UUID:
    """The session that stands for all: the booked one, else the first."""
    return entry.booked.session_id if entry.booked else entry.lines[0].session_id


def _when(entry: Entry, facts: Facts, reader: Reader) -> str:
    session = facts.sessions[_shown(entry)]
    when = f"{reader.day(session.date)} {terms.term(terms.HALF_DAYS, session.half_day)}"
    more = len(entry.lines) - 1
    if entry.booked is not None or not more:
        return when
    return _("%(when)s 等 %(n)s 场") % {"when": when, "n": more + 1}


def _said(entry: Entry, reader: Reader) -> str:
    if entry.state is WaitState.OFFERED and entry.offer is not None:
        return _("请在%(time)s前确认") % {"time": reader.moment(entry.offer.until)}
    live = [line for line in entry.lines if line.is_live]
    if entry.state is WaitState.WAITING and live:
        return ahead(min(line.ahead for line in live))
    return closed(entry.end_reason) if entry.state is WaitState.CLOSED else ""


def ahead(n: int) -> str:
    return _("前面还有 %(n)d 人") % {"n": n} if n else _("下一个空出的号就给您")


def closed(reason: str | None) -> str:
    said = {
        CloseReason.OVER: _("直到截止没有空出的号"),
        CloseReason.STOPPED: _("医生停诊"),
        CloseReason.PATIENT_GONE: _("就诊人已从账号中移除"),
        CloseReason.ACCOUNT_CLOSED: _("账号已注销"),
        CloseReason.DROPPED: _("您不再等这一场"),
        CloseReason.ENDED: _("已结束"),
    }
    return said[CloseReason(reason)] if reason else ""


def lines(entry: Entry, facts: Facts, reader: Reader) -> list[LineSaid]:
    return [_line(entry, line, facts, reader) for line in entry.lines]


def _line(entry: Entry, line: Line, facts: Facts, reader: Reader) -> LineSaid:
    session = facts.sessions[line.session_id]
    title = f"{reader.day(session.date)} {terms.term(terms.HALF_DAYS, session.half_day)}"
    if facts.places[line.session_id] != facts.places[_shown(entry)]:
        title = f"{facts.places[line.session_id]} · {title}"
    who = _who(session, facts, reader, is_first_visit=entry.is_first_visit)
    if not line.is_live:
        return LineSaid(f"{title} · {who}", closed(line.end_reason))
    has_offer = entry.offer is not None and entry.offer.session_id == line.session_id
    said = terms.term(terms.WAITLIST_STATES, entry.state) if has_offer else ahead(line.ahead)
    return LineSaid(f"{title} · {who}", f"{said} · {_('候补到%(time)s') % {'time': reader.moment(line.closes_at)}}")


def _who(session: Session, facts: Facts, reader: Reader, *, is_first_visit: bool) -> str:
    """Whom a first visit can't name it doesn't see here either (R-004)."""
    doctor = facts.doctors.get(session.practitioner_id) if session.practitioner_id else None
    if doctor is None or (is_first_visit and session.session_id in facts.unnamed):
        return terms.term(terms.CLINICS, session.clinic_kind)
    return f"{reader.name(doctor)} {terms.term(terms.TITLES, doctor.title)}"


def offer(entry: Entry, reader: Reader) -> OfferSaid | None:
    made = entry.offer
    if made is None:
        return None
    slots = [
        _("%(time)s，第 %(n)s 号") % {"time": reader.visit(one.starts_at, one.ends_at), "n": one.number}
        for one in made.slots
    ]
    is_open = made.state is OfferState.OPEN
    return OfferSaid(made.hospital_id, made.offer_id, slots, made.until, is_open, made.until <= reader.now)


def passings(entry: Entry, facts: Facts, reader: Reader) -> list[PassingSaid]:
    return [_passing(one, facts, reader) for one in entry.passings]


def _passing(one: Passing, facts: Facts, reader: Reader) -> PassingSaid:
    own = {
        PassReason.DECLINED: _("您没有要这个号"),
        PassReason.LAPSED: _("没有在时限内确认"),
        PassReason.GATHERED: _("没有凑齐一起的号"),
        PassReason.TOO_LATE: _("临近截止，来不及询问您"),
    }
    why = own[PassReason(one.reason)] if one.reason in set(PassReason) else _rule(one.reason, reader)
    session = facts.sessions.get(one.session_id)
    what = f"{reader.day(session.date)} {terms.term(terms.HALF_DAYS, session.half_day)}" if session else ""
    return PassingSaid(why, what, reader.moment(one.at))


def _rule(code: str, reader: Reader) -> str:
    """The rule's sentence, where it says all without numbers that only its moment knew."""
    message = sentence(code, {}, reader.language).message
    return _("按预约的规则暂时不能约") if "{" in message else message
