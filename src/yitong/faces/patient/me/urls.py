from django.urls import path

from yitong.faces.patient.me import views

urlpatterns = [
    path("me/", views.me, name="me"),
    path("me/devices/", views.devices, name="devices"),
    path("me/devices/<uuid:device_id>/revoke/", views.revoke, name="device_revoke"),
    path("me/phone/", views.phone, name="phone"),
    path("me/phone/codes/", views.phone_codes, name="phone_codes"),
    path("me/appeal/", views.appeal, name="appeal"),
    path("me/reads/", views.reads, name="reads"),
    path("me/data/", views.data, name="data"),
    path("me/data/export/", views.export, name="data_export"),
    path("me/data/erase/", views.erase, name="data_erase"),
    path("settings/", views.settings, name="settings"),
]
