"""Structured logs: one JSON line for each event, with the trace id of the request; ids only, never a person's data."""

import logging
import logging.config
import sys
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any, ClassVar, TextIO

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from yitong.config import environment

QUIET_ROUTES = frozenset({"live", "ready", "metrics"})

log = structlog.get_logger("yitong.request")


def configure() -> None:
    """Our own events and those of libraries leave as the same JSON lines on standard error; our own without the detour
    through `logging`, which took a request's line three times as long."""
    Lines.stream = sys.stderr
    level = environment.one_of("YITONG_LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL")
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_exception,
    ]
    written = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, written],
        logger_factory=lambda *name: Lines(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, _foreign],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, written],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not getattr(h, "yitong", False)]
    handler.yitong = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(level)
    for name in ("django.request", "django.server", "django.security", "httpx", "httpcore", "procrastinate"):
        logging.getLogger(name).setLevel("ERROR" if name.startswith("django") else "WARNING")
    logging.getLogger("django.request").setLevel("CRITICAL")  # our own line below says it, without the path


class Lines:
    """Each event as one line. As in `logging`, a full disk or a closed stream loses the line and stops no work."""

    stream: ClassVar[TextIO] = sys.stderr

    @classmethod
    def msg(cls, line: str) -> None:
        with suppress(OSError, ValueError):
            cls.stream.write(f"{line}\n")
            cls.stream.flush()

    debug = info = warning = error = critical = msg


def _name_exception(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception's kind and places. Its message may hold a row's values, so it stays out."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    elif isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if info and info[0] is not None:
        frames = []
        at = info[2]
        while at is not None:
            code = at.tb_frame.f_code
            frames.append(f"{code.co_filename.rsplit('/yitong/', 1)[-1]}:{at.tb_lineno} {code.co_qualname}")
            at = at.tb_next
        event["error"] = f"{info[0].__module__}.{info[0].__qualname__}"
        event["frames"] = frames[-12:]
    return event


def _foreign(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = event.get("_record")
    if record is not None:
        event["logger"] = record.name
    return event


class RequestLog:
    """One line a request: route name, status, time. Never the path, never the query. Stands below the trace id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - started
        match = request.resolver_match
        route = (match.view_name or "unnamed") if match else "none"
        status = response.status_code
        self._count(request.method or "", route, status, seconds)
        if route not in QUIET_ROUTES:
            write = log.error if status >= 500 else log.info
            write("request", method=request.method, route=route, status=status, ms=round(seconds * 1000, 1))
        return response

    @staticmethod
    def _count(method: str, route: str, status: int, seconds: float) -> None:
        from yitong.config import metrics

        metrics.requests.labels(method, route, str(status)).inc()
        metrics.request_seconds.labels(route).observe(seconds)
