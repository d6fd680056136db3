from django.urls import path

from yitong.faces.office.staff import views

urlpatterns = [
    path("", views.staff, name="staff"),
    path("add/", views.add, name="staff_add"),
    path("administrators/", views.administrators, name="administrators"),
    path("administrators/add/", views.add_administrator, name="administrator_add"),
    path("<uuid:staff_id>/", views.member, name="member"),
    path("<uuid:staff_id>/roles/give/", views.give, name="role_give"),
    path("<uuid:staff_id>/roles/end/", views.end, name="role_end"),
    path("<uuid:staff_id>/invite/", views.invite, name="invite_again"),
    path("<uuid:staff_id>/second-factor/clear/", views.clear_factor, name="factor_clear"),
    path("<uuid:staff_id>/leave/", views.leave, name="leave"),
]
