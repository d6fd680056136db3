"""`yitong draw …`: check the file of a draw, look into it, make a hospital's secret. None needs a database."""

import secrets
import sys
from collections import Counter
from pathlib import Path
from uuid import UUID

import click
from rich.console import Console

from yitong.core.hashlog.signing import key_id
from yitong.core.lots.commitment import prove
from yitong.core.lots.file import DrawFile, Rank
from yitong.core.lots.seed import promise_of
from yitong.core.lots.terms import SECRET_BYTES, TICKET_BYTES, Party
from yitong.core.lots.verify import Report, verify

console = Console(stderr=True, highlight=False, soft_wrap=True)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Hex(click.ParamType):
    """So many bytes in hexadecimal."""

    name = "hex"

    def __init__(self, length: int) -> None:
        self._length = length

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        if isinstance(value, bytes):
            return value
        try:
            found = bytes.fromhex(str(value))
        except ValueError:
            found = b""
        if len(found) != self._length:
            self.fail(f"{2 * self._length} hexadecimal digits are wanted", param, ctx)
        return found


@click.group()
def draw() -> None:
    """Draws of places by lot: anyone can check the file of one."""


@draw.command("verify")
@click.argument("file", type=FILE)
@click.option("--root", type=Hex(32), help="The root that was published at closing, had another way.")
@click.option("--key", "keys", type=Hex(32), multiple=True, help="Public key that must have signed; had another way.")
def draw_verify(file: Path, root: bytes | None, keys: tuple[bytes, ...]) -> None:
    """Compute everything in a draw's file again; exit code 1 when something is amiss."""
    report = _report(file, root, keys)
    for finding in report.findings:
        console.print(f"[red]✗[/] {finding.code}: {finding.place}")
    for code, count in report.omitted.items():
        console.print(f"[red]✗[/] {code}: and {count} more")
    if not report.is_whole or report.file is None:
        sys.exit(1)
    found = report.file
    if found.seed is None:
        parties = ", ".join(found.silent)
        console.print(f"[green]✓[/] The file is whole: {len(found.entries)} entries, void by the silence of {parties}.")
    else:
        console.print(f"[green]✓[/] The draw is whole: {len(found.ranks)} entries, {len(_given(found))} were given.")
        if found.terms.beacon is not None and found.seed.beacon is None:
            console.print("[yellow]![/] Drawn without the beacon, which wasn't reached in time.")
    if root is None and not keys:
        console.print(
            "[yellow]![/] That these are the entries of closing time is shown only by --root or --key: "
            f"compare\n{found.commitment.root.hex()} with what was published."
        )


@draw.command("show")
@click.argument("file", type=FILE)
@click.option("--ticket", type=Hex(TICKET_BYTES), help="Your own: tells its rank, what it was given, and its proof.")
def draw_show(file: Path, ticket: bytes | None) -> None:
    """Say what is in a draw's file, for people. Checks nothing: that is `verify`."""
    found = _report(file, None, ()).file
    if found is None:
        raise click.ClickException("this is no draw's file")
    if ticket is not None:
        return _show_ticket(found, ticket)
    terms = found.terms
    click.echo(f"{terms.hospital} · {terms.department}")
    click.echo(f"applied {terms.opens_at:%Y-%m-%d %H:%M} – {terms.closes_at:%Y-%m-%d %H:%M} UTC")
    click.echo(f"entries {len(found.entries)}, root {found.commitment.root.hex()}")
    for weight, count in sorted(Counter(entry.weight for entry in found.entries).items()):
        click.echo(f"  with {weight} lots: {count}")
    given = Counter(rank.given for rank in _given(found))
    for offer in terms.offers:
        click.echo(f"{offer.what}: {offer.places} places, given to {given[offer.session]} entries")
    if found.seed is not None:
        click.echo(f"seed {found.seed.seed.hex()}, beacon {'yes' if found.seed.beacon else 'no'}")
    return None


@draw.command("secret")
@click.argument("draw_id", type=click.UUID)
def draw_secret(draw_id: UUID) -> None:
    """Make a hospital's secret for a draw, and the hash that it gives now. Keep the secret until it is asked for."""
    secret = secrets.token_bytes(SECRET_BYTES)
    click.echo(f"secret, to be kept: {secret.hex()}")
    click.echo(f"hash, to be given:  {promise_of(Party.HOSPITAL, draw_id, secret).hex()}")


def _report(file: Path, root: bytes | None, keys: tuple[bytes, ...]) -> Report:
    trusted = {key_id(key): key for key in keys} if keys else None
    with file.open("rb") as lines:
        return verify(lines, published_root=root, trusted=trusted)


def _given(found: DrawFile) -> list[Rank]:
    return [rank for rank in found.ranks if rank.given is not None]


def _show_ticket(found: DrawFile, ticket: bytes) -> None:
    index = next((n for n, entry in enumerate(found.entries, start=1) if entry.ticket == ticket), None)
    if index is None:
        raise click.ClickException("no entry of this draw has that ticket")
    entry = found.entries[index - 1]
    click.echo(f"lots {entry.weight} ({', '.join(entry.reasons)}), places {entry.places}")
    rank = next((rank for rank in found.ranks if rank.ticket == ticket), None)
    if rank is not None:
        what = {offer.session: offer.what for offer in found.terms.offers}
        click.echo(f"rank {rank.rank} of {len(found.ranks)}: {what[rank.given] if rank.given else 'nothing given'}")
    proof = prove(found.lines, index)
    click.echo(f"leaf {proof.index} of {len(found.lines)} under {found.commitment.root.hex()}:")
    click.echo(proof.line.decode())
    for sibling in proof.path:
        click.echo(f"  {sibling.hex()}")
