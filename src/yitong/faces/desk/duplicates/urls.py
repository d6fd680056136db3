from django.urls import path

from yitong.faces.desk.duplicates import views

urlpatterns = [
    path("", views.candidates, name="duplicates"),
    path("<uuid:candidate_id>/", views.candidate, name="duplicate"),
    path("patients/<uuid:patient_id>/", views.merges, name="merges"),
]
