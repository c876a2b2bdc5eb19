"""Chooses the folder for the core's machine code where numba's own folders cannot be used.

Invariants:

- Nothing is written to a folder that was not configured.
- This runs before numba is imported, because numba reads its settings then.

numba keeps its cache beside the package or in the user's cache folder. A container often lets it
write to neither. For a user without an account, numba takes "~" for the name of a folder.
"""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1] / "cleanwire"
_CACHE, _LOCATORS = "NUMBA_CACHE_DIR", "NUMBA_CACHE_LOCATOR_CLASSES"


def place_compiled_code() -> None:
    """Point numba to the data folder if numba can write to neither of its own folders."""
    if _CACHE in os.environ or os.access(_PACKAGE, os.W_OK):
        return
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - pathlib raises on an unknown "~"
    if _can_be_created(Path(home)):
        return
    # numba then tries only two folders: the one that is configured, and the package's own.
    os.environ.setdefault(_LOCATORS, "UserProvidedCacheLocator,InTreeCacheLocator")
    folder = os.environ.get("CLEANWIRE_DATA_DIR")
    if folder and _can_be_created(Path(folder)):
        os.environ[_CACHE] = str(Path(folder) / "compiled")


def _can_be_created(folder: Path) -> bool:
    if not folder.is_absolute():
        return False
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)
