from django.urls import path

from yitong.faces.patient.messages import views

urlpatterns = [
    path("", views.messages, name="messages"),
    path("read/", views.mark_read, name="messages_read"),
    path("unread/", views.mark_unread, name="messages_unread"),
]
