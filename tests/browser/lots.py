"""Draws for the browser. The worker beside us goes by the real clock and would close, or end, a draw whose time is over
while it is still being made; so what is made here lies ahead of it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from tests import draws, make

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.domains.draws import models
from yitong.domains.hospitals.queries import directory as hospitals

AHEAD = timedelta(hours=30)  # to the release: it opens in four hours, and closes a day later


def planned(hospital_id: UUID, *, slots: Sequence[int] = (3, 2)) -> draws.Place:
    """Announced, in a department of its own; the hospital has still to give its seal."""
    campus = hospitals.list_campuses(hospital_id)[0]
    now = clock.now()
    department_id = make.department(hospital_id, campus_code=campus.code, now=now)
    return draws.planned(
        slots=slots, hospital_id=hospital_id, department_id=department_id, release_at=now + AHEAD, now=now
    )


def opened(hospital_id: UUID, *, slots: Sequence[int] = (3, 2)) -> draws.Place:
    """It takes entries now, since an hour ago."""
    place = planned(hospital_id, slots=slots)
    draws.promise(place, now=clock.now())
    draws.advance(place, place.row.opens_at)
    mine = models.Draw.objects.filter(hospital_id=hospital_id, id=place.draw_id)
    mine.update(opens_at=clock.now() - timedelta(hours=1))
    return place


def lost(hospital_id: UUID, actor: Actor, family: Sequence[UUID]) -> draws.Place:
    """It gave its one place to somebody else: a family of two or three, whose entry is the last, can't have had it."""
    place = opened(hospital_id, slots=(1,))
    draws.apply(place, now=clock.now())
    draws.apply(place, actor=actor, patients=family, now=clock.now())
    draws.settled(place)
    return place
