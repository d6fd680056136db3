"""`yitong …`, the one command line. Each command says what it does; the work stands in the modules beside."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Literal

import click
from django.core.exceptions import ImproperlyConfigured
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from yitong.cli import database, draw, security, serving, staff
from yitong.cli.ground import CannotStart
from yitong.cli.postgres_account import PostgresTrouble, binaries
from yitong.cli.supervisor import Supervisor, check_port, take_data_dir
from yitong.config.paths import data_dir, project_root
from yitong.core.crypto import KeysUnavailable

console = Console(stderr=True, highlight=False, soft_wrap=True)
CITIES = click.Choice(["small", "beijing"])
PORTS = click.IntRange(1, 65535)


class Manual(click.Group):
    """Lists its commands in the order of this file, which is the order in which a newcomer meets them."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except (PostgresTrouble, CannotStart, ImproperlyConfigured, KeysUnavailable) as trouble:
            console.print("[red]yitong:[/]", Text(str(trouble)))
            sys.exit(1)


@click.group(cls=Manual, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="yitong", message="yitong %(version)s")
def main() -> None:
    """Yitong (医通): one account at every hospital of a city.

    \b
    To look at it:        yitong up              then open http://127.0.0.1:8000
    When something fails: yitong doctor          says what is wrong and how to mend it
    To run your own:      set YITONG_DATABASE_URL, then `yitong migrate`, `yitong staff add` for
                          the first officer, and `yitong up --empty`

    \b
    Everything it makes lies in one folder, .yitong/ in the clone: the database, keys, logs. Settings:
      PORT                        where the pages are served (8000)
      DATA_DIR                    that folder, elsewhere
      CITY                        demo data of `up`: beijing (22 hospitals) or small (2)
      YITONG_DATABASE_URL         a PostgreSQL of your own, 16 or newer, instead of the embedded one
      YITONG_OWNER_DATABASE_URL   the same database as the role that owns the tables, for migrations
      YITONG_PROXIES              how many reverse proxies of yours stand before it (0)
      YITONG_PUBLIC_URL           how visitors reach it; https:// turns on secure cookies
      YITONG_MASTER_KEYS, YITONG_SECRET_KEY, YITONG_SEALING_KEY
                                  keys from a vault instead of .yitong/keys/
    """


# -- running it ----------------------------------------------------------------------------------------------------


@main.command()
@click.option("--port", envvar="PORT", type=PORTS, default=8000, show_default=True, help="Port of the pages (PORT).")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--city", envvar="CITY", type=CITIES, default="beijing", show_default=True, help="Demo data (CITY).")
@click.option("--empty", is_flag=True, help="Load no demo data: for a city or hospital of your own.")
@click.option(
    "--web-workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes that serve pages."
)
def up(port: int, host: str, city: str, empty: bool, web_workers: int) -> None:
    """Start everything: database, pages, background work. Ctrl-C ends it.

    The first start makes the database and loads the demo city; later starts take seconds and keep the data.
    """
    folder = data_dir()
    lock = take_data_dir(folder)
    try:
        check_port(host, port)
        os.environ.update({"DATA_DIR": str(folder), "PORT": str(port), "YITONG_DEMO": "0" if empty else "1"})
        with _terminable(), _step("Database") as say, database.opened(say) as opened:
            console.print("[green]✓[/] Database")
            _run_step(["prepare"] if empty else ["prepare", "--city", city], opened)
            for shared in (folder / "metrics", folder / "kept"):  # of the web processes of this start alone
                shutil.rmtree(shared, ignore_errors=True)
                shared.mkdir(mode=0o700)
            supervisor = Supervisor(opened, folder, port, host, web_workers, _warn)
            supervisor.run(lambda: _announce(host, port, None if empty else city))
            console.print("Stopping the database …")
        console.print("All processes have ended.")
    except (KeyboardInterrupt, Terminated):
        console.print("Stopped before it was ready; the next start goes on from here.")
        sys.exit(130)
    finally:
        os.close(lock)


def _warn(text: str) -> None:
    console.print(f"[yellow]![/] {text}")


class Terminated(Exception):
    """SIGTERM while we were still preparing."""


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that the database is left in order."""
    import signal

    def leave(number: int, frame: object) -> None:
        raise Terminated

    previous = {s: signal.signal(s, leave) for s in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _run_step(arguments: list[str], opened: database.Database) -> None:
    """One of our own commands in a process of its own, so that its memory is given back; ends with us."""
    from yitong.config.process import die_with

    parent = os.getpid()
    environment = {
        **os.environ,
        "YITONG_DATABASE_URL": opened.app_url,
        "YITONG_OWNER_DATABASE_URL": opened.owner_url,
    }
    done = subprocess.run(
        [sys.executable, "-m", "yitong", *arguments], check=False, env=environment, preexec_fn=lambda: die_with(parent)
    )
    if done.returncode != 0:
        raise CannotStart(f"`yitong {' '.join(arguments)}` failed; its message stands above.")


def _announce(host: str, port: int, city: str | None) -> None:
    print(f"Ready: {serving.origin(host, port)}", flush=True)
    if city is not None:
        sign_ins = json.loads(_sign_ins_file().read_text())
        width = max((len(who.encode("gb18030")) for who, _ in sign_ins), default=0)
        for who, how in sign_ins:
            print(f"  {who}{' ' * (width - len(who.encode('gb18030')))}  {how}", flush=True)


@main.command()
def migrate() -> None:
    """Bring the database to this version: tables, grants, encryption keys. Repeatable."""
    with _step("Migrations") as say, database.opened(say) as opened:
        database.set_up_django(opened.owner_url)
        from yitong.cli import migration

        applied = migration.migrate(opened.app_role if opened.app_url != opened.owner_url else None)
    console.print(f"[green]✓[/] Migrations ({applied} applied)" if applied else "[green]✓[/] Migrations")


@main.command(hidden=True)
@click.option("--city", type=CITIES)
def prepare(city: str | None) -> None:
    """What `up` does before it serves, in one process: migrate, gather static files, load the demo city."""
    os.environ["YITONG_STATIC"] = "gathered"
    with database.opened() as opened:
        with _step("Migrations"):
            database.set_up_django(opened.owner_url)
            from django.core.management import call_command

            from yitong.cli import messages, migration

            migration.migrate(opened.app_role if opened.app_url != opened.owner_url else None)
        console.print("[green]✓[/] Migrations")
        with _step("Pages"):
            messages.compile_all()
            call_command("collectstatic", verbosity=0, interactive=False)
        console.print("[green]✓[/] Pages")
        if city is not None:
            database.change_role(opened.app_url)
            _load(city)


@main.group()
def demo() -> None:
    """The demo city: true hospitals, invented people."""


@demo.command("load")
@click.option("--city", envvar="CITY", type=CITIES, default="beijing", show_default=True)
def demo_load(city: str) -> None:
    """Load hospitals, rosters and synthetic patients; what is there already stays."""
    with database.opened() as opened:
        database.enter(opened)
        _load(city)


def _sign_ins_file() -> Path:
    """The demo's log-ins, left by whoever loaded it for whoever announces it."""
    return data_dir() / "demo-sign-ins.json"


def _load(city: str) -> None:
    from yitong.cli.demo import loader

    name: Literal["small", "beijing"] = "small" if city == "small" else "beijing"

    with _progress() as progress:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=total)
            progress.update(tasks[step], completed=done, total=total)

        loader.load(name, report)
    _sign_ins_file().write_text(json.dumps(loader.sign_ins(name)))
    console.print(f"[green]✓[/] Demo city: {city}")


@main.command()
def worker() -> None:
    """Run background work alone: jobs, events, reminders. `up` starts one by itself."""
    with database.opened() as opened:
        database.enter(opened)
        from yitong.cli import worker as work

        work.run()


@main.command()
@click.option("--port", type=PORTS, default=8100, show_default=True, help="Where it listens.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Its address.")
def counter(host: str, port: int) -> None:
    """Run the booking window alone, as a process of its own behind a proxy (`/counter/`). `up` has one in each web
    worker."""
    with database.opened() as opened:
        check_port(host, port)
        database.check_tables(opened.app_url)
        code = serving.keep(serving.counter_command(host, port), {"YITONG_DATABASE_URL": opened.app_url})
    sys.exit(code)


# -- looking into it -----------------------------------------------------------------------------------------------


@main.command()
def doctor() -> None:
    """Check settings, keys, database, clock and disk; say what is wrong and how to mend it.

    Exit code 0 when all is well or only warnings stand, 1 otherwise.
    """
    try:
        with database.opened() as opened:
            database.set_up_django(opened.app_url)
            from yitong.cli import doctor as examination

            findings = examination.examine(opened)
    except (PostgresTrouble, CannotStart) as trouble:
        from yitong.cli.doctor import Finding

        what = "the database can't be opened" if isinstance(trouble, PostgresTrouble) else "nothing can start here"
        findings = [Finding("bad", what, str(trouble))]
    marks = {"good": "[green]✓[/]", "warning": "[yellow]![/]", "bad": "[red]✗[/]"}
    out = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        out.print(marks[finding.verdict], finding.what)
        if finding.mend:
            out.print(f"    → {finding.mend}", style="dim")
    sys.exit(any(finding.verdict == "bad" for finding in findings))


@main.command()
@click.option("--owner", is_flag=True, help="As the owner of the tables, who may do anything. Careful.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(owner: bool, arguments: tuple[str, ...]) -> None:
    """Open psql on the database, as the role that Yitong runs as. ARGUMENTS go to psql (after --)."""
    from psycopg.conninfo import conninfo_to_dict

    with database.opened() as opened:
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
        parts = conninfo_to_dict(opened.owner_url if owner else opened.app_url)
        environment = {**os.environ, **{names[k]: str(v) for k, v in parts.items() if k in names and v is not None}}
        program = shutil.which("psql") if opened.cluster is None else None
        code = subprocess.call([program or str(binaries() / "psql"), *arguments], env=environment)
    sys.exit(code)


@main.command()
def shell() -> None:
    """Open a Python shell with everything loaded, as the role that Yitong runs as."""
    with database.opened() as opened:
        database.set_up_django(opened.app_url)
        from django.core.management import call_command

        call_command("shell")


main.add_command(staff.staff)
main.add_command(security.audit)
main.add_command(security.keys)
main.add_command(draw.draw)


# -- building it ---------------------------------------------------------------------------------------------------


@main.group()
def messages() -> None:
    """Texts in Chinese and English."""


@messages.command("compile")
def messages_compile() -> None:
    """Compile the .po files that changed."""
    from yitong.cli import messages as words

    for path in words.compile_all():
        console.print(f"[green]✓[/] {path.relative_to(words.PACKAGE)}")


@messages.command("check")
def messages_check() -> None:
    """List every Chinese text that lacks its English; exit code 1 if there is one."""
    from yitong.cli import messages as words

    lacking = words.missing()
    for item in lacking:
        click.echo(f"{item.place}: {item.text}")
    if lacking:
        console.print(f"[red]✗[/] {len(lacking)} texts lack their English: the django.po of their face, or of config")
        sys.exit(1)
    console.print("[green]✓[/] Every Chinese text has its English.")


@main.command()
@click.argument("name")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here, too."
)
@click.option("--quick", is_flag=True, help="Fewer rounds: for a first look, not for a claim.")
def bench(name: str, json_file: Path | None, quick: bool) -> None:
    """Measure: run bench/NAME.py and print its figures."""
    folder = project_root() / "bench"
    source = folder / f"{name}.py"
    if not source.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))) or "none yet"
        raise click.BadParameter(f"there is no {source}. Known: {known}.", param_hint="NAME")
    spec = spec_from_file_location(f"bench_{name}", source)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(project_root()))
    spec.loader.exec_module(module)
    figures: dict[str, Any] = module.run(quick)
    text = json.dumps(figures, ensure_ascii=False, indent=2)
    click.echo(text)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(text + "\n")
    if "line" in figures:
        click.echo(figures["line"])


# -- what the terminal shows ---------------------------------------------------------------------------------------


def _progress() -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console)


@contextmanager
def _step(title: str) -> Iterator[Callable[[str], None]]:
    """A spinner with what is being done; silent where there is no terminal."""
    with console.status(f"{title} …") as status:
        yield lambda text: status.update(f"{title}: {text} …")
