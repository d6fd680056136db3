from django.urls import path

from yitong.faces.office.notices import views

urlpatterns = [
    path("", views.announcements, name="announcements"),
    path("<uuid:announcement_id>/withdraw/", views.withdraw, name="announcement_withdraw"),
]
