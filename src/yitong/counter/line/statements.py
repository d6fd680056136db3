"""The statements of the line, and how they stay within their hospitals. A handful a second, however many wait."""

from yitong.domains.booking.rules import LATE

OPEN_LINES = """
WITH made AS (
  INSERT INTO booking_line (hospital_id, id, department_id, release_at, opened_at)
  SELECT w.hospital_id, w.id, w.department_id, w.release_at, %s
  FROM jsonb_to_recordset(%s::jsonb) AS w(hospital_id uuid, id uuid, department_id uuid, release_at timestamptz)
  ON CONFLICT (hospital_id, department_id, release_at) DO NOTHING RETURNING hospital_id, id
)
INSERT INTO core_event (hospital_id, id, operation, actor, channel, subject_id, at, shard, body, trace_id)
SELECT e.hospital_id, e.event_id, %s, %s, %s, e.id, %s, 'line:' || e.id, e.body, %s
FROM jsonb_to_recordset(%s::jsonb) AS e(hospital_id uuid, id uuid, event_id uuid, body jsonb)
JOIN made m ON m.hospital_id = e.hospital_id AND m.id = e.id
"""
FIND_LINES = """
SELECT l.hospital_id::text, l.department_id::text, l.release_at, l.id::text FROM booking_line l
JOIN unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS w(hospital_id, department_id, release_at)
  ON l.hospital_id = w.hospital_id AND l.department_id = w.department_id AND l.release_at = w.release_at
"""

_PLACE = """p.hospital_id::text, p.id::text, p.line_id::text, p.patient_id::text, p.rank, p.admitted_at,
  p.admitted_until, p.left_at"""
# A place is a person's: the patient has proved who he is, and is the account's. Who left, or missed his
# turn, may come again: before the doors with the lot that he has, after them as the last.
JOIN = f"""
INSERT INTO booking_place AS p (hospital_id, id, line_id, patient_id, account_id, arrived_at, rank, changed_at,
  changed_by)
SELECT w.hospital_id, w.id, w.line_id, w.patient_id, w.account_id, w.arrived_at, w.rank, %s, %s
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[], %s::bigint[])
  AS w(hospital_id, id, line_id, patient_id, account_id, arrived_at, rank)
JOIN people_account_patient a ON a.account_id = w.account_id AND a.patient_id = w.patient_id
JOIN people_patient q ON q.id = w.patient_id AND q.state = 'active' AND q.level <> 'declared'
ORDER BY w.patient_id
ON CONFLICT (hospital_id, line_id, patient_id) DO UPDATE SET
  account_id = excluded.account_id, arrived_at = excluded.arrived_at,
  rank = CASE WHEN excluded.rank >= {LATE} THEN excluded.rank ELSE p.rank END,
  admitted_at = NULL, admitted_until = NULL, left_at = NULL,
  changed_at = excluded.changed_at, changed_by = excluded.changed_by
WHERE p.left_at IS NOT NULL OR p.admitted_until <= excluded.arrived_at
RETURNING {_PLACE}
"""
FIND_PLACES = f"""
SELECT {_PLACE} FROM booking_place p JOIN unnest(%s::uuid[], %s::uuid[], %s::uuid[])
  AS w(hospital_id, line_id, patient_id)
  ON p.hospital_id = w.hospital_id AND p.line_id = w.line_id AND p.patient_id = w.patient_id
"""
LEAVE = f"""
UPDATE booking_place p SET left_at = %s, changed_at = %s, changed_by = %s
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[]) AS w(hospital_id, line_id, patient_id, account_id)
WHERE p.hospital_id = w.hospital_id AND p.line_id = w.line_id AND p.patient_id = w.patient_id
  AND p.left_at IS NULL AND EXISTS (
    SELECT FROM people_account_patient a WHERE a.account_id = w.account_id AND a.patient_id = w.patient_id)
RETURNING {_PLACE}
"""

# One window lets people in at a time: another that has the same line under its lock is passed by.
LOCK_LINES = """
SELECT l.id::text FROM booking_line l JOIN unnest(%s::uuid[], %s::uuid[]) AS w(hospital_id, id)
  ON l.hospital_id = w.hospital_id AND l.id = w.id ORDER BY l.hospital_id, l.id FOR UPDATE OF l SKIP LOCKED
"""
# A turn is used by a booking that was made with it.
USED = """EXISTS (SELECT FROM booking_booking b WHERE b.hospital_id = p.hospital_id AND b.patient_id = p.patient_id
    AND b.department_id = l.department_id AND b.live AND b.created_at >= p.admitted_at)"""
# How many slots there are for whom nobody was let in yet.
LEFT_OVER = f"""
SELECT l.id::text, (
  SELECT count(*) FROM schedule_clinic_session s
  JOIN schedule_slot t ON t.hospital_id = s.hospital_id AND t.session_id = s.id
  WHERE s.hospital_id = l.hospital_id AND s.department_id = l.department_id AND s.release_at = l.release_at
    AND s.state <> 'stopped' AND s.stops_at IS NULL AND t.pool = 'online' AND NOT t.is_extra AND NOT t.is_special
    AND t.ends_at > %s AND (t.reopens_at IS NULL OR t.reopens_at <= %s) AND NOT EXISTS (
      SELECT FROM booking_booking b WHERE b.hospital_id = t.hospital_id AND b.slot_id = t.id AND b.live)
) - (
  SELECT count(*) FROM booking_place p WHERE p.hospital_id = l.hospital_id AND p.line_id = l.id
    AND p.admitted_until > %s AND p.left_at IS NULL AND NOT {USED})
FROM booking_line l JOIN unnest(%s::uuid[], %s::uuid[]) AS w(hospital_id, id)
  ON l.hospital_id = w.hospital_id AND l.id = w.id
"""
NEXT = """
SELECT w.hospital_id::text, n.id::text, w.until
FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::timestamptz[]) AS w(hospital_id, line_id, most, until)
CROSS JOIN LATERAL (
  SELECT p.id FROM booking_place p WHERE p.hospital_id = w.hospital_id AND p.line_id = w.line_id
    AND p.admitted_at IS NULL AND p.left_at IS NULL ORDER BY p.rank LIMIT w.most) AS n
"""
# Who left in between stays away.
ADMIT = f"""
UPDATE booking_place p SET admitted_at = %s, admitted_until = w.until, changed_at = %s, changed_by = %s
FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS w(hospital_id, id, until)
WHERE p.hospital_id = w.hospital_id AND p.id = w.id AND p.left_at IS NULL
RETURNING {_PLACE}
"""

LOAD = f"""
SELECT l.department_id::text, l.release_at, {_PLACE} FROM booking_line l
JOIN booking_place p ON p.hospital_id = l.hospital_id AND p.line_id = l.id
WHERE l.closed_at IS NULL
"""
# What other windows wrote since the last look.
CHANGED = f"""
SELECT l.department_id::text, l.release_at, {_PLACE} FROM booking_place p
JOIN booking_line l ON l.hospital_id = p.hospital_id AND l.id = p.line_id
WHERE p.changed_at > %s AND p.changed_by <> %s
"""

# Whose turn it is, of the wishes of a batch; under their patients' locks.
TURNS = f"""
SELECT w.n FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::uuid[]) WITH ORDINALITY
  AS w(hospital_id, department_id, release_at, patient_id, n)
JOIN booking_line l ON l.hospital_id = w.hospital_id AND l.department_id = w.department_id
  AND l.release_at = w.release_at
JOIN booking_place p ON p.hospital_id = l.hospital_id AND p.line_id = l.id AND p.patient_id = w.patient_id
WHERE p.left_at IS NULL AND p.admitted_at <= %s AND p.admitted_until > %s AND NOT {USED}
"""
