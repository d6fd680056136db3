"""加号 and entitlements: ways into a session beside the open pools."""

from datetime import datetime
from uuid import UUID

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command
from yitong.domains.booking import models, permissions, rules
from yitong.domains.booking.commands.claim import CONSTRAINTS, live_bookings, write_claim
from yitong.domains.booking.contracts import (
    AddExtra,
    EntitlementGranted,
    Granted,
    GrantEntitlement,
    Held,
    HoldSlot,
    State,
)
from yitong.domains.booking.errors import EntitlementInvalid, EntitlementStands
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.domains.people.commands import limits
from yitong.domains.schedule.commands import slots as schedule
from yitong.domains.schedule.contracts import Pool

ENTITLED_POOLS = (Pool.REFERRAL, Pool.REVISIT)  # what a referral or a contract may open


@command(refusals=CONSTRAINTS)
def add_extra(cmd: AddExtra, *, actor: Actor, now: datetime) -> Held:
    """One more slot in the doctor's own session and its booking, in one act: real-name, in the same counters (R-014).

    Locks: the patient's limits, the session. Emits: ExtraSlotAdded, BookingConfirmed. Refuses: ExtraLimit, and what a
    claim refuses of a person and of the limits.
    """
    permissions.check_can_add_extra(actor, cmd.hospital_id)
    held_limits = limits.lock_limits(cmd.patient_id)
    facts = people.booking_facts(cmd.patient_id, actor, now=now)
    once = idempotency.begin(actor, "booking.add_extra", cmd)
    if once.answer is not None:
        return _held_again(once.answer)
    bookable = schedule.add_extra_slot(
        cmd.hospital_id, cmd.session_id, cmd.patient_id, cmd.reason, actor=actor, now=now
    )
    department_id = bookable.session.department_id
    claim = rules.Claim(
        cmd=HoldSlot(cmd.key, cmd.hospital_id, bookable.slot.slot_id, cmd.patient_id, is_first_visit=False),
        bookable=bookable,
        facts=facts,
        limits=held_limits,
        others=live_bookings(cmd.patient_id),
        department=hospitals.get_department(cmd.hospital_id, department_id),
        policies=policies.at(cmd.hospital_id, now, department_id=department_id),
        channel=rules.DESK,
        is_open=True,
        hides_name=False,
        entitled_pool=None,
    )
    rules.check_person(claim, now=now)
    rules.check_session(bookable.session)
    rules.check_eligible(claim.department, facts, bookable.session.date)
    rules.check_limits(claim)
    return once.finish(write_claim(claim, actor=actor, now=now, is_extra=True))


@command(refusals={"entitlement_one_open": EntitlementStands})
def grant_entitlement(cmd: GrantEntitlement, *, actor: Actor, now: datetime) -> Granted:
    """A referral or contract opens a pool of one department to one patient until a day (R-012, R-096).

    Locks: the patient's limits. Emits: EntitlementGranted. Refuses: Forbidden, EntitlementInvalid (not such a pool, or
    a day that is over), EntitlementStands, DepartmentMissing, PatientMissing.
    """
    permissions.check_can_grant(actor, cmd.hospital_id)
    if cmd.pool not in ENTITLED_POOLS:
        raise EntitlementInvalid(pool=cmd.pool)
    if cmd.until_date < clock.shanghai_date(now):
        raise EntitlementInvalid(until=cmd.until_date.isoformat())
    limits.lock_limits(cmd.patient_id)  # an equal one may be coming back from a booking that ends
    once = idempotency.begin(actor, "booking.grant_entitlement", cmd)
    if once.answer is not None:
        return Granted(UUID(once.answer["hospital_id"]), UUID(once.answer["entitlement_id"]))
    people.booking_facts(cmd.patient_id, actor, now=now)
    hospitals.get_department(cmd.hospital_id, cmd.department_id)
    row = models.Entitlement.objects.create(
        hospital_id=cmd.hospital_id,
        patient_id=cmd.patient_id,
        department_id=cmd.department_id,
        pool=cmd.pool,
        until_date=cmd.until_date,
        source=cmd.source,
        granted_by=actor.key,
        granted_at=now,
    )
    events.append(
        EntitlementGranted(
            hospital_id=cmd.hospital_id,
            subject_id=row.id,
            patient_id=cmd.patient_id,
            department_id=cmd.department_id,
            pool=cmd.pool,
        ),
        actor,
        at=now,
        shard=f"patient:{cmd.patient_id}",
    )
    return once.finish(Granted(cmd.hospital_id, row.id))


def _held_again(answer: dict[str, str]) -> Held:
    until = answer["hold_until"]
    return Held(
        UUID(answer["hospital_id"]),
        UUID(answer["booking_id"]),
        State(answer["state"]),
        answer["code"],
        datetime.fromisoformat(until) if until else None,
        UUID(answer["slot_id"]),
        int(answer["number"]),
        datetime.fromisoformat(answer["starts_at"]),
        datetime.fromisoformat(answer["ends_at"]),
    )
