from django.urls import path

from yitong.faces.office.fairness import views

urlpatterns = [
    path("", views.fairness, name="fairness"),
    path("alarms/<uuid:alarm_id>/", views.alarm, name="alarm"),
]
