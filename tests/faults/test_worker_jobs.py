"""What a worker leaves behind of its jobs, on real commits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from yitong.config import databases
from yitong.core.db import jobs
from yitong.core.ids import new_id

ROOT = Path(__file__).resolve().parents[2]
# A worker, until there is nothing to do.
WORK = """
import asyncio, django
django.setup()
{before}
from procrastinate.contrib.django import app
from yitong.cli import worker
asyncio.run(worker._work(app.with_connector(app.connector.get_worker_connector()), wait=False))
"""


DELIVER = "yitong.domains.notify.jobs.deliver"
# Texts whose gateway answers once our own work is done, and not before.
WAITING = """
import threading
from yitong.domains.access import jobs as own
from yitong.domains.notify import jobs as outside
done = threading.Event()
def wait(message_id):
    if not done.wait(15):
        raise TimeoutError
own.limits.forget_full_buckets = lambda now: done.set()
outside.attempt = wait
"""


def work(before: str = "") -> list[tuple[str, str]]:
    """(task, state) of what is left, when a worker is through, of the jobs that waited when it began."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM procrastinate_jobs")
        [(last,)] = cursor.fetchall()
    environment = {
        **os.environ,
        "YITONG_DATABASE_URL": databases.url() or "",
        "DJANGO_SETTINGS_MODULE": "yitong.config.settings",
        "PYTHONPATH": f"{ROOT}/src",
    }
    script = WORK.replace("{before}", before)
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=120, capture_output=True)
    with connection.cursor() as cursor:
        # A worker that runs over a full minute brings its clock's jobs, too.
        cursor.execute("SELECT task_name, status FROM procrastinate_jobs WHERE id <= %s ORDER BY id", [last])
        return cursor.fetchall()


@pytest.mark.usefixtures("committed_db")
def test_what_is_done_goes_and_what_failed_stays() -> None:
    jobs.enqueue("yitong.domains.access.jobs.forget_what_ran_out", timestamp=0)
    jobs.enqueue("yitong.no.such.job")
    assert work() == [("yitong.no.such.job", "failed")]


@pytest.mark.usefixtures("committed_db")
def test_jobs_that_wait_for_the_outside_keep_none_of_our_own_waiting() -> None:
    for _ in range(4):
        jobs.enqueue(DELIVER, queue=jobs.OUTSIDE, message_id=str(new_id()))
    jobs.enqueue("yitong.domains.access.jobs.forget_what_ran_out", timestamp=0)
    assert work(WAITING) == []
