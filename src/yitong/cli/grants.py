"""What the running role may do, as code: said anew after each migration, the same each time.

`yitong_app` reads and writes rows and owns nothing. A model that declares `append_only = True` can only be added to,
one that declares `no_delete = True` keeps its rows, and nobody but the owner empties a table.
"""

from typing import Any

from django.apps import apps
from psycopg import sql

APP = "yitong_app"
EXTENSIONS = ("pg_trgm", "btree_gist")  # trusted: the owner of a database may create them


def append_only_tables() -> list[str]:
    """Tables whose rows are never changed or removed, by name."""
    return sorted(m._meta.db_table for m in apps.get_models() if getattr(m, "append_only", False))


def kept_tables() -> list[str]:
    """Tables whose rows may change but never go, by name."""
    return sorted(m._meta.db_table for m in apps.get_models() if getattr(m, "no_delete", False))


def create_extensions(cursor: Any) -> None:
    """Into `public`, where a distributed PostgreSQL expects them."""
    for name in EXTENSIONS:
        cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name} SCHEMA public")


def apply(cursor: Any, role: str = APP) -> None:
    """Needs the owner's connection (Django's or psycopg's cursor). Repeatable."""
    closed, kept = set(append_only_tables()), set(kept_tables())
    who = sql.Identifier(role)
    cursor.execute(
        "SELECT c.relname FROM pg_class c"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')"
        " AND c.relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user) ORDER BY c.relname"
    )
    tables = [name for (name,) in cursor.fetchall()]
    cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(who))
    cursor.execute(sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    for table in tables:
        rights = "SELECT" if table == "django_migrations" else "SELECT, INSERT"
        if table not in closed and table != "django_migrations":
            rights += ", UPDATE" if table in kept else ", UPDATE, DELETE"
        name = sql.Identifier(table)
        cursor.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(name, who))
        cursor.execute(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), name, who))
    cursor.execute(sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(who))
    cursor.execute(sql.SQL("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {}").format(who))


def faults(cursor: Any, role: str = APP) -> list[str]:
    """What the role may do and shouldn't, or should and may not; one sentence each."""
    cursor.execute(
        "SELECT c.relname, pg_get_userbyid(c.relowner) = %s,"
        " has_table_privilege(%s, c.oid, 'INSERT'), has_table_privilege(%s, c.oid, 'UPDATE')"
        " OR has_table_privilege(%s, c.oid, 'DELETE'), has_table_privilege(%s, c.oid, 'TRUNCATE')"
        " FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname",
        [role] * 5,
    )
    closed = set(append_only_tables())
    found = []
    for table, owns, inserts, changes, empties in cursor.fetchall():
        if owns:
            found.append(f"{role} owns {table}")
        if empties:
            found.append(f"{role} may empty {table}")
        if table in closed and changes:
            found.append(f"{role} may change the append-only {table}")
        if not inserts and table != "django_migrations":
            found.append(f"{role} may not write {table}")
    return found
