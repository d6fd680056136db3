from django.urls import path

from yitong.faces.desk.today import views

urlpatterns = [
    path("", views.today, name="today"),
    path("week/", views.week, name="week"),
]
