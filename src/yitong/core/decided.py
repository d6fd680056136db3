"""What holds at an instant, from all that was ever decided: pure, so that every process reads policies alike."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from yitong.core.errors import PolicyLoosened
from yitong.core.policy.keys import KEYS
from yitong.core.policy.kinds import SCOPES, JsonValue, Scope
from yitong.core.policy.values import Policies

Row = tuple[str, UUID | None, str, JsonValue | None, datetime]  # scope, its place, key, value, from when

BEGINNING, END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Decided:
    """All that was ever decided for one hospital, its departments, its city and nation, by effect and decision."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows: dict[UUID | None, list[Row]] = {}
        for row in rows:
            of = row[1] if row[0] == "department" else None
            self.rows.setdefault(of, []).append(row)
        self._found: dict[UUID | None, tuple[datetime, datetime, Policies]] = {}  # from when, until when, what

    def at(self, department_id: UUID | None, instant: datetime) -> Policies:
        """The policies in force at `instant`: the department's value, else the hospital's, the city's, the default.

        Where a wider scope grew stricter after a narrower one had chosen, the stricter holds.
        """
        of = department_id if department_id in self.rows else None  # most have decided nothing of their own
        found = self._found.get(of)
        if found is None or not found[0] <= instant < found[1]:
            values, since, until = self.values(of, instant, {})
            found = self._found[of] = (since, until, Policies(values))
        return found[2]

    def values(
        self,
        department_id: UUID | None,
        instant: datetime,
        assuming: Mapping[tuple[str, Scope], JsonValue | None],
    ) -> tuple[dict[str, JsonValue], datetime, datetime]:
        """The values in force, and the instants from and until which no decision of these scopes takes effect."""
        latest: dict[tuple[str, str], JsonValue | None] = {}
        since, until = BEGINNING, END
        own = self.rows.get(department_id, []) if department_id is not None else []
        for scope, _, key, value, effective_from in [*self.rows.get(None, []), *own]:
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
