"""`yitong staff …`: lets the first people in, while there is nobody yet who could do it on the pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import click

from yitong.cli import database
from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.errors import Refusal
from yitong.core.sentences import sentence

OPERATOR = Actor.system("cli.staff")
ROLES = ("security_admin", "city_operator", "policy_officer", "auditor", "hospital_admin")


@click.group()
def staff() -> None:
    """Let the first people in: the city's officers, a hospital's administrator. They let in all others."""


@staff.command("add")
@click.argument("login")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default=ROLES[0], show_default=True, help="What this person may do.")
@click.option("--hospital", "code", help="Code of the hospital, for a hospital_admin.")
def staff_add(login: str, name: str, role: str, code: str | None) -> None:
    """Add one who signs in as LOGIN, and show the code with which this person sets a password."""
    with _entered() as now:
        from yitong.domains.access.commands import staff as commands
        from yitong.domains.access.contracts import AddStaff, RoleName

        hospital_id = _hospital(code) if code is not None else None
        cmd = AddStaff(login, name, hospital_id, (RoleName(role),))
        invited = commands.add_staff(cmd, actor=OPERATOR, now=now)
        _show(invited.login, invited.invite)


@staff.command("invite")
@click.argument("login")
@click.option("--second-factor", is_flag=True, help="Forget the authenticator, too, of one who lost it.")
def staff_invite(login: str, second_factor: bool) -> None:
    """Show a new code for one who can't sign in and whom nobody else can let in. Ends the sessions of LOGIN."""
    with _entered() as now:
        from yitong.domains.access import queries
        from yitong.domains.access.commands import second_factor as factors
        from yitong.domains.access.commands import staff as commands

        member = queries.find_staff(login, OPERATOR, now)
        if member is None:
            raise click.BadParameter("nobody signs in by that name", param_hint="LOGIN")
        if second_factor:
            factors.clear_totp(member.staff_id, actor=OPERATOR, now=now)
        invited = commands.invite_again(member.staff_id, actor=OPERATOR, now=now)
        _show(invited.login, invited.invite)


@contextmanager
def _entered() -> Iterator[datetime]:
    """Within the database, as the role that runs; what is refused is said as on the pages."""
    with database.opened() as opened:
        database.enter(opened)
        try:
            yield clock.now()
        except Refusal as refusal:
            raise click.ClickException(sentence(refusal.code, refusal.params, "en").message) from None


def _hospital(code: str) -> UUID:
    from yitong.domains.hospitals.queries import directory

    known = {one.code: one.hospital_id for one in directory.list_hospitals(with_closed=True)}
    if code not in known:
        raise click.BadParameter(f"known hospitals: {', '.join(known) or 'none yet'}", param_hint="--hospital")
    return known[code]


def _show(login: str, invite: str) -> None:
    from django.conf import settings
    from django.urls import reverse

    click.echo(f"{login} sets a password within seven days at {settings.PUBLIC_URL}{reverse('desk:invite')}")
    click.echo(f"with the code  {invite}")
