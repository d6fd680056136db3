"""A fair release: fifty scripts at 200 requests a second each against 5,000 people, for 500 slots, many times over.

With the line before the window, once with one verified person a script, once with 200; without it, for comparison; and
by draw. Chances are of a verified person: who owns more of them owns more chances, and that shows elsewhere (scores).
"""

import random
import statistics
import time
from array import array
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
from bench import _flash_place, _place
from bench._fair_shapes import GATHER_S, Asker, Scored, Tally, Verdict, judged
from bench._flash_place import City
from bench._flash_shapes import Answers, Session, Shape, kept, write_requests

from yitong.core.lots import order as lots
from yitong.core.lots.terms import Entry

SCRIPTS, PER_S, PEOPLE, SLOTS, PERSONS_EACH = 50, 200, 5_000, 500, 200
RUNS, RUNS_MANY = 30, 5
BEFORE_S = 2.0  # how long before the release scripts and people begin to come
AFTER_DOORS_S = 2.5  # until everybody who is next was let in
CONNECTIONS = {"scripts": 200, "people": 256}  # a script has four of its own: nobody waits behind another's
NOTICE_S = 5.0
LIMIT_S = 60
METER_S = 90.0  # a window writes once a minute whom it has counted
HUMAN_S = 10.0  # in which people come who have nothing to gain by haste, where there is no line

Due = list[tuple[float, bytes]]  # when, what


@dataclass(frozen=True)
class Scene:
    """A city and who is who in it: the first persons are the scripts', as many each."""

    city: City
    people: list[Asker]
    sessions: list[Session]
    scripts: int
    each: int
    rate: int  # requests a second of one script

    @property
    def of_scripts(self) -> int:
        return self.scripts * self.each


@dataclass(frozen=True)
class _Scores:
    """Points of the accounts that booked or share a device with one that did: the scripts' and the others'."""

    scripts: list[Scored]
    others: list[Scored]

    @classmethod
    def of(cls, scene: Scene) -> "_Scores":
        scores: dict[str, Scored] = kept(scene.city.folder / f"{scene.city.name}.scores")
        scripts = {one.account_id for one in scene.people[: scene.of_scripts]}
        theirs = [one for account, one in scores.items() if account in scripts]
        return cls(theirs, [one for account, one in scores.items() if account not in scripts])

    @property
    def reasons(self) -> dict[str, int]:
        """How many of the scripts' accounts have each."""
        return dict(sorted(Counter(reason for one in self.scripts for reason in one.reasons).items()))

    @property
    def tell_apart(self) -> bool:
        """Whether each account of a script is told a reason that no other has."""
        return min(one.points for one in self.scripts) > max((one.points for one in self.others), default=0)


def run(quick: bool) -> dict[str, Any]:
    """`quick`: a tenth of scripts, people, slots, rate and runs."""
    machine = _place.machine()
    by, runs, runs_many = (10, 3, 2) if quick else (1, RUNS, RUNS_MANY)
    scripts, people, slots, each, rate = SCRIPTS // by, PEOPLE // by, SLOTS // by, PERSONS_EACH, PER_S // by
    with _flash_place.cluster(_place.folder("fair")) as running:

        def scene(name: str, each: int, runs: int, line: str) -> Scene:
            many = scripts * each + people
            shape = Shape(hospitals=1, departments=runs, sessions=runs, slots=slots * runs, people=many, requests=0)
            city = _flash_place.make_city(
                running, name, shape, by="_fair_city.py", more=(line, "2", f"{scripts}", f"{each}")
            )
            known = kept(city.folder / f"{name}.people")
            return Scene(city, known, city.sessions, scripts, each, rate)

        free = scene("fair_free", 1, 1, "off")
        one = scene("fair_one", 1, runs, "release")
        many = scene("fair_many", each, runs_many, "release")
        seed = random.Random(7)
        without = judged([_without_line(free, seed)])
        singly = [_with_line(one, n, seed, is_metered=n + 1 == runs) for n in range(runs)]
        in_bulk = []
        for n in range(runs_many):
            in_bulk.append(_with_line(many, n, seed, is_metered=n + 1 == runs_many))
            _flash_place.call(many.city, "_fair_scores.py")
        scores = _Scores.of(many)
    drawn = [_by_draw(one, seed) for _ in range(runs)]
    return {"bench": "fair", "machine": machine, **_report(without, singly, in_bulk, drawn, scores, quick=quick)}


@dataclass(frozen=True)
class _Release:
    """One release with the line before it: who got what; how many requests a second were answered while people
    gathered, and how many of theirs only when the doors were open."""

    tally: Tally
    per_s: float
    heard_late: int
    metered: tuple[int, int] | None = None  # people who tried and who got one, as the meter of fairness has it


def _with_line(scene: Scene, n: int, seed: random.Random, *, is_metered: bool = False) -> _Release:
    session = scene.sessions[n]
    _forget(scene.city)
    with _flash_place.counter(scene.city, notice_s=NOTICE_S) as (port, release):
        came = _send(scene, port, _gathering(scene, session, seed), release)
        time.sleep(max(0.0, release + GATHER_S + AFTER_DOORS_S - time.time()))
        admitted = _let_in(scene, session)
        let_in = [one for one in scene.people if one.patient_id in admitted]
        # Scripts are the quickest here as well: it gains them nothing any more.
        claims = [(0.0, one.claims(session, f"turn-{uuid4()}")) for one in let_in]
        _send(scene, port, {"people": claims}, None)
        metered = _metered(scene) if is_metered else None
    sent, answered = (min(min(one.sent) for one in came.values()), max(max(one.answered) for one in came.values()))
    late = sum(at > release + GATHER_S for at in came["people"].answered)
    return _Release(_tally(scene, session), sum(map(len, came.values())) / (answered - sent), late, metered)


def _metered(scene: Scene) -> tuple[int, int]:
    """What the window writes of its whole release, when its minute is over."""
    until = time.monotonic() + METER_S
    with psycopg.connect(scene.city.owner_url, autocommit=True) as connection:
        while True:
            found = connection.execute("SELECT sum(tried), sum(got) FROM fairness_tried").fetchone()
            if found is not None and found[0] is not None:
                return int(found[0]), int(found[1])
            assert time.monotonic() < until, "nobody was counted"
            time.sleep(0.5)


def _gathering(scene: Scene, session: Session, seed: random.Random) -> dict[str, Due]:
    """People come once each, at any time; scripts join at once, then hammer with looks, and claims."""
    until = GATHER_S - 0.5
    people = [(seed.uniform(-BEFORE_S, until), one.joins(session)) for one in scene.people[scene.of_scripts :]]
    due: Due = []
    for script in range(scene.scripts):
        mine = scene.people[script * scene.each : (script + 1) * scene.each]
        due += [(-BEFORE_S, one.joins(session)) for one in mine]
        for n in range(int((until + BEFORE_S) * scene.rate)):
            one = mine[n % len(mine)]
            # A claim every other second: a script that asks for more has none left when its turn comes.
            sent = one.looks(session) if n % (2 * scene.rate) else one.claims(session, f"early-{uuid4()}")
            due.append((-BEFORE_S + n / scene.rate, sent))
    return {"scripts": due, "people": people}


def _by_draw(scene: Scene, seed: random.Random) -> Tally:
    """摇号 among the same people: `core.lots`, as a draw's settlement and whoever checks it use it."""
    entries = [Entry(seed.randbytes(16), (), 1, 1, ("a",)) for _ in scene.people]
    ranked = [entry for _, entry in lots.order_of(seed.randbytes(32), entries)]
    slots = len(scene.sessions[0].slots)
    given = lots.allocate(ranked, {"a": slots})
    winners = {entry.ticket for entry, session in zip(ranked, given, strict=True) if session is not None}
    won_by_scripts = sum(entry.ticket in winners for entry in entries[: scene.of_scripts])
    return Tally(scene.of_scripts, len(entries), slots, won_by_scripts, len(winners))


def _without_line(scene: Scene, seed: random.Random) -> Tally:
    """The same crowd with nothing before the window: first come, first served."""
    session = scene.sessions[0]
    others = [
        (seed.uniform(0.3, HUMAN_S), one.claims(session, f"{uuid4()}")) for one in scene.people[scene.of_scripts :]
    ]
    due: Due = []
    for script, one in enumerate(scene.people[: scene.of_scripts]):
        key = f"script-{script:04d}-{uuid4()}"
        due += [(n / scene.rate, one.claims(session, key)) for n in range(scene.rate)]
    with _flash_place.counter(scene.city, notice_s=NOTICE_S) as (port, release):
        _send(scene, port, {"scripts": due, "people": others}, release)
    return _tally(scene, session)


def _send(scene: Scene, port: int, all_due: Mapping[str, Due], release: float | None) -> dict[str, Answers]:
    """Each at its time after the release, or all at once, over connections of each kind's own."""
    with ExitStack() as running:
        sending = {}
        for who, due in all_due.items():
            ordered = sorted(due, key=lambda one: one[0])
            write_requests(scene.city.folder / f"{scene.city.name}.{who}.asks", (sent for _, sent in ordered))
            sending[who] = running.enter_context(
                _flash_place.generate(
                    scene.city,
                    port,
                    what=f"{who}.asks",
                    due=array("d", (at for at, _ in ordered)),
                    connections=CONNECTIONS[who],
                    seconds=LIMIT_S,
                    start_at=release,
                )
            )
        answers = {who: one.result(2 * LIMIT_S) for who, one in sending.items()}
    assert not any(one.unanswered for one in answers.values()), {who: one.unanswered for who, one in answers.items()}
    return answers


def _let_in(scene: Scene, session: Session) -> set[str]:
    """Whose turn it is, by the rows: a script that hammers is told so only when it may ask again."""
    with psycopg.connect(scene.city.owner_url) as connection:
        rows = connection.execute(
            "SELECT p.patient_id::text FROM booking_place p JOIN booking_line l"
            " ON l.hospital_id = p.hospital_id AND l.id = p.line_id"
            " WHERE l.hospital_id = %s AND l.department_id = %s AND p.admitted_at IS NOT NULL",
            [session.hospital_id, session.department_id],
        ).fetchall()
    return {patient for (patient,) in rows}


def _tally(scene: Scene, session: Session) -> Tally:
    with psycopg.connect(scene.city.owner_url) as connection:
        rows = connection.execute(
            "SELECT patient_id::text FROM booking_booking WHERE hospital_id = %s AND session_id = %s AND live",
            [session.hospital_id, session.session_id],
        ).fetchall()
    scripts = {one.patient_id for one in scene.people[: scene.of_scripts]}
    return Tally(
        scripts=scene.of_scripts,
        everybody=len(scene.people),
        slots=len(session.slots),
        won_by_scripts=sum(patient in scripts for (patient,) in rows),
        won=len(rows),
    )


def _per_hundred(metered: tuple[int, int] | None) -> float:
    assert metered is not None
    tried, got = metered
    return 100 * got / tried


def _forget(city: City) -> None:
    """Nobody has booked yet: each run is the first of its week, and no limit (R-005) stands before anybody."""
    with psycopg.connect(city.owner_url) as connection:
        connection.execute("DELETE FROM booking_booking")
        connection.execute("DELETE FROM booking_patient_booking")
        connection.execute("UPDATE people_booking_limits SET live_days = '{}' WHERE live_days <> '{}'")


def _report(
    without: Verdict,
    singly: list[_Release],
    many: list[_Release],
    drawn: list[Tally],
    scores: _Scores,
    *,
    quick: bool,
) -> dict[str, Any]:
    by_draw = judged(drawn)
    even, in_bulk = judged([one.tally for one in singly]), judged([one.tally for one in many])
    sold = all(one.tally.won == one.tally.slots for one in [*singly, *many])
    meter, meter_of_many = (_per_hundred(one[-1].metered) for one in (singly, many))
    figures = {
        "form": "quick, a tenth" if quick else "whole",
        "runs": even.runs,
        "asked_per_s": round(statistics.mean(one.per_s for one in singly), 1),
        "people_heard_late": sum(one.heard_late for one in singly),
        "chance_of_a_script_without_a_line": round(without.chance_script, 3),
        "chance_of_others_without_a_line": round(without.chance_other, 3),
        "chance_of_a_script_in_line": round(even.chance_script, 4),
        "chance_of_others_in_line": round(even.chance_other, 4),
        "deviations_from_even": round(even.z, 2),
        "chance_of_a_scripts_person_of_many": round(in_bulk.chance_script, 4),
        "chance_of_others_beside_many": round(in_bulk.chance_other, 4),
        "deviations_from_even_of_many": round(in_bulk.z, 2),
        "chance_of_a_script_in_a_draw": round(by_draw.chance_script, 4),
        "chance_of_others_in_a_draw": round(by_draw.chance_other, 4),
        "deviations_from_even_in_a_draw": round(by_draw.z, 2),
        "got_one_of_100_by_the_meter": round(meter, 2),
        "got_one_of_100_by_the_meter_of_many": round(meter_of_many, 2),
        "points_of_many_median": statistics.median(one.points for one in scores.scripts),
        "reasons_of_many": scores.reasons,
        "accounts_of_many": len(scores.scripts),
        "accounts_of_many_slowed": sum(one.level == "slow" for one in scores.scripts),
        "other_accounts": len(scores.others),
        "other_accounts_with_points": sum(one.points > 0 for one in scores.others),
    }
    ratios = {"script_over_others_in_line": round(even.chance_script / even.chance_other, 3)}
    return {
        "figures": figures,
        "ratios": ratios,
        "checks": {
            "in_line_no_better_than_anybody": even.is_even,
            "persons_of_many_no_better_each": in_bulk.is_even,
            "in_a_draw_no_better_than_anybody": by_draw.is_even,
            "the_meter_counted_everybody_once": all(
                last.metered == (last.tally.everybody, last.tally.won) for last in (singly[-1], many[-1])
            ),
            "who_owns_many_shows_in_the_meter": meter_of_many < meter,
            "who_owns_many_shows_in_the_scores": scores.tell_apart,
            "nobody_else_is_slowed": not any(one.level == "slow" for one in scores.others),
            "every_slot_went_to_somebody": sold,
        },
        "line": f"fair: a script's person gets a slot in {even.chance_script:.1%} of releases, others in"
        f" {even.chance_other:.1%} ({even.z:+.1f} deviations from even, {even.runs} runs);"
        f" without a line {without.chance_script:.0%} against {without.chance_other:.0%}",
    }
