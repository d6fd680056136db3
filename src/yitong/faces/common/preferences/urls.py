from django.urls import path

from yitong.faces.common.preferences import views

app_name = "preferences"
urlpatterns = [path("preferences/", views.save, name="save")]
