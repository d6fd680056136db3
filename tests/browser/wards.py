"""Those who work at a desk in the browser tests, and the hospital where they do."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker
from tests import clinic as build
from tests import make
from tests.browser.visitors import Visitor

from yitong.core import clock
from yitong.core.db import policies
from yitong.domains.access.commands import second_factor
from yitong.domains.access.contracts import Invited
from yitong.domains.booking.commands import claim
from yitong.domains.booking.contracts import HoldSlot, SlotOffer
from yitong.domains.booking.queries import openings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people.commands import patients
from yitong.domains.people.contracts.patients import RegisterAtDesk
from yitong.domains.schedule.contracts import Session, SessionState
from yitong.domains.schedule.queries import timetable as schedule

HOSPITAL = "BJ13"
ALL_ROLES = ("registrar", "nurse", "doctor", "roster_manager", "hospital_admin")


@dataclass
class Ward:
    """The hospital of these tests; acts in it run in the tests' own process, committed."""

    hospital_id: UUID
    blocker: DjangoDbBlocker

    def staff(self, *roles: str) -> Invited:
        return make.staff_member(*roles, hospital_id=self.hospital_id, now=clock.now())

    def on_site(self) -> Session:
        """A session of these days for which the window still has slots."""
        now = clock.now()
        today = clock.shanghai_date(now)
        for department in hospitals.list_departments(self.hospital_id):
            if department.sex is not None or department.age_from is not None or department.age_below is not None:
                continue
            found = [
                one
                for one in schedule.list_sessions(
                    self.hospital_id, department.department_id, today, today + timedelta(days=4)
                )
                if one.state is not SessionState.STOPPED and one.ends_at > now + timedelta(hours=1)
            ]
            left = openings.slot_offers_by_session(self.hospital_id, found, channel="desk", now=now)
            open_ones = [
                one
                for one in found
                if one.practitioner_id is not None and sum(map(is_for_anybody, left[one.session_id])) > 1
            ]
            if open_ones:
                return open_ones[0]
        raise AssertionError("the window of this hospital has nothing left")

    def walk_in(self, session: Session) -> tuple[UUID, UUID]:
        """(booking, patient) of somebody at the window."""
        registrar, now = make.staff_actor("registrar", hospital_id=self.hospital_id), clock.now()
        cmd = RegisterAtDesk(f"walk{make.number()}", self.hospital_id, build.identity())
        patient_id = patients.register_at_desk(cmd, actor=registrar, now=now).patient_id
        slot = next(
            one
            for one in openings.slot_offers(self.hospital_id, session, channel="desk", now=now)
            if is_for_anybody(one) and one.ends_at > now
        )
        wish = HoldSlot(f"walk{make.number()}", self.hospital_id, slot.slot_id, patient_id, is_first_visit=False)
        return claim.hold_slot(wish, actor=registrar, now=now).booking_id, patient_id


def is_for_anybody(slot: SlotOffer) -> bool:
    """Open, and not kept for those who have priority (R-013)."""
    return slot.is_open and not slot.is_special


def token_of(invited: Invited) -> str:
    """A session with the second factor."""
    now = clock.now()
    token = make.signed_in(invited, now=now).token
    enrolment = second_factor.begin_totp(token, now=now)
    second_factor.confirm_totp(token, make.totp_code(enrolment.secret, now), now=now)
    return token


def undo_within(hospital_id: UUID, seconds: int) -> None:
    """From here on a stop of this hospital can be taken back for so long."""
    _decide("booking.stop_undo_seconds", seconds, hospital_id)


def stay_signed_in() -> None:
    """From here on whoever works in the city is asked to sign in again as late as the rule allows (R-205)."""
    _decide("staff.idle_minutes", 60, None)


def _decide(key: str, value: int, hospital_id: UUID | None) -> None:
    now = clock.now()
    with transaction.atomic():
        policies.record(
            key,
            value,
            scope="city" if hospital_id is None else "hospital",
            hospital_id=hospital_id,
            scope_id=hospital_id,
            effective_from=now - timedelta(minutes=1),
            source="test",
            decided_by="test",
            now=now,
        )


def enter(someone: Visitor, token: str) -> Visitor:
    someone.page.context.add_cookies(
        [{"name": "yitong_staff", "value": token, "url": someone.url, "httpOnly": True, "sameSite": "Lax"}]
    )
    return someone


def sign_in(someone: Visitor, login: str) -> None:
    someone.go("/desk/sign-in/")
    someone.page.locator("input[name=login]").fill(login)
    someone.page.locator("input[name=password]").fill(make.PASSWORD)
    someone.press("登录")
