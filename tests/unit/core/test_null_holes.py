"""A CHECK passes where it is NULL: a word that is absent must not pass as a known one."""

import re

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db

CHECKS = """
    SELECT t.relname, c.conname, pg_get_constraintdef(c.oid), a.attname
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (c.conkey) AND NOT a.attnotnull
    WHERE c.contype = 'c' AND c.connamespace = 'public'::regnamespace AND t.relname NOT LIKE 'procrastinate%%'
    ORDER BY 1, 2
"""


def test_a_list_of_known_words_says_what_becomes_of_none() -> None:
    with connection.cursor() as cursor:
        cursor.execute(CHECKS)
        found = cursor.fetchall()
    assert len(found) > 40
    holes = []
    for table, name, text, column in found:
        is_listed = re.search(rf"\({column}\)::text = ANY", text)
        is_decided = re.search(rf"{column} IS NOT NULL", text) or re.search(rf"\({column} IS NULL\) OR", text)
        if is_listed and not is_decided:
            holes.append(f"{table}.{name}: {column}")
    assert not holes, "\n".join(holes)
