"""What a worker leaves behind of its jobs, on real commits."""

import asyncio

import pytest
from django.db import connection
from procrastinate.contrib.django import app as django_app

from yitong.cli import worker
from yitong.core.db import jobs


@pytest.mark.usefixtures("committed_db")
def test_what_is_done_goes_and_what_failed_stays() -> None:
    jobs.enqueue("builtin:procrastinate.builtin_tasks.remove_old_jobs", queue="builtin", max_hours=1)
    jobs.enqueue("yitong.no.such.job")
    app = django_app.with_connector(django_app.connector.get_worker_connector())  # type: ignore[attr-defined]
    asyncio.run(worker._work(app, wait=False))
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status FROM procrastinate_jobs")
        assert cursor.fetchall() == [("yitong.no.such.job", "failed")]
