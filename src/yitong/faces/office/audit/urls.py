from django.urls import path

from yitong.faces.office.audit import views

urlpatterns = [
    path("", views.events, name="events"),
    path("reads/", views.reads, name="reads"),
    path("log/", views.log, name="log"),
    path("log/<str:log>/<str:shard>/", views.days, name="log_days"),
    path("letters/", views.letters, name="letters"),
    path("letters/settle/", views.settle, name="letter_settle"),
]
