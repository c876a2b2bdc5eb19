"""Where the machine code of the core is kept, if not where numba would keep it.

Invariant: nothing is written to a place that nobody named. numba keeps its cache beside the
package or in the user's cache folder. A container often lets neither be written, and of a user
without an account numba takes "~" for a folder's name. This runs before numba is imported.
"""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1] / "cleanwire"
_CACHE, _LOCATORS = "NUMBA_CACHE_DIR", "NUMBA_CACHE_LOCATOR_CLASSES"


def place_compiled_code() -> None:
    """Point numba to the data folder where its own places cannot be written to."""
    if _CACHE in os.environ or os.access(_PACKAGE, os.W_OK):
        return
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - keeps an unknown "~"
    if _may_be_made(Path(home)):
        return
    # Only these are asked then: the folder that is named, and the package's own.
    os.environ.setdefault(_LOCATORS, "UserProvidedCacheLocator,InTreeCacheLocator")
    folder = os.environ.get("CLEANWIRE_DATA_DIR")
    if folder and _may_be_made(Path(folder)):
        os.environ[_CACHE] = str(Path(folder) / "compiled")


def _may_be_made(folder: Path) -> bool:
    if not folder.is_absolute():
        return False
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)
