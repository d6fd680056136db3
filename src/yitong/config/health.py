"""Is it alive, is it ready, how does it do: for supervisors, load balancers and Prometheus."""

import os
from datetime import timedelta

import prometheus_client
from django.apps import apps
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.multiprocess import MultiProcessCollector

from yitong.config import keys
from yitong.core import clock
from yitong.core.db import keys as encryption

HEARTBEAT_LIMIT = timedelta(seconds=60)


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """This process answers. Says nothing of what it needs."""
    return JsonResponse({"status": "live"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Whether patients can be served now; 503 with reasons when they can't."""
    reasons = troubles()
    return JsonResponse(
        {"status": "not ready" if reasons else "ready", "reasons": reasons}, status=503 if reasons else 200
    )


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures of every process, when `PROMETHEUS_MULTIPROC_DIR` joins them."""
    registry = prometheus_client.REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = prometheus_client.CollectorRegistry()
        MultiProcessCollector(registry)
    return HttpResponse(prometheus_client.generate_latest(registry), content_type=prometheus_client.CONTENT_TYPE_LATEST)


def troubles() -> list[str]:
    """Codes of what keeps this place from serving, most fundamental first; empty when all is well."""
    found = ["KEYS_AMISS"] if keys.faults() else []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT NOT pg_is_in_recovery()")
            if not cursor.fetchone()[0]:
                found.append("DATABASE_READ_ONLY")
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return [*found, "MIGRATIONS_PENDING"]
        beat = apps.get_model("core", "WorkerHeartbeat").objects.order_by("-at").values_list("at", flat=True)[:1]
        latest = list(beat)
        if not found and encryption.trouble() is not None:
            found.append("KEYS_AMISS")
        if not latest or clock.now() - latest[0] > HEARTBEAT_LIMIT:
            found.append("WORKER_SILENT")
    except DatabaseError:
        found.append("DATABASE_UNREACHABLE")
    return found
