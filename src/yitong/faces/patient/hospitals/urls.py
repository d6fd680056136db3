from django.urls import path

from yitong.faces.patient.hospitals import guide, reminding, views

urlpatterns = [
    path("<uuid:hospital_id>/", views.hospital, name="hospital"),
    path("<uuid:hospital_id>/release.ics", reminding.release, name="release_calendar"),
    path("<uuid:hospital_id>/guide/", guide.guide, name="guide"),
    path("<uuid:hospital_id>/departments/<uuid:department_id>/", views.department, name="department"),
    path("<uuid:hospital_id>/doctors/<uuid:practitioner_id>/", views.doctor, name="doctor"),
    path("<uuid:hospital_id>/sessions/<uuid:session_id>/", views.session, name="session"),
]
