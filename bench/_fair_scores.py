"""What the scores say after a run of `bench fair`: `_fair_scores.py FOLDER RUN`, in the environment of its database.

As the worker does by the minute: the window's events are carried, acts gathered, scores computed. It leaves
`FOLDER/RUN.scores`: how many points each account has, and for which reasons.
"""

import os
import sys
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yitong.config.settings")

import django

django.setup()

from bench._fair_shapes import Scored  # noqa: E402
from bench._flash_shapes import keep  # noqa: E402

from yitong.core import clock  # noqa: E402
from yitong.core.db import relay  # noqa: E402
from yitong.domains.fairness.commands import gathering, scoring  # noqa: E402
from yitong.domains.fairness.models import Score, ScoreReason  # noqa: E402


def main(folder: Path, run: str) -> None:
    while relay.drain(everything=True):
        pass
    while gathering.gather(now=clock.now(), settled=timedelta()):
        pass
    while scoring.score_stale(now=clock.now()):
        pass
    reasons: dict[str, list[str]] = defaultdict(list)
    for account_id, signal in ScoreReason.objects.values_list("account_id", "signal"):
        reasons[str(account_id)].append(signal)
    rows = Score.objects.values_list("account_id", "points", "level")
    found = {str(account): Scored(points, level, tuple(reasons[str(account)])) for account, points, level in rows}
    keep(folder / f"{run}.scores", found)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
