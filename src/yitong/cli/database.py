"""Which database a command works on: the one named by URL, or the embedded server, started for as long as needed."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from yitong.cli.ground import CannotStart, take_folder
from yitong.cli.postgres import APP, OWNER, Cluster
from yitong.cli.postgres_account import PostgresTrouble
from yitong.config.paths import data_dir

OLDEST_VERSION = 16
URL = "YITONG_DATABASE_URL"
OWNER_URL = "YITONG_OWNER_DATABASE_URL"


@dataclass(frozen=True)
class Database:
    """Both addresses of one database. They hold passwords: never print them."""

    app_url: str
    owner_url: str
    cluster: Cluster | None

    @property
    def app_role(self) -> str:
        """The role that runs; with one URL for all it is the owner itself."""
        return psycopg.conninfo.conninfo_to_dict(self.app_url).get("user") or APP  # type: ignore[return-value]


@contextmanager
def opened(say: Callable[[str], None] = lambda message: None) -> Iterator[Database]:
    """The database, reachable within the block."""
    take_folder(data_dir())
    given = os.environ.get(URL)
    if given:
        check(given, URL)
        owner = os.environ.get(OWNER_URL)
        if owner:
            check(owner, OWNER_URL)
        yield Database(given, owner or given, None)
        return
    cluster = Cluster(data_dir())
    cluster.join(say)
    try:
        yield Database(cluster.url(APP), cluster.url(OWNER), cluster)
    finally:
        cluster.leave()


def check(url: str, setting: str) -> None:
    """Reachable and new enough, or a message that says what to mend."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            version = connection.info.server_version // 10000
    except psycopg.ProgrammingError:  # whose message repeats the address, and with it the password
        raise PostgresTrouble(
            f"{setting} is no address of a PostgreSQL. One looks like postgresql://name:password@host:5432/database"
        ) from None
    except psycopg.OperationalError as error:
        raise PostgresTrouble(
            f"The database of {setting} can't be reached: {str(error).strip()}\n"
            "Check host, port, name and password of the URL, and that the server takes connections from here."
        ) from None
    if version < OLDEST_VERSION:
        raise PostgresTrouble(f"The database is PostgreSQL {version}; Yitong needs {OLDEST_VERSION} or newer.")


def enter(opened: Database) -> None:
    """Django on this database as the role that runs, for the rest of the process; its tables have to be there."""
    check_tables(opened.app_url)
    set_up_django(opened.app_url)


def check_tables(url: str) -> None:
    """A database that `yitong migrate` has seen, in whatever version."""
    with psycopg.connect(url, connect_timeout=5) as connection:
        if connection.execute("SELECT to_regclass('core_event') IS NULL").fetchone() == (True,):
            raise CannotStart("The database holds no tables of Yitong yet. Run `yitong migrate` first.")


def set_up_django(url: str) -> None:
    """Django on this address, for the rest of the process."""
    os.environ["YITONG_DATABASE_URL"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yitong.config.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as wrong:
        raise CannotStart(f"A setting is wrong: {wrong}") from None


def change_role(url: str) -> None:
    """Point Django, already set up, at the same database as another role."""
    from django.db import connections

    from yitong.config import databases

    os.environ["YITONG_DATABASE_URL"] = url
    connections.close_all()
    fresh = databases.settings_for(url, pool=False)
    connections.settings["default"].update({k: v for k, v in fresh.items() if k != "TEST"})
