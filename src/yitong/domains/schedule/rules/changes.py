"""What may be changed about sessions that stand: stops, substitutes, extra slots. Pure."""

from datetime import datetime

from yitong.core.policy.values import Policies
from yitong.domains.hospitals.contracts.things import Title
from yitong.domains.schedule import errors
from yitong.domains.schedule.contracts import Session, SessionState

GRADES = (Title.RESIDENT, Title.ATTENDING, Title.ASSOCIATE_CHIEF, Title.CHIEF, Title.RENOWNED)
MOST_STOPPED = 500  # sessions on one word


def check_stoppage_size(sessions: int) -> None:
    """One word stops at least one session, and no more than a page can show whole. Refuses StoppageSize."""
    if not 1 <= sessions <= MOST_STOPPED:
        raise errors.StoppageSize(n=sessions, most=MOST_STOPPED)


def grade(title: str | None) -> int:
    """The rank of a title, lowest 0; -1 without one."""
    return -1 if title is None else GRADES.index(Title(title))


def check_substitute(*, title: str | None, substitute_title: str, is_of_department: bool) -> None:
    """R-016: same specialty and grade; a higher grade serves as well, a lower one is no substitution but a stop."""
    if not is_of_department:
        raise errors.PractitionerNotOfDepartment()
    if grade(substitute_title) < grade(title):
        raise errors.SubstituteGradeTooLow()


def check_extra(session: Session, policies: Policies, *, practitioner_id: object, now: datetime) -> None:
    """R-014: the doctor in person, on a session that still runs, up to the limit."""
    if session.practitioner_id is None or session.practitioner_id != practitioner_id:
        raise errors.NotYourSession()
    if session.state is SessionState.STOPPED:
        raise errors.SessionIsStopped()
    if session.stops_at is not None:
        raise errors.SessionIsStopping()
    if now >= session.ends_at:
        raise errors.SessionIsOver()
    limit = policies.int("booking.extra_per_session")
    if session.extra_slots >= limit:
        raise errors.ExtraLimitReached(n=limit)
