from django.urls import path

from yitong.faces.patient.booking import along, first, views

urlpatterns = [
    path("book/<uuid:hospital_id>/<uuid:slot_id>/", views.book, name="book"),
    path("book/<uuid:hospital_id>/<uuid:slot_id>/first/", first.begin, name="book_first"),
    path("book/<uuid:hospital_id>/<uuid:slot_id>/first/<str:token>/", first.wait, name="book_wait"),
    path("bookings/", views.bookings, name="bookings"),
    path("bookings/<uuid:hospital_id>/<uuid:booking_id>/", views.booking, name="booking"),
    path("bookings/<uuid:hospital_id>/<uuid:booking_id>/calendar.ics", along.calendar, name="booking_calendar"),
    path("bookings/<uuid:hospital_id>/<uuid:booking_id>/share/", along.share, name="booking_share"),
    path("bookings/<uuid:hospital_id>/<uuid:booking_id>/cancel/", views.cancel, name="cancel"),
    path("bookings/<uuid:hospital_id>/<uuid:booking_id>/move/", views.move_day, name="move"),
    path(
        "bookings/<uuid:hospital_id>/<uuid:booking_id>/move/<uuid:session_id>/", views.move_window, name="move_window"
    ),
    path(
        "bookings/<uuid:hospital_id>/<uuid:booking_id>/move/to/<uuid:slot_id>/", views.move_confirm, name="move_confirm"
    ),
]
