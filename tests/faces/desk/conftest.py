"""A hospital in the middle of its day, and its staff at their desks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from uuid import UUID

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from tests import clinic as build
from tests import make
from tests.stock import ANYWHERE, stocked

from yitong.core import clock
from yitong.core.ids import new_id
from yitong.domains.access.commands import second_factor
from yitong.domains.access.contracts import Invited
from yitong.domains.hospitals.commands import practitioners
from yitong.domains.hospitals.contracts.things import ClinicKind
from yitong.domains.hospitals.contracts.writes import BindPractitioner
from yitong.domains.schedule.contracts import Pool
from yitong.faces.common.actors import staff_session
from yitong.faces.common.pages import HOSPITAL_FIELD
from yitong.faces.desk import place as places

NOW = make.NOW
TODAY = clock.shanghai_date(NOW)
POOLS = (Pool.ONLINE,) * 14 + (Pool.ONSITE,) * 2  # the last two are the window's
ONSITE = 14


@dataclass
class Desk:
    """One member of staff before the desk's pages."""

    client: Client
    staff_id: UUID
    token: str

    def get(self, path: str, **more: object) -> HttpResponse:
        return self.client.get(path, **more)  # type: ignore[arg-type,return-value]

    def post(self, path: str, **data: object) -> HttpResponse:
        """With a key, as every form of the desk that needs one has, and the hospital for which its page was made."""
        return self.client.post(path, {"key": str(new_id()), **self.place(), **data})  # type: ignore[return-value]

    def place(self) -> dict[str, str]:
        """What every form bears that was opened now."""
        request = HttpRequest()
        request.COOKIES = {name: one.value for name, one in self.client.cookies.items()}
        request.staff_session = staff_session(request)  # type: ignore[attr-defined]
        found = places.find(request)
        return {HOSPITAL_FIELD: str(found.hospital_id)} if found else {}


@dataclass
class Hospital:
    """A hospital with a department, a chief who is a member of staff, and a session this afternoon."""

    id: UUID
    department_id: UUID
    department_code: str
    doctor_id: UUID
    doctor: Invited
    place: build.Clinic
    day: date = TODAY
    more: dict[str, UUID] = field(default_factory=dict)


@pytest.fixture(autouse=True)
def _at_ten(db: None) -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture(scope="module")
def opened(shared_db: None) -> Hospital:
    with clock.frozen(NOW):
        return open_hospital()


@pytest.fixture
def hospital(opened: Hospital) -> Hospital:
    """As it opened: what another test did there is rolled back."""
    return replace(opened, more={})


def open_hospital() -> Hospital:
    hospital_id = make.hospital()
    make.campus(hospital_id)
    code = f"D{make.number()}"
    department_id = make.department(hospital_id, code=code)
    doctor_id = make.practitioner(hospital_id, code)
    doctor = make.staff_member("doctor", hospital_id=hospital_id)
    bound = BindPractitioner(hospital_id, doctor_id, doctor.staff_id)
    practitioners.bind_practitioner(bound, actor=make.hospital_admin(hospital_id), now=NOW)
    for kind in ClinicKind:
        make.fee(hospital_id, 5000, kind=kind)
    place = build.clinic(
        slots=16,
        pools=POOLS,
        day=TODAY,
        at=time(13),
        hospital_id=hospital_id,
        department_id=department_id,
        practitioner_id=doctor_id,
    )
    build.keep_none_special(place)  # or every second walk-in would have to be old
    return Hospital(hospital_id, department_id, code, doctor_id, doctor, place)


def enter(invited: Invited, *, with_totp: bool = False, now: datetime = NOW) -> Desk:
    """A session of this person, with the second factor where asked."""
    return _before_the_pages(invited.staff_id, _token(invited, with_totp=with_totp, now=now))


def _token(invited: Invited, *, with_totp: bool, now: datetime = NOW) -> str:
    token = make.signed_in(invited, now=now).token
    if with_totp:
        enrolment = second_factor.begin_totp(token, now=now)
        second_factor.confirm_totp(token, make.totp_code(enrolment.secret, now), now=now)
    return token


def _before_the_pages(staff_id: UUID, token: str) -> Desk:
    client = Client()
    client.cookies["yitong_staff"] = token
    return Desk(client, staff_id, token)


@stocked(1, "nurse", hospital_id=ANYWHERE)
@stocked(1, "registrar", hospital_id=ANYWHERE)
@stocked(1, "roster_manager", hospital_id=ANYWHERE)
@stocked(1, "hospital_admin", hospital_id=ANYWHERE)
def at_work(*roles: str, hospital_id: UUID) -> tuple[UUID, str]:
    """A new member of staff and the token of his session."""
    invited = make.staff_member(*roles, hospital_id=hospital_id)
    return invited.staff_id, _token(invited, with_totp="hospital_admin" in roles)


@pytest.fixture
def desk(hospital: Hospital) -> Callable[..., Desk]:
    """`desk("registrar")` at the hospital; `desk("nurse", at=other_id)` elsewhere."""

    def sit(*roles: str, at: UUID | None = None) -> Desk:
        place = at or hospital.id
        if roles == ("doctor",) and at is None:
            return enter(hospital.doctor)
        return _before_the_pages(*at_work(*roles, hospital_id=place))

    return sit
