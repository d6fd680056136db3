"""What visitors ask for, drawn from the city that is served: run in a process of its own, prints JSON.

{"kinds": {kind: [path, …]}, "cookie": "…"}: each kind with many different paths; the cookie of an account that booked.
"""

import json
import os
import sys
from datetime import timedelta
from urllib.parse import quote

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yitong.config.settings")

import django

django.setup()

from yitong.core import clock  # noqa: E402
from yitong.core.actor import Actor  # noqa: E402
from yitong.core.db.scale import cross_hospital  # noqa: E402
from yitong.core.ids import new_id  # noqa: E402
from yitong.domains.booking.models import PatientBooking  # noqa: E402
from yitong.domains.booking.queries import bookings  # noqa: E402
from yitong.domains.hospitals.models import Department, Hospital, Practitioner, SearchEntry  # noqa: E402
from yitong.domains.people import models as people  # noqa: E402
from yitong.domains.people.queries import hash_of  # noqa: E402
from yitong.domains.schedule.models import ClinicSession  # noqa: E402
from yitong.faces.common.actors import ACCOUNT_COOKIE  # noqa: E402

MANY = 60


def spread(rows: list, many: int = MANY) -> list:
    """At most so many, evenly from the whole list."""
    step = max(1, len(rows) // many)
    return rows[::step][:many]


def sign_in(account_id: object) -> str:
    """A session as signing in leaves it."""
    now, token = clock.now(), f"bench-{new_id().hex}"
    device = people.Device.objects.create(
        id=new_id(),
        account_id=account_id,
        device_hash=hash_of(token),
        label="bench",
        first_seen_at=now,
        last_seen_at=now,
        confirmed_at=now,
    )
    people.AccountSession.objects.create(
        id=new_id(),
        token_hash=hash_of(token),
        account_id=account_id,
        device=device,
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    return token


def main() -> None:
    today = clock.shanghai_date(clock.now())
    with cross_hospital("draws pages of the whole city for a measurement"):
        sessions = list(
            ClinicSession.objects.filter(date__gt=today, date__lte=today + timedelta(days=7))
            .order_by("id")
            .values_list("hospital_id", "id", "department_id", "practitioner_id")
        )
    departments = spread(sorted({(h, d) for h, _, d, _ in sessions}, key=str))
    doctors = spread(sorted({(h, p) for h, _, _, p in sessions if p is not None}, key=str))
    hospitals = list(Hospital.objects.order_by("code").values_list("id", "name"))
    names = [name for _, name in hospitals]
    names += spread(sorted(Department.objects.values_list("name", flat=True).distinct()), 20)
    names += spread(sorted(Practitioner.objects.values_list("name", flat=True).distinct()), 20)
    # Terms hold name, pinyin and initials, divided by blanks; the shortest latin word of each entry is its initials.
    terms = spread(list(SearchEntry.objects.order_by("item_id").values_list("terms", flat=True)), 40)
    initials = [min((w for w in t.split() if w.isascii()), key=len, default="nk") for t in terms]
    booked = set(PatientBooking.objects.values_list("patient_id", flat=True))
    links = people.AccountPatient.objects.filter(patient_id__in=booked).order_by("account_id")
    account_id = links.values_list("account_id", flat=True)[0]
    mine = bookings.list_my_bookings(Actor.for_account(account_id), now=clock.now())
    kinds = {
        "home": ["/"],
        "search": [f"/search/?q={quote(name)}" for name in names],
        "pinyin": [f"/search/?q={quote(word[:8])}" for word in initials],
        "suggest": [f"/search/suggest/?q={quote(name[:2])}" for name in names],
        "hospital": [f"/hospitals/{h}/" for h, _ in hospitals],
        "department": [f"/hospitals/{h}/departments/{d}/" for h, d in departments],
        "doctor": [f"/hospitals/{h}/doctors/{p}/" for h, p in doctors],
        "session": [f"/hospitals/{h}/sessions/{s}/" for h, s, _, _ in spread(sessions)],
        "my_bookings": ["/bookings/"],
        "my_booking": [f"/bookings/{one.hospital_id}/{one.booking_id}/" for one in mine],
    }
    json.dump({"kinds": kinds, "cookie": f"{ACCOUNT_COOKIE}={sign_in(account_id)}"}, sys.stdout)


main()
