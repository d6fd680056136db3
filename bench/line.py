"""A hundred thousand people in one line before the window: who came first, who is lost at a kill, what waiting costs.

They come after the doors, so arrival orders them. The window is killed while they come. Then everybody looks once.
"""

import os
import signal
import time
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from bench import _flash_place, _place
from bench._fair_shapes import Asker
from bench._flash_place import City
from bench._flash_shapes import Answers, Session, Shape, kept, percentile, write_requests

PEOPLE, SLOTS = 100_000, 500
COME_PER_S, LOOK_PER_S = 2_500, 3_000
OPEN_FOR_S = 60.0  # before the first comes: the doors are past
CONNECTIONS = 256
LIMIT_S = 280
IDLE_S = 3.0
TRIES = 60
TURN_MINUTES = "30"  # nobody's turn ends while we look: everybody's place stands still
MOST_MEMORY_MB, MOST_ERROR, MOST_STATEMENTS = 200.0, 0.01, 0.01


def run(quick: bool) -> dict[str, Any]:
    """`quick`: a twentieth of the people."""
    return measure(_place.folder("line"), quick=quick)


def measure(folder: Path, *, quick: bool) -> dict[str, Any]:
    """The same, with its database in that folder."""
    machine = _place.machine()
    count = PEOPLE // 20 if quick else PEOPLE
    with _flash_place.cluster(folder) as running:
        shape = Shape(hospitals=1, departments=1, sessions=1, slots=SLOTS, people=count, requests=0)
        more = ("release", TURN_MINUTES, "0", "1")
        city = _flash_place.make_city(running, "line", shape, by="_fair_city.py", more=more)
        people: list[Asker] = kept(city.folder / "line.people")
        session = city.sessions[0]
        city.release(time.time() - OPEN_FOR_S)
        with _flash_place.window(city) as (port, process):
            came, back_s = _come(city, port, process.pid, people, session)
            settled = _until_still(city, session)
            idle_per_s = _idle(city)
            before, began = _transactions(city), time.monotonic()
            looked = _look(city, port, people, session)
            # The window follows the city and lets people in, whoever looks: what it does anyway is no work for them.
            anyway = idle_per_s * (time.monotonic() - began)
            statements = max(0.0, _transactions(city) - before - anyway)
            memory = max(_memory_mb(pid) for pid in _flash_place.workers_of(process.pid))
            transactions_per_look = statements / len(people)
        ranks = _ranks(city)
    report = _judged(people, came, looked, ranks)
    figures = {
        "form": "quick, a twentieth" if quick else "whole",
        "people": count,
        "came_per_s": round(len(came) / (max(came.answered) - min(came.sent)), 1),
        "back_after_kill_s": round(back_s, 2),
        "looked_per_s": round(len(looked) / (max(looked.answered) - min(looked.sent)), 1),
        "look_median_ms": round(percentile(looked.took_ms(), 0.5), 2),
        "look_p99_ms": round(percentile(looked.took_ms(), 0.99), 1),
        "transactions_per_look": round(transactions_per_look, 4),
        "memory_mb": round(memory, 1),
        "came_by_status": {str(status): list(came.status).count(status) for status in sorted(set(came.status))},
        "lost": report["lost"],
        "out_of_order": report["out_of_order"],
        "position_error": round(report["error"], 5),
        "let_in": settled,
    }
    return {
        "bench": "line",
        "machine": machine,
        "figures": figures,
        "ratios": {},
        "checks": {
            "none_lost": report["lost"] == 0,
            "in_order_of_arrival": report["out_of_order"] == 0,
            "position_error_below_1_percent": report["error"] < MOST_ERROR,
            "no_statement_for_who_waits": transactions_per_look < MOST_STATEMENTS,
            "memory_below_200_mb": memory < MOST_MEMORY_MB,
            "as_many_let_in_as_slots": settled == SLOTS,
        },
        "line": f"line: {count:,} people, {figures['came_per_s']:,.0f} came and {figures['looked_per_s']:,.0f} looked a"
        f" second, {memory:.0f} MB, {figures['transactions_per_look']} transactions a look, {report['lost']} lost at a"
        f" kill, {report['out_of_order']} out of order",
    }


def _come(city: City, port: int, pid: int, people: Sequence[Asker], session: Session) -> tuple[Answers, float]:
    """Everybody joins once, a lost one again; in the middle of it the window is killed. And how long it was away."""
    due = array("d", (n / COME_PER_S for n in range(len(people))))
    write_requests(city.folder / "line.joins", (one.joins(session) for one in people))
    coming = _flash_place.generate(
        city, port, what="joins", due=due, connections=CONNECTIONS, seconds=LIMIT_S, tries=TRIES
    )
    time.sleep(due[-1] / 2)
    for worker in _flash_place.workers_of(pid):
        os.kill(worker, signal.SIGKILL)
    killed = time.monotonic()
    _flash_place.await_health(port)
    back_s = time.monotonic() - killed
    return coming.result(LIMIT_S + 60), back_s


def _look(city: City, port: int, people: Sequence[Asker], session: Session) -> Answers:
    due = array("d", (n / LOOK_PER_S for n in range(len(people))))
    write_requests(city.folder / "line.looks", (one.looks(session) for one in people))
    looking = _flash_place.generate(city, port, what="looks", due=due, connections=CONNECTIONS, seconds=LIMIT_S)
    return looking.result(LIMIT_S + 60)


def _until_still(city: City, session: Session) -> int:
    """How many were let in, once all slots are promised."""
    until = time.monotonic() + 30
    while True:
        with psycopg.connect(city.owner_url) as connection:
            row = connection.execute(
                "SELECT count(admitted_at) FROM booking_place WHERE hospital_id = %s", [session.hospital_id]
            ).fetchone()
        assert row is not None
        if row[0] >= SLOTS or time.monotonic() > until:
            return int(row[0])
        time.sleep(0.2)


def _transactions(city: City) -> int:
    """That the database has ended so far, the one that asks not counted."""
    with psycopg.connect(city.owner_url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        row = connection.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _idle(city: City) -> float:
    """Transactions a second while nobody looks."""
    before, began = _transactions(city), time.monotonic()
    time.sleep(IDLE_S)
    return (_transactions(city) - before) / (time.monotonic() - began)


def _memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def _ranks(city: City) -> dict[str, tuple[int, bool]]:
    """By patient: his rank as the rows have it, and whether he still waits."""
    with psycopg.connect(city.owner_url) as connection:
        rows = connection.execute("SELECT patient_id::text, rank, admitted_at IS NULL FROM booking_place").fetchall()
    return {patient: (rank, waits) for patient, rank, waits in rows}


def _judged(
    people: Sequence[Asker], came: Answers, looked: Answers, ranks: dict[str, tuple[int, bool]]
) -> dict[str, Any]:
    """Who was told a place and has none; who came after another was told his place, and stands before him; and by how
    much of the line a position that was told is wrong."""
    first_sent, told = {}, {}
    for n, request in enumerate(came.request):
        first_sent[request] = min(came.sent[n], first_sent.get(request, came.sent[n]))
        if came.status[n] == 200:
            told[request] = min(came.answered[n], told.get(request, came.answered[n]))
    lost = sum(one.patient_id not in ranks for one in people)
    waiting = sorted(rank for rank, waits in ranks.values() if waits)
    error = 0
    for n, request in enumerate(looked.request):
        patient = people[request].patient_id
        place = next(
            one for one in msgspec.json.decode(looked.bodies[looked.body[n]])["places"] if one["patient_id"] == patient
        )
        rank, waits = ranks.get(patient, (0, False))
        lost += place["standing"] not in ("waiting", "admitted")
        if waits and "ahead" in place:
            error = max(error, abs(place["ahead"] - bisect_left(waiting, rank)))
    return {"lost": lost, "out_of_order": out_of_order(people, first_sent, told, ranks), "error": error / len(people)}


def out_of_order(
    people: Sequence[Asker], first_sent: dict[int, float], told: dict[int, float], ranks: dict[str, tuple[int, bool]]
) -> int:
    """How many asked for the first time only after another had been told his place, and stand before him."""
    answered = sorted(told.items(), key=lambda one: one[1])
    highest, at, found = -1, 0, 0
    for request, sent in sorted(first_sent.items(), key=lambda one: one[1]):
        while at < len(answered) and answered[at][1] < sent:
            highest = max(highest, ranks.get(people[answered[at][0]].patient_id, (-1, True))[0])
            at += 1
        rank, _ = ranks.get(people[request].patient_id, (highest, True))
        found += rank < highest
    return found
