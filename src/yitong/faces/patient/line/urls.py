from django.urls import path

from yitong.faces.patient.line import views

urlpatterns = [
    path("<uuid:hospital_id>/<uuid:department_id>/", views.line, name="line"),
]
