"""Lets account holders and their families in, with the identities that the demo's authority would confirm."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yitong.cli.demo.people import Account, Person
from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.command import command
from yitong.core.db.fields import blind_index
from yitong.domains.people import models
from yitong.domains.people.commands import accounts, carriers, patients, phones, proving
from yitong.domains.people.contracts.events import AccountOpened
from yitong.domains.people.contracts.patients import AddPatient, IdentityGiven, LinkCarrier
from yitong.domains.people.contracts.words import CarrierKind, IdentityKind, Relation, Sex, Verdict

SYSTEM = Actor.system("demo.load")
CONSENT = "guardian-2026-11"  # the version of the notice to guardians


@dataclass(frozen=True, slots=True)
class Joined:
    """An account that is in, with its patients: the holder first."""

    account_id: UUID
    patients: tuple[tuple[UUID, Person], ...]

    @property
    def actor(self) -> Actor:
        return Actor.for_account(self.account_id, channel="web")


def join(account: Account, *, now: datetime) -> Joined:
    """The account with its verified patients and their cards; what is there stays."""
    account_id = _account_of(account.phone, now)
    actor = Actor.for_account(account_id, channel="app")
    found: list[tuple[UUID, Person]] = []
    for place, (relation, person) in enumerate((("self", account.holder), *account.members)):
        cmd = AddPatient(
            key=f"demo:{account_id}:{place}",
            account_id=account_id,
            identity=IdentityGiven(
                name=person.name,
                kind=IdentityKind(person.identity_kind),
                number=person.identity_number,
                birth_date=person.birth_date,
                sex=Sex(person.sex),
            ),
            relation=Relation(relation),
            guardian_consent=CONSENT if relation in ("child", "ward") else "",
        )
        added = patients.add_patient(cmd, actor=actor, now=now)
        proving.note_verdict(added.patient_id, added.verification_id, Verdict.MATCH, actor=SYSTEM, now=now)
        _link_carriers(added.patient_id, person, now=now)
        found.append((added.patient_id, person))
    return Joined(account_id, tuple(found))


def _account_of(phone: str, now: datetime) -> UUID:
    known = models.AccountPhone.objects.filter(phone_index=blind_index("phone", phone)).first()  # unique
    return known.account_id if known is not None else _open(phone, now=now)


@command(refusals=phones.PHONE_TAKEN)
def _open(phone: str, *, now: datetime) -> UUID:
    """What the first sign-in does, without the code: nobody could read it on a phone that does not exist."""
    account = accounts.open_account(phone, "zh", now)
    events.append(AccountOpened(subject_id=account.id), SYSTEM, at=now, shard=f"account:{account.id}")
    return account.id


def _link_carriers(patient_id: UUID, person: Person, *, now: datetime) -> None:
    for kind, value in person.carriers:
        cmd = LinkCarrier(f"demo:{patient_id}:{kind}", patient_id, CarrierKind(kind), value)
        carriers.link_carrier(cmd, actor=SYSTEM, now=now)
