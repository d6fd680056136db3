"""Concurrently, so that nobody whose card is linked waits for it: hence alone, and outside a transaction."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("people", "0008_ask_hospitals_for_numbers"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="carrier",
            index=models.Index(
                condition=models.Q(("next_at__isnull", False)),
                fields=["next_at"],
                name="carrier_by_turn",
            ),
        ),
    ]
