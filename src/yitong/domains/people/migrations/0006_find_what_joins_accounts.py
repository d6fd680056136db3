"""Concurrently, so that nobody who signs in waits for it: hence alone, and outside a transaction."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("people", "0005_where_sessions_are_opened_from"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="device",
            index=models.Index(fields=["device_hash"], name="device_by_hash"),
        ),
        AddIndexConcurrently(
            model_name="accountsession",
            index=models.Index(
                condition=models.Q(("address_index__isnull", False)),
                fields=["address_index"],
                name="session_by_address",
            ),
        ),
    ]
