from django.urls import path

from yitong.faces.desk.roster import moves, views

urlpatterns = [
    path("", views.roster, name="roster"),
    path("add/", views.add, name="roster_add"),
    path("generate/", views.generate, name="generate"),
    path("<uuid:line_id>/move/", moves.move, name="roster_move"),
    path("<uuid:line_id>/end/", views.end, name="roster_end"),
]
