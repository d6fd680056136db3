"""A campus that a roster line or a session names can't be removed. Bookings name the campus of their session, and no
session is ever deleted, so they need no key of their own."""

from django.db import migrations


def at_campus(table: str, name: str) -> list[migrations.RunSQL]:
    """What stands is looked at without keeping writers out."""
    return [
        migrations.RunSQL(
            f'ALTER TABLE {table} ADD CONSTRAINT {name}'
            ' FOREIGN KEY (hospital_id, campus_id) REFERENCES hospitals_campus (hospital_id, id) NOT VALID',
            f'ALTER TABLE {table} DROP CONSTRAINT {name}',
        ),
        migrations.RunSQL(f'ALTER TABLE {table} VALIDATE CONSTRAINT {name}', migrations.RunSQL.noop),
    ]


class Migration(migrations.Migration):

    dependencies = [
        ('schedule', '0006_a_pool_that_is_given_by_lot'),
        ('hospitals', '0003_a_campus_may_close'),
    ]

    operations = [
        *at_campus('schedule_roster_line', 'roster_line_at_campus'),
        *at_campus('schedule_clinic_session', 'session_at_campus'),
    ]
