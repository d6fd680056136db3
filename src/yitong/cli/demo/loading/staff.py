"""Lets staff join, and opens the channels, as the operator's command line does before there is anybody."""

from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from yitong.cli.demo.city import City
from yitong.cli.demo.staff import PASSWORD, StaffMember
from yitong.core.actor import Actor, Role
from yitong.core.clock import shanghai_date
from yitong.domains.access import models, queries
from yitong.domains.access.commands import channels, sign_in
from yitong.domains.access.commands import staff as commands
from yitong.domains.access.contracts import (
    AcceptInvite,
    AddChannel,
    AddStaff,
    ChannelFacts,
    ChannelKind,
    RoleName,
    Scope,
)
from yitong.domains.hospitals.commands import practitioners
from yitong.domains.hospitals.contracts.writes import BindPractitioner
from yitong.domains.hospitals.queries import directory as hospitals

SYSTEM = Actor.system("demo.load")


class Crew:
    """The demo's staff by login, and what each may do."""

    def __init__(self) -> None:
        self._ids: dict[str, UUID] = {}
        self._hospitals: dict[str, UUID] = {}
        self._invited: list[AcceptInvite] = []

    def found(self, code: str, hospital_id: UUID) -> None:
        """Remembers a hospital's id."""
        self._hospitals[code] = hospital_id

    def hospital_id(self, code: str) -> UUID:
        return self._hospitals[code]

    def officer(self, role: str, city: City) -> Actor:
        """Acts as the city's holder of this role."""
        return self.actor(next(one for one in of(city, None) if one.role == role), None)

    def administrator(self, code: str, city: City) -> Actor:
        """Acts as the administrator of this hospital."""
        return self.member(code, "hospital_admin", city)

    def member(self, code: str, role: str, city: City) -> Actor:
        """Acts as the holder of this role at this hospital."""
        return self.actor(next(one for one in of(city, code) if one.role == role), self._hospitals[code])

    def join(self, one: StaffMember, hospital_id: UUID | None, *, now: datetime) -> None:
        """Lets one join, or finds the one who joined before; his password is set by `accept_invites`.

        One who should have a password and has none (the load was killed in between) is invited again.
        """
        known = models.Staff.objects.filter(login=one.login).values_list("id", "password_at").first()  # unique
        if known is not None and (known[1] is not None or not one.signs_in):
            self._ids[one.login] = known[0]
            return
        if known is None:
            cmd = AddStaff(one.login, one.name, hospital_id, (RoleName(one.role),))
            invited = commands.add_staff(cmd, actor=SYSTEM, now=now)
        else:
            invited = commands.invite_again(known[0], actor=SYSTEM, now=now)
        if one.signs_in:
            self._invited.append(AcceptInvite(one.login, invited.invite, PASSWORD))
        self._ids[one.login] = invited.staff_id

    def accept_invites(self, *, now: datetime) -> None:
        """Everybody who signs in gets the demo's password. For a thread beside the load: a password's hash is slow on
        purpose, and leaves the interpreter to others meanwhile."""
        try:
            while self._invited:
                sign_in.accept_invite(self._invited.pop(), now=now)
        finally:
            connection.close()

    def actor(self, one: StaffMember, hospital_id: UUID | None) -> Actor:
        """Acts as this member of staff."""
        return Actor.for_staff(self._ids[one.login], roles=frozenset({Role(one.role, hospital_id)}))

    def bind_doctor(self, one: StaffMember, hospital_id: UUID, *, actor: Actor, now: datetime) -> None:
        """Says which practitioner a doctor's log-in is."""
        staff_id = self._ids[one.login]
        if hospitals.find_practitioner_of_staff(hospital_id, staff_id) is not None:
            return
        doctors = {doctor.code: doctor.practitioner_id for doctor in hospitals.list_practitioners(hospital_id)}
        assert one.practitioner_code is not None
        cmd = BindPractitioner(hospital_id, doctors[one.practitioner_code], staff_id)
        practitioners.bind_practitioner(cmd, actor=actor, now=now)


def of(city: City, hospital_code: str | None) -> Iterator[StaffMember]:
    """The staff of a hospital, or (None) of the city."""
    return (one for one in city.staff if one.hospital_code == hospital_code)


def open_channels(city: City, *, now: datetime) -> None:
    """The ways in; those that are there keep their terms. Keys are made in the office, where they are shown once."""
    known = queries.channel_names()
    today = shanghai_date(now)
    for one in city.channels:
        if one.code in known:
            continue
        until = date(today.year + one.contract_years, 12, 31) if one.contract_years is not None else None
        told = ChannelFacts(
            name=one.name_zh,
            kind=ChannelKind(one.kind),
            purpose=one.purpose_zh,
            scopes=frozenset(Scope(scope) for scope in one.scopes),
            per_minute=one.per_minute,
            contract_until=until,
        )
        channels.add_channel(AddChannel(one.code, told), actor=SYSTEM, now=now)
