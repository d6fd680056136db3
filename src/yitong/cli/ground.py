"""What has to be right before any command can work, or a message that says what to mend."""

import os
from pathlib import Path


class CannotStart(Exception):
    """The message says why and how to mend it."""


def take_folder(folder: Path) -> None:
    """The data folder, made when there is none: ours to write in."""
    mend = "Set DATA_DIR to a folder that you may write to."
    try:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"The data folder {folder} can't be made: {error.strerror}. {mend}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotStart(f"The data folder {folder} can't be written to by this account. {mend}")
