"""`yitong keys …` and `yitong audit …`: encryption keys, and the signed log."""

import sys
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console

from yitong.cli import database
from yitong.cli.draw import Hex
from yitong.core import clock

console = Console(stderr=True, highlight=False)


@click.group()
def audit() -> None:
    """The signed log of all that was done."""


@audit.command("verify")
@click.option("--log", "wanted", multiple=True, help="Only this log; may be said again. All by default.")
def audit_verify(wanted: tuple[str, ...]) -> None:
    """Recompute every row, seal and day root; exit code 1 when something is amiss."""
    with database.opened() as opened:
        database.enter(opened)
        from yitong.core.db import sealing, sealing_check

        for log in wanted:
            _check_known(log, sealing.logs(), "--log")
        report = sealing_check.verify(list(wanted) or None)
    for finding in report.findings:
        console.print(f"[red]✗[/] {finding.kind}: {finding.log} / {finding.shard}, {finding.place}")
    if report.omitted:
        console.print(f"[red]✗[/] and {report.omitted} more")
    for notice in report.notices:
        console.print(f"[yellow]![/] {notice.kind}: {notice.log} / {notice.shard}, {notice.place}")
    if not report.is_whole:
        sys.exit(1)
    console.print(
        f"[green]✓[/] The log is whole: {report.rows} rows under {report.seals} seals and {report.days} day roots,"
        f" {report.tail} not sealed yet."
    )


@audit.command("export")
@click.argument("log")
@click.argument("shard")
@click.argument("file", type=click.File("wb", lazy=True))
def audit_export(log: str, shard: str, file: BinaryIO) -> None:
    """Write one chain (a hospital's id, or `city`) to a file that an outsider can check with `audit check-file`."""
    with database.opened() as opened:
        database.enter(opened)
        from yitong.core.db import sealing, sealing_check

        _check_known(log, sealing.logs(), "LOG")
        for line in sealing_check.export(log, shard):
            file.write(line + b"\n")
        for name, public in sealing_check.trusted_keys().items():
            console.print(f"Public key {name}\n{public.hex()}")


@audit.command("check-file")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    "keys_given",
    type=Hex(32),
    multiple=True,
    required=True,
    help="Public key in hexadecimal, had another way.",
)
def audit_check_file(file: Path, keys_given: tuple[bytes, ...]) -> None:
    """Check an exported chain; needs no database."""
    from yitong.core.hashlog.export import verify_export
    from yitong.core.hashlog.signing import key_id

    trusted = {key_id(key): key for key in keys_given}
    with file.open("rb") as lines:
        findings = verify_export(lines, trusted)
    for finding in findings:
        console.print(f"[red]✗[/] {finding.kind}: {finding.place}")
    if findings:
        sys.exit(1)
    console.print("[green]✓[/] The file is whole.")


def _check_known(log: str, known: Collection[str], hint: str) -> None:
    if log not in known:
        raise click.BadParameter(f"known logs: {', '.join(sorted(known))}", param_hint=hint)


@click.group()
def keys() -> None:
    """The keys of field encryption: see and replace them."""


@keys.command("status")
def keys_status() -> None:
    """Which data keys there are, and how many values lie under each."""
    with database.opened() as opened:
        database.enter(opened)
        from yitong.core.db import keys as store
        from yitong.core.db.models_security import DataKey

        for key in DataKey.objects.order_by("number"):
            print(f"key {key.number}  {key.purpose}  master {key.master_version}  {key.created_at:%Y-%m-%d}")
        for model, name in store.encrypted_fields():
            for (algorithm, number), count in sorted(store.usage(model, name).items()):
                print(f"{model._meta.db_table}.{name}  {algorithm}  key {number}  {count} values")
        trouble = store.trouble()
    if trouble:
        console.print(f"[red]✗[/] {trouble}")
        sys.exit(1)


@keys.command("rotate")
def keys_rotate() -> None:
    """Make a new data key; running processes write with it within ten minutes. Then: `yitong keys reencrypt`."""
    with database.opened() as opened:
        database.enter(opened)
        from yitong.core.db import keys as store

        console.print(f"[green]✓[/] Data key {store.rotate(now=clock.now())} is written with from now on.")


@keys.command("reencrypt")
def keys_reencrypt() -> None:
    """Bring every encrypted field to the current key and algorithm, in batches. May be stopped and started again."""
    with database.opened() as opened:
        database.enter(opened)
        from yitong.core.db import keys as store

        for model, name in store.encrypted_fields():
            changed, after = 0, None
            while True:
                batch = store.reencrypt(model, name, after=after)
                changed, after = changed + batch.rows, batch.after
                if after is None:
                    break
            console.print(f"[green]✓[/] {model._meta.db_table}.{name}: {changed} values")


@keys.command("rewrap")
def keys_rewrap() -> None:
    """Wrap the data keys with the newest master key, after one was added as `keys/master-<n>`. Data stays as it is."""
    with database.opened() as opened:
        database.enter(opened)
        from yitong.core.db import keys as store

        changed, current = store.rewrap(), store.master_keys().current
    console.print(f"[green]✓[/] {changed} keys wrapped with master key {current}; older ones can be taken away now.")
