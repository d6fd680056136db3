from django.urls import path

from yitong.faces.office.appeals import views

urlpatterns = [
    path("", views.appeals, name="appeals"),
    path("reviews/<uuid:review_id>/", views.review, name="review"),
    path("<uuid:lock_id>/", views.appeal, name="appeal"),
]
