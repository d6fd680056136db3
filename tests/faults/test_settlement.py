"""However rules and stops get in the way: what was booked is what the file says, and the file can be computed again.

Each example is the whole life of a draw, from its plan to its bookings.
"""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import clinic, make
from tests import draws as build
from tests.stock import undone

from yitong.core.lots.verify import verify
from yitong.domains.booking.models import Booking
from yitong.domains.draws import models
from yitong.domains.draws.contracts import EntryState
from yitong.domains.people.contracts.words import Relation
from yitong.domains.schedule.commands import sessions
from yitong.domains.schedule.contracts import Pool, StopReason, StopSession
from yitong.domains.schedule.queries import timetable as schedule


@pytest.mark.django_db
@settings(max_examples=12, deadline=None)
@given(
    chance=st.integers(0, 10**6),
    slots=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    applicants=st.integers(0, 7),
    stopped=st.integers(-1, 2),
)
def test_bookings_are_those_of_the_file(chance: int, slots: list[int], applicants: int, stopped: int) -> None:
    with build.listed(), undone():
        _walk(Random(chance), slots, applicants, stopped)


def _walk(random: Random, slots: list[int], applicants: int, stopped: int) -> None:
    place = build.opened(slots=slots)
    other = clinic.clinic(
        hospital_id=place.hospital_id,
        department_id=place.department_id,
        day=place.clinics[0].day,
        at=build.time(14),
        slots=8,
    )
    for n in range(applicants):
        actor, patient = clinic.holder()
        family = [patient]
        if random.random() < 0.3:
            child = clinic.identity(birth=build.NOW.date() - timedelta(days=365 * 9))
            family.append(clinic.add_patient(actor, child, relation=Relation.CHILD))
        choices = random.sample(place.sessions, random.randint(1, len(place.sessions)))
        build.apply(place, actor=actor, patients=family, sessions=choices)
        if random.random() < 0.3:
            clinic.hold(other, patient, actor, n=n, now=build.RELEASE)  # a rule will speak against him on that day
    build.revealed(place)
    if 0 <= stopped < len(place.sessions):
        manager = make.staff_actor("roster_manager", hospital_id=place.hospital_id)
        cmd = StopSession("stop", place.hospital_id, place.sessions[stopped], StopReason.LEAVE)
        sessions.stop_session(cmd, actor=manager, now=build.NOW)
    build.advance(place, build.after_beacon(place))

    assert place.row.state == "settled"
    report = verify(build.file_of(place), published_root=place.draw.root)
    assert report.findings == ()
    assert report.file is not None
    given_by_file = {rank.ticket: rank.given for rank in report.file.ranks}
    entries = [place.entry(n) for n in range(applicants)]
    assert {entry.ticket: entry.given and str(entry.given) for entry in entries} == given_by_file
    for entry in entries:
        booked = Booking.objects.filter(hospital_id=place.hospital_id, id__in=entry.bookings, live=True)
        assert sorted(booked.values_list("patient_id", flat=True)) == (
            sorted(entry.patient_ids) if entry.state is EntryState.WON else []
        )
        assert {row.session_id for row in booked} <= {entry.given}
    for one in models.DrawSession.objects.filter(hospital_id=place.hospital_id):
        taken = Booking.objects.filter(hospital_id=place.hospital_id, session_id=one.session_id, live=True).count()
        assert taken <= one.places - one.left
        pools = {slot.pool for slot in schedule.list_slots(place.hospital_id, one.session_id)}
        assert pools == {Pool.ONLINE}
