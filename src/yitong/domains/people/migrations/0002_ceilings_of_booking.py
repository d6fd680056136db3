"""The city's ceilings of R-005 as constraints: at most 2 live bookings a day, 3 in any 7 days, 5 in any 3 months.

A window begins at a day of the array and is half-open; 3 months end before the same day-number three months on (the
month's last day where there is none).
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION public.people_most_days_in(days date[], span interval) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(max(held.n), 0)::integer
  FROM unnest(days) AS opening(day)
  CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM unnest(days) AS other(day)
    WHERE other.day >= opening.day AND other.day < opening.day + span
  ) AS held
$$
"""


def ceiling(name: str, span: str, most: int) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE people_booking_limits ADD CONSTRAINT {name}"
        f" CHECK (public.people_most_days_in(live_days, interval '{span}') <= {most})",
        f"ALTER TABLE people_booking_limits DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("people", "0001_patients_and_accounts")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION public.people_most_days_in(date[], interval)"),
        ceiling("limits_same_day", "1 day", 2),
        ceiling("limits_7_days", "7 days", 3),
        ceiling("limits_3_months", "3 months", 5),
    ]
