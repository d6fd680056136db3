from django.urls import path

from yitong.faces.office.channels import views

urlpatterns = [
    path("", views.channels, name="channels"),
    path("add/", views.add, name="channel_add"),
    path("<uuid:channel_id>/", views.channel, name="channel"),
    path("<uuid:channel_id>/terms/", views.change, name="channel_change"),
    path("<uuid:channel_id>/keys/", views.make_key, name="channel_key"),
    path("<uuid:channel_id>/keys/<uuid:key_id>/revoke/", views.revoke_key, name="channel_key_revoke"),
    path("<uuid:channel_id>/suspend/", views.switch, {"to": "suspend"}, name="channel_suspend"),
    path("<uuid:channel_id>/resume/", views.switch, {"to": "resume"}, name="channel_resume"),
    path("<uuid:channel_id>/revoke/", views.switch, {"to": "revoke"}, name="channel_revoke"),
]
