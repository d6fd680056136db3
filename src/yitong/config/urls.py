"""Every address space, one line each."""

from django.urls import URLPattern, URLResolver, include, path

from yitong.config import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("metrics", health.metrics, name="metrics"),
    path("api/", include("yitong.faces.api.urls")),
    path("desk/", include("yitong.faces.desk.urls")),
    path("office/", include("yitong.faces.office.urls")),
    path("", include("yitong.faces.patient.urls")),
    path("", include("yitong.faces.common.preferences.urls")),
    path("", include("yitong.faces.common.outbox.urls")),
    path("", include("yitong.faces.common.hooks.urls")),
    path("", include("yitong.faces.common.gallery.urls")),
]

handler400 = "yitong.faces.common.refusals.bad_request"
handler403 = "yitong.faces.common.refusals.forbidden"
handler404 = "yitong.faces.common.refusals.not_found"
handler500 = "yitong.faces.common.refusals.server_error"
