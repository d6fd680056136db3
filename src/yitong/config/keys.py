"""Secret keys: from the environment, or made at the first start into `keys/` of the data folder (0700, files 0600)."""

import base64
import os
import secrets
from pathlib import Path

from yitong.config.paths import data_dir

# name of the file -> variable that overrides it, what is lost with it
KEYS = {
    "secret": ("YITONG_SECRET_KEY", "signs sessions and tokens; when lost, everybody signs in again"),
    "master": ("YITONG_MASTER_KEY", "wraps the data keys; when lost, encrypted personal data is lost"),
    "index": ("YITONG_INDEX_KEY", "blind indexes; when lost, people can't be found by number any more"),
    "sealing": ("YITONG_SEALING_KEY", "signs the hash log; when lost, a new chain begins"),
}
KEY_BYTES = 32


def folder() -> Path:
    return data_dir() / "keys"


def read(name: str) -> bytes:
    """The 32 bytes of a key. Several processes may ask first at once: one of them makes it, all get the same."""
    given = os.environ.get(KEYS[name][0])
    if given:
        return decode(given)
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
    return decode(path.read_text())


def read_existing(name: str) -> bytes:
    """As `read`, but a missing key is an error and not made."""
    given = os.environ.get(KEYS[name][0])
    return decode(given or (folder() / name).read_text())


def decode(text: str) -> bytes:
    key = base64.b64decode(text.strip(), validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes in base64")
    return key
