"""What was chosen on the way to a booking, and where the next step leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from yitong.domains.schedule.contracts import Session


class Visit(StrEnum):
    """首诊 or 复诊, as the patient says."""

    FIRST = "first"
    AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Link:
    """The page's own address with what was chosen so far; `to` changes one choice."""

    path: str
    chosen: Mapping[str, str]

    def to(self, **choice: str) -> str:
        return f"{self.path}?{urlencode({**self.chosen, **choice})}"


class Way(Protocol):
    """Where sessions and windows lead: to a new booking, or to another time for one."""

    @property
    def present_id(self) -> UUID | None:
        """The doctor with whom the patient is booked already, if any."""

    def session(self, session: Session) -> str: ...
    def waiting(self, session: Session) -> str:
        """Where one waits for it while it is sold out; "" where one doesn't."""

    def slot(self, hospital_id: UUID, slot_id: UUID) -> str: ...
    def days(self, hospital_id: UUID, department_id: UUID) -> Link:
        """Where another day of the department is chosen."""


@dataclass(frozen=True, slots=True)
class NewBooking:
    visit: Visit
    present_id: UUID | None = None

    def session(self, session: Session) -> str:
        return self._with_visit(reverse("patient:session", args=[session.hospital_id, session.session_id]))

    def waiting(self, session: Session) -> str:
        return self._with_visit(reverse("patient:waitlist_join", args=[session.hospital_id, session.session_id]))

    def slot(self, hospital_id: UUID, slot_id: UUID) -> str:
        return self._with_visit(reverse("patient:book", args=[hospital_id, slot_id]))

    def days(self, hospital_id: UUID, department_id: UUID) -> Link:
        return Link(reverse("patient:department", args=[hospital_id, department_id]), {"visit": self.visit.value})

    def _with_visit(self, path: str) -> str:
        return f"{path}?visit={self.visit.value}"


@dataclass(frozen=True, slots=True)
class Moving:
    booking_id: UUID
    present_id: UUID | None = None

    def session(self, session: Session) -> str:
        return reverse("patient:move_window", args=[session.hospital_id, self.booking_id, session.session_id])

    def waiting(self, session: Session) -> str:
        return ""  # he has a booking of this department

    def slot(self, hospital_id: UUID, slot_id: UUID) -> str:
        return reverse("patient:move_confirm", args=[hospital_id, self.booking_id, slot_id])

    def days(self, hospital_id: UUID, department_id: UUID) -> Link:
        return Link(reverse("patient:move", args=[hospital_id, self.booking_id]), {})
