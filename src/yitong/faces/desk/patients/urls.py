from django.urls import path

from yitong.faces.desk.patients import arrive, phone, views, window

urlpatterns = [
    path("find/", views.find, name="find"),
    path("patients/<uuid:patient_id>/", views.patient, name="patient"),
    path("patients/<uuid:patient_id>/number/", views.number, name="number"),
    path("patients/<uuid:patient_id>/number/wrong/", views.number_wrong, name="number_wrong"),
    path("patients/<uuid:patient_id>/phone/", phone.phone, name="phone"),
    path("arrive/", arrive.arrive, name="arrive"),
    path("window/", window.register, name="window"),
    path("window/<uuid:patient_id>/", window.sessions, name="window_sessions"),
    path("window/<uuid:patient_id>/<uuid:session_id>/", window.slots, name="window_slots"),
    path("window/<uuid:patient_id>/slot/<uuid:slot_id>/", window.confirm, name="window_confirm"),
]
