from django.urls import path

from yitong.faces.desk.notices import terminals, views

urlpatterns = [
    path("announcements/", views.announcements, name="announcements"),
    path("announcements/<uuid:announcement_id>/withdraw/", views.withdraw, name="withdraw"),
    path("first-visit/", views.guide, name="guide"),
    path("terminals/", terminals.terminals, name="terminals"),
    path("terminals/<uuid:terminal_id>/close/", terminals.close, name="terminal_close"),
]
