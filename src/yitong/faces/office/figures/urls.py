from django.urls import path

from yitong.faces.office.figures import views

urlpatterns = [
    path("", views.home, name="home"),
    path("figures.csv", views.file, name="figures_file"),
]
