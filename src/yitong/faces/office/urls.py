"""The office's pages, by topic."""

from django.urls import include, path

from yitong.faces.office import views

app_name = "office"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("", include("yitong.faces.office.figures.urls")),
    path("fairness/", include("yitong.faces.office.fairness.urls")),
    path("hospitals/", include("yitong.faces.office.hospitals.urls")),
    path("policies/", include("yitong.faces.office.policies.urls")),
    path("channels/", include("yitong.faces.office.channels.urls")),
    path("staff/", include("yitong.faces.office.staff.urls")),
    path("audit/", include("yitong.faces.office.audit.urls")),
    path("announcements/", include("yitong.faces.office.notices.urls")),
    path("appeals/", include("yitong.faces.office.appeals.urls")),
]
