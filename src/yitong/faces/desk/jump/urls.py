from django.urls import path

from yitong.faces.desk.jump import views

urlpatterns = [
    path("jump/", views.jump, name="jump"),
    path("jump/suggest/", views.suggest, name="suggest"),
    path("keys/", views.keys, name="keys"),
]
