"""A doctor's half-days of one day, each with its windows, as plain words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from yitong.core.policy.values import Policies
from yitong.domains.booking.contracts import SessionOffer, SlotOffer
from yitong.domains.hospitals.contracts.things import Department
from yitong.domains.schedule.contracts import Session
from yitong.faces.common import terms
from yitong.faces.common.words import Reader
from yitong.faces.patient.hospitals import offering, ways


@dataclass(frozen=True, slots=True)
class Sitting:
    """A doctor's half-day with its windows: on the doctor's own page one chooses the time at once."""

    name: str
    place: str
    fee: str
    left: str
    is_open: bool
    note: str
    windows: list[offering.Window]


def sittings(
    sessions: Iterable[Session],
    slots: Mapping[UUID, Sequence[SlotOffer]],
    departments: Mapping[UUID, Department],
    way: ways.Way,
    policies: Policies,
    reader: Reader,
) -> list[Sitting]:
    """The half-days of one doctor on one day, each with its windows while something is left."""
    found = []
    for session in sorted(sessions, key=lambda s: s.starts_at):
        free = [slot for slot in slots.get(session.session_id, []) if slot.is_open]
        left = {session.session_id: SessionOffer(session.session_id, session.slots, len(free))}
        shown = offering.offer([session], left, {}, ways.Visit.AGAIN, way, policies, reader)
        department = departments.get(session.department_id)
        name = reader.name(department) if department else ""
        clinic = terms.term(terms.CLINICS, session.clinic_kind)
        found.append(
            Sitting(
                name=terms.term(terms.HALF_DAYS, session.half_day),
                place=" · ".join(part for part in (name, clinic, reader.room(session.room)) if part),
                fee=shown.fee,
                left=shown.left,
                is_open=shown.is_open,
                note=shown.note,
                windows=offering.windows(slots[session.session_id], session.hospital_id, way) if free else [],
            )
        )
    return found
