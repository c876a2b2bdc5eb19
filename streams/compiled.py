"""Chooses the folder for the core's machine code, and trusts no folder that others may write to.

Invariants:

- Nothing is written to a folder that was not configured.
- numba unpickles what it finds in its folder and runs it. So a folder that belongs to another user,
  or that others may write to, is not used.
- This runs before numba is imported, because numba reads its settings then.

numba keeps its cache beside the package or in the user's cache folder. A container often lets it
write to neither. For a user without an account, numba takes "~" for the name of a folder.
"""

import os
import stat
import time
from pathlib import Path

from streams import json_lines

_PACKAGE = Path(__file__).resolve().parents[1] / "cleanwire"
_CACHE, _LOCATORS = "NUMBA_CACHE_DIR", "NUMBA_CACHE_LOCATOR_CLASSES"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def place_compiled_code() -> None:
    """Point numba to a folder that is this user's alone, or to none.

    A folder that is not used, although it is configured or there, is one line on stderr. What this
    decides is left in the environment, so that processes started from this one say it no more.
    """
    if configured := os.environ.get(_CACHE):
        if _is_private(Path(configured), f"{_CACHE}={configured}"):
            return
        del os.environ[_CACHE]
    if os.access(_PACKAGE, os.W_OK):
        # Python itself runs what is in the package's own folders.
        return
    home = _home()
    if _can_be_created(home) and _is_private(home, str(home), make=False):
        return
    # numba then tries only two folders: the one that is configured, and the package's own.
    os.environ.setdefault(_LOCATORS, "UserProvidedCacheLocator,InTreeCacheLocator")
    data = os.environ.get("CLEANWIRE_DATA_DIR")
    if data and _can_be_created(Path(data)):
        folder = Path(data) / "compiled"
        if _is_private(folder, str(folder)):
            os.environ[_CACHE] = str(folder)


def folder_of_compiled_code() -> Path | None:
    """The folder that numba uses in this process; None if it keeps nothing.

    It is asked after `place_compiled_code`.
    """
    if configured := os.environ.get(_CACHE):
        return Path(configured)
    if os.access(_PACKAGE, os.W_OK):
        return _PACKAGE
    return None if _LOCATORS in os.environ else _home()


def why_not_private(folder: Path) -> str | None:
    """Why others could put code into a folder that exists; None if they cannot.

    The folder may belong to this user or to root, and only its owner may write to it.
    """
    found = folder.stat()
    if found.st_uid not in (os.geteuid(), 0):
        return f"it belongs to the user {found.st_uid}"
    if found.st_mode & _OTHERS_WRITE:
        return f"others may write to it (mode {stat.S_IMODE(found.st_mode):04o})"
    return None


def _is_private(folder: Path, name: str, *, make: bool = True) -> bool:
    """Whether numba may use a folder; makes it for this user alone if it is to."""
    try:
        if make:
            # numba would make it with the umask, which may let others write.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fault = why_not_private(folder)
    except FileNotFoundError:
        return True
    except OSError as error:
        fault = f"{error.strerror}".lower()
    if fault is None:
        return True
    text = (
        f"{name} is not used for compiled code: {fault}; name a folder that is this user's alone "
        "(chmod 700)"
    )
    is_json = os.environ.get("CLEANWIRE_LOG_FORMAT", "").lower() == "json"
    json_lines.tell(text, level="warning", at=time.time(), as_json=is_json)
    return False


def _home() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - pathlib raises on an unknown "~"
    return Path(cache) / "numba"


def _can_be_created(folder: Path) -> bool:
    if not folder.is_absolute():
        return False
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)
