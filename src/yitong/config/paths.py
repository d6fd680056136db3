"""Where Yitong keeps what it makes. Read without Django, so that the command line can start the database first."""

import os
from pathlib import Path


def project_root() -> Path:
    """The clone, or the current folder when the package is installed without one."""
    clone = Path(__file__).resolve().parents[3]
    return clone if (clone / "pyproject.toml").is_file() else Path.cwd()


def data_dir() -> Path:
    """All that Yitong writes lies below this folder (`DATA_DIR`, by default `.yitong` in the clone)."""
    return Path(os.environ.get("DATA_DIR") or project_root() / ".yitong").resolve()
