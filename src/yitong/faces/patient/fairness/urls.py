from django.urls import path

from yitong.faces.patient.fairness import views

urlpatterns = [path("fairness/", views.fairness, name="fairness")]
