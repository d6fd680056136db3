from django.urls import path

from yitong.faces.patient.check import views

urlpatterns = [
    path("me/check/", views.check, name="check"),
    path("me/check/code/", views.code, name="check_code"),
    path("me/check/review/", views.review, name="check_review"),
    path("me/check/how/", views.how, name="check_how"),
]
