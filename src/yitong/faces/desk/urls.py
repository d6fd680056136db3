"""The desk's pages, by topic."""

from django.urls import include, path

app_name = "desk"
urlpatterns = [
    path("", include("yitong.faces.desk.today.urls")),
    path("", include("yitong.faces.desk.sign_in.urls")),
    path("", include("yitong.faces.desk.sessions.urls")),
    path("", include("yitong.faces.desk.patients.urls")),
    path("", include("yitong.faces.desk.jump.urls")),
    path("hospital/", include("yitong.faces.desk.hospital.urls")),
    path("stops/", include("yitong.faces.desk.stops.urls")),
    path("draws/", include("yitong.faces.desk.draws.urls")),
    path("roster/", include("yitong.faces.desk.roster.urls")),
    path("staff/", include("yitong.faces.desk.staff.urls")),
    path("rules/", include("yitong.faces.desk.rules.urls")),
    path("", include("yitong.faces.desk.notices.urls")),
    path("duplicates/", include("yitong.faces.desk.duplicates.urls")),
]
