from django.urls import path

from yitong.faces.desk.staff import views

urlpatterns = [
    path("", views.staff_list, name="staff"),
    path("add/", views.add, name="staff_add"),
    path("import/", views.import_file, name="staff_import"),
    path("<uuid:staff_id>/", views.member, name="staff_member"),
    path("<uuid:staff_id>/role/", views.give_role, name="staff_role"),
    path("<uuid:staff_id>/role/end/", views.end_role, name="staff_role_end"),
    path("<uuid:staff_id>/invite/", views.invite_again, name="staff_invite"),
    path("<uuid:staff_id>/second-factor/", views.clear_second_factor, name="staff_second_factor"),
    path("<uuid:staff_id>/leave/", views.leave, name="staff_leave"),
]
