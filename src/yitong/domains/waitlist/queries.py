"""Waitlist: reads."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.policy.values import Policies
from yitong.domains.booking.contracts import Kept
from yitong.domains.booking.queries import keeping, openings
from yitong.domains.people import queries as people
from yitong.domains.people.queries import consents
from yitong.domains.schedule.contracts import Session
from yitong.domains.schedule.queries import timetable as schedule
from yitong.domains.waitlist import models, permissions, rules
from yitong.domains.waitlist.contracts import (
    CloseReason,
    Entry,
    Line,
    LineLength,
    Mode,
    Offer,
    OfferedSlot,
    OfferState,
    Passing,
    SessionKey,
    Waiting,
    WaitState,
)
from yitong.domains.waitlist.errors import EntryMissing

PAGE = 20
MOST_IN_LINE = 500
PASSINGS = 5


def can_join(session: Session, in_force: Policies, *, now: datetime) -> bool:
    """Whether its line is open at this instant; that it is sold out, too, the command sees. Pure: it asks nothing."""
    return now < _closes_at(session, in_force) and schedule.is_open(session, now, in_force)


def list_joinable(hospital_id: UUID, session_ids: Sequence[UUID], *, channel: str, now: datetime) -> list[UUID]:
    """Those of a hospital's sessions that one may get in line for at this instant, in the order given: the first of
    them, as many as one entry names."""
    sessions = schedule.sessions_by_id(hospital_id, session_ids)
    in_force = policies.of_hospital(hospital_id, now)
    in_time = [one for one in sessions.values() if now < _closes_at(one, in_force(one.department_id))]
    sold_out = openings.list_sold_out(hospital_id, in_time, channel=channel, now=now)
    most = policies.at(None, now).int("waitlist.sessions_per_entry")
    return [session_id for session_id in session_ids if session_id in sold_out][:most]


def sessions_of(entry_id: UUID) -> list[SessionKey]:
    """Where an entry waits or waited, in its order of preference."""
    row = models.WaitlistEntry.objects.get(id=entry_id)
    return [SessionKey(*key) for key in zip(row.hospital_ids, row.session_ids, strict=True)]


def booking_key(entry_id: UUID, place: int) -> str:
    """The key of the booking that an entry gets for its patient in this place."""
    return f"waitlist:{entry_id}:{place}"


def hospitals_agreed(entry: Entry) -> set[UUID]:
    """Those that are asked for numbers by themselves when the entry is booked: it was agreed to before (R-049)."""
    keys = {booking_key(entry.entry_id, n): patient_id for n, patient_id in enumerate(entry.patient_ids)}
    return consents.hospitals_agreed(keys)


def list_my_entries(actor: Actor, *, only_live: bool = False) -> list[Entry]:
    """The account's entries, those that wait first, then the latest; at most 20. As many queries for one as for all,
    and some more for each hospital."""
    if actor.account_id is None:
        return []
    rows = models.WaitlistEntry.objects.filter(account_id=actor.account_id)
    if only_live:
        rows = rows.filter(live=True)
    return _entries(list(rows.order_by("-live", "-joined_at", "-id")[:PAGE]))


def get_entry(entry_id: UUID, actor: Actor) -> Entry:
    """Refuses EntryMissing where it is another's."""
    account_id = permissions.check_can_wait(actor)
    found = _entries(list(models.WaitlistEntry.objects.filter(id=entry_id, account_id=account_id)))
    if not found:
        raise EntryMissing()
    return found[0]


def count_offers(actor: Actor) -> int:
    """How many of the account's entries have an offer to answer. One query."""
    if actor.account_id is None:
        return 0
    return models.WaitlistEntry.objects.filter(
        account_id=actor.account_id, live=True, state=WaitState.OFFERED.value
    ).count()


def line_lengths(hospital_id: UUID, session_ids: Collection[UUID]) -> dict[UUID, LineLength]:
    """How many people wait for each of these sessions; who waits for none is absent. One query."""
    rows = models.WaitlistChoice.objects.filter(hospital_id=hospital_id, session_id__in=session_ids, live=True)
    counted = rows.values_list("session_id").annotate(n=Sum("people")).order_by()
    return {session_id: LineLength(session_id, n) for session_id, n in counted}


def list_waiting(hospital_id: UUID, session_id: UUID, actor: Actor, *, now: datetime) -> list[Waiting]:
    """The line of a session for the hospital's staff, in order. The reads are logged. Nobody can move anybody."""
    permissions.check_can_list(actor, hospital_id)
    choices = models.WaitlistChoice.objects.filter(hospital_id=hospital_id, session_id=session_id, live=True)
    since = dict(choices.order_by("joined_at", "entry_id").values_list("entry_id", "joined_at")[:MOST_IN_LINE])
    in_line = list(since)
    entries = models.WaitlistEntry.objects.in_bulk(in_line)
    until = dict(
        models.WaitlistOffer.objects.filter(
            hospital_id=hospital_id, session_id=session_id, live=True, state=OfferState.OPEN.value
        ).values_list("entry_id", "until")
    )
    ids = [patient_id for entry in entries.values() for patient_id in entry.patient_ids]
    names = people.names_of(ids)
    people.record_reads([(one, hospital_id) for one in ids], actor, what="waitlist", purpose="booking", now=now)
    return [
        Waiting(
            entry_id=entry_id,
            place=place,
            joined_at=since[entry_id],
            mode=Mode(entries[entry_id].mode),
            state=WaitState(entries[entry_id].state),
            patient_ids=tuple(entries[entry_id].patient_ids),
            patient_names=tuple(names.get(one, "") for one in entries[entry_id].patient_ids),
            offer_until=until.get(entry_id),
        )
        for place, entry_id in enumerate(in_line, start=1)
    ]


def _closes_at(session: Session, in_force: Policies) -> datetime:
    return rules.closes_at(schedule.booking_ends_at(session, in_force), in_force)


def _entries(rows: Sequence[models.WaitlistEntry]) -> list[Entry]:
    by_hospital: dict[UUID, list[models.WaitlistEntry]] = {}
    for row in rows:
        for hospital_id in dict.fromkeys(row.hospital_ids):
            by_hospital.setdefault(hospital_id, []).append(row)
    lines: dict[UUID, list[Line]] = {row.id: [] for row in rows}
    offers: dict[UUID, Offer] = {}
    passings: dict[UUID, list[Passing]] = {row.id: [] for row in rows}
    for hospital_id, mine in by_hospital.items():
        _read_hospital(hospital_id, [row.id for row in mine], lines, offers, passings)
    most = _most_offers(rows)
    return [
        Entry(
            entry_id=row.id,
            state=WaitState(row.state),
            mode=Mode(row.mode),
            patient_ids=tuple(row.patient_ids),
            is_first_visit=row.is_first_visit,
            joined_at=row.joined_at,
            ended_at=row.ended_at,
            end_reason=row.end_reason,
            offers_left=max(0, most[row.id] - row.offers),
            lines=tuple(
                sorted(
                    (line for line in lines[row.id] if line.session_id in row.session_ids), key=lambda line: line.place
                )
            ),
            offer=offers.get(row.id),
            passings=tuple(sorted(passings[row.id], key=lambda one: one.at, reverse=True)[:PASSINGS]),
            booked=SessionKey(row.booked_hospital_id, row.booked_session_id)
            if row.booked_hospital_id and row.booked_session_id
            else None,
        )
        for row in rows
    ]


def _most_offers(rows: Sequence[models.WaitlistEntry]) -> dict[UUID, int]:
    """As the hospital wanted most says it; where it is asked, that hospital's own number decides."""
    by_hospital = {
        hospital_id: policies.at(hospital_id, max(row.joined_at for row in rows))
        for hospital_id in {row.hospital_ids[0] for row in rows}
    }
    return {row.id: by_hospital[row.hospital_ids[0]].int("waitlist.offers_per_entry") for row in rows}


def _read_hospital(
    hospital_id: UUID,
    entry_ids: Collection[UUID],
    lines: dict[UUID, list[Line]],
    offers: dict[UUID, Offer],
    passings: dict[UUID, list[Passing]],
) -> None:
    own = list(models.WaitlistChoice.objects.filter(hospital_id=hospital_id, entry_id__in=entry_ids))
    sessions = {row.session_id for row in own if row.live}
    everybody = models.WaitlistChoice.objects.filter(hospital_id=hospital_id, session_id__in=sessions, live=True)
    in_line = list(everybody.values_list("session_id", "joined_at", "entry_id", "people"))
    for row in own:
        ahead = sum(
            n
            for session_id, joined_at, entry_id, n in in_line
            if session_id == row.session_id and (joined_at, entry_id) < (row.joined_at, row.entry_id)
        )
        reason = CloseReason(row.end_reason) if row.end_reason else None
        line = Line(hospital_id, row.session_id, row.place, row.live, reason, row.closes_at, ahead if row.live else 0)
        lines[row.entry_id].append(line)
    for offer in models.WaitlistOffer.objects.filter(hospital_id=hospital_id, entry_id__in=entry_ids, live=True):
        kept = [one for one in keeping.list_kept(hospital_id, offer.session_id) if one.promised_id == offer.id]
        offers[offer.entry_id] = _offer(offer, kept)
    for passed in models.WaitlistPassed.objects.filter(hospital_id=hospital_id, entry_id__in=entry_ids).order_by("-at")[
        : PASSINGS * len(entry_ids)
    ]:
        passings[passed.entry_id].append(Passing(hospital_id, passed.session_id, passed.reason, passed.at))


def _offer(row: models.WaitlistOffer, kept: Sequence[Kept]) -> Offer:
    slots = tuple(
        OfferedSlot(one.number, one.starts_at, one.ends_at) for one in sorted(kept, key=lambda one: one.number)
    )
    return Offer(row.hospital_id, row.id, row.session_id, OfferState(row.state), row.made_at, row.until, slots)
