"""Other doors to the same slots, run by `test_counters_together`: `python -m tests.faults.writers_beside WHO PLAN`.

`desk` books by `hold_slot`: at the window for patients of the plan, and online as their accounts would. `sql` writes
the rows itself, as somebody with psql who knows no more than the tables: the booking, the patient's side, the days that
count. PLAN is JSON: seconds, slots with what a booking repeats of them, people. Prints how often each thing happened.
"""

import json
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

SEEDS = {"desk": 3, "sql": 5}
DIRECT = "system:psql"

INSERT = """
INSERT INTO booking_booking (hospital_id, id, slot_id, session_id, patient_id, campus_id, department_id, clinic_kind,
  visit_date, starts_at, ends_at, number, pool, is_extra, is_first_visit, state, live, code, code_open, fee_fen,
  payment, channel, actor, key, digest, patient_name, created_at)
SELECT s.hospital_id, gen_random_uuid(), s.id, s.session_id, %(patient_id)s, c.campus_id, c.department_id,
  c.clinic_kind, c.date, s.starts_at, s.ends_at, s.number, s.pool, false, true, 'confirmed', true, %(code)s, true,
  c.fee_fen, 'at_visit', 'web', %(actor)s, %(key)s, '\\x00', '\\x00', now()
FROM schedule_slot s JOIN schedule_clinic_session c ON c.hospital_id = s.hospital_id AND c.id = s.session_id
WHERE s.hospital_id = %(hospital_id)s AND s.id = %(slot_id)s RETURNING id
"""
PATIENT_SIDE = """
INSERT INTO booking_patient_booking (patient_id, id, hospital_id, department_id, visit_date, starts_at, ends_at, state,
  live)
SELECT patient_id, id, hospital_id, department_id, visit_date, starts_at, ends_at, state, live FROM booking_booking
WHERE hospital_id = %(hospital_id)s AND id = %(booking_id)s
"""
COUNT = """
UPDATE people_booking_limits SET live_days = ARRAY(SELECT day FROM unnest(live_days || (
  SELECT visit_date FROM booking_booking WHERE hospital_id = %(hospital_id)s AND id = %(booking_id)s)) AS held(day)
  ORDER BY day)
WHERE patient_id = %(patient_id)s
"""


def desk(plan: dict[str, Any], chance: random.Random) -> Counter[str]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yitong.config.settings")
    import django

    django.setup()
    from yitong.core import clock
    from yitong.core.actor import Actor, Role
    from yitong.core.errors import Refusal
    from yitong.core.ids import new_id
    from yitong.domains.booking.commands import claim
    from yitong.domains.booking.contracts import HoldSlot

    done: Counter[str] = Counter()
    until = time.monotonic() + plan["seconds"]
    while time.monotonic() < until:
        slot, person = chance.choice(plan["slots"]), chance.choice(plan["people"])
        hospital_id = UUID(slot["hospital_id"])
        if slot["pool"] == "onsite":
            actor = Actor.for_staff(new_id(), roles=frozenset({Role("registrar", hospital_id)}))
        else:
            actor = Actor.for_account(UUID(person["account_id"]))
        cmd = HoldSlot(f"desk-{new_id()}", hospital_id, UUID(slot["slot_id"]), UUID(person["patient_id"]))
        try:
            claim.hold_slot(cmd, actor=actor, now=clock.now())
            done["booked"] += 1
        except Refusal as refusal:
            done[refusal.code] += 1
    return done


def sql(plan: dict[str, Any], chance: random.Random) -> Counter[str]:
    done: Counter[str] = Counter()
    until = time.monotonic() + plan["seconds"]
    online = [slot for slot in plan["slots"] if slot["pool"] == "online"]
    with psycopg.connect(os.environ["YITONG_DATABASE_URL"]) as connection:
        while time.monotonic() < until:
            slot, person = chance.choice(online), chance.choice(plan["people"])
            values = {
                "hospital_id": slot["hospital_id"],
                "slot_id": slot["slot_id"],
                "patient_id": person["patient_id"],
                "code": f"{chance.randrange(10**8):08d}",
                "actor": DIRECT,
                "key": f"psql-{chance.getrandbits(64):x}",
            }
            try:
                with connection.transaction():
                    row = connection.execute(INSERT, values).fetchone()
                    assert row is not None
                    values["booking_id"] = row[0]
                    connection.execute(PATIENT_SIDE, values)
                    connection.execute(COUNT, values)
                done["booked"] += 1
            except (psycopg.IntegrityError, psycopg.OperationalError) as error:
                done[error.diag.constraint_name or type(error).__name__] += 1
    return done


if __name__ == "__main__":
    who, path = sys.argv[1:]
    print(json.dumps({"desk": desk, "sql": sql}[who](json.loads(Path(path).read_text()), random.Random(SEEDS[who]))))
