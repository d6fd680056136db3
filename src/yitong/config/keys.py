"""Secret keys: from the environment, or made at the first start into `keys/` of the data folder (0700, files 0600).

    secret      YITONG_SECRET_KEY    signs sessions and tokens; when lost, everybody signs in again
    sealing     YITONG_SEALING_KEY   signs the hash log; when lost, a new signer begins
    master-<n>  YITONG_MASTER_KEYS   wrap the data keys of field encryption, the highest n wraps; when lost, every
                                     encrypted field is lost with them. In the variable: `1:<key>,2:<key>`

Each is 32 bytes in base64.
"""

import base64
import os
import re
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from yitong.config.paths import data_dir

SINGLE = {"secret": "YITONG_SECRET_KEY", "sealing": "YITONG_SEALING_KEY"}
MASTER = "YITONG_MASTER_KEYS"
TRUSTED = "YITONG_SEALING_TRUSTED"
KEY_BYTES = 32


def folder() -> Path:
    return data_dir() / "keys"


def read(name: str) -> bytes:
    """A key of `SINGLE`, made when there is none."""
    given = os.environ.get(SINGLE[name])
    return _decode_of(SINGLE[name], given) if given else _read_or_make(name)


def master_keys() -> dict[int, bytes]:
    """Every master key by its version, read anew each time; the first is made when there is none."""
    given = os.environ.get(MASTER)
    if given:
        pairs = [item.partition(":") for item in given.split(",") if item]
        if not all(version.isascii() and version.isdigit() for version, _, _ in pairs):
            raise ImproperlyConfigured(f"{MASTER} has to be <number>:<key>, and more of them after commas.")
        return {int(version): _decode_of(MASTER, key) for version, _, key in pairs}
    found = {int(match[1]): path for path in _files() if (match := re.fullmatch(r"master-(\d+)", path.name))}
    if not found:
        return {1: _read_or_make("master-1")}
    return {version: _decode_of(str(path), path.read_text()) for version, path in found.items()}


def trusted_signers() -> list[bytes]:
    """Public keys of earlier signers of the hash log, from the variable, separated by commas."""
    return [_decode_of(TRUSTED, item) for item in os.environ.get(TRUSTED, "").split(",") if item]


def faults() -> list[str]:
    """What is wrong with the keys, without making any: one sentence each."""
    found = []
    if not os.environ.get(MASTER) and not any(path.name.startswith("master-") for path in _files()):
        found.append(f"no master key in {folder()}")
    found += [
        f"no key {folder() / name}"
        for name, variable in SINGLE.items()
        if not os.environ.get(variable) and not (folder() / name).exists()
    ]
    for path in [folder(), *_files()]:
        if path.exists() and path.stat().st_mode & 0o077:
            found.append(f"{path} can be read by others")
    try:
        if not found:
            master_keys()
            for name in SINGLE:
                read(name)
    except (OSError, ImproperlyConfigured) as error:
        found.append(f"a key can't be read: {error}")
    return found


def decode(text: str) -> bytes:
    key = base64.b64decode(text.strip(), validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes in base64")
    return key


def _decode_of(place: str, text: str) -> bytes:
    """As `decode`; what is wrong is said of its place, never by its content."""
    try:
        return decode(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{place} holds no key: {error}.") from None


def _files() -> list[Path]:
    return sorted(p for p in folder().iterdir() if not p.name.startswith(".")) if folder().is_dir() else []


def _read_or_make(name: str) -> bytes:
    """Several processes may ask first at once: one of them makes it, all get the same."""
    path = folder() / name
    if not path.exists():
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return _decode_of(str(path), path.read_text())
