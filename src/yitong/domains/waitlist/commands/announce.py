"""Telling who waits what became of it. A message holds ids; words are put in at delivery. All join their command."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yitong.domains.booking.contracts import Kept
from yitong.domains.notify import commands as notify
from yitong.domains.notify.contracts import Medium, Tell, TemplateName
from yitong.domains.schedule.contracts import Session
from yitong.domains.schedule.queries import timetable as schedule
from yitong.domains.waitlist import models
from yitong.domains.waitlist.contracts import CloseReason, PassReason

OWN_DOING = (PassReason.DECLINED, PassReason.GATHERED)  # known to the one who waits, or of no use to him


def tell_joined(entry: models.WaitlistEntry, *, now: datetime) -> None:
    session = _wanted_most(entry)
    params = {**_place(entry, session), "count": str(len(entry.session_ids))}
    _tell(entry, f"waitlist:{entry.id}:joined", TemplateName.WAITLIST_JOINED, params, now)


def tell_offered(
    entry: models.WaitlistEntry,
    session: Session,
    slots: Sequence[Kept],
    until: datetime,
    event_id: UUID,
    *,
    now: datetime,
) -> None:
    params = {**_place(entry, session, slots[0].starts_at), "until": until.isoformat()}
    _tell(entry, f"{event_id}", TemplateName.WAITLIST_OFFERED, params, now)


def tell_booked(
    entry: models.WaitlistEntry, session: Session, slots: Sequence[Kept], event_id: UUID, *, now: datetime
) -> None:
    params = _place(entry, session, slots[0].starts_at)
    _tell(entry, f"{event_id}", TemplateName.WAITLIST_BOOKED, params, now)


def tell_passed(entry: models.WaitlistEntry, session: Session, reason: str, event_id: UUID, *, now: datetime) -> None:
    """A missed offer each time; what a rule refuses once for a session, or the phone would ring at each freed slot."""
    if reason == PassReason.LAPSED:
        _tell(entry, f"{event_id}", TemplateName.WAITLIST_LAPSED, _place(entry, session), now)
    elif reason not in OWN_DOING:
        key = f"waitlist:{entry.id}:{session.session_id.hex}:{reason}"
        _tell(entry, key, TemplateName.WAITLIST_PASSED, _place(entry, session), now, media=(Medium.IN_APP,))


def tell_closed(entry: models.WaitlistEntry, reason: CloseReason, event_id: UUID, *, now: datetime) -> None:
    params = {**_place(entry, _wanted_most(entry)), "reason": f"waitlist_{reason.value}"}
    _tell(entry, f"{event_id}", TemplateName.WAITLIST_CLOSED, params, now)


def _wanted_most(entry: models.WaitlistEntry) -> Session:
    return schedule.get_session(entry.hospital_ids[0], entry.session_ids[0])


def _place(entry: models.WaitlistEntry, session: Session, starts_at: datetime | None = None) -> dict[str, str]:
    return {
        "entry_id": str(entry.id),
        "patient_id": str(entry.patient_ids[0]),
        "hospital_id": str(session.hospital_id),
        "department_id": str(session.department_id),
        "practitioner_id": str(session.practitioner_id or ""),
        "date": session.date.isoformat(),
        "starts_at": (starts_at or session.starts_at).isoformat(),
    }


def _tell(
    entry: models.WaitlistEntry,
    key: str,
    template: TemplateName,
    params: dict[str, str],
    now: datetime,
    media: tuple[Medium, ...] = (Medium.IN_APP, Medium.SMS),
) -> None:
    notify.tell(Tell(key=key, account_id=entry.account_id, template=template.value, params=params, media=media), now)
