from django.urls import path

from yitong.faces.common.gallery import views

app_name = "gallery"
urlpatterns = [path("gallery/", views.gallery, name="gallery")]
