from django.urls import path

from yitong.faces.office.hospitals import views

urlpatterns = [
    path("", views.hospitals, name="hospitals"),
    path("add/", views.add, name="hospital_add"),
    path("<uuid:hospital_id>/", views.hospital, name="hospital"),
    path("<uuid:hospital_id>/switch/", views.switch, name="hospital_switch"),
]
