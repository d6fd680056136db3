"""What the booking window is shown, and what stands before it: passes, lines and the places in them."""

from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.conf import settings

from yitong.core.actor import Actor
from yitong.core.clock import shanghai_date
from yitong.core.db import policies
from yitong.core.db.keys import keyring
from yitong.core.tokens import Tokens, derived
from yitong.domains.booking import models, rules
from yitong.domains.booking.contracts import (
    PASS_USE,
    PATIENT_NAME,
    IssuedPass,
    LinePlace,
    LineTimes,
    Pass,
    PassPatient,
    Standing,
)
from yitong.domains.booking.errors import CheckRequired
from yitong.domains.people import queries as people
from yitong.domains.people.contracts.accounts import AccountSession
from yitong.domains.people.queries import facts
from yitong.domains.schedule.contracts import SessionState
from yitong.domains.schedule.queries import timetable as schedule

PASS_LIFE = timedelta(minutes=15)


def issue_pass(session: AccountSession, *, channel: str, now: datetime, key_id: UUID | None = None) -> IssuedPass:
    """A signed pass to the booking window for an account holder who is signed in: for whom he may book, for a quarter
    of an hour. `key_id`: the key of the channel that asks for it, which the window looks at in each claim (S-14). Two
    queries. Refuses CheckRequired (R-017): an account on the slow path gets one while a check of its is fresh, and for
    no longer."""
    ring = keyring()
    bookable = facts.bookable_patients(session.account_id, now)
    patients, expires_at, day = bookable.names, now + PASS_LIFE, shanghai_date(now)
    if bookable.checked_until is not None:
        if bookable.checked_until <= now:
            raise CheckRequired()
        expires_at = min(expires_at, bookable.checked_until)
    said = Pass(
        account_id=session.account_id,
        session_id=session.session_id,
        channel=channel,
        patients=tuple(
            PassPatient(one, ring.encrypt(name, PATIENT_NAME), rules.age_band(bookable.birth_dates[one], day).value)
            for one, name in patients.items()
        ),
        expires_at=expires_at,
        key_id=key_id,
    )
    return IssuedPass(passes().write(said), said.expires_at, tuple(patients))


@cache
def passes() -> Tokens[Pass]:
    """Writes passes under this place's secret; the booking window reads them."""
    return Tokens(derived(settings.SECRET_KEY.encode(), PASS_USE), Pass)


def next_line(hospital_id: UUID, department_id: UUID, now: datetime) -> LineTimes | None:
    """The line before this department's next release, or the one that is open (R-017); None where nobody waits."""
    in_force = policies.at(hospital_id, now, department_id=department_id)
    today = shanghai_date(now)
    last = today + timedelta(days=in_force.int("booking.window.max_days") + 1)
    sessions = schedule.list_sessions(hospital_id, department_id, today, last)
    for release_at in sorted({one.release_at for one in sessions if one.state is not SessionState.STOPPED}):
        times = rules.line_times(release_at, in_force)
        if times is not None and now < times.ends_at:
            return times
    return None


def places_in_line(
    hospital_id: UUID, department_id: UUID, times: LineTimes, actor: Actor, *, now: datetime
) -> dict[UUID, LinePlace]:
    """Where the patients of the asking account stand. Two queries, and one for each who waits: the page of who has no
    scripts; all others are answered by the window from memory."""
    line = models.Line.objects.filter(
        hospital_id=hospital_id, department_id=department_id, release_at=times.release_at
    ).first()
    if line is None or actor.account_id is None:
        return {}
    in_line = models.Place.objects.filter(hospital_id=hospital_id, line_id=line.id)
    found = {}
    for row in in_line.filter(patient_id__in=people.ids_of(actor.account_id)):
        standing = rules.standing_of(row.admitted_until, row.left_at, times, now=now)
        ahead = None
        if standing is Standing.WAITING:
            ahead = in_line.filter(admitted_at=None, left_at=None, rank__lt=row.rank).count()
        found[row.patient_id] = LinePlace(row.patient_id, standing, ahead, row.admitted_until)
    return found
