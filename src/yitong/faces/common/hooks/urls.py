from django.urls import path

from yitong.faces.common.hooks import views

app_name = "hooks"
urlpatterns = [path("hooks/sms/", views.sms, name="sms")]
