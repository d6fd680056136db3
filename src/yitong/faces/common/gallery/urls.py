from django.urls import path

from yitong.faces.common.gallery import views

app_name = "gallery"
urlpatterns = [
    path("gallery/", views.gallery, name="gallery"),
    path("gallery/suggest/", views.suggest, name="suggest"),
    path("gallery/undo/", views.undo, name="undo"),
    path("gallery/desk/", views.work, name="work"),
    path("gallery/desk/said/", views.said, name="said"),
    path("gallery/desk/live/", views.live, name="live"),
]
