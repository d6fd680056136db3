"""Health, metrics, logs and the command line itself."""

import io
import json
import logging
from datetime import timedelta

import pytest
import structlog
from click.testing import CliRunner
from django.test import Client

from yitong.cli.main import main
from yitong.config import health
from yitong.config.logging import configure
from yitong.core import clock
from yitong.core.db.models import WorkerHeartbeat


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    before = logging.getLogger().handlers[:]
    configure()
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().handlers = before


@pytest.mark.usefixtures("db")
def test_ready_needs_a_worker_that_lives(client: Client) -> None:
    assert client.get("/health/ready").json() == {"status": "not ready", "reasons": ["WORKER_SILENT"]}
    beat = WorkerHeartbeat.objects.create(name="here", at=clock.now())
    assert client.get("/health/ready").status_code == 200
    beat.at -= health.HEARTBEAT_LIMIT + timedelta(seconds=1)
    beat.save()
    assert client.get("/health/ready").status_code == 503


def test_live_and_metrics_need_no_database(client: Client) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    assert b"yitong_requests_total" in client.get("/metrics").content


@pytest.mark.usefixtures("db")
def test_request_line_has_route_and_trace_but_no_path_or_query(client: Client, log_lines) -> None:
    answer = client.get("/nowhere/13800000000?q=王小明", headers={"X-Trace-Id": "abcdef0123456789"})
    assert answer.headers["X-Trace-Id"] == "abcdef0123456789"
    (line,) = [line for line in log_lines() if line["event"] == "request"]
    assert line.items() >= {"method": "GET", "route": "none", "status": 404, "trace_id": "abcdef0123456789"}.items()
    assert "13800000000" not in str(log_lines())
    assert "王小明" not in str(log_lines())


def test_exception_is_logged_without_its_message(log_lines) -> None:
    try:
        raise ValueError("王小明")
    except ValueError:
        structlog.get_logger("yitong.probe").exception("probe.failed", subject_id="7")
        logging.getLogger("elsewhere").exception("library.failed")
    ours, theirs = log_lines()
    assert ours["event"] == "probe.failed"
    assert ours["error"] == theirs["error"] == "builtins.ValueError"
    assert "test_exception_is_logged_without_its_message" in ours["frames"][-1]
    assert theirs["logger"] == "elsewhere"
    assert "王小明" not in str([ours, theirs])


def test_help_reads_like_a_manual() -> None:
    said = CliRunner().invoke(main, ["--help"]).output
    for word in ("yitong up", "YITONG_DATABASE_URL", "DATA_DIR", "CITY", "PORT", "doctor", "migrate", "audit", "bench"):
        assert word in said
    for command in main.commands.values():
        assert command.hidden or command.get_short_help_str()


def test_unknown_bench_names_what_there_is() -> None:
    result = CliRunner().invoke(main, ["bench", "nonsense"])
    assert result.exit_code == 2
    assert "Known:" in result.output
