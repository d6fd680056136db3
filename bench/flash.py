"""A flash crowd before the booking window: 20,000 people for 500 slots, and a city's week released in one second.

Beside it, in the same run and on the same machine: a bare Granian echo of the same bytes over the same connections, and
the desk's own claim, one transaction per request. After each run a checker reads the database and judges every answer.
"""

import statistics
import time
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import Any

from bench import _flash_place, _place
from bench._flash_check import judge, summary
from bench._flash_facts import read
from bench._flash_place import City
from bench._flash_plot import draw
from bench._flash_shapes import CITY_WEEK, ONE_BY_ONE, ONE_SESSION, Answers, percentile

CROWD_CONNECTIONS = 1_000
WEEK_CONNECTIONS = 256
SINGLE_CONNECTIONS = 32
READER_CONNECTIONS, READS_PER_S = 8, 200
WHILE_STOCK_LASTS = 0.9  # of all that is sold: the last tenth trickles in while little is left
LIMIT_S = 240
IMAGE_SHOWS = "Answers per second, and how long they took, over the release of a city's week"

LEAST_ECHO_RATIO, LEAST_ANSWERS_RATIO = 0.25, 0.5
MOST_WAIT_S, MOST_SOLD_OUT_MS, MOST_READ_MS = 3.0, 200.0, 50.0


@dataclass(frozen=True)
class Rush:
    """One release: when it was, what was answered, what the readers beside it saw, what is wrong with it all."""

    release: float
    answers: Answers
    reads: Answers | None
    faults: dict[str, list[str]]

    @property
    def after(self) -> list[int]:
        """The answers to what was asked at the release, by their place."""
        return [n for n, due in enumerate(self.answers.due) if due >= self.release]

    @property
    def booked_at(self) -> list[float]:
        """Seconds after the release at which a first 201 for each request came, sorted."""
        first: dict[int, float] = {}
        for n, status in enumerate(self.answers.status):
            if status == 201:
                first.setdefault(self.answers.body[n], self.answers.answered[n] - self.release)
        return sorted(first.values())

    @property
    def lasted_s(self) -> float:
        return max(self.answers.answered, default=self.release) - self.release

    def codes(self) -> Counter[str]:
        """How often each status came."""
        return Counter(str(status) for status in self.answers.status)

    def took_ms(self, *, booked: bool) -> list[float]:
        answers = self.answers
        return sorted(
            (answers.answered[n] - answers.sent[n]) * 1000 for n in self.after if (answers.status[n] == 201) == booked
        )


def run(quick: bool) -> dict[str, Any]:
    """Builds three cities, then: echo, the crowd before one session, echo, the city's week, echo, one by one, echo."""
    machine = _place.machine()
    shapes = {"flash_one": ONE_SESSION, "flash_week": CITY_WEEK, "flash_single": ONE_BY_ONE}
    if quick:
        shapes = {name: shape.tenth() for name, shape in shapes.items()}
    bar_s, single_s = (1.5, 3.0) if quick else (5.0, 12.0)
    with _flash_place.cluster(_place.folder("flash")) as running:
        one, week, single = (_flash_place.make_city(running, name, shape) for name, shape in shapes.items())
        with _flash_place.echo(week) as port:
            bars = [_bar(week, port, bar_s)]
            crowd = _rush(one, connections=CROWD_CONNECTIONS, readers=False)
            bars.append(_bar(week, port, bar_s))
            release = _rush(week, connections=WEEK_CONNECTIONS, readers=True)
            bars.append(_bar(week, port, bar_s))
            singly, single_faults = _one_by_one(single, single_s)
            bars.append(_bar(week, port, bar_s))
    image = _place.folder("flash-quick.svg" if quick else "flash.svg")
    image.write_text(draw(release.answers, release.release, bar=statistics.mean(bars[1:3])))
    report = _report(crowd, release, singly, single_faults, bars, shapes["flash_one"].slots)
    report["figures"] = {"form": "quick, a tenth" if quick else "whole", **report["figures"]}
    return {"bench": "flash", "machine": machine, "image": image.name, "image_shows": IMAGE_SHOWS, **report}


def _bar(city: City, port: int, seconds: float) -> float:
    """Echoes per second, of the week's own requests over as many connections."""
    answers = _flash_place.generate(city, port, connections=WEEK_CONNECTIONS, seconds=seconds).result(LIMIT_S)
    assert set(answers.status) == {200}
    return len(answers) / (max(answers.answered) - min(answers.sent))


def _rush(city: City, *, connections: int, readers: bool) -> Rush:
    with _flash_place.counter(city, notice_s=8.0) as (port, release):
        crowd = _flash_place.generate(
            city, port, due=city.crowd.due, connections=connections, seconds=LIMIT_S, start_at=release
        )
        reading = _readers(city, port, release) if readers else None
        answers = crowd.result(LIMIT_S + 60)
        reads = reading.stop() if reading is not None else None
    return Rush(release, answers, reads, summary(judge(read(city.owner_url), city.crowd, answers)))


def _readers(city: City, port: int, release: float) -> _flash_place.Generator:
    """Availability, asked at an even pace for as long as the release lasts."""
    due = array("d", (n / READS_PER_S for n in range(READS_PER_S * LIMIT_S)))
    return _flash_place.generate(
        city, port, what="reads", due=due, connections=READER_CONNECTIONS, seconds=LIMIT_S, start_at=release
    )


def _one_by_one(city: City, seconds: float) -> tuple[float, dict[str, list[str]]]:
    """Bookings per second of one transaction each, once its processes are warm; and what is wrong with them."""
    city.release(time.time() - 60)
    with _flash_place.single(city) as port:
        answers = _flash_place.generate(
            city, port, due=city.crowd.due, connections=SINGLE_CONNECTIONS, seconds=seconds
        ).result(LIMIT_S)
    warm = min(answers.sent) + seconds / 4
    booked = [at for n, at in enumerate(answers.answered) if answers.status[n] == 201 and at > warm]
    faults = summary(judge(read(city.owner_url), city.crowd, answers))
    return len(booked) / (max(answers.answered) - warm), faults


def _report(
    crowd: Rush,
    week: Rush,
    singly: float,
    single_faults: dict[str, list[str]],
    bars: list[float],
    slots: int,
) -> dict[str, Any]:
    """`bars`: echoes per second before the crowd, between it and the week, after the week, and at the end."""
    early, beside_week, beside_single = _early(week), statistics.mean(bars[1:3]), statistics.mean(bars[2:])
    booked = week.booked_at
    lasting = booked[: int(len(booked) * WHILE_STOCK_LASTS)]
    booked_per_s = len(lasting) / lasting[-1] if lasting else 0.0
    answers_per_s = len(week.after) / week.lasted_s
    sold_out, booked_ms = crowd.took_ms(booked=False), week.took_ms(booked=True)
    assert week.reads is not None
    reads_ms = week.reads.took_ms(from_due=True)
    ratios = {
        "echo_ratio": round(booked_per_s / beside_week, 3),
        "answers_ratio": round(answers_per_s / beside_week, 3),
        "factor_over_single": round(booked_per_s / beside_week / (singly / beside_single), 1),
    }
    faults = {"crowd": crowd.faults, "week": week.faults, "single": single_faults}
    figures: dict[str, Any] = {
        "echo_per_s": round(statistics.median(bars), 1),
        "early_refused": early.total(),
        "echo_per_s_each": [round(one, 1) for one in bars],
        "week_booked": len(booked),
        "week_booked_per_s_while_stock_lasts": round(booked_per_s, 1),
        "week_answers_per_s": round(answers_per_s, 1),
        "week_lasted_s": round(week.lasted_s, 2),
        "week_booked_median_ms": round(percentile(booked_ms, 0.5), 1),
        "week_booked_p99_ms": round(percentile(booked_ms, 0.99), 1),
        "week_answers_by_status": dict(sorted(week.codes().items())),
        "crowd_booked": len(crowd.booked_at),
        "crowd_all_answered_s": round(crowd.lasted_s, 2),
        "crowd_sold_out_p99_ms": round(percentile(sold_out, 0.99), 1),
        "readers_p99_ms": round(percentile(reads_ms, 0.99), 1),
        "reads": len(reads_ms),
        "one_transaction_each_per_s": round(singly, 1),
    }
    return {
        "figures": figures,
        "ratios": ratios,
        "faults": faults,
        "checks": {
            "no_violation": not any(faults.values()),
            "every_request_answered": crowd.answers.unanswered == week.answers.unanswered == 0,
            "crowd_answered_within_3_s": crowd.lasted_s <= MOST_WAIT_S,
            "crowd_sold_exactly_all": len(crowd.booked_at) == slots,
            "crowd_sold_out_p99_below_200_ms": percentile(sold_out, 0.99) < MOST_SOLD_OUT_MS,
            "nobody_early": bool(early) and not early[201],
            "readers_p99_below_50_ms": percentile(reads_ms, 0.99) < MOST_READ_MS and set(week.reads.status) <= {200},
            "echo_ratio_at_least_0.25": ratios["echo_ratio"] >= LEAST_ECHO_RATIO,
            "answers_ratio_at_least_0.5": ratios["answers_ratio"] >= LEAST_ANSWERS_RATIO,
        },
        "line": f"flash: {booked_per_s:,.0f} durable bookings/s while stock lasts, {answers_per_s:,.0f} answers/s,"
        f" bare echo {beside_week:,.0f}/s: {ratios['echo_ratio']} and {ratios['answers_ratio']};"
        f" {crowd.lasted_s:.1f} s for {len(crowd.answers):,} people at one session;"
        f" one transaction each {singly:,.0f}/s",
    }


def _early(week: Rush) -> Counter[int]:
    """What early birds were told before the release, by status."""
    answers = week.answers
    return Counter(answers.status[n] for n, at in enumerate(answers.answered) if at < week.release)
