"""The patient's pages, by topic."""

from django.urls import include, path

from yitong.faces.patient.hospitals import soon

app_name = "patient"
urlpatterns = [
    path("hospitals/", include("yitong.faces.patient.hospitals.urls")),
    path("", include("yitong.faces.patient.home.urls")),
    path("soon/<str:code>/", soon.soon, name="soon"),
    path("", include("yitong.faces.patient.booking.urls")),
    path("", include("yitong.faces.patient.waitlist.urls")),
    path("", include("yitong.faces.patient.draws.urls")),
    path("lines/", include("yitong.faces.patient.line.urls")),
    path("", include("yitong.faces.patient.sign_in.urls")),
    path("me/people/", include("yitong.faces.patient.people.urls")),
    path("messages/", include("yitong.faces.patient.messages.urls")),
    path("", include("yitong.faces.patient.me.urls")),
    path("", include("yitong.faces.patient.check.urls")),
    path("", include("yitong.faces.patient.fairness.urls")),
    path("", include("yitong.faces.patient.offline.urls")),
]
