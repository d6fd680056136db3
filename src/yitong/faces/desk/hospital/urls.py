from django.urls import path

from yitong.faces.desk.hospital import fees, places, practitioners, provider, views

urlpatterns = [
    path("", views.setup, name="setup"),
    path("facts/", views.facts, name="facts"),
    path("campuses/", places.campuses, name="campuses"),
    path("campuses/add/", places.campus_add, name="campus_add"),
    path("campuses/<uuid:campus_id>/", places.campus, name="campus"),
    path("campuses/<uuid:campus_id>/remove/", places.campus_remove, name="campus_remove"),
    path("departments/", places.departments, name="departments"),
    path("departments/add/", places.department_add, name="department_add"),
    path("departments/<uuid:department_id>/", places.department, name="department"),
    path("doctors/", practitioners.practitioners, name="practitioners"),
    path("doctors/add/", practitioners.practitioner_add, name="practitioner_add"),
    path("doctors/<uuid:practitioner_id>/", practitioners.practitioner, name="practitioner"),
    path("doctors/<uuid:practitioner_id>/staff/", practitioners.bind, name="practitioner_bind"),
    path("fees/", fees.fees, name="fees"),
    path("sign-in/", provider.provider, name="own_sign_in"),
    path("sign-in/drop/", provider.drop, name="own_sign_in_drop"),
]
