"""The ceilings of R-005 again, asked only of rows that could break them: few days are below a ceiling whenever they are.

The function took most of an update's time, and nearly every patient has fewer live bookings than any ceiling.
"""

from django.db import migrations

CEILINGS = (("limits_same_day", "1 day", 2), ("limits_7_days", "7 days", 3), ("limits_3_months", "3 months", 5))


def ceiling(name: str, condition: str, before: str) -> migrations.RunSQL:
    """One statement: at no moment is the table without the ceiling."""

    def statement(check: str) -> str:
        return (
            f"ALTER TABLE people_booking_limits DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK ({check})"
        )

    return migrations.RunSQL(statement(condition), statement(before))


def counted(span: str, most: int) -> str:
    return f"public.people_most_days_in(live_days, interval '{span}') <= {most}"


class Migration(migrations.Migration):
    dependencies = [("people", "0003_sessions_belong_to_a_channel")]

    operations = [
        ceiling(name, f"cardinality(live_days) <= {most} OR {counted(span, most)}", counted(span, most))
        for name, span, most in CEILINGS
    ] + [
        # An update that fits on its page leaves the index alone; each booking and each end of one updates this row.
        migrations.RunSQL(
            "ALTER TABLE people_booking_limits SET (fillfactor = 70)",
            "ALTER TABLE people_booking_limits RESET (fillfactor)",
        ),
    ]
