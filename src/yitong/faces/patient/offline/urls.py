from django.urls import path

from yitong.faces.patient.offline import views

urlpatterns = [
    path("service-worker.js", views.worker, name="worker"),
    path("offline/", views.offline, name="offline"),
    path("offline/card/", views.card, name="offline_card"),
]
