"""Fills a migrated, empty database for `bench fair`: `_fair_city.py FOLDER RUN LINE TURN SCRIPTS EACH`.

A process of its own, in the environment of that database, as its owner. It leaves beside the shape the sessions
(`.sessions`) and everybody with what his page would have given him (`.people`). LINE is `release` or `off`, TURN how
many minutes one has. The first SCRIPTS × EACH people are the scripts', and each script's are on one device.
"""

import os
import sys
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yitong.config.settings")

import django

django.setup()

from bench import _flash_city, _flash_people  # noqa: E402
from bench._fair_shapes import GATHER_S, Asker  # noqa: E402
from bench._flash_copy import copy  # noqa: E402
from bench._flash_passes import pass_of  # noqa: E402
from bench._flash_shapes import Shape, keep, kept  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from yitong.core import clock  # noqa: E402
from yitong.core.db import policies  # noqa: E402
from yitong.domains.people.models import Device  # noqa: E402


def main(folder: Path, run: str, line: str, turn_minutes: int, scripts: int, each: int) -> None:
    shape: Shape = kept(folder / f"{run}.shape")
    now = clock.now()
    decided = {
        "booking.line.mode": line,
        "booking.line.opens_minutes": 1,
        "booking.line.gather_seconds": GATHER_S,
        "booking.line.minutes": 60,
        "booking.line.turn_minutes": turn_minutes,
    }
    with transaction.atomic():
        _flash_city.set_policies(now)
        for key, value in decided.items():
            policies.record(
                key,
                value,
                scope="city",
                hospital_id=None,
                scope_id=None,
                effective_from=now - timedelta(days=1),
                source="bench",
                decided_by="system:bench",
                now=now,
            )
    with transaction.atomic():
        sessions = _flash_city.fill_sessions(shape, now)
        crowd = _flash_people.people(shape.people)
        for model, columns, rows in _flash_people.rows(crowd, now):
            copy(model, columns, rows)
        for script in range(scripts if each > 1 else 0):
            mine = [one.account_id for one in crowd[script * each : (script + 1) * each]]
            Device.objects.filter(account_id__in=mine).update(device_hash=sha256(f"script {script}".encode()).digest())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    keep(folder / f"{run}.sessions", sessions)
    people = [Asker(str(one.account_id), str(one.patient_id), pass_of(one, now=now), one.address) for one in crowd]
    keep(folder / f"{run}.people", people)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], *map(int, sys.argv[4:7]))
