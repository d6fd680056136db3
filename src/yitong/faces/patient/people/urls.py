from django.urls import path

from yitong.faces.patient.people import views

urlpatterns = [
    path("", views.people_list, name="people"),
    path("add/", views.add, name="person_add"),
    path("<uuid:patient_id>/", views.person, name="person"),
    path("<uuid:patient_id>/verify/", views.verify, name="person_verify"),
    path("<uuid:patient_id>/number/<uuid:hospital_id>/", views.ask_number, name="person_number"),
    path("<uuid:patient_id>/remove/", views.remove, name="person_remove"),
    path("<uuid:patient_id>/code/", views.code, name="person_code"),
    path("<uuid:patient_id>/reads/", views.reads, name="person_reads"),
]
