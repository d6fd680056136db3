"""The rules of a hospital, a department, the city: dated decisions."""

import json
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import idempotency, policies
from yitong.core.db.command import command
from yitong.core.errors import Conflict
from yitong.core.policy.keys import key_named
from yitong.core.policy.kinds import Scope
from yitong.domains.hospitals import models, permissions, rules
from yitong.domains.hospitals.commands import writing
from yitong.domains.hospitals.contracts.events import PolicySet
from yitong.domains.hospitals.contracts.writes import Made, SetPolicy
from yitong.domains.hospitals.errors import (
    PolicyInThePast,
    PolicyNotForDepartment,
)
from yitong.domains.hospitals.permissions import Action
from yitong.domains.hospitals.queries import directory
from yitong.domains.hospitals.queries import facts as stand


@command(refusals={"policy_one_value_an_instant": Conflict})
def set_policy(cmd: SetPolicy, *, actor: Actor, now: datetime) -> Made:
    """Decide a rule of the city, a hospital or a department from an instant on.

    Locks: Hospital, where it is one's, else CityRule. Emits: PolicySet. Refuses: Forbidden, PolicyUnknown,
    PolicyInvalid, PolicyLoosened, PolicyInThePast, PolicyNotForDepartment, HospitalMissing, DepartmentMissing,
    FactsInvalid, FactsChanged, KeyReused.
    """
    city = cmd.hospital_id is None
    permissions.check_can(actor, Action.SET_CITY_POLICY if city else Action.SET_HOSPITAL_POLICY, cmd.hospital_id)
    once = idempotency.begin(actor, "hospitals.set_policy", cmd)
    if once.answer is not None:
        return Made(UUID(once.answer["id"]))
    scope, scope_id = _policy_scope(cmd)
    if cmd.seen:
        writing.check_seen(cmd.seen, stand.decisions(cmd.hospital_id, cmd.policy))
    if cmd.effective_from < now:
        raise PolicyInThePast()
    record_id = policies.record(
        cmd.policy,
        cmd.value,
        scope=scope,
        hospital_id=cmd.hospital_id,
        scope_id=scope_id,
        effective_from=cmd.effective_from,
        source=rules.checked_text("source", cmd.source, most=200),
        decided_by=actor.key,
        now=now,
    )
    event = PolicySet(
        hospital_id=cmd.hospital_id,
        subject_id=record_id,
        policy=cmd.policy,
        scope=scope,
        department_id=cmd.department_id,
        value=json.dumps(cmd.value, ensure_ascii=False, sort_keys=True),
        effective_from=cmd.effective_from,
    )
    writing.announce(event, actor, now)
    return once.finish(Made(record_id))


def _policy_scope(cmd: SetPolicy) -> tuple[Scope, UUID | None]:
    """Locks: Hospital, or CityRule. Refuses HospitalMissing, DepartmentMissing, PolicyNotForDepartment,
    PolicyUnknown."""
    if cmd.hospital_id is None:
        if cmd.department_id is not None:
            raise PolicyNotForDepartment(key=cmd.policy)
        _lock_city_rule(key_named(cmd.policy).key)
        return "city", None
    writing.locked_hospital(cmd.hospital_id)
    if cmd.department_id is None:
        return "hospital", cmd.hospital_id
    directory.get_department(cmd.hospital_id, cmd.department_id)
    if not key_named(cmd.policy).department:
        raise PolicyNotForDepartment(key=cmd.policy)
    return "department", cmd.department_id


def _lock_city_rule(policy: str) -> None:
    """Who comes second waits, at the key where the row is new and at the row afterwards, and reads what the first one
    decided."""
    models.CityRule.objects.bulk_create([models.CityRule(policy=policy)], ignore_conflicts=True)
    models.CityRule.objects.select_for_update(of=("self",)).order_by("pk").get(policy=policy)
