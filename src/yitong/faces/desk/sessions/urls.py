from django.urls import path

from yitong.faces.desk.sessions import bookings, changes, views, waiting

urlpatterns = [
    path("sessions/<uuid:session_id>/", views.session, name="session"),
    path("sessions/<uuid:session_id>/news/", views.news, name="session_news"),
    path("sessions/<uuid:session_id>/list/", views.print_list, name="print_list"),
    path("sessions/<uuid:session_id>/waitlist/", waiting.waiting, name="waiting"),
    path("sessions/<uuid:session_id>/stop/", changes.stop, name="stop"),
    path("sessions/<uuid:session_id>/substitute/", changes.substitute, name="substitute"),
    path("sessions/<uuid:session_id>/room/", changes.room, name="room"),
    path("sessions/<uuid:session_id>/pools/", changes.pools, name="pools"),
    path("sessions/<uuid:session_id>/extra/", changes.extra, name="extra"),
    path("bookings/<uuid:booking_id>/", bookings.booking, name="booking"),
    path("bookings/<uuid:booking_id>/check-in/", bookings.check_in, name="check_in"),
    path("bookings/<uuid:booking_id>/cancel/", bookings.cancel, name="cancel"),
    path("bookings/<uuid:booking_id>/slip/", bookings.slip, name="slip"),
]
