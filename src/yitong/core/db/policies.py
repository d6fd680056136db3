"""The policies in force, and new values of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from yitong.core.db import reference
from yitong.core.db.models import PolicyRecord
from yitong.core.errors import PolicyLoosened
from yitong.core.ids import new_id
from yitong.core.policy import KEYS, SCOPES, JsonValue, Policies, Scope, key_named

Place = tuple[Scope, UUID | None]
_Row = tuple[str, UUID | None, str, JsonValue | None, datetime]  # scope, its place, key, value, from when

BEGINNING, END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


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
    if assuming:
        return Policies(_values(_decided(hospital_id), department_id, instant, assuming)[0])
    return of_hospital(hospital_id, instant)(department_id)


def of_hospital(hospital_id: UUID | None, instant: datetime) -> Callable[[UUID | None], Policies]:
    """As `at`, for any of the hospital's departments or (None) the hospital itself: one query for all of them."""
    decided = _decided(hospital_id)

    def of_department(department_id: UUID | None) -> Policies:
        found = decided.found.get(department_id)
        if found is None or not found[0] <= instant < found[1]:
            values, since, until = _values(decided, department_id, instant, {})
            found = decided.found[department_id] = (since, until, Policies(values))
        return found[2]

    return of_department


class _Decided:
    """All that was ever decided for one hospital, its departments, its city and nation, by effect and decision."""

    def __init__(self, rows: Sequence[_Row]) -> None:
        self.rows: dict[UUID | None, list[_Row]] = {}
        for row in rows:
            of = row[1] if row[0] == "department" else None
            self.rows.setdefault(of, []).append(row)
        self.found: dict[UUID | None, tuple[datetime, datetime, Policies]] = {}  # from when, until when, what


@reference.keeps
def _decided(hospital_id: UUID | None) -> _Decided:
    wider = Q(scope__in=["nation", "city"])
    where = wider if hospital_id is None else wider | Q(hospital_id=hospital_id)
    rows = PolicyRecord.objects.filter(where).order_by("effective_from", "decided_at")
    return _Decided(list(rows.values_list("scope", "scope_id", "key", "value", "effective_from")))


def _values(
    decided: _Decided,
    department_id: UUID | None,
    instant: datetime,
    assuming: Mapping[tuple[str, Scope], JsonValue | None],
) -> tuple[dict[str, JsonValue], datetime, datetime]:
    """The values in force, and the instants from and until which no decision of these scopes takes effect."""
    latest: dict[tuple[str, str], JsonValue | None] = {}
    since, until = BEGINNING, END
    own = decided.rows.get(department_id, []) if department_id is not None else []
    for scope, _, key, value, effective_from in [*decided.rows.get(None, []), *own]:
        if effective_from > instant:
            until = min(until, effective_from)
            continue
        since = max(since, effective_from)
        latest[key, scope] = value
    latest.update({(key, str(scope)): value for (key, scope), value in assuming.items()})
    values: dict[str, JsonValue] = {}
    for name in {key for key, _ in latest}:
        if name in KEYS:
            values[name] = _narrowed(name, [latest.get((name, scope)) for scope in SCOPES])
    return values, since, until


def _narrowed(name: str, by_scope: list[JsonValue | None]) -> JsonValue:
    """The value that holds, from what nation, city, hospital and department said (in this order).

    The default binds hospitals and departments as long as nobody above them has spoken.
    """
    key = KEYS[name]
    value = key.default
    bound = key.national
    is_spoken = False
    for scope, candidate in zip(SCOPES, by_scope, strict=True):
        if candidate is None:
            continue
        if not is_spoken and scope in ("hospital", "department"):
            bound = key.default
        if bound is not None:
            try:
                key.check_not_looser(candidate, bound)
            except PolicyLoosened:
                candidate = bound
        value = bound = candidate
        is_spoken = True
    return value


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
