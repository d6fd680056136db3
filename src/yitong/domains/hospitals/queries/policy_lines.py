"""What policies say, would say and said before; for those who set them."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.db.models import PolicyRecord
from yitong.core.policy.keys import KEYS, key_named
from yitong.core.policy.kinds import JsonValue, Scope
from yitong.core.policy.values import Policies
from yitong.domains.hospitals import permissions, rules
from yitong.domains.hospitals.contracts.things import PolicyDifference, PolicyEntry, PolicyLine, PolicyPreview
from yitong.domains.hospitals.queries.directory import MOST_HISTORY


def policies_in_words(
    hospital_id: UUID, now: datetime, language: str, *, department_id: UUID | None = None
) -> list[PolicyLine]:
    """The rules as a patient reads them, from the same values that booking enforces (S-38)."""
    return rules.rules_for_patients(policies.at(hospital_id, now, department_id=department_id), language)


def preview_policy(
    actor: Actor,
    policy: str,
    value: JsonValue | None,
    *,
    hospital_id: UUID | None,
    instant: datetime,
    language: str,
    department_id: UUID | None = None,
) -> PolicyPreview:
    """What patients would read at that instant as things stand, and with this value decided (S-38); writes nothing.

    Refuses Forbidden, PolicyUnknown, PolicyInvalid, PolicyLoosened.
    """
    _check_reads_policies(actor, hospital_id)
    scope: Scope = "city" if hospital_id is None else "hospital" if department_id is None else "department"
    checked = policies.checked_value(policy, value, scope=scope, hospital_id=hospital_id, instant=instant)
    before = policies.at(hospital_id, instant, department_id=department_id)
    after = policies.at(hospital_id, instant, department_id=department_id, assuming={(policy, scope): checked})
    return PolicyPreview(
        before.raw(policy),
        after.raw(policy),
        tuple(rules.rules_for_patients(before, language)),
        tuple(rules.rules_for_patients(after, language)),
    )


def policy_history(
    actor: Actor,
    *,
    hospital_id: UUID | None = None,
    department_id: UUID | None = None,
    with_departments: bool = False,
    policy: str | None = None,
) -> list[PolicyEntry]:
    """The decisions of one scope (the city, a hospital with or without its departments, a department), the latest
    first, at most 200."""
    if hospital_id is None:
        permissions.check_can(actor, permissions.Action.READ_CITY_POLICY_HISTORY)
        rows = PolicyRecord.objects.filter(scope__in=["nation", "city"])
    else:
        permissions.check_can(actor, permissions.Action.READ_POLICY_HISTORY, hospital_id)
        rows = PolicyRecord.objects.filter(hospital_id=hospital_id)
        if not with_departments:
            rows = rows.filter(scope_id=department_id or hospital_id)
    if policy is not None:
        rows = rows.filter(key=key_named(policy).key)
    return [_policy_entry(row) for row in rows.order_by("-effective_from", "-decided_at", "-id")[:MOST_HISTORY]]


def policy_diff(actor: Actor, *, hospital_id: UUID | None, before: datetime, after: datetime) -> list[PolicyDifference]:
    """What changes between two instants, in the order of the policies' register."""
    _check_reads_policies(actor, hospital_id)
    return _differences(policies.at(hospital_id, before), policies.at(hospital_id, after))


def policy_diff_from_city(actor: Actor, *, hospital_id: UUID, now: datetime) -> list[PolicyDifference]:
    """Where a hospital's rules differ from the city's."""
    _check_reads_policies(actor, hospital_id)
    return _differences(policies.at(None, now), policies.at(hospital_id, now))


def _check_reads_policies(actor: Actor, hospital_id: UUID | None) -> None:
    if hospital_id is None:
        permissions.check_can(actor, permissions.Action.READ_CITY_POLICY_HISTORY)
    else:
        permissions.check_can(actor, permissions.Action.READ_POLICY_HISTORY, hospital_id)


def _differences(before: Policies, after: Policies) -> list[PolicyDifference]:
    return [
        PolicyDifference(name, key.rule, before.raw(name), after.raw(name))
        for name, key in KEYS.items()
        if before.raw(name) != after.raw(name)
    ]


def _policy_entry(row: PolicyRecord) -> PolicyEntry:
    return PolicyEntry(
        row.id,
        row.scope,
        row.hospital_id,
        row.scope_id if row.scope == "department" else None,
        row.key,
        row.value,
        row.effective_from,
        row.source,
        row.decided_by,
        row.decided_at,
    )
