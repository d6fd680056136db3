"""Claims of slots by `hold_slot`, one transaction each, in several processes; beside single-row commits by pgbench.

The honest baseline before bookings are batched. Every claim counted is found in the database afterwards.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from bench import _place

from yitong.cli.postgres_account import binaries

PROCESSES = 4
CLAIMS_LIMIT_S = 180  # of one round: it ends by itself long before


def run(quick: bool) -> dict[str, Any]:
    """Rounds of claims and of pgbench in turns, on the database of a city of its own."""
    machine = _place.machine()
    rounds, seconds = (2, 3) if quick else (4, 8)
    with _place.city("small", _place.folder("booking"), workers=1) as city:
        state = json.loads((city.data_dir / "postgres.json").read_text())
        owner = {"host": state["socket"], "port": "5432", "user": "yitong_owner", "dbname": "yitong"}
        owner["password"] = state["passwords"]["yitong_owner"]
        pairs = [(_single_rows(owner, seconds), _claims(city, seconds)) for _ in range(rounds)]
        with psycopg.connect(**owner) as connection:
            row = connection.execute(
                "SELECT count(*) - count(DISTINCT (hospital_id, slot_id)) FROM booking_booking WHERE live"
            ).fetchone()
    assert row is not None
    ratio = round(statistics.median(claims["per_second"] / rows for rows, claims in pairs), 3)
    rows_per_s = statistics.median(rows for rows, _ in pairs)
    claims_per_s = statistics.median(claims["per_second"] for _, claims in pairs)
    return {
        "bench": "booking",
        "machine": machine,
        "figures": {
            "processes": PROCESSES,
            "rounds": rounds,
            "claims": sum(claims["claimed"] for _, claims in pairs),
            "refused": sum(claims["refused"] for _, claims in pairs),
            "claims_per_s": round(claims_per_s, 1),
            "single_rows_per_s": round(rows_per_s, 1),
            "claim_cpu_ms": round(statistics.median(claims["cpu_ms"] for _, claims in pairs), 1),
            "claim_median_ms": round(statistics.median(claims["median_ms"] for _, claims in pairs), 1),
            "claim_p99_ms": round(statistics.median(claims["p99_ms"] for _, claims in pairs), 1),
        },
        "ratios": {"claim_ratio": ratio},
        "checks": {
            "no_slot_twice": row[0] == 0,
            "every_claim_is_there": all(claims["claimed"] == claims["found"] for _, claims in pairs),
        },
        "line": f"booking: {claims_per_s:.0f} claims/s, one transaction each, in {PROCESSES} processes;"
        f" single-row commits {rows_per_s:.0f}/s: {ratio:.3f}",
    }


def _single_rows(owner: dict[str, str], seconds: int) -> float:
    """One row a commit, as many clients as there are claimers."""
    with psycopg.connect(**owner, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_row")
        connection.execute("CREATE TABLE bench_row (id uuid PRIMARY KEY, n bigint NOT NULL)")
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write("INSERT INTO bench_row VALUES (gen_random_uuid(), 1);\n")
            script.flush()
            done = subprocess.run(
                [
                    *(str(binaries() / "pgbench"), "-n", "-M", "prepared", "-f", script.name),
                    *("-c", str(PROCESSES), "-j", "1", "-T", str(seconds), "yitong"),
                ],
                env={
                    **os.environ,
                    "PGHOST": owner["host"],
                    "PGPORT": owner["port"],
                    "PGUSER": owner["user"],
                    "PGPASSWORD": owner["password"],
                },
                capture_output=True,
                text=True,
                check=True,
            )
        connection.execute("DROP TABLE bench_row")
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def _claims(city: _place.City, seconds: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("_claims.py")), str(PROCESSES), str(seconds)],
        env=city.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=CLAIMS_LIMIT_S,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    claims: dict[str, Any] = json.loads(done.stdout)
    return claims
