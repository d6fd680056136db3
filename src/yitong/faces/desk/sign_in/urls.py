from django.urls import path

from yitong.faces.desk.sign_in import own, provider, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/invite/", views.invite, name="invite"),
    path("sign-in/provider/back/", provider.back, name="provider_back"),
    path("sign-in/provider/<uuid:hospital_id>/", provider.start, name="provider"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("switch/", views.switch, name="switch"),
    path("place/", views.place, name="place"),
    path("me/", own.me, name="me"),
    path("me/password/", own.password, name="password"),
    path("me/pin/", own.pin, name="pin"),
    path("me/second-factor/", own.second_factor, name="second_factor"),
]
