"""The folder for local data.

Invariant: a command that needs the folder checks it before it does anything else.
"""

import os
from pathlib import Path

from streams.errors import OperationalError
from streams.settings import Settings


def require_folder(settings: Settings) -> Path:
    """Return the data folder, which is created if it does not exist.

    Raises:
        OperationalError: the folder cannot be created or written to.
    """
    folder = Path(settings.data_dir)
    if folder.parts[:1] == ("~",):
        raise OperationalError(
            "this user has no home folder to hold the data folder",
            "set CLEANWIRE_DATA_DIR to a folder you may write",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        cause = f"the data folder {folder} cannot be made: {error.strerror}"
        raise OperationalError(cause, "set CLEANWIRE_DATA_DIR to a folder you may write") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OperationalError(
            f"the data folder {folder} is not writable",
            "set CLEANWIRE_DATA_DIR to a folder you may write",
        )
    return folder
