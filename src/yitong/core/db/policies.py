"""The policies in force, and new values of them."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from yitong.core.db import reference
from yitong.core.db.models import PolicyRecord
from yitong.core.decided import Decided
from yitong.core.ids import new_id
from yitong.core.policy.keys import KEYS, key_named
from yitong.core.policy.kinds import SCOPES, JsonValue, Scope
from yitong.core.policy.values import Policies

Place = tuple[Scope, UUID | None]

# Almost every command and page begins with it: written out, it is asked in a tenth of the time that the ORM takes.
DECIDED = """
    SELECT scope, scope_id, key, value, effective_from FROM core_policy_record
    WHERE scope IN ('nation', 'city') OR hospital_id = %s
    ORDER BY effective_from, decided_at"""


def at(
    hospital_id: UUID | None,
    instant: datetime,
    *,
    department_id: UUID | None = None,
    assuming: Mapping[tuple[str, Scope], JsonValue | None] | None = None,
) -> Policies:
    """The policies in force at `instant`: the department's value, else the hospital's, the city's, the default.

    Where a wider scope grew stricter after a narrower one had chosen, the stricter holds. One query.
    `assuming`: (key, scope) → a value as if it were decided, for a look ahead.
    """
    decided = _decided(hospital_id)
    if assuming:
        return Policies(decided.values(department_id, instant, assuming)[0])
    return decided.at(department_id, instant)


def of_hospital(hospital_id: UUID | None, instant: datetime) -> Callable[[UUID | None], Policies]:
    """As `at`, for any of the hospital's departments or (None) the hospital itself: one query for all of them."""
    decided = _decided(hospital_id)
    return lambda department_id: decided.at(department_id, instant)


@reference.keeps
def _decided(hospital_id: UUID | None) -> Decided:
    with connection.cursor() as cursor:
        cursor.execute(DECIDED, [hospital_id])
        return Decided(
            [
                (scope, scope_id, key, None if value is None else json.loads(value), effective_from)
                for scope, scope_id, key, value, effective_from in cursor.fetchall()
            ]
        )


def record(
    key: str,
    value: object,
    *,
    scope: Scope,
    hospital_id: UUID | None,
    scope_id: UUID | None,
    effective_from: datetime,
    source: str,
    decided_by: str,
    now: datetime,
) -> UUID:
    """Writes one value with its date of effect. Joins the caller's command.

    Refuses PolicyUnknown, PolicyInvalid, PolicyLoosened: at the instant of effect no wider scope may be stricter.
    """
    with transaction.atomic(savepoint=False):
        checked = checked_value(key, value, scope=scope, hospital_id=hospital_id, instant=effective_from)
        row = PolicyRecord.objects.create(
            id=new_id(),
            scope=scope,
            scope_id=scope_id,
            hospital_id=hospital_id,
            key=key,
            value=checked,
            effective_from=effective_from,
            source=source,
            decided_by=decided_by,
            decided_at=now,
        )
        return row.id


def checked_value(
    key: str, value: object, *, scope: Scope, hospital_id: UUID | None, instant: datetime
) -> JsonValue | None:
    """The value as it would be stored for this scope from that instant on. Refuses as `record` does."""
    policy = key_named(key)
    if value is None:
        return None
    checked = policy.checked(value)
    for bound in _bounds(key, scope, hospital_id, instant):
        policy.check_not_looser(checked, bound)
    return checked


def _bounds(key: str, scope: Scope, hospital_id: UUID | None, instant: datetime) -> list[JsonValue]:
    """What the wider scopes say at that instant; the default bounds like a city's value once nobody has spoken."""
    wider = SCOPES[: SCOPES.index(scope)]
    policy = KEYS[key]
    bounds: list[JsonValue] = [] if policy.national is None else [policy.national]
    spoken = False
    for place_scope, place_id in _places(hospital_id, None):
        if place_scope not in wider:
            continue
        row = (
            _in_force([(place_scope, place_id)], instant)
            .filter(key=key)
            .order_by("-effective_from", "-decided_at")
            .values_list("value", flat=True)
            .first()
        )
        if row is not None:
            bounds.append(row)
            spoken = True
    if not spoken and scope in ("hospital", "department"):
        bounds.append(policy.default)
    return bounds


def _places(hospital_id: UUID | None, department_id: UUID | None) -> list[Place]:
    places: list[Place] = [("nation", None), ("city", None)]
    if hospital_id is not None:
        places.append(("hospital", hospital_id))
    if department_id is not None:
        places.append(("department", department_id))
    return places


def _in_force(places: list[Place], instant: datetime):  # type: ignore[no-untyped-def]
    where = Q()
    for scope, scope_id in places:
        where |= Q(scope=scope, scope_id=scope_id)
    return PolicyRecord.objects.filter(where, effective_from__lte=instant)
