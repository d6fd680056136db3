"""A draw from its plan to its last booking, and every way in which it doesn't come about."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from tests import clinic, make
from tests import draws as build

from yitong.core.actor import Actor
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, Refusal, Unidentified
from yitong.core.ids import new_id
from yitong.core.lots.seed import promise_of
from yitong.core.lots.terms import Party
from yitong.core.lots.verify import verify
from yitong.domains.booking.errors import PoolExhausted, VerifyRequired
from yitong.domains.booking.models import Booking
from yitong.domains.draws import contracts, errors, jobs, models, queries
from yitong.domains.draws.commands import applying, plan, settling, stages
from yitong.domains.draws.contracts import BeaconState, DrawState, EntryState, VoidReason
from yitong.domains.people.contracts.words import Relation
from yitong.domains.people.errors import PatientMissing
from yitong.domains.schedule.commands import sessions, slots
from yitong.domains.schedule.contracts import MoveSlots, Pool, StopReason, StopSession
from yitong.domains.schedule.errors import SlotsNotInPool
from yitong.domains.schedule.queries import timetable as schedule

pytestmark = pytest.mark.django_db
NOW = build.NOW


def told(place: build.Place) -> list[str]:
    events = Event.objects.filter(
        hospital_id=place.hospital_id, operation__startswith="draws.", subject_id=place.draw_id
    )
    return [event.operation for event in events.order_by("recorded_at", "id")]


@pytest.mark.rule("R-017")
def test_a_draw_from_its_plan_to_its_bookings() -> None:
    place = build.opened(slots=(2, 1))
    for _ in range(6):
        build.apply(place)
    build.settled(place)

    draw = place.draw
    assert draw.count == 6
    assert set(draw.secrets) == set(Party)
    entries = [place.entry(n) for n in range(6)]
    assert sorted(entry.rank or 0 for entry in entries) == [1, 2, 3, 4, 5, 6]
    won = [entry for entry in entries if entry.state is EntryState.WON]
    assert sorted(entry.rank or 0 for entry in won) == [1, 2, 3]
    assert sum(entry.state is EntryState.LOST for entry in entries) == 3
    rows = Booking.objects.filter(hospital_id=place.hospital_id, live=True)
    assert {row.id for row in rows} == {booking for entry in won for booking in entry.bookings}
    assert {row.patient_id for row in rows} == {entry.patient_ids[0] for entry in won}
    assert told(place) == [
        "draws.planned",
        "draws.secret_promised",
        "draws.opened",
        "draws.committed",
        "draws.beacon_decided",
        "draws.revealed",
        "draws.drawn",
        "draws.settled",
    ]


@pytest.mark.rule("R-017")
def test_the_file_says_what_was_booked_and_is_whole() -> None:
    place = build.opened(slots=(2, 1))
    for _ in range(5):
        build.apply(place)
    build.settled(place)
    draw = place.draw
    report = verify(build.file_of(place), published_root=draw.root)
    assert report.findings == ()
    assert report.file is not None
    assert report.file.is_settled
    assert report.file.seed is not None
    assert report.file.seed.seed == draw.seed
    by_ticket = {rank.ticket: rank for rank in report.file.ranks}
    for n in range(5):
        entry = place.entry(n)
        rank = by_ticket[entry.ticket]
        assert (rank.rank, rank.given) == (entry.rank, entry.given and str(entry.given))
    text = b"".join(build.file_of(place)).decode()
    for n in range(5):
        assert str(place.entry(n).patient_ids[0]) not in text
        assert str(place.entries[n]) not in text


def test_the_log_holds_what_was_promised() -> None:
    place = build.settled(build.opened())
    committed = Event.objects.get(operation="draws.committed", subject_id=place.draw_id)
    assert committed.body["root"] == bytes(place.row.root or b"").hex()
    opened = Event.objects.get(operation="draws.opened", subject_id=place.draw_id)
    assert opened.body["operator_promise"] == bytes(place.row.operator_promise).hex()
    secret = place.draw.secrets[Party.OPERATOR]
    before = Event.objects.filter(subject_id=place.draw_id).exclude(operation__in=["draws.revealed"])
    assert secret.hex() not in str([event.body for event in before])


@pytest.mark.rule("R-012")
def test_until_it_is_settled_every_door_is_shut_and_then_the_rest_is_everybodys() -> None:
    place = build.opened(slots=(3,))
    (session,) = place.clinics
    holder, patient = clinic.holder()
    late = build.RELEASE + timedelta(minutes=1)  # its release came, and the draw is not settled
    with pytest.raises(PoolExhausted):
        clinic.hold(session, patient, holder, now=late)
    desk = clinic.registrar(place.hospital_id)
    with pytest.raises(PoolExhausted):
        clinic.hold(session, patient, desk, now=late)
    manager = make.staff_actor("roster_manager", hospital_id=place.hospital_id)
    for pair in ((Pool.DRAW, Pool.ONLINE), (Pool.ONLINE, Pool.DRAW)):
        cmd = MoveSlots(f"m{make.number()}", place.hospital_id, session.session_id, (session.slot(),), *pair)
        with pytest.raises(SlotsNotInPool):
            slots.move_slots(cmd, actor=manager, now=late)
    build.apply(place)
    build.settled(place)
    assert {slot.pool for slot in schedule.list_slots(place.hospital_id, session.session_id)} == {Pool.ONLINE}
    taken = set(Booking.objects.filter(hospital_id=place.hospital_id).values_list("slot_id", flat=True))
    free = next(n for n, slot in enumerate(session.slots) if slot.slot_id not in taken)
    held = clinic.hold(session, patient, holder, n=free, now=late)
    assert held.slot_id == session.slot(free)


def test_plan_comes_by_the_policy_and_once(frozen_clock) -> None:
    by_lot = clinic.clinic(release_at=build.RELEASE, day=clinic.DAY + timedelta(days=5))
    clinic.clinic(release_at=build.RELEASE, day=clinic.DAY + timedelta(days=5))
    build.give_by_lot(by_lot.hospital_id, by_lot.department_id)
    frozen_clock(NOW)
    assert jobs.plan_draws.func(0) == 1
    assert jobs.plan_draws.func(0) == 0
    (draw,) = queries.list_draws(by_lot.hospital_id)
    assert draw.department_id == by_lot.department_id
    assert draw.closes_at == build.RELEASE - timedelta(minutes=120)
    assert draw.opens_at == draw.closes_at - timedelta(hours=24)
    assert draw.weights == {"base": 2, "lost": 1, "older": 1}
    assert models.Draw.objects.count() == 1


def test_no_promise_of_the_hospital_no_draw() -> None:
    place = build.planned()
    build.advance(place, place.row.opens_at)
    assert (place.draw.state, place.draw.void_reason) == (DrawState.VOID, VoidReason.HOSPITAL)
    assert {slot.pool for slot in schedule.list_slots(place.hospital_id, place.sessions[0])} == {Pool.ONLINE}
    build.advance(place, build.RELEASE)
    assert plan.plan_draw(place.hospital_id, place.department_id, build.RELEASE, actor=build.SYSTEM, now=NOW) is None


def test_nothing_to_give_no_draw() -> None:
    place = build.planned()
    build.promise(place)
    stop(place, place.sessions[0])
    build.advance(place, place.row.opens_at)
    assert place.draw.void_reason is VoidReason.NOTHING


@pytest.mark.parametrize("late", ["open", "close"])
def test_too_late_is_void_and_never_a_guess(late: str) -> None:
    place = build.planned() if late == "open" else build.opened()
    if late == "open":
        build.promise(place)
        build.advance(place, place.row.closes_at)
    else:
        at = place.row.beacon_at
        assert at is not None
        build.advance(place, at)
    assert place.draw.void_reason is VoidReason.LATE
    assert not queries.has_file(place.hospital_id, place.draw_id)


def test_silence_of_the_hospital_is_void_and_public() -> None:
    place = build.opened(slots=(2,))
    build.apply(place)
    build.closed(place)
    build.advance(place, build.after_beacon(place))
    with pytest.raises(errors.SecretLate):
        build.reveal(place, now=place.row.reveal_by)
    build.advance(place, place.row.reveal_by)
    draw = place.draw
    assert (draw.state, draw.void_reason) == (DrawState.VOID, VoidReason.HOSPITAL)
    assert not draw.secrets
    report = verify(build.file_of(place), published_root=draw.root)
    assert report.is_whole
    assert report.file is not None
    assert report.file.silent == (Party.HOSPITAL,)
    assert {slot.pool for slot in schedule.list_slots(place.hospital_id, place.sessions[0])} == {Pool.ONLINE}
    assert place.entry().state is EntryState.APPLIED


def test_lost_secret_of_the_operator_is_his_silence() -> None:
    place = build.opened()
    build.closed(place)
    build.advance(place, build.after_beacon(place))
    models.Draw.objects.filter(hospital_id=place.hospital_id).update(operator_secret=bytes(32).hex())
    build.reveal(place)
    assert (place.draw.state, place.draw.void_reason) == (DrawState.VOID, VoidReason.OPERATOR)
    assert place.draw.secrets == {}


def test_secrets_fit_their_hashes_and_come_after_the_beacon() -> None:
    place = build.opened()
    with pytest.raises(errors.SecretEarly):
        build.reveal(place, now=place.row.opens_at)
    build.closed(place)
    with pytest.raises(errors.SecretEarly):
        build.reveal(place, now=place.row.closes_at)
    build.advance(place, build.after_beacon(place))
    with pytest.raises(errors.SecretInvalid):
        build.reveal(place, secret=bytes(32))
    assert place.draw.secrets == {}
    build.reveal(place, key="once")
    build.reveal(place, key="once")
    assert place.draw.secrets[Party.HOSPITAL] == build.SECRET
    with pytest.raises(errors.StateForbids):
        build.reveal(place)


def test_promise_is_a_hash_given_in_time_and_not_ours() -> None:
    place = build.planned()
    ours = bytes(place.row.operator_promise).hex()
    for text in ("", "zz", "00" * 31, ours):
        cmd = contracts.PromiseSecret(f"p{make.number()}", place.hospital_id, place.draw_id, text)
        with pytest.raises(errors.PromiseInvalid):
            plan.promise_secret(cmd, actor=place.admin, now=NOW)
    build.promise(place, secret=bytes(32))
    build.promise(place)  # another one, before it opens
    assert bytes(place.row.hospital_promise or b"") == promise_of(Party.HOSPITAL, place.draw_id, build.SECRET)
    with pytest.raises(errors.PromiseLate):
        build.promise(place, now=place.row.opens_at)


def test_beacon_is_asked_again_and_missed_only_at_its_deadline(listed_beacon: build.ListedBeacon) -> None:
    place = build.closed(build.opened())
    listed_beacon.silent = True
    at, deadline = place.row.beacon_at, place.row.beacon_deadline
    assert at is not None
    assert deadline is not None
    build.advance(place, at)
    assert place.draw.beacon_state is BeaconState.AWAITED
    listed_beacon.silent, listed_beacon.wrong = False, True
    build.advance(place, at + timedelta(seconds=10))
    assert place.draw.beacon_state is BeaconState.AWAITED
    build.advance(place, deadline)
    assert place.draw.beacon_state is BeaconState.MISSED
    listed_beacon.wrong = False
    build.advance(place, deadline + timedelta(seconds=10))
    assert place.draw.beacon_state is BeaconState.MISSED  # decided is decided
    build.reveal(place)
    build.advance(place, deadline + timedelta(seconds=20))
    report = verify(build.file_of(place))
    assert report.is_whole
    assert report.file is not None
    assert report.file.seed is not None
    assert report.file.seed.beacon is None
    assert set(listed_beacon.asked) == {place.row.beacon_round}


def test_city_without_a_beacon_draws_without_one() -> None:
    build.plug(chain="")
    place = build.opened()
    build.apply(place)
    build.settled(place)
    assert place.draw.beacon_state is BeaconState.NONE
    assert verify(build.file_of(place)).is_whole


@pytest.mark.rule("R-016")
def test_stopped_session_is_withdrawn_and_its_winner_gets_the_next_choice() -> None:
    place = build.opened(slots=(1, 1))
    for _ in range(3):
        build.apply(place)
    build.revealed(place)
    stop(place, place.sessions[0])
    build.advance(place, build.after_beacon(place))
    assert place.row.state == "settled"
    given = {place.entry(n).given for n in range(3)}
    assert given == {None, place.sessions[1]}
    change = models.DrawChange.objects.get(hospital_id=place.hospital_id, before_rank__isnull=False)
    assert (change.session_id, change.before_rank, change.places) == (place.sessions[0], 1, 1)
    assert verify(build.file_of(place), published_root=place.draw.root).findings == ()


@pytest.mark.rule("R-005")
def test_refused_winner_is_written_down_and_the_next_rank_gets_the_place() -> None:
    place = build.opened(slots=(1,))
    for _ in range(3):
        build.apply(place)
    build.revealed(place)
    with build.clock.frozen(build.after_beacon(place)):
        stages.draw_lots(place.hospital_id, place.draw_id, actor=build.SYSTEM, now=build.after_beacon(place))
    first = next(place.entry(n) for n in range(3) if place.entry(n).rank == 1)
    other = clinic.clinic(
        hospital_id=place.hospital_id, department_id=place.department_id, day=place.clinics[0].day, at=build.time(14)
    )
    late = build.after_beacon(place) + timedelta(days=1)
    clinic.hold(other, first.patient_ids[0], place.accounts[first.entry_id], now=late)
    build.advance(place, late)
    entries = sorted((place.entry(n) for n in range(3)), key=lambda entry: entry.rank or 0)
    assert [entry.state for entry in entries] == [EntryState.LOST, EntryState.WON, EntryState.LOST]
    assert entries[0].refusals == {place.sessions[0]: "BOOK_DUP_DEPT"}
    report = verify(build.file_of(place), published_root=place.draw.root)
    assert report.findings == ()
    assert report.file is not None
    assert [rank.given for rank in report.file.ranks] == [None, str(place.sessions[0]), None]
    assert b"BOOK_DUP_DEPT" not in b"".join(build.file_of(place))


def same_day(place: build.Place) -> clinic.Clinic:
    """Another session of the department on the day of the first one: who is booked there can't be booked twice."""
    first = place.clinics[0]
    return clinic.clinic(
        hospital_id=place.hospital_id, department_id=place.department_id, day=first.day, at=build.time(14)
    )


def stop(place: build.Place, session_id: UUID) -> None:
    manager = make.staff_actor("roster_manager", hospital_id=place.hospital_id)
    cmd = StopSession(f"stop{make.number()}", place.hospital_id, session_id, StopReason.LEAVE)
    sessions.stop_session(cmd, actor=manager, now=NOW)


def test_family_gets_all_its_places_or_none() -> None:
    place = build.opened(slots=(2, 3))
    mother, own = clinic.holder()
    children = [
        clinic.add_patient(mother, clinic.identity(birth=date(2016, 5, n + 1)), relation=Relation.CHILD)
        for n in range(2)
    ]
    build.apply(place, actor=mother, patients=[own, *children])
    build.settled(place)
    entry = place.entry()
    assert entry.given == place.sessions[1]
    rows = Booking.objects.filter(hospital_id=place.hospital_id, id__in=entry.bookings)
    assert [row.patient_id for row in sorted(rows, key=lambda row: entry.bookings.index(row.id))] == [own, *children]


def test_family_of_which_one_is_refused_leaves_nothing() -> None:
    place = build.opened(slots=(3,))
    mother, own = clinic.holder()
    child = clinic.add_patient(mother, clinic.identity(birth=date(2016, 5, 1)), relation=Relation.CHILD)
    build.apply(place, actor=mother, patients=[own, child])
    build.revealed(place)
    other = clinic.clinic(
        hospital_id=place.hospital_id, department_id=place.department_id, day=place.clinics[0].day, at=build.time(14)
    )
    clinic.hold(other, child, mother, now=build.RELEASE + timedelta(days=1))
    build.advance(place, build.RELEASE + timedelta(days=1))
    assert place.entry().state is EntryState.LOST
    assert not Booking.objects.filter(hospital_id=place.hospital_id, session_id=place.sessions[0]).exists()
    assert {slot.pool for slot in schedule.list_slots(place.hospital_id, place.sessions[0])} == {Pool.ONLINE}


# -- applying --------------------------------------------------------------------------------------------------------


def test_a_patient_has_one_live_entry_whoever_applies() -> None:
    place = build.opened()
    holder, patient = clinic.holder()
    build.apply(place, actor=holder, patients=[patient], key="k")
    with pytest.raises(errors.AppliedAlready):
        build.apply(place, actor=holder, patients=[patient])
    again = applying.apply(
        contracts.Apply("k", place.hospital_id, place.draw_id, (patient,), place.sessions),
        actor=holder,
        now=place.row.closes_at + timedelta(days=1),
    )
    assert again.entry_id == place.entries[0]  # the first answer, whatever happened since
    assert models.DrawEntry.objects.count() == 1


def test_withdrawn_entry_is_out_and_its_patient_may_apply_again() -> None:
    place = build.opened()
    holder, patient = clinic.holder()
    build.apply(place, actor=holder, patients=[patient])
    first = place.entry()
    applying.withdraw_entry(
        contracts.WithdrawEntry("w", place.hospital_id, first.entry_id), actor=holder, now=place.row.opens_at
    )
    with pytest.raises(errors.StateForbids):
        applying.withdraw_entry(
            contracts.WithdrawEntry("w2", place.hospital_id, first.entry_id), actor=holder, now=place.row.opens_at
        )
    build.apply(place, actor=holder, patients=[patient])
    build.settled(place)
    assert place.draw.count == 1
    assert place.entry(0).state is EntryState.WITHDRAWN
    assert place.entry(1).state is EntryState.WON
    assert first.ticket.hex().encode() not in b"".join(build.file_of(place))


def test_choices_may_change_until_closing() -> None:
    place = build.opened(slots=(1, 1))
    build.apply(place)
    actor, entry_id = place.accounts[place.entries[0]], place.entries[0]
    ticket = place.entry().ticket
    swapped = tuple(reversed(place.sessions))
    applying.change_entry(
        contracts.ChangeEntry("c", place.hospital_id, entry_id, swapped), actor=actor, now=place.row.opens_at
    )
    assert (place.entry().session_ids, place.entry().ticket) == (swapped, ticket)
    with pytest.raises(errors.DrawNotOpen):
        applying.change_entry(
            contracts.ChangeEntry("d", place.hospital_id, entry_id, swapped), actor=actor, now=place.row.closes_at
        )


def test_what_is_asked_wrongly_is_refused_and_leaves_nothing() -> None:
    place = build.opened()
    holder, patient = clinic.holder()
    elsewhere = clinic.clinic().session_id

    def refuses(refusal: type[Refusal], **how: object) -> None:
        with pytest.raises(refusal):
            build.apply(place, **{"actor": holder, "patients": [patient], **how})  # type: ignore[arg-type]

    refuses(errors.ChoicesInvalid, sessions=[elsewhere])
    refuses(errors.ChoicesInvalid, sessions=[place.sessions[0]] * 2)
    refuses(errors.FamilyInvalid, patients=[patient, patient])
    refuses(errors.FamilyInvalid, patients=[UUID(int=n) for n in range(4)])
    refuses(errors.DrawNotOpen, now=place.row.opens_at - timedelta(seconds=1))
    refuses(errors.DrawNotOpen, now=place.row.closes_at)
    refuses(PatientMissing, patients=[clinic.holder()[1]])
    refuses(errors.AccountNeeded, actor=clinic.registrar(place.hospital_id))
    refuses(Unidentified, actor=Actor.anonymous())
    with pytest.raises(errors.DrawMissing):
        build.apply(replace(place, draw_id=UUID(int=1)), actor=holder, patients=[patient], now=NOW)
    assert not models.DrawEntry.objects.exists()
    assert not models.DrawApplicant.objects.exists()


@pytest.mark.rule("R-045")
def test_only_the_verified_apply() -> None:
    place = build.opened()
    holder, patient = clinic.holder(verified=False)
    with pytest.raises(VerifyRequired):
        build.apply(place, actor=holder, patients=[patient])


@pytest.mark.rule("R-226")
def test_lots_are_those_of_the_published_policy() -> None:
    place = build.opened(slots=(1,))
    build.apply(place)
    old, grandmother = clinic.holder(clinic.identity(birth=date(1950, 1, 1)))
    build.apply(place, actor=old, patients=[grandmother])
    build.settled(place)
    assert [place.entry(n).reasons for n in range(2)] == [("base",), ("base", "older")]
    assert [place.entry(n).weight for n in range(2)] == [2, 3]


def test_who_had_no_luck_has_more_lots_next_time() -> None:
    place = build.opened(slots=(1,))
    people = [clinic.holder() for _ in range(2)]
    for actor, patient in people:
        build.apply(place, actor=actor, patients=[patient])
    build.settled(place)
    lost = next(place.entry(n) for n in range(2) if place.entry(n).state is EntryState.LOST)
    later = build.RELEASE + timedelta(days=2)
    clinic.clinic(
        hospital_id=place.hospital_id,
        department_id=place.department_id,
        release_at=later,
        day=clinic.DAY + timedelta(days=12),
    )
    draw_id = plan.plan_draw(place.hospital_id, place.department_id, later, actor=build.SYSTEM, now=NOW)
    assert draw_id is not None
    second = build.Place(place.hospital_id, place.department_id, draw_id, [])
    build.promise(second)
    build.advance(second, second.row.opens_at)
    sessions_of = tuple(one.session_id for one in second.draw.sessions)
    for actor, patient in people:
        build.apply(second, actor=actor, patients=[patient], sessions=sessions_of)
    build.settled(second)
    by_patient = {second.entry(n).patient_ids: second.entry(n).reasons for n in range(2)}
    assert by_patient.pop(lost.patient_ids) == ("base", "lost")
    assert list(by_patient.values()) == [("base",)]


# -- who may ---------------------------------------------------------------------------------------------------------


def test_another_account_sees_no_entry_and_the_clock_alone_moves_a_draw() -> None:
    place = build.opened()
    build.apply(place)
    stranger, _ = clinic.holder()
    with pytest.raises(errors.EntryMissing):
        queries.get_entry(place.hospital_id, place.entries[0], stranger)
    with pytest.raises(errors.EntryMissing):
        applying.withdraw_entry(
            contracts.WithdrawEntry("w", place.hospital_id, place.entries[0]), actor=stranger, now=place.row.opens_at
        )
    assert queries.list_my_entries(stranger) == []
    mine = place.accounts[place.entries[0]]
    assert [entry.entry_id for entry in queries.list_my_entries(mine)] == place.entries
    side = models.PatientDraw.objects.get(id=place.entries[0])
    for _ in range(queries.MINE):  # another's, who acts for the same patient
        later = side.applied_at + timedelta(minutes=1)
        models.PatientDraw.objects.create(
            patient_id=side.patient_id, id=new_id(), hospital_id=side.hospital_id, applied_at=later
        )
    assert [entry.entry_id for entry in queries.list_my_entries(mine)] == place.entries
    key = (place.hospital_id, place.draw_id)
    for step in (plan.open_draw, stages.close_draw, stages.end_silence, stages.draw_lots, settling.serve):
        with pytest.raises(Forbidden):
            step(*key, actor=place.admin, now=NOW)
        with pytest.raises(Unidentified):
            step(*key, actor=Actor.anonymous(), now=NOW)


@pytest.mark.parametrize("role", ["registrar", "nurse", "doctor", "roster_manager"])
def test_only_the_hospitals_administrator_keeps_its_secret(role: str) -> None:
    place = build.planned()
    cmd = contracts.PromiseSecret("p", place.hospital_id, place.draw_id, "00" * 32)
    for actor in (
        make.staff_actor(role, hospital_id=place.hospital_id),
        make.hospital_admin(UUID(int=1)),
        make.city_operator(),
        clinic.account(),
    ):
        with pytest.raises(Forbidden):
            plan.promise_secret(cmd, actor=actor, now=NOW)
    assert place.row.hospital_promise is None


@pytest.mark.rule("R-213")
def test_public_counts_hide_small_cells() -> None:
    place = build.opened(slots=(2,))
    for n in range(11):
        if n:
            build.apply(place)
        else:
            old, grandmother = clinic.holder(clinic.identity(birth=date(1950, 1, 1)))
            build.apply(place, actor=old, patients=[grandmother])
    build.settled(place)
    found = {one.weight: (one.entries, one.won) for one in queries.counts(place.hospital_id, place.draw_id)}
    assert found[2][0] == 10
    assert found[3] == (None, None)
