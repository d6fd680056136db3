"""An extra slot belongs to one patient, through its booking and after it (R-014)."""

from datetime import timedelta

import pytest
from tests import clinic as build
from tests import make

from yitong.domains.booking import contracts as booking
from yitong.domains.booking import errors
from yitong.domains.booking.commands import change, claim, extra
from yitong.domains.schedule.contracts import ExtraReason
from yitong.domains.schedule.queries import timetable

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R-014")]
NOW = make.NOW


def test_a_freed_extra_slot_is_nobody_elses() -> None:
    clinic = make.clinic()
    session = make.session(clinic, make.TOMORROW + timedelta(days=2))
    first, second = build.patient(clinic.hospital_id), build.patient(clinic.hospital_id)
    window = build.registrar(clinic.hospital_id)
    wish = booking.AddExtra("extra", clinic.hospital_id, session.session_id, first, ExtraReason.FOLLOW_UP)
    held = extra.add_extra(wish, actor=clinic.doctor, now=NOW)
    [slot] = [slot for slot in make.slots(session) if slot.is_extra]
    assert slot.extra_for_id == first
    cancel = booking.CancelBooking("cancel", clinic.hospital_id, held.booking_id)
    change.cancel_booking(cancel, actor=window, now=NOW)
    later = NOW + timedelta(hours=2)  # past its return to the pool
    with pytest.raises(errors.SlotTaken):
        claim.hold_slot(booking.HoldSlot("b", clinic.hospital_id, slot.slot_id, second), actor=window, now=later)
    again = claim.hold_slot(
        booking.HoldSlot("a", clinic.hospital_id, slot.slot_id, first, is_first_visit=False), actor=window, now=later
    )
    assert again.state is booking.State.CONFIRMED
    assert timetable.get_session(clinic.hospital_id, session.session_id).extra_slots == 1
