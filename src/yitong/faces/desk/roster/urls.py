from django.urls import path

from yitong.faces.desk.roster import views

urlpatterns = [
    path("", views.roster, name="roster"),
    path("add/", views.add, name="roster_add"),
    path("generate/", views.generate, name="generate"),
    path("<uuid:line_id>/end/", views.end, name="roster_end"),
]
