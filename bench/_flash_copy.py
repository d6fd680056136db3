"""Rows by COPY: plain values, every constraint holds, columns that are not named get what the model gives them."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models
from psycopg import sql


def copy(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """As the tables' owner, in the caller's transaction."""
    given = set(columns)
    others = {
        field.column: field.get_default()
        for field in model._meta.concrete_fields
        if field.column is not None and field.column not in given and field.has_default()
    }
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, [*columns, *others]))
    )
    defaults = tuple(others.values())
    with connection.cursor() as cursor, cursor.cursor.copy(statement) as into:
        for row in rows:
            into.write_row((*row, *defaults))
