from django.urls import path

from yitong.faces.desk.stops import views

urlpatterns = [
    path("", views.stops, name="stops"),
    path("new/", views.new, name="stop_new"),
    path("<uuid:stoppage_id>/", views.stoppage, name="stoppage"),
    path("<uuid:stoppage_id>/undo/", views.undo, name="stop_undo"),
]
