"""Migrations, then what belongs to the schema but is no migration: extensions before, grants and keys after."""

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from yitong.cli import grants
from yitong.core import clock
from yitong.core.db import keys


def migrate(app_role: str | None) -> int:
    """Needs the owner's connection. Returns how many migrations it applied; `app_role` gets its grants, if given.

    No migration may hold up a running city: it waits 4 s for a lock and works 5 s a statement, then fails whole.
    """
    with connection.cursor() as cursor:
        grants.create_extensions(cursor)
        cursor.execute("SET lock_timeout = '4s'; SET statement_timeout = '5s'")
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if pending:
        call_command("migrate", verbosity=0, interactive=False)
    with connection.cursor() as cursor:
        if app_role is not None:
            grants.apply(cursor, app_role)
    keys.prepare(now=clock.now())
    return pending
