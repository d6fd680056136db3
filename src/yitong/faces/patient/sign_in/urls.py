from django.urls import path

from yitong.faces.patient.sign_in import views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/code/", views.code, name="sign_in_code"),
    path("sign-in/check/", views.check, name="sign_in_check"),
    path("sign-out/", views.sign_out, name="sign_out"),
]
