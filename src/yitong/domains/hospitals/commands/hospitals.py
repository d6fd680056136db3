"""The city takes hospitals in and out; a hospital says who it is and what is new."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import idempotency
from yitong.core.db.command import command
from yitong.core.ids import new_id
from yitong.domains.hospitals import models, permissions, rules
from yitong.domains.hospitals.commands import writing
from yitong.domains.hospitals.contracts.events import (
    AnnouncementPublished,
    AnnouncementWithdrawn,
    FirstVisitGuideSet,
    HospitalAdded,
    HospitalChanged,
    HospitalClosed,
    HospitalReopened,
)
from yitong.domains.hospitals.contracts.writes import (
    AddHospital,
    ChangeHospital,
    GuideFacts,
    Made,
    PublishAnnouncement,
    SetFirstVisitGuide,
)
from yitong.domains.hospitals.errors import (
    AnnouncementMissing,
    AnnouncementWithdrawnAlready,
    FactsInvalid,
    HospitalAlreadyClosed,
    HospitalAlreadyOpen,
    HospitalCodeTaken,
)
from yitong.domains.hospitals.permissions import Action
from yitong.domains.hospitals.queries import facts as stand


@command(refusals={"hospital_code_once": HospitalCodeTaken, "hospital_name_once": HospitalCodeTaken})
def add_hospital(cmd: AddHospital, *, actor: Actor, now: datetime) -> Made:
    """Take a hospital into the city. Its data is then its own administrator's.

    Emits: HospitalAdded. Refuses: Forbidden, FactsInvalid, HospitalCodeTaken, KeyReused.
    """
    permissions.check_can(actor, Action.ADD_HOSPITAL)
    once = idempotency.begin(actor, "hospitals.add_hospital", cmd)
    if once.answer is not None:
        return Made(UUID(once.answer["id"]))
    rules.check_code(cmd.code, most=32)
    rules.check_hospital(cmd.facts)
    row = models.Hospital(id=new_id(), code=cmd.code, added_at=now)
    writing.write(row, writing.plain(cmd.facts))
    writing.index_hospital(row)
    writing.announce(HospitalAdded(hospital_id=row.id, subject_id=row.id, to_state="open", code=cmd.code), actor, now)
    return once.finish(Made(row.id))


@command()
def close_hospital(hospital_id: UUID, *, actor: Actor, now: datetime) -> Made:
    """Take a hospital out of search and booking.

    Locks: Hospital. Emits: HospitalClosed. Refuses: Forbidden, HospitalMissing, HospitalAlreadyClosed.
    """
    permissions.check_can(actor, Action.OPEN_OR_CLOSE)
    row = writing.locked_hospital(hospital_id)
    if not row.is_open:
        raise HospitalAlreadyClosed()
    writing.write(row, {"is_open": False})
    writing.announce(
        HospitalClosed(hospital_id=row.id, subject_id=row.id, from_state="open", to_state="closed"), actor, now
    )
    return Made(row.id)


@command()
def reopen_hospital(hospital_id: UUID, *, actor: Actor, now: datetime) -> Made:
    """Locks: Hospital. Emits: HospitalReopened. Refuses: HospitalAlreadyOpen."""
    permissions.check_can(actor, Action.OPEN_OR_CLOSE)
    row = writing.locked_hospital(hospital_id)
    if row.is_open:
        raise HospitalAlreadyOpen()
    writing.write(row, {"is_open": True})
    writing.announce(
        HospitalReopened(hospital_id=row.id, subject_id=row.id, from_state="closed", to_state="open"), actor, now
    )
    return Made(row.id)


@command(refusals={"hospital_name_once": HospitalCodeTaken})
def change_hospital(cmd: ChangeHospital, *, actor: Actor, now: datetime) -> Made:
    """The hospital says anew who it is; what stands already changes nothing.

    Locks: Hospital. Emits: HospitalChanged. Refuses: Forbidden, HospitalMissing, FactsInvalid, FactsChanged,
    HospitalCodeTaken.
    """
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    rules.check_hospital(cmd.facts)
    row = writing.locked_hospital(cmd.hospital_id)
    if cmd.seen:
        writing.check_seen(cmd.seen, stand.hospital_facts(cmd.hospital_id), cmd.facts)
    values = writing.plain(cmd.facts)
    if not writing.differs(row, values):
        return Made(row.id)
    writing.write(row, values)
    writing.index_hospital(row)
    writing.announce(HospitalChanged(hospital_id=row.id, subject_id=row.id), actor, now)
    return Made(row.id)


@command()
def set_first_visit_guide(cmd: SetFirstVisitGuide, *, actor: Actor, now: datetime) -> Made:
    """The hospital's own words for who comes for the first time: what to bring, where to go. What stands already
    changes nothing.

    Locks: Hospital. Emits: FirstVisitGuideSet. Refuses: Forbidden, HospitalMissing, FactsInvalid, FactsChanged.
    """
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    told = GuideFacts(
        text=rules.checked_text("first_visit", cmd.text, least=0, most=2000),
        text_en=rules.checked_text("first_visit_en", cmd.text_en, least=0, most=4000),
    )
    row = writing.locked_hospital(cmd.hospital_id)
    if cmd.seen:
        writing.check_seen(cmd.seen, stand.guide_facts(cmd.hospital_id), told)
    guide: dict[str, object] = {"first_visit": told.text, "first_visit_en": told.text_en}
    if not writing.differs(row, guide):
        return Made(row.id)
    writing.write(row, guide)
    writing.announce(FirstVisitGuideSet(hospital_id=row.id, subject_id=row.id), actor, now)
    return Made(row.id)


@command()
def publish_announcement(cmd: PublishAnnouncement, *, actor: Actor, now: datetime) -> Made:
    """A notice of the hospital, or of the city.

    Emits: AnnouncementPublished. Refuses: Forbidden, FactsInvalid, KeyReused.
    """
    _check_announces(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "hospitals.publish_announcement", cmd)
    if once.answer is not None:
        return Made(UUID(once.answer["id"]))
    if cmd.until_at is not None and cmd.until_at <= max(cmd.from_at, now):
        raise FactsInvalid(field="until_at", least=1, most=1)
    row = models.Announcement.objects.create(
        id=new_id(),
        hospital_id=cmd.hospital_id,
        title=rules.checked_text("title", cmd.title, most=120),
        body=rules.checked_text("body", cmd.body, most=4000),
        from_at=cmd.from_at,
        until_at=cmd.until_at,
        published_by=actor.key,
    )
    writing.announce(AnnouncementPublished(hospital_id=cmd.hospital_id, subject_id=row.id), actor, now)
    return once.finish(Made(row.id))


@command()
def withdraw_announcement(announcement_id: UUID, *, actor: Actor, now: datetime) -> Made:
    """Locks: Announcement. Emits: AnnouncementWithdrawn. Refuses: Forbidden, AnnouncementMissing, …WithdrawnAlready."""
    rows = models.Announcement.objects.select_for_update(of=("self",)).filter(id=announcement_id)
    row = rows.order_by("pk").first()
    if row is None:
        raise AnnouncementMissing()
    _check_announces(actor, row.hospital_id)
    if row.withdrawn_at is not None:
        raise AnnouncementWithdrawnAlready()
    writing.write(row, {"withdrawn_at": now})
    writing.announce(AnnouncementWithdrawn(hospital_id=row.hospital_id, subject_id=row.id), actor, now)
    return Made(row.id)


def _check_announces(actor: Actor, hospital_id: UUID | None) -> None:
    permissions.check_can(actor, Action.ANNOUNCE_CITY if hospital_id is None else Action.ANNOUNCE, hospital_id)
