"""No session is left at a campus that closes, and none is made at one that is closed.

The key compares `at_open_campus` (true, unless the session was stopped or is over) with the campus. It isn't validated:
it holds for each new session and each campus that closes, and what was planned at one that is closed already stays until
somebody stops it. The columns come with constants, so that no row is written; the version before leaves them as they are.
"""

from django.db import migrations, models
from django.db.models import F, Q

ONCE_OVER = (
    Q(at_open_campus=True, at_open_campus__isnull=False)
    | Q(at_open_campus=None, state='stopped')
    | Q(at_open_campus=None, left_campus_at__isnull=False, left_campus_at__gte=F('ends_at'))
)


class Migration(migrations.Migration):

    dependencies = [
        ('schedule', '0007_a_campus_with_sessions_stays'),
        ('hospitals', '0004_a_campus_open_or_closed'),
    ]

    operations = [
        migrations.AddField(
            model_name='clinicsession',
            name='at_open_campus',
            field=models.BooleanField(db_default=True, default=True, null=True),
        ),
        migrations.AddField(
            model_name='clinicsession',
            name='left_campus_at',
            field=models.DateTimeField(help_text='when the campus was let go, the session being over', null=True),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddConstraint(
                    model_name='clinicsession',
                    constraint=models.CheckConstraint(condition=ONCE_OVER, name='session_leaves_campus_once_over'),
                ),
            ],
            database_operations=[
                # What stands is looked at without keeping writers out.
                migrations.RunSQL(
                    'ALTER TABLE schedule_clinic_session ADD CONSTRAINT session_leaves_campus_once_over CHECK ('
                    '(at_open_campus AND at_open_campus IS NOT NULL)'
                    " OR (at_open_campus IS NULL AND state = 'stopped')"
                    ' OR (at_open_campus IS NULL AND left_campus_at IS NOT NULL AND left_campus_at >= ends_at)) NOT VALID',
                    'ALTER TABLE schedule_clinic_session DROP CONSTRAINT session_leaves_campus_once_over',
                ),
                migrations.RunSQL(
                    'ALTER TABLE schedule_clinic_session VALIDATE CONSTRAINT session_leaves_campus_once_over',
                    migrations.RunSQL.noop,
                ),
            ],
        ),
        migrations.RunSQL(
            'ALTER TABLE schedule_clinic_session ADD CONSTRAINT session_at_open_campus'
            ' FOREIGN KEY (hospital_id, campus_id, at_open_campus)'
            ' REFERENCES hospitals_campus (hospital_id, id, is_open) NOT VALID',
            'ALTER TABLE schedule_clinic_session DROP CONSTRAINT session_at_open_campus',
        ),
    ]
