"""What the pages that choose a day, a session and a window share: for a new booking and for another time of one."""

from collections.abc import Collection
from datetime import date, timedelta
from uuid import UUID

from django.http import HttpRequest

from yitong.core.db import policies
from yitong.core.policy.values import Policies
from yitong.domains.booking.contracts import SessionOffer
from yitong.domains.booking.queries import openings
from yitong.domains.hospitals.contracts.things import Practitioner
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.hospitals.queries import policy_lines
from yitong.domains.schedule.contracts import Session
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import lately
from yitong.faces.common.words import Reader
from yitong.faces.patient.hospitals import live, offering, presenters, ways
from yitong.faces.patient.hospitals import sittings as words

CHANNEL = "web"
MOST_IN_BUNDLE = 8


def asked_visit(request: HttpRequest) -> ways.Visit:
    again = request.GET.get("visit", request.POST.get("visit")) == ways.Visit.AGAIN
    return ways.Visit.AGAIN if again else ways.Visit.FIRST


def asked_date(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.GET.get("date", ""))
    except ValueError:
        return None


def days(in_force: Policies, reader: Reader) -> list[date]:
    """The days that can be booked, and the one that opens next."""
    bookable = schedule.bookable_dates(reader.now, in_force)
    return [*bookable, bookable[-1] + timedelta(days=1)]


def bundle(session: Session, visit: ways.Visit, in_force: Policies) -> list[Session]:
    """The session itself; where the doctor is unnamed, all of the same day, half-day, kind, title and fee."""
    if not schedule.must_hide_name(session, in_force, is_first_visit=visit is ways.Visit.FIRST):
        return [session]
    of_day = schedule.list_sessions(session.hospital_id, session.department_id, session.date, session.date)
    kind = (session.half_day, session.clinic_kind, session.title, session.fee_fen)
    same = [s for s in of_day if (s.half_day, s.clinic_kind, s.title, s.fee_fen) == kind]
    hidden = [s for s in same if schedule.must_hide_name(s, in_force, is_first_visit=True)]
    return [session, *(s for s in hidden if s.session_id != session.session_id)][:MOST_IN_BUNDLE]


def practitioners(hospital_id: UUID, sessions: list[Session]) -> dict[UUID, Practitioner]:
    ids = {s.practitioner_id for s in sessions if s.practitioner_id is not None}
    return hospitals.practitioners_by_id(hospital_id, ids) if ids else {}


def choice(
    asked: date | None,
    hospital_id: UUID,
    days: list[date],
    sessions: list[Session],
    visit: ways.Visit,
    way: ways.Way,
    link: ways.Link,
    in_force: Policies,
    reader: Reader,
) -> dict[str, object]:
    """The strip and the chosen day's sessions: the asked day, else the first with something left, if there is one with
    the doctor of before. Where the day has nothing, the days that have; one may ask for the day that opens next."""
    bookable = days[:-1]
    offers = openings.offers(hospital_id, sessions, channel=CHANNEL, now=reader.now)
    found = offering.open_days(bookable, sessions, offers)
    again = offering.open_days(bookable, sessions, offers, with_id=way.present_id) if way.present_id else {}
    may_wait = any(s.date == days[-1] for s in sessions)
    chosen = asked if asked in (days if may_wait else bookable) else next(iter(again or found), days[0])
    assert chosen is not None  # no day is None
    of_day = [s for s in sessions if s.date == chosen]
    opens_at = None if chosen in found else offering.opens_at(of_day, reader)
    release = presenters.release(in_force, reader)
    doctors = practitioners(hospital_id, of_day)
    return {
        "days": offering.strip(days, bookable, sessions, offers, chosen, link, reader),
        "day": chosen,
        "chosen": reader.day(chosen),
        "here": link.to(date=chosen.isoformat()),
        "half_days": offering.half_days(of_day, offers, doctors, visit, way, in_force, reader),
        "is_day_open": chosen in found,
        "opens_at": opens_at,
        "remind_id": hospital_id if opens_at == release.at else None,
        "is_open": bool(found),
        "near": offering.near_days(found, chosen, link, reader) if chosen not in found else [],
        "again": offering.near_days(again, chosen, link, reader),
        "release": release,
        "as_of": presenters.as_of(reader),
    }


def sittings(sessions: list[Session], way: ways.Way, in_force: Policies, reader: Reader) -> list[words.Sitting]:
    """One doctor's half-days of one day, with their windows."""
    if not sessions:
        return []
    hospital_id = sessions[0].hospital_id
    offers = openings.slot_offers_by_session(hospital_id, sessions, channel=CHANNEL, now=reader.now)
    departments = hospitals.departments_by_id(hospital_id, {one.department_id for one in sessions})
    return words.sittings(sessions, offers, departments, way, in_force, reader)


def place(hospital_id: UUID, campus_id: UUID, location: str, reader: Reader, *, room: str = "") -> str:
    campus = hospitals.get_campus(hospital_id, campus_id)
    return " · ".join(part for part in (reader.name(campus), location, reader.room(room)) if part)


def windows(session: Session, visit: ways.Visit, way: ways.Way, reader: Reader) -> dict[str, object]:
    """The time windows of a session, or of all sessions that are one offer with it (R-004)."""
    hospital_id = session.hospital_id
    in_force = policies.at(hospital_id, reader.now, department_id=session.department_id)
    department = hospitals.get_department(hospital_id, session.department_id)
    same = bundle(session, visit, in_force)
    slots = openings.slot_offers_of(hospital_id, same, channel=CHANNEL, now=reader.now)
    left = sum(slot.is_open for slot in slots)
    offers = {session.session_id: SessionOffer(session.session_id, session.slots, left)}  # the one offer that they are
    doctors = practitioners(hospital_id, same)
    offer = offering.offer(same, offers, doctors, visit, way, in_force, reader)
    return {
        "offer": offer,
        "live": live.of_sessions(same, way),
        "windows": offering.windows(slots, hospital_id, way, is_to_come=offer.opens_at is not None),
        "as_of": presenters.as_of(reader),
        "department": reader.name(department),
        "hospital_name": reader.name(hospitals.get_hospital(hospital_id)),
        "place": place(
            hospital_id, session.campus_id, department.location, reader, room=session.room if len(same) == 1 else ""
        ),
    }


def rooms(hospital_id: UUID, session_ids: Collection[UUID], reader: Reader) -> dict[UUID, str]:
    """Where these sessions sit, by session, as it was a moment ago (`lately`): who waits for his visit looks often."""

    def read() -> dict[UUID, str]:
        return {one: session.room for one, session in schedule.sessions_by_id(hospital_id, session_ids).items()}

    return lately.keep(("rooms", hospital_id, frozenset(session_ids)), reader.now, read)


def rule_line(hospital_id: UUID, department_id: UUID, rule: str, reader: Reader) -> str:
    """One rule in plain words, from the values that are enforced (S-38)."""
    lines = policy_lines.policies_in_words(hospital_id, reader.now, reader.language, department_id=department_id)
    return next((line.text for line in lines if line.rule == rule), "")
