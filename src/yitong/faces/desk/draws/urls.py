from django.urls import path

from yitong.faces.desk.draws import views

urlpatterns = [
    path("", views.draws, name="draws"),
    path("<uuid:draw_id>/", views.draw, name="draw"),
]
