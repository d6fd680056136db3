from django.urls import path

from yitong.faces.common.outbox import views

app_name = "outbox"
urlpatterns = [path("outbox/", views.outbox, name="outbox")]
