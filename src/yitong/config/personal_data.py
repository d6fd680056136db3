"""Every domain that holds something of a person, and what a person may ask of them all at once (R-198)."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db.command import command
from yitong.domains.access import personal_data as access
from yitong.domains.booking import personal_data as booking
from yitong.domains.booking.contracts import State
from yitong.domains.booking.queries import bookings
from yitong.domains.draws import personal_data as draws
from yitong.domains.fairness import personal_data as fairness
from yitong.domains.hospitals import personal_data as hospitals
from yitong.domains.notify import personal_data as notify
from yitong.domains.people import personal_data as people
from yitong.domains.people import queries as patients
from yitong.domains.people.errors import RightsDenied
from yitong.domains.schedule import personal_data as schedule
from yitong.domains.waitlist import personal_data as waitlist

# Higher domains first: what names a patient goes before the patient does.
HOLDERS = {
    "fairness": fairness,
    "draws": draws,
    "waitlist": waitlist,
    "booking": booking,
    "schedule": schedule,
    "hospitals": hospitals,
    "access": access,
    "people": people,
    "notify": notify,
}
OPEN = (State.HELD, State.CONFIRMED, State.CHECKED_IN, State.IN_VISIT)


class EveryDomain:
    """Implements `faces.common.rights.Rights` by asking each holder in turn."""

    def export(self, account_id: UUID) -> dict[str, object]:
        ids = patients.records_of([card.patient_id for card in patients.patients_of(account_id)])
        return {name: part for name, holder in HOLDERS.items() if (part := holder.export(ids, account_id))}

    def erase(self, account_id: UUID, *, actor: Actor, now: datetime) -> None:
        erase(account_id, actor=actor, now=now)


@command()
def erase(account_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Forget an account and the patients that are in no other one. Refuses RightsDenied while a visit lies ahead.

    Locks: as the domains say, patients in id order. Emits: PatientErased, AccountClosed.
    """
    if any(one.state in OPEN and one.ends_at > now for one in bookings.list_my_bookings(actor, now=now)):
        raise RightsDenied(reason="open_booking")
    own = [
        card.patient_id
        for card in patients.patients_of(account_id)
        if set(patients.accounts_of(card.patient_id)) == {account_id}
    ]
    for holder in HOLDERS.values():
        holder.erase(own, account_id)
