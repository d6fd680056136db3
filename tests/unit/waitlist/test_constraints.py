"""What must never be false of the waitlist's rows: each constraint is tried."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from tests import lines
from tests.clinic import NOW

from yitong.core.ids import new_id
from yitong.domains.booking import models as bookings
from yitong.domains.waitlist import models
from yitong.domains.waitlist.contracts import Mode

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def full(shared_db: None) -> lines.SoldOut:
    """One waits with an open offer; another just waits."""
    made = lines.sold_out()
    lines.waits(made, mode=Mode.ASK)
    lines.waits(made, mode=Mode.ASK, now=NOW + timedelta(seconds=1))
    made.free(0)
    made.serve()
    return made


def entry(**changed: object) -> Callable[[lines.SoldOut], object]:
    return lambda full: models.WaitlistEntry.objects.filter(state="offered").update(**changed)


def of(model: type, **changed: object) -> Callable[[lines.SoldOut], object]:
    return lambda full: model.objects.filter(hospital_id=full.place.hospital_id).update(**changed)  # type: ignore[attr-defined]


def again(model: type, **changed: object) -> Callable[[lines.SoldOut], object]:
    """The same row once more, under another id."""

    def write(full: lines.SoldOut) -> None:
        row = model.objects.filter(hospital_id=full.place.hospital_id).order_by("id")[0]  # type: ignore[attr-defined]
        row.id = new_id()
        for name, value in changed.items():
            setattr(row, name, value)
        row.save(force_insert=True)

    return write


def passed_twice(full: lines.SoldOut) -> None:
    for _ in range(2):
        models.WaitlistPassed.objects.create(
            hospital_id=full.place.hospital_id,
            kept_id=full.place.session_id,
            session_id=full.place.session_id,
            entry_id=full.place.session_id,
            reason="DECLINED",
            at=NOW,
        )


BROKEN = {
    "entry_mode_known": entry(mode="perhaps"),
    "entry_live_as_its_state": entry(live=False),
    "entry_booked_somewhere": entry(booked_hospital_id=new_id()),
    "entry_closed_for_a_reason": entry(end_reason="over"),
    "choice_people_some": of(models.WaitlistChoice, people=0),
    "choice_ended_whole": of(models.WaitlistChoice, live=False),
    "choice_once": again(models.WaitlistChoice),
    "offer_state_known": of(models.WaitlistOffer, state="asleep", live=False, ended_at=NOW),
    "offer_live_as_its_state": of(models.WaitlistOffer, live=False),
    "offer_until_after_made": of(models.WaitlistOffer, until=NOW - timedelta(seconds=1)),
    "offer_one_live_per_entry": again(models.WaitlistOffer),
    "passed_once": passed_twice,
    "kept_slot_once": again(bookings.KeptSlot),
    "kept_slot_ended_whole": of(bookings.KeptSlot, outcome="given"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_a_constraint_is_refused_by_its_name(name: str, full: lines.SoldOut) -> None:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        BROKEN[name](full)
    assert caught.value.__cause__.diag.constraint_name == name  # type: ignore[union-attr]
