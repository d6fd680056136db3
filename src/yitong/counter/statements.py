"""The statements of the booking window, and how their rows are read. Each names its hospital (`scaling` rules).

Written by hand, without an ORM: a batch is a handful of them, whatever its size.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from yitong.counter.picture import Known, Told
from yitong.domains.access.contracts import ChannelState, KeyInUse
from yitong.domains.booking.contracts import SlotsClaimed, State
from yitong.domains.hospitals.contracts.things import CodeBasis, Department
from yitong.domains.schedule.contracts import HalfDay, Pool, Session, SessionState, Slot

# What is asked of a wish under its patient's lock, in patients' order: two windows never wait for each other in a
# circle. A pass is believed for fifteen minutes, so what may change within them is read here: the link to the
# patient, locks, counts, and whether the account is still signed in. Empty lists come as nothing: most are.
LOCK_WISHES = """
SELECT w.n, nullif(l.live_days, '{}'), nullif(l.no_show_days, '{}'), l.no_shows_counted,
  nullif(c.booked_at, '{}'), nullif(c.cancelled_at, '{}'), p.sex, p.birth_date,
  l.locked_until, l.moved_to, p.state, p.level, a.patient_id IS NOT NULL, s.id IS NOT NULL AND c.id IS NOT NULL,
  EXISTS (SELECT FROM people_abuse_lock k WHERE k.account_id = w.account_id AND k.lifted_at IS NULL)
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) WITH ORDINALITY AS w(patient_id, account_id, session_id, n)
JOIN people_booking_limits l ON l.patient_id = w.patient_id
JOIN people_patient p ON p.id = w.patient_id
LEFT JOIN people_account_patient a ON a.account_id = w.account_id AND a.patient_id = w.patient_id
LEFT JOIN people_account c ON c.id = w.account_id AND c.state = 'open'
LEFT JOIN people_account_session s ON s.id = w.session_id AND s.account_id = w.account_id
  AND s.ended_at IS NULL AND s.expires_at > %s
ORDER BY l.patient_id FOR UPDATE OF l
"""

# The keys by which channels of the API asked for the passes of a batch (S-14). A kill takes the channel FOR UPDATE: it
# waits for the batch, or the second statement, which looks after the lock, sees what it wrote.
SHARE_CHANNELS = """SELECT c.id FROM access_channel c
WHERE c.id IN (SELECT k.channel_id FROM access_channel_key k WHERE k.id = ANY(%s::uuid[])) ORDER BY c.id FOR SHARE"""
_KEY = """SELECT k.id, c.id, c.code, c.state, k.revoked_at IS NOT NULL, c.contract_until, c.scopes, c.per_minute
FROM access_channel_key k JOIN access_channel c ON c.id = k.channel_id"""
KEYS = f"{_KEY} WHERE k.id = ANY(%s::uuid[])"
ALL_KEYS = _KEY

# The live bookings of patients who have any, of records merged into theirs too. Two branches, since with an OR
# every wish would walk through the bookings of the whole city; `coalesce`, since a bare `live` would choose the index
# of the exclusion, which answers ten times slower than the plain one; OFFSET, so that even a plan made while the table
# was empty looks for one patient at a time.
OTHERS = """
SELECT w.patient_id::text, b.id, b.hospital_id, b.department_id, b.visit_date, b.starts_at, b.ends_at
FROM unnest(%s::uuid[]) AS w(patient_id)
CROSS JOIN LATERAL (SELECT w.patient_id AS id UNION ALL
  SELECT m.id FROM people_patient m WHERE m.survivor_id = w.patient_id AND m.state = 'merged') r
CROSS JOIN LATERAL (SELECT f.id, f.hospital_id, f.department_id, f.visit_date, f.starts_at, f.ends_at
  FROM booking_patient_booking f WHERE f.patient_id = r.id AND coalesce(f.live, false) OFFSET 0) b
"""

ACTOR, CHANNEL = "system:counter", "system"
WAKE = "yitong_event"
KEPT_DAYS = 184  # days of visit older than this can't meet a new one in any window of R-005

_POOLS = {pool.value: pool for pool in Pool}  # the enumeration's own look-up takes five times as long
SESSION = tuple(field.name for field in fields(Session))
SLOT = tuple(field.name for field in fields(Slot))
_POOL = SLOT.index("pool")
DEPARTMENT = tuple(field.name for field in fields(Department))


def _columns(names: Iterable[str], alias: str, own: str) -> str:
    return ", ".join(f"{alias}.{'id' if name == own else name}" for name in names)


# A stop takes the session FOR UPDATE: it waits for the batch, or is seen by it. What was read of the row stands as long
# as its version (xmin), which a lock leaves alone and every UPDATE changes.
SHARE_SESSIONS = """SELECT s.id::text, s.xmin::text::bigint FROM schedule_clinic_session s
  JOIN unnest(%s::uuid[], %s::uuid[]) AS w(hospital_id, id)
  ON s.hospital_id = w.hospital_id AND s.id = w.id ORDER BY s.hospital_id, s.id FOR SHARE OF s"""
SESSIONS = f"""SELECT {_columns(SESSION, "s", "session_id")}, s.xmin::text::bigint FROM schedule_clinic_session s
  JOIN unnest(%s::uuid[], %s::uuid[]) AS w(hospital_id, id)
  ON s.hospital_id = w.hospital_id AND s.id = w.id"""
SLOTS = f"""SELECT {_columns(SLOT, "s", "slot_id")} FROM schedule_slot s
  JOIN unnest(%s::uuid[], %s::uuid[]) AS w(hospital_id, id) ON s.hospital_id = w.hospital_id AND s.session_id = w.id
  ORDER BY s.session_id, s.number"""
SESSION_KEYS = "SELECT s.id FROM schedule_clinic_session s WHERE s.hospital_id = %s AND s.date BETWEEN %s AND %s"
HOSPITALS = "SELECT id FROM hospitals_hospital"
DEPARTMENTS = f"SELECT {_columns(DEPARTMENT, 'd', 'department_id')} FROM hospitals_department d"
POLICIES = """SELECT scope, scope_id, hospital_id, key, value, effective_from FROM core_policy_record
  ORDER BY effective_from, decided_at"""
# Changes with each row of theirs that is written, whoever writes it.
REFERENCE = """SELECT count(*), sum(xmin::text::bigint) FROM core_policy_record
  UNION ALL SELECT count(*), sum(xmin::text::bigint) FROM hospitals_department"""

# Bookings by what is known of them. Each row that is asked for looks into the index by itself: OFFSET keeps the planner
# from turning that round, for where the table was empty it would go through all of it for each batch ever after. Ids of
# which nothing is asked come as text.
_BOOKING = """SELECT b.hospital_id::text, b.id::text, b.payment, b.code, b.hold_until, b.slot_id::text, b.number,
  b.starts_at, b.ends_at, b.actor, b.key, encode(b.digest, 'hex'), b.session_id, b.live"""
BOOKINGS = f"""{_BOOKING} FROM unnest(%s::uuid[], %s::uuid[]) AS w(hospital_id, id) CROSS JOIN LATERAL
  (SELECT * FROM booking_booking f WHERE f.hospital_id = w.hospital_id AND f.session_id = w.id OFFSET 0) b"""
BY_ID = f"""{_BOOKING} FROM unnest(%s::uuid[], %s::uuid[]) AS w(hospital_id, id) CROSS JOIN LATERAL
  (SELECT * FROM booking_booking f WHERE f.hospital_id = w.hospital_id AND f.id = w.id OFFSET 0) b"""
BY_SLOT = f"""{_BOOKING} FROM unnest(%s::uuid[], %s::uuid[]) AS w(hospital_id, slot_id) CROSS JOIN LATERAL
  (SELECT * FROM booking_booking f WHERE f.hospital_id = w.hospital_id AND f.slot_id = w.slot_id AND f.live
   OFFSET 0) b"""
BY_KEY = f"""{_BOOKING} FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS w(hospital_id, actor, key) CROSS JOIN LATERAL
  (SELECT * FROM booking_booking f WHERE f.hospital_id = w.hospital_id AND f.actor = w.actor AND f.key = w.key
   OFFSET 0) b"""

# What follows a batch's bookings, made of them: the patients' sides and days (without those that no window of R-005 can
# reach), an event for each hospital, the wake-up of relays; and which slots are not as they were proposed: the COPY
# waited for whoever was just freeing one, this sees what he wrote. It goes in one request with the COPY, which
# can't have values of its own beside it: so it is prepared by name.
FINISH = f"""
WITH booked AS (
  SELECT b.hospital_id, b.id, b.session_id, b.patient_id, b.department_id, b.visit_date, b.starts_at, b.ends_at,
    b.state, b.live, b.slot_id, s.reopens_at > $1 OR s.pool <> b.pool OR s.is_extra AS is_otherwise
  FROM unnest($2::uuid[], $3::uuid[]) AS w(hospital_id, id) CROSS JOIN LATERAL
    (SELECT * FROM booking_booking f WHERE f.hospital_id = w.hospital_id AND f.id = w.id OFFSET 0) b
  JOIN schedule_slot s ON s.hospital_id = w.hospital_id AND s.id = b.slot_id
), sides AS (
  INSERT INTO booking_patient_booking
    (patient_id, id, hospital_id, department_id, visit_date, starts_at, ends_at, state, live)
  SELECT patient_id, id, hospital_id, department_id, visit_date, starts_at, ends_at, state, live FROM booked
), counted AS (
  UPDATE people_booking_limits l SET live_days = ARRAY(
    SELECT d FROM unnest(l.live_days || b.visit_date) AS d WHERE d >= b.visit_date - {KEPT_DAYS} ORDER BY d)
  FROM booked b WHERE l.patient_id = b.patient_id
), told AS (
  INSERT INTO core_event (hospital_id, id, operation, actor, channel, subject_id, at, shard, body, trace_id)
  SELECT e.hospital_id, e.id, '{SlotsClaimed.operation}', '{ACTOR}', '{CHANNEL}', e.id, $1,
    'claims:' || e.hospital_id, b.body, $6
  FROM unnest($4::uuid[], $5::uuid[]) AS e(hospital_id, id)
  CROSS JOIN LATERAL (
    SELECT jsonb_build_object('bookings', jsonb_agg(id), 'sessions', jsonb_agg(DISTINCT session_id)) AS body
    FROM booked WHERE hospital_id = e.hospital_id) b
  RETURNING pg_notify('{WAKE}', '')
)
SELECT slot_id FROM booked WHERE is_otherwise
"""
PREPARE_FINISH = "PREPARE counter_finish (timestamptz, uuid[], uuid[], uuid[], uuid[], text) AS "


def finish(*values: str) -> str:
    """As it is asked by name. The values are instants, ids and the trace: nothing that anybody typed."""
    assert not any("'" in value or "\\" in value for value in values)
    return "EXECUTE counter_finish ({})".format(", ".join(f"'{value}'" for value in values))


# A number that no other window of this database has while our connection stands.
ORDINAL = """SELECT n FROM generate_series(0, 63) AS n
  WHERE pg_try_advisory_lock(hashtext('yitong counter'), n) LIMIT 1"""
NOW = "SELECT now()"
# What others wrote that may concern the picture since the last look (or now, where the clock was set back meanwhile).
# Our own batches are left out, and what only announces a batch.
EVENTS_SINCE = """
SELECT e.hospital_id, e.id FROM core_event e WHERE e.recorded_at > least(%s, now()) - make_interval(secs => %s)
  AND e.trace_id <> %s AND left(e.trace_id, 6) <> 'batch:'
  AND (e.operation LIKE 'booking.%%' OR e.operation LIKE 'schedule.%%') ORDER BY e.recorded_at
"""
EVENTS = """
SELECT e.operation, e.hospital_id, e.subject_id, e.body->>'session_id', e.body->>'from_session_id', e.body->'bookings'
FROM core_event e JOIN unnest(%s::uuid[], %s::uuid[]) WITH ORDINALITY AS w(hospital_id, id, n)
  ON e.hospital_id = w.hospital_id AND e.id = w.id ORDER BY w.n
"""

COPY_BOOKINGS = """COPY booking_booking (hospital_id, session_id, campus_id, department_id, practitioner_id,
  clinic_kind, visit_date, fee_fen, payment, state, starts_at, ends_at, pool, slot_id, number, id, patient_id,
  account_id, is_first_visit, code, channel, actor, key, digest, patient_name, created_at, hold_until, is_extra, live,
  code_open) FROM STDIN"""


class LockedWish(NamedTuple):
    """What `LOCK_WISHES` says of one wish; `n` counts from 1."""

    n: int
    live_days: Sequence[date] | None
    no_show_days: Sequence[date] | None
    no_shows_counted: int
    booked_at: Sequence[datetime] | None
    cancelled_at: Sequence[datetime] | None
    sex: str
    birth_date: date | None
    locked_until: date | None
    moved_to: UUID | None
    state: str
    level: str
    is_linked: bool
    is_signed_in: bool
    is_locked: bool

    @property
    def record(self) -> tuple[object, ...]:
        """What is on record of the patient and the account, from `locked_until` on."""
        return self[8:]


def key_of(row: Sequence[Any]) -> KeyInUse:
    key_id, channel_id, channel, state, is_revoked, contract_until, scopes, per_minute = row
    return KeyInUse(
        key_id, channel_id, channel, ChannelState(state), is_revoked, contract_until, frozenset(scopes), per_minute
    )


def session_of(row: Sequence[Any]) -> tuple[Session, int]:
    """The session and the version of its row."""
    *columns, version = row
    values = dict(zip(SESSION, columns, strict=True))
    values["half_day"], values["state"] = HalfDay(values["half_day"]), SessionState(values["state"])
    return Session(**values), version


def slot_of(row: Sequence[Any]) -> Slot:
    return Slot(*(*row[:_POOL], _POOLS[row[_POOL]], *row[_POOL + 1 :]))  # a city's week is 160,000 of them


def department_of(row: Sequence[Any]) -> Department:
    values = dict(zip(DEPARTMENT, row, strict=True))
    values["code_basis"] = CodeBasis(values["code_basis"])
    return Department(**values)


def known_of(row: Sequence[Any]) -> Known:
    """A booking as the picture remembers it, with the answer to its claim: as it was first given, but at the
    hour that it has now."""
    hospital, booking, payment, *told, actor, key, digest, session_id, is_live = row
    state = State.CONFIRMED if payment == "at_visit" else State.HELD
    return Known(Told(hospital, booking, state.value, *told), (hospital, actor, key), digest, session_id, is_live)


def uuids(texts: Iterable[str]) -> str:
    """An array of ids, or of words without special letters, as PostgreSQL reads it."""
    return "{" + ",".join(texts) + "}"


def words(texts: Iterable[str]) -> str:
    """An array of any words: psycopg's own dumper of lists takes ten times as long."""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


# -- who tried and who got (counter.tally) -----------------------------------------------------------------------------

# Who came into a line at one window and claims at another is counted by both, each for its part. Where the first one's
# minute is not written yet, or was lost, whoever got a slot has tried nevertheless: so a cell is there before it is
# added to, and what is added is known apart from what was.
_CELLS = """unnest(%s::uuid[], %s::uuid[], %s::date[], %s::text[], %s::text[], %s::text[], %s::int[], %s::int[],
  %s::int[]) AS n (hospital_id, id, day, channel, way, band, tried, got, attempts)"""
MEET_CELLS = f"""
INSERT INTO fairness_tried (hospital_id, id, day, channel, way, band, tried, got, attempts)
SELECT n.hospital_id, n.id, n.day, n.channel, n.way, n.band, 0, 0, 0 FROM {_CELLS}
ON CONFLICT (hospital_id, day, channel, way, band) DO NOTHING
"""
ADD_TRIED = f"""
UPDATE fairness_tried t SET tried = greatest(t.tried + n.tried, t.got + n.got), got = t.got + n.got,
  attempts = t.attempts + n.attempts
FROM {_CELLS}
WHERE t.hospital_id = n.hospital_id AND t.day = n.day AND t.channel = n.channel AND t.way = n.way AND t.band = n.band
"""
ADD_RUSHES = """
INSERT INTO fairness_rush (account_id, at, attempts)
SELECT r.account_id, r.at, r.attempts
FROM (SELECT a.account_id, a.attempts, b.at FROM unnest(%s::uuid[], %s::int[]) AS a (account_id, attempts),
      (SELECT %s::timestamptz AS at) AS b) AS r
ON CONFLICT (account_id, at) DO NOTHING
"""
