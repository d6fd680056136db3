"""The plain claim by the booking window (`docs/counter.md`): what its form carries, and what it said when it refused.

Without scripts the window can only send the reader back here with the refusal in the address. Whoever makes such a link
himself gets no more than a sentence of ours: its numbers and days are read as such, everything else is dropped.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from yitong.core.errors import Busy, KeyMissing, KeyReused, Refusal, Throttled
from yitong.domains.booking import errors
from yitong.domains.booking.queries import window
from yitong.domains.people import queries as people
from yitong.domains.people.errors import PatientMissing
from yitong.domains.schedule.contracts import Slot
from yitong.domains.schedule.errors import SessionIsStopping, SlotMissing
from yitong.faces.common.cookies import ACCOUNT_COOKIE
from yitong.faces.common.words import Reader

SHAPES = (r"\d{1,5}", r"\d{4}-\d\d-\d\d", r"\d\d:\d\d", r"[0-9a-f]{16}")
NUMBER, DAY, TIME, TRACE = (re.compile(shape, re.ASCII) for shape in SHAPES)

# What the window refuses a claim with, and what each of their sentences names.
TOLD: dict[type[Refusal], dict[str, re.Pattern[str]]] = {
    Busy: {},
    KeyMissing: {},
    KeyReused: {},
    PatientMissing: {},
    SessionIsStopping: {},
    SlotMissing: {},
    Throttled: {"wait_s": NUMBER},
    errors.AbuseLocked: {},
    errors.ClaimFailed: {"trace_id": TRACE},
    errors.ClaimUnreadable: {},
    errors.DayLimitReached: {"n": NUMBER},
    errors.DuplicateDepartment: {},
    errors.FirstVisitBySpecialty: {},
    errors.NoShowLocked: {"n": NUMBER, "date": DAY},
    errors.LineNotOpen: {},
    errors.LineUnreadable: {},
    errors.NotEligible: {},
    errors.NotYourTurn: {},
    errors.PassInvalid: {},
    errors.PoolExhausted: {},
    errors.QuarterLimitReached: {"n": NUMBER},
    errors.SessionCancelled: {},
    errors.SlotTaken: {},
    errors.TimeClash: {},
    errors.VerifyRequired: {},
    errors.WeekLimitReached: {"n": NUMBER},
    errors.WindowClosed: {"min": NUMBER, "max": NUMBER, "release_time": TIME},
}
_BY_CODE = {kind.code: kind for kind in TOLD}


@dataclass(frozen=True, slots=True)
class Form:
    """What the form says to the window besides the key and the patient."""

    pass_: str
    hospital_id: UUID
    slot_id: UUID
    is_first_visit: str
    by_name: str


def is_served() -> bool:
    """Whether this address has a booking window; else the pages book themselves."""
    return bool(settings.YITONG_COUNTER)


def form_for(request: HttpRequest, slot: Slot, reader: Reader, *, is_first_visit: bool, by_name: bool) -> Form | None:
    """The form's own fields, with a pass for a quarter of an hour; None where no window is served. Three queries."""
    passing = pass_for(request, reader)
    if passing is None:
        return None
    return Form(passing, slot.hospital_id, slot.slot_id, _flag(is_first_visit), _flag(by_name))


def pass_for(request: HttpRequest, reader: Reader) -> str | None:
    """A pass of the account that is signed in; None where no window is served."""
    if not is_served():
        return None
    session = people.session_of(request.COOKIES.get(ACCOUNT_COOKIE, ""), reader.now)
    if session is None:
        return None
    return window.issue_pass(session, channel="web", now=reader.now).token


def refusal_of(asked: Mapping[str, str]) -> Refusal | None:
    """What the window said, from the address; None where it isn't one of its sentences, whole and well-formed."""
    kind = _BY_CODE.get(asked.get("refused", ""))
    if kind is None:
        return None
    told = {name: asked.get(name, "") for name in TOLD[kind]}
    if not all(TOLD[kind][name].fullmatch(value) for name, value in told.items()):
        return None
    return kind(**told)


def patient_of(asked: Mapping[str, str]) -> UUID | None:
    """Who was chosen before the window refused."""
    return _uuid(asked.get("patient", ""))


def key_of(asked: Mapping[str, str], refusal: Refusal | None) -> UUID | None:
    """The key of a claim whose outcome is in doubt: with the same one it is never booked twice."""
    return _uuid(asked.get("key", "")) if isinstance(refusal, Busy) else None


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
