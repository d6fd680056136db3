from django.urls import path

from yitong.faces.desk.rules import views

urlpatterns = [
    path("", views.rules, name="rules"),
    path("<str:policy>/", views.rule, name="rule"),
]
