"""The worker: jobs (Procrastinate), sweeps, the relay of events, the sealer, and a sign of life for `/health/ready`."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterable

import structlog

HEARTBEAT_S = 10
JOBS_AT_ONCE = 2  # of each share
STALLED_AFTER_S = 30

log = structlog.get_logger("yitong.worker")


def run() -> None:
    """Until SIGTERM or SIGINT. Needs Django to be set up."""
    from procrastinate.contrib.django import app as django_app

    from yitong.core.db import relay, sealing, sweeps

    stop = threading.Event()
    threads = [
        threading.Thread(target=relay.run, args=(stop,), name="relay"),
        threading.Thread(target=sealing.run, args=(stop,), name="sealer"),
        threading.Thread(target=sweeps.run, args=(stop,), name="sweeps"),
        threading.Thread(target=_beat, args=(stop,), name="heartbeat"),
    ]
    for thread in threads:
        thread.start()
    log.info("worker.started")
    try:
        worker_connector = django_app.connector.get_worker_connector()  # type: ignore[attr-defined]
        app = django_app.with_connector(worker_connector)
        asyncio.run(_work(app))
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=10)
        log.info("worker.stopped")


async def _work(app, *, wait: bool = True) -> None:  # type: ignore[no-untyped-def]
    """Until it is told to stop, or (without `wait`) all is done. What is done well goes: jobs are no history, events
    are. What failed stays to be looked at.

    Jobs that wait for a partner's answer are a share apart: were they to take all hands while the line to the outside
    is dead, releases would wait behind them.
    """
    from procrastinate import signals

    from yitong.core.db.jobs import OUTSIDE

    own = {task.queue for task in app.tasks.values()} - {OUTSIDE}
    async with app.open_async():
        taking_up = asyncio.create_task(_take_up_stalled(app))
        try:
            async with asyncio.TaskGroup() as group:
                shares = [group.create_task(_share(app, queues, wait=wait)) for queues in (own, {OUTSIDE})]

                def end() -> None:  # each ends what it has begun
                    for share in shares:
                        share.cancel()

                with signals.on_stop(end):
                    await asyncio.wait(shares)
        finally:
            taking_up.cancel()


async def _share(app, queues: set[str], *, wait: bool) -> None:  # type: ignore[no-untyped-def]
    await app.run_worker_async(
        queues=sorted(queues),
        concurrency=JOBS_AT_ONCE,
        install_signal_handlers=False,  # one handler for each signal is all that a process has
        shutdown_graceful_timeout=10,
        stalled_worker_timeout=STALLED_AFTER_S,
        name=worker_name(),
        delete_jobs="successful",
        wait=wait,
    )


async def _take_up_stalled(app) -> None:  # type: ignore[no-untyped-def]
    """Jobs of a killed worker go back into the queue."""
    while True:
        try:
            stalled: Iterable = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S)
            for job in stalled:
                log.warning("worker.job_taken_up", task=job.task_name, job_id=job.id)
                await app.job_manager.retry_job(job)
        except Exception:
            log.exception("worker.watch_failed")
        await asyncio.sleep(STALLED_AFTER_S)


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _beat(stop: threading.Event) -> None:
    """Says that this worker lives, and forgets those silent for a day."""
    from datetime import timedelta

    from django.db import connection

    from yitong.core import clock
    from yitong.core.db.models import WorkerHeartbeat

    name = worker_name()
    while True:
        try:
            now = clock.now()
            WorkerHeartbeat.objects.update_or_create(name=name, defaults={"at": now})
            WorkerHeartbeat.objects.filter(at__lt=now - timedelta(days=1)).delete()
        except Exception:
            log.exception("worker.heartbeat_failed")
            connection.close()
        if stop.wait(HEARTBEAT_S):
            connection.close()
            return
