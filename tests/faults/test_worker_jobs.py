"""What a worker leaves behind of its jobs, on real commits."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from yitong.config import databases
from yitong.core.db import jobs

ROOT = Path(__file__).resolve().parents[2]
# A worker, until there is nothing to do.
WORK = """
import asyncio, django
django.setup()
from procrastinate.contrib.django import app
from yitong.cli import worker
asyncio.run(worker._work(app.with_connector(app.connector.get_worker_connector()), wait=False))
"""


@pytest.mark.usefixtures("committed_db")
def test_what_is_done_goes_and_what_failed_stays() -> None:
    jobs.enqueue("yitong.domains.access.jobs.forget_what_ran_out", timestamp=0)
    jobs.enqueue("yitong.no.such.job")
    environment = {
        **os.environ,
        "YITONG_DATABASE_URL": databases.url() or "",
        "DJANGO_SETTINGS_MODULE": "yitong.config.settings",
        "PYTHONPATH": f"{ROOT}/src",
    }
    subprocess.run([sys.executable, "-c", WORK], env=environment, check=True, timeout=120, capture_output=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status FROM procrastinate_jobs")
        assert cursor.fetchall() == [("yitong.no.such.job", "failed")]
