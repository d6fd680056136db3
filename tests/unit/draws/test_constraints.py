"""What a constraint forbids: each is broken by hand, past every command."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests import clinic
from tests import draws as build

from yitong.domains.draws import models

pytestmark = pytest.mark.django_db


def breaks(name: str, row: Any, **values: object) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        type(row).objects.filter(hospital_id=row.hospital_id, id=row.id).update(**values)


def copied(row: Any, **values: object) -> Any:
    again = type(row).objects.get(hospital_id=row.hospital_id, id=row.id)
    for name, value in {"id": build.build.new_id(), **values}.items():
        setattr(again, name, value)
    return again


def twice(name: str, row: Any, **values: object) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        copied(row, **values).save(force_insert=True)


def test_constraints_of_a_draw_hold_without_any_command() -> None:
    draw = build.opened().row
    twice("draw_once_per_release", draw)
    breaks("draw_(state_known|root_as_its_state)", draw, state="redrawn")
    breaks("draw_times_in_order", draw, closes_at=draw.opens_at)
    breaks("draw_times_in_order", draw, release_at=draw.closes_at)
    breaks("draw_root_as_its_state", draw, root=bytes(32))
    breaks("draw_root_as_its_state", draw, state="closed")
    breaks("draw_secrets_as_its_state", draw, hospital_secret=bytes(32))
    breaks("draw_seed_as_its_state", draw, seed=bytes(32))
    breaks("draw_beacon_whole", draw, beacon_state="had")
    breaks("draw_beacon_whole", draw, beacon_state="none")
    breaks("draw_void_for_a_reason", draw, void_reason="hospital")
    breaks("draw_void_for_a_reason", draw, state="void")
    committed = build.closed(build.opened()).row
    breaks("draw_beacon_before_secrets", committed, state="revealed", hospital_secret=bytes(32))


def test_constraints_of_entries_hold_without_any_command() -> None:
    place = build.opened()
    for _ in range(2):
        build.apply(place)
    build.closed(place)
    first, second = models.DrawEntry.objects.filter(hospital_id=place.hospital_id).order_by("id")
    twice("draw_ticket_once", first)
    breaks("draw_entry_state_known", first, state="lucky")
    breaks("draw_entry_places_some", first, places=0)
    breaks("draw_entry_won_something", first, state="won")
    breaks("draw_entry_rank_whole", first, rank=1)
    first.own().update(rank=1, key=bytes(32))
    breaks("draw_rank_once", second, rank=1, key=bytes(32))
    applicant = models.DrawApplicant.objects.filter(hospital_id=place.hospital_id).order_by("id")[0]
    twice("draw_applicant_once", applicant)
    copied(applicant, live=False).save(force_insert=True)


def test_constraints_of_sessions_and_changes_hold_without_any_command() -> None:
    place = build.opened()
    build.apply(place)
    session = models.DrawSession.objects.get(hospital_id=place.hospital_id)
    breaks("draw_session_left", session, left=4)
    twice("draw_session_once", session, draw_id=session.draw_id)
    change = models.DrawChange(
        hospital_id=place.hospital_id,
        draw_id=place.draw_id,
        session_id=session.session_id,
        entry_id=place.entries[0],
        code="BOOK_LIMIT_DAY",
        at=build.NOW,
    )
    change.save(force_insert=True)
    twice("draw_refusal_once", change)
    breaks("draw_change_one_kind", change, before_rank=1, places=1)
    breaks("draw_change_one_kind", change, code=None)


@pytest.mark.parametrize("table", ["draws_session", "draws_entry", "draws_applicant", "draws_change"])
def test_nothing_hangs_in_the_air(table: str) -> None:
    place = build.opened()
    build.apply(place)
    row: Any = {
        "draws_session": models.DrawSession,
        "draws_entry": models.DrawEntry,
        "draws_applicant": models.DrawApplicant,
        "draws_change": models.DrawChange,
    }[table]
    name = "entry_id" if table == "draws_applicant" else "draw_id"
    if table == "draws_change":
        models.DrawChange.objects.create(
            hospital_id=place.hospital_id,
            draw_id=place.draw_id,
            session_id=place.sessions[0],
            before_rank=1,
            places=1,
            at=build.NOW,
        )
    found = row.objects.filter(hospital_id=place.hospital_id).order_by("id")[0]
    breaks("draw_.*_of_a", found, **{name: clinic.new_id()})
