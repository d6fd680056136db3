from django.urls import path

from yitong.faces.patient.draws import views

urlpatterns = [
    path("draws/check/", views.check, name="draw_check"),
    path("draws/check/file/", views.check_file, name="draw_check_file"),
    path("draws/<uuid:hospital_id>/<uuid:draw_id>/", views.draw, name="draw"),
    path("draws/<uuid:hospital_id>/<uuid:draw_id>/file/", views.file, name="draw_file"),
    path("draws/<uuid:hospital_id>/<uuid:draw_id>/apply/", views.apply, name="draw_apply"),
    path("me/draws/", views.mine, name="draws"),
    path("me/draws/<uuid:hospital_id>/<uuid:entry_id>/", views.entry, name="draw_entry"),
    path("me/draws/<uuid:hospital_id>/<uuid:entry_id>/change/", views.change, name="draw_change"),
    path("me/draws/<uuid:hospital_id>/<uuid:entry_id>/wait/", views.wait, name="draw_wait"),
    path("me/draws/<uuid:hospital_id>/<uuid:entry_id>/withdraw/", views.withdraw, name="draw_withdraw"),
]
