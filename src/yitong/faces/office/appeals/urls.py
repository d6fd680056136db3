from django.urls import path

from yitong.faces.office.appeals import views

urlpatterns = [
    path("", views.appeals, name="appeals"),
    path("<uuid:lock_id>/", views.appeal, name="appeal"),
]
