"""Concurrently, so that nobody who books waits for it: hence alone, and outside a transaction."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("schedule", "0004_a_stop_that_can_be_undone"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='clinicsession',
            index=models.Index(condition=models.Q(('stops_at__isnull', False)), fields=['hospital_id', 'stops_at'], name='session_to_stop'),
        ),
        AddIndexConcurrently(
            model_name='clinicsession',
            index=models.Index(condition=models.Q(('stoppage_id__isnull', False)), fields=['hospital_id', 'stoppage_id'], name='session_of_stoppage'),
        ),
    ]
