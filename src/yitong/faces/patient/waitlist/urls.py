from django.urls import path

from yitong.faces.patient.waitlist import views

urlpatterns = [
    path("book/waitlist/<uuid:hospital_id>/<uuid:session_id>/", views.join, name="waitlist_join"),
    path("bookings/waitlist/", views.waitlist, name="waitlist"),
    path("bookings/waitlist/<uuid:entry_id>/", views.entry, name="waitlist_entry"),
    path("bookings/waitlist/<uuid:entry_id>/answer/", views.answer, name="waitlist_answer"),
    path("bookings/waitlist/<uuid:entry_id>/change/", views.change, name="waitlist_change"),
    path("bookings/waitlist/<uuid:entry_id>/withdraw/", views.withdraw, name="waitlist_withdraw"),
]
