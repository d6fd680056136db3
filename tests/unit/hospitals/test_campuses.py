"""A campus that closes, and one that was written by mistake."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from tests import make

from yitong.config.facts import DomainFacts
from yitong.core.actor import Actor
from yitong.core.db.models import Event
from yitong.core.errors import KeyReused
from yitong.domains.hospitals import errors, models
from yitong.domains.hospitals.commands import places
from yitong.domains.hospitals.contracts.writes import (
    AddDepartment,
    ChangeCampus,
    ChangeDepartment,
    ImportCampuses,
    ImportDepartments,
    RemoveCampus,
)
from yitong.domains.hospitals.queries import directory, facts, searching
from yitong.domains.notify.contracts import FactAsk
from yitong.domains.schedule.commands import stoppages
from yitong.domains.schedule.contracts import PlanStoppage, StopReason
from yitong.domains.schedule.models import ClinicSession

pytestmark = pytest.mark.django_db
NOW = make.NOW
Closing = Callable[[make.Clinic, datetime], None]


def put(hospital_id: UUID, campus_id: UUID, *, is_open: bool) -> None:
    told = replace(facts.campus_facts(hospital_id, campus_id), is_open=is_open)
    places.change_campus(ChangeCampus(hospital_id, campus_id, told), actor=make.hospital_admin(hospital_id), now=NOW)


def remove(hospital_id: UUID, campus_id: UUID, *, key: str = "once", actor: Actor | None = None) -> UUID:
    cmd = RemoveCampus(hospital_id, campus_id, key)
    return places.remove_campus(cmd, actor=actor or make.hospital_admin(hospital_id), now=NOW).id


def change_department(hospital_id: UUID, department_id: UUID, **changed: object) -> None:
    told = replace(facts.department_facts(hospital_id, department_id), **changed)  # type: ignore[arg-type]
    places.change_department(
        ChangeDepartment(hospital_id, department_id, told), actor=make.hospital_admin(hospital_id), now=NOW
    )


def told_since(before: int) -> list[tuple[str, UUID, object, object]]:
    """(operation, subject, is_open, is_bookable) of what was announced since, in order."""
    rows = Event.objects.order_by("recorded_at", "id")[before:]
    return [(row.operation, row.subject_id, row.body.get("is_open"), row.body.get("is_bookable")) for row in rows]


# -- closed ------------------------------------------------------------------------------------------------------------


def test_a_closed_campus_is_offered_to_nobody_with_its_departments() -> None:
    at = make.hospital()
    old, new = make.campus(at), make.campus(at, code="C2")
    shut = make.department(at, name="老院心内科")
    resting = make.department(at, name="老院外科", is_bookable=False)
    stays = make.department(at, name="新院心内科", campus_code="C2")
    before = Event.objects.count()
    put(at, old, is_open=False)
    assert told_since(before) == [
        ("hospitals.department_changed", shut, None, False),
        ("hospitals.campus_changed", old, False, None),
    ]
    assert [one.campus_id for one in directory.list_campuses(at)] == [new]
    assert [one.campus_id for one in directory.list_all_campuses()] == [new]
    assert [one.department_id for one in directory.list_departments_of_code("03.04")] == [stays]
    assert searching.search("老院") == []
    assert (directory.get_set_up(at).campuses, directory.get_set_up(at).departments) == (1, 1)
    assert not directory.get_department(at, resting).is_bookable


def test_what_was_booked_there_still_finds_its_campus() -> None:
    at = make.hospital()
    campus_id = make.campus(at)
    put(at, campus_id, is_open=False)
    found = directory.get_campus(at, campus_id)
    assert (found.name, found.is_open) == ("C1院区", False)
    ask = FactAsk(None, {"hospital_id": str(at), "campus_id": str(campus_id)})
    [words] = DomainFacts().words([ask], "zh", masked=True)
    assert words["campus_id"] == "C1院区"
    assert directory.list_campuses(at, with_closed=True) == directory.list_all_campuses(with_closed=True) == [found]


def test_what_is_closed_already_stays_and_says_nothing() -> None:
    at = make.hospital()
    campus_id = make.campus(at)
    put(at, campus_id, is_open=False)
    before = Event.objects.count()
    put(at, campus_id, is_open=False)
    assert Event.objects.count() == before


def test_opened_again_each_department_is_opened_by_hand() -> None:
    at = make.hospital()
    campus_id, department_id = make.campus(at), make.department(at)
    put(at, campus_id, is_open=False)
    with pytest.raises(errors.CampusClosed):
        change_department(at, department_id, is_bookable=True)
    put(at, campus_id, is_open=True)
    assert directory.get_department(at, department_id).is_bookable is False
    change_department(at, department_id, is_bookable=True)
    assert directory.get_department(at, department_id).is_bookable is True


def test_nothing_that_can_be_booked_comes_to_a_closed_campus() -> None:
    at = make.hospital()
    admin, closed = make.hospital_admin(at), make.campus(at)
    make.campus(at, code="C2")
    elsewhere = make.department(at, code="D1", campus_code="C2")
    put(at, closed, is_open=False)
    new = make.department_facts(code="D2")
    before = (list(models.Department.objects.values()), Event.objects.count())
    for attempt in (
        lambda: places.add_department(AddDepartment(at, new, "key"), actor=admin, now=NOW),
        lambda: places.import_departments(ImportDepartments(at, (new,)), actor=admin, now=NOW),
        lambda: change_department(at, elsewhere, campus_code="C1"),
    ):
        with pytest.raises(errors.CampusClosed):
            attempt()
    assert (list(models.Department.objects.values()), Event.objects.count()) == before
    change_department(at, elsewhere, campus_code="C1", is_bookable=False)
    assert directory.get_department(at, elsewhere).campus_id == closed


def test_a_file_closes_a_campus_with_its_departments() -> None:
    at = make.hospital()
    campus_id, department_id = make.campus(at), make.department(at, name="老院心内科")
    closed = replace(facts.campus_facts(at, campus_id), is_open=False)
    unknown = replace(closed, code="C9")
    places.import_campuses(ImportCampuses(at, (closed, unknown)), actor=make.hospital_admin(at), now=NOW)
    assert directory.list_campuses(at) == []
    assert directory.get_department(at, department_id).is_bookable is False
    assert searching.search("老院") == []


# -- not closed while sessions are to be held there -------------------------------------------------------------------


def moved_on(place: make.Clinic) -> None:
    """Its department sits at another campus now; what was planned before stays where it was."""
    make.campus(place.hospital_id, code="NEW")
    change_department(place.hospital_id, place.department_id, campus_code="NEW")


def close_by_form(place: make.Clinic, now: datetime) -> None:
    told = replace(facts.campus_facts(place.hospital_id, place.campus_id), is_open=False)
    admin = make.hospital_admin(place.hospital_id)
    places.change_campus(ChangeCampus(place.hospital_id, place.campus_id, told), actor=admin, now=now)


def close_by_file(place: make.Clinic, now: datetime) -> None:
    told = replace(facts.campus_facts(place.hospital_id, place.campus_id), is_open=False)
    admin = make.hospital_admin(place.hospital_id)
    places.import_campuses(ImportCampuses(place.hospital_id, (told,)), actor=admin, now=now)


@pytest.mark.parametrize("close", [close_by_form, close_by_file])
@pytest.mark.parametrize("has_moved", [True, False])
def test_a_campus_where_sessions_are_to_be_held_stays_open_and_says_which(close: Closing, has_moved: bool) -> None:
    place = make.clinic()
    make.session(place, date(2026, 11, 24))
    last = make.session(place, date(2026, 11, 27))
    make.stopped_session(place, date(2026, 11, 30))
    if has_moved:
        moved_on(place)
    before = (Event.objects.count(), list(models.Department.objects.order_by("id").values()))
    with pytest.raises(errors.CampusStillPlanned) as refused:
        close(place, NOW)
    assert refused.value.params == {
        "campus": directory.get_campus(place.hospital_id, place.campus_id).name,
        "sessions": 2,
        "first_date": date(2026, 11, 24),
        "last_date": date(2026, 11, 27),
    }
    assert (Event.objects.count(), list(models.Department.objects.order_by("id").values())) == before
    assert directory.get_campus(place.hospital_id, place.campus_id).is_open
    with pytest.raises(errors.CampusStillPlanned):
        close(place, last.ends_at - timedelta(seconds=1))
    close(place, last.ends_at)
    assert not directory.get_campus(place.hospital_id, place.campus_id).is_open


def test_a_stop_that_may_be_taken_back_keeps_its_campus_open() -> None:
    place = make.clinic()
    sitting = make.session(place)
    cmd = PlanStoppage("key", place.hospital_id, (sitting.session_id,), StopReason.HOSPITAL)
    planned = stoppages.plan_stoppage(cmd, actor=place.manager, now=NOW)
    with pytest.raises(errors.CampusStillPlanned):
        close_by_form(place, NOW)
    system = Actor.system("test")
    assert stoppages.carry_out_stop(place.hospital_id, sitting.session_id, actor=system, now=planned.due_at)
    close_by_form(place, planned.due_at)
    assert not directory.get_campus(place.hospital_id, place.campus_id).is_open
    close_by_form(place, planned.due_at)  # and says nothing more


def test_only_what_is_over_already_is_written_down_at_a_closed_campus() -> None:
    place = make.clinic()
    close_by_form(place, NOW)
    with pytest.raises(errors.CampusClosed):
        make.session(place)
    assert not ClinicSession.objects.exists()
    later = NOW + timedelta(days=2)
    assert make.session(place, now=later).campus_id == place.campus_id


# -- removed -----------------------------------------------------------------------------------------------------------


def test_a_campus_that_nothing_names_is_removed_once() -> None:
    at = make.hospital()
    campus_id, admin = make.campus(at), make.hospital_admin(at)
    before = Event.objects.count()
    assert remove(at, campus_id, actor=admin) == remove(at, campus_id, actor=admin) == campus_id
    [event] = Event.objects.order_by("recorded_at")[before:]
    assert (event.operation, event.hospital_id, event.subject_id) == ("hospitals.campus_removed", at, campus_id)
    assert event.body == {"code": "C1"}
    with pytest.raises(errors.CampusMissing):
        directory.get_campus(at, campus_id)
    assert make.campus(at) != campus_id  # its code is free again
    with pytest.raises(errors.CampusMissing):
        remove(at, campus_id, key="another", actor=admin)
    with pytest.raises(KeyReused):
        remove(at, UUID(int=1), actor=admin)


def test_a_campus_of_another_hospital_is_not_there_to_be_removed() -> None:
    mine, other = make.hospital(), make.hospital()
    campus_id = make.campus(other)
    with pytest.raises(errors.CampusMissing):
        remove(mine, campus_id)
    assert directory.get_campus(other, campus_id).code == "C1"


def test_a_campus_with_a_department_is_not_removed_even_a_closed_one() -> None:
    at = make.hospital()
    campus_id = make.campus(at)
    make.department(at)
    for _turn in ("open", "closed"):
        before = Event.objects.count()
        with pytest.raises(errors.CampusInUse):
            remove(at, campus_id)
        assert (Event.objects.count(), models.Campus.objects.count()) == (before, 1)
        put(at, campus_id, is_open=False)


@pytest.mark.parametrize("planned", ["roster line", "session"])
def test_a_campus_at_which_something_is_planned_is_not_removed_when_its_department_has_moved(planned: str) -> None:
    place = make.clinic()
    at, campus_id = place.hospital_id, place.campus_id
    make.roster_line(place) if planned == "roster line" else make.session(place)
    make.campus(at, code="NEW")
    change_department(at, place.department_id, campus_code="NEW")
    assert not models.Department.objects.filter(campus_id=campus_id).exists()
    before = Event.objects.count()
    with pytest.raises(errors.CampusInUse):
        remove(at, campus_id)
    assert (Event.objects.count(), models.Campus.objects.filter(id=campus_id).count()) == (before, 1)
