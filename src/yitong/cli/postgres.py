"""The embedded PostgreSQL: one server for one folder, run by the binaries of a Python package.

Layout below `base` (the data folder, or `…/test` for the tests):
    postgres/data, postgres/socket, postgres/log   owned by the account that runs the server, closed to all others
    postgres.json                                  passwords and socket folder, 0600, owned by whoever started us
    postgres.start, postgres.users                 locks: who starts or stops; who uses the server

Whoever uses the server holds a shared lock on `postgres.users`; the last to leave stops it. The kernel drops a dead
process's lock, so a kill leaves at worst a running server, which the next `join` adopts.
"""

import fcntl
import json
import os
import re
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import psycopg

from yitong.cli.postgres_account import Account, PostgresTrouble, binaries, choose_account

SUPERUSER = "postgres"
OWNER = "yitong_owner"
APP = "yitong_app"
DATABASE = "yitong"
PORT = 5432  # only a part of the socket's name: the server listens on no network
SOCKET_PATH_LIMIT_BYTES = 107
START_LIMIT_S = 60
STOP_LIMIT_S = 30
LOG_LIMIT_BYTES = 20_000_000


class Cluster:
    """One PostgreSQL server with its folder. `join` and `leave` (or `with`) bracket its use by this process."""

    def __init__(self, base: Path, *, durable: bool = True, shared_buffers: str = "256MB") -> None:
        """`durable=False` turns fsync off, for tests: a crash of the machine may then lose the cluster."""
        self.base = base.resolve()
        self.home = self.base / "postgres"
        self.data = self.home / "data"
        self.state_file = self.base / "postgres.json"
        self.durable = durable
        self.shared_buffers = shared_buffers
        self._users: int | None = None
        self._account: Account | None = None

    # -- its addresses ---------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Passwords and socket folder as written by the first start."""
        try:
            return dict(json.loads(self.state_file.read_text()))
        except FileNotFoundError:
            raise PostgresTrouble(f"No embedded PostgreSQL was started yet for {self.base}. Run `yitong up`.") from None

    def url(self, role: str = APP, database: str = DATABASE) -> str:
        """A connection URL over the Unix socket. Holds a password: never print it."""
        state = self.state()
        query = urlencode({"host": state["socket"], "port": PORT}, quote_via=quote)
        return f"postgresql://{role}:{state['passwords'][role]}@/{database}?{query}"

    def connect(self, role: str = SUPERUSER, database: str = "postgres") -> psycopg.Connection:
        """An autocommit connection, for what must run outside a transaction."""
        return psycopg.connect(self.url(role, database), autocommit=True, connect_timeout=5)

    # -- coming and going ------------------------------------------------------------------------------------------

    def join(self, say: Callable[[str], None] = lambda message: None) -> None:
        """Make sure that the server runs, and count this process among its users."""
        self.base.mkdir(mode=0o711, parents=True, exist_ok=True)
        with self._starting():
            users = os.open(self.base / "postgres.users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                self._account = choose_account(self.home)
                self._ensure(say)
            except BaseException:
                os.close(users)
                raise
            self._users = users

    def revive(self) -> int:
        """The process number of the server, which is started again if it ended. Only between `join` and `leave`."""
        with self._starting():
            self._ensure(lambda message: None)
            pid = self._server_pid()
        assert pid is not None, "it answered a moment ago"
        return pid

    def leave(self) -> None:
        """Stop counting this process; stop the server if nobody else uses it."""
        if self._users is None:
            return
        with self._starting():
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self._stop()
            finally:
                os.close(self._users)
                self._users = None

    def __enter__(self) -> Self:
        self.join()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.leave()

    def is_running(self) -> bool:
        return self._server_pid() is not None

    @contextmanager
    def _starting(self) -> Iterator[None]:
        lock = os.open(self.base / "postgres.start", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    # -- starting --------------------------------------------------------------------------------------------------

    def _ensure(self, say: Callable[[str], None]) -> None:
        if not self.data.exists():
            say("Making the database cluster")
            self._initialise()
        elif not self.state_file.exists():
            raise PostgresTrouble(
                f"{self.data} holds a database, but its passwords ({self.state_file}) are gone. Put that file back, "
                f"or remove {self.home} to begin with an empty database."
            )
        self._check_version()
        if self._server_pid() is None or not self._answers():
            say("Starting PostgreSQL")
            self._clear_traces()
            self._configure()
            self._start()
        self._provision()

    def _initialise(self) -> None:
        """initdb into a folder beside, then one rename: a kill in between leaves nothing half made."""
        account = self._owner_account()
        fresh = self.home / "data.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER, APP)}
        self._write_state({"passwords": passwords, "socket": ""})
        password_file = self.home / "password.new"
        password_file.touch(mode=0o600)
        password_file.write_text(passwords[SUPERUSER])
        account.own(password_file)
        try:
            self._run(
                "initdb",
                *("-D", str(fresh), "-U", SUPERUSER, "--pwfile", str(password_file), "--encoding=UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth=scram-sha-256", "--data-checksums"),
                *(() if self.durable else ("--no-sync",)),
            )
        finally:
            password_file.unlink()
        with (fresh / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude = 'yitong.conf'\n")
        (fresh / "yitong.conf").touch()
        hba = fresh / "pg_hba.conf"
        hba.write_text("local all all scram-sha-256\n")
        for path in (fresh / "yitong.conf", hba):
            account.own(path)
        fresh.rename(self.data)

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        shipped = (self._run("postgres", "--version") or "").split()[-1].split(".")[0]
        if version != shipped:
            raise PostgresTrouble(
                f"{self.data} was made by PostgreSQL {version}, the installed package ships {shipped}. Dump with the "
                f"old version and restore, or move {self.home} away to begin with an empty database."
            )

    def _configure(self) -> None:
        """Written anew at each start, so that a new release brings its settings.

        The log holds no values of rows: no statements, parameters or DETAIL; errors are the application's to log.
        """
        settings = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": self._socket_folder(),
            "unix_socket_permissions": "0700",
            "max_connections": 200,
            "shared_buffers": self.shared_buffers,
            "effective_cache_size": "1GB",
            "work_mem": "8MB",
            "maintenance_work_mem": "128MB",
            "wal_compression": "on",
            "max_wal_size": "2GB",
            "random_page_cost": "1.1",
            "jit": "off",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "lc_messages": "C",
            "idle_in_transaction_session_timeout": "60s",
            "log_line_prefix": "%m [%p] ",
            "log_checkpoints": "off",
            "log_min_messages": "log",
            "log_min_error_statement": "panic",
            "log_min_duration_statement": -1,
            "log_parameter_max_length": 0,
            "log_parameter_max_length_on_error": 0,
            "log_error_verbosity": "terse",
            "log_lock_waits": "on",
        }
        if not self.durable:
            # Each connection would hash its password four thousand times over; nobody guesses a random one anyhow.
            settings |= {"fsync": "off", "full_page_writes": "off", "scram_iterations": 1}
        lines = [f"{name} = '{str(value).replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
        conf = self.data / "yitong.conf"
        conf.write_text("".join(lines))
        self._owner_account().own(conf)

    def _socket_folder(self) -> str:
        """Below the data folder, or in a closed folder of its own when that name would be too long for a socket."""
        state = self.state()
        folder = self.home / "socket"
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > SOCKET_PATH_LIMIT_BYTES:
            earlier = Path(state["socket"]) if state["socket"] else None
            folder = earlier if earlier and earlier.is_dir() else Path(tempfile.mkdtemp(prefix="yitong-", dir="/tmp"))
        folder.mkdir(mode=0o700, exist_ok=True)
        for path in (folder, self.home / "log"):
            path.mkdir(mode=0o700, exist_ok=True)
            self._owner_account().own(path)
        self._write_state({**state, "socket": str(folder)})
        return str(folder)

    def _start(self) -> None:
        """pg_ctl waits until the server answers. After a kill of the old server its children need a moment to go."""
        deadline = time.monotonic() + START_LIMIT_S
        log = self.home / "log" / "postgres.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        while True:
            known = log.stat().st_size if log.exists() else 0
            try:
                self._run("pg_ctl", "start", "-w", "-s", f"-t{START_LIMIT_S}", "-D", str(self.data), "-l", str(log))
                return
            except PostgresTrouble as trouble:
                said = log.read_bytes()[known:].decode(errors="replace") if log.exists() else ""
                if "shared memory block" not in said or time.monotonic() > deadline:
                    tail = "\n".join(said.splitlines()[-5:])
                    raise PostgresTrouble(f"PostgreSQL didn't start: {trouble}\n{tail}\nIts log: {log}") from None
                time.sleep(0.2)  # nothing tells when the last child of a killed server is gone

    def _answers(self) -> bool:
        """Of a server that somebody else started, and that may be recovering or ending: waits to see which."""
        deadline = time.monotonic() + START_LIMIT_S
        while self._server_pid() is not None:
            try:
                self.connect().close()
                return True
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise PostgresTrouble(f"PostgreSQL runs for {self.data} but doesn't answer: {error}") from None
                time.sleep(0.1)  # it can tell nobody
        return False

    def _provision(self) -> None:
        """Roles, their limits and the database; repeatable, and only a look when all is there."""
        passwords = self.state()["passwords"]
        limits = {
            OWNER: {"lock_timeout": "4s", "statement_timeout": "5min", "idle_in_transaction_session_timeout": "60s"},
            # The relay and the sealer look back 10 minutes for what becomes visible late.
            APP: {
                "lock_timeout": "5s",
                "statement_timeout": "30s",
                "idle_in_transaction_session_timeout": "30s",
                "transaction_timeout": "5min",
            },
        }
        with self.connect() as connection:
            known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            for role, options in ((OWNER, "CREATEDB"), (APP, "NOCREATEDB")):
                if role in known:
                    continue
                connection.execute(
                    f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEROLE {options} PASSWORD '{passwords[role]}'"
                )
            for role, settings in limits.items():
                for name, value in settings.items():
                    connection.execute(f"ALTER ROLE {role} SET {name} = '{value}'")
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
            connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            connection.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {APP}")

    # -- stopping and traces of earlier servers --------------------------------------------------------------------

    def _stop(self) -> None:
        """Fast: open transactions roll back, what was committed is written. Immediate only if that takes too long."""
        for mode in ("fast", "immediate"):
            pid = self._server_pid()
            if pid is None:
                return
            with suppress(PostgresTrouble, ProcessLookupError):
                handle = os.pidfd_open(pid)
                try:
                    self._run("pg_ctl", "stop", "-w", "-s", f"-t{STOP_LIMIT_S}", "-m", mode, "-D", str(self.data))
                    select.select([handle], [], [], STOP_LIMIT_S)  # pg_ctl waits for its file, we for its end
                finally:
                    os.close(handle)

    def kill(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """For fault tests: signal the server's main process."""
        pid = self._server_pid()
        if pid is not None:
            os.kill(pid, sig)

    def _server_pid(self) -> int | None:
        """The main process, if one runs on our data folder; a number in a stale file that now is another's is none."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return None
        is_server = Path(os.fsdecode(arguments[0])).name == "postgres"
        return pid if is_server and os.fsencode(self.data) in arguments else None

    def _clear_traces(self) -> None:
        """Files of a killed server. PostgreSQL itself would take a reused process number for a living server."""
        socket = self.state()["socket"]
        for path in (self.data / "postmaster.pid", Path(socket or self.home) / f".s.PGSQL.{PORT}.lock"):
            path.unlink(missing_ok=True)

    # -- small helpers ---------------------------------------------------------------------------------------------

    def _owner_account(self) -> Account:
        assert self._account is not None, "join() chooses the account first"
        return self._account

    def _write_state(self, state: dict[str, Any]) -> None:
        fresh = self.state_file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(state, file)
        fresh.replace(self.state_file)

    def _run(self, program: str, *arguments: str) -> str:
        """Run one of the server's programs as its account, without our environment."""
        command = [*(self._account.prefix if self._account else ()), str(binaries() / program), *arguments]
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}
        # A file, not a pipe: the server inherits it and would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", env=environment
            )
            output.seek(0)
            said = re.sub(r"\s+\n", "\n", output.read().decode(errors="replace")).strip()
        if done.returncode != 0:
            raise PostgresTrouble(f"{program} failed: {said[-600:]}")
        return said
