"""Settings in files of a folder, one a file: what systemd, Kubernetes and compose make of secrets.

Invariants:

- A file is a setting if its name is the setting's variable, in upper or lower case. All other files
  of the folder are somebody else's, and are not opened.
- No message holds what is in a file.
"""

import os
from pathlib import Path

from streams.errors import ConfigurationError

VARIABLE = "CLEANWIRE_SECRETS_DIR"

_MOST_BYTES = 64 * 1024


def folder() -> Path | None:
    """The folder that the environment names; None if it names none."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def names(prefix: str) -> dict[str, Path]:
    """The files whose names begin with a prefix, by their names in upper case.

    Args:
        prefix: in upper case.

    Raises:
        ConfigurationError: the folder cannot be read, or two files have one name.
    """
    place = folder()
    if place is None:
        return {}
    found: dict[str, Path] = {}
    try:
        # Kubernetes puts links there, and folders that they lead to.
        files = [path for path in sorted(place.iterdir()) if path.is_file()]
    except OSError as error:
        cause = f"{VARIABLE}={place} cannot be read: {error.strerror}"
        raise ConfigurationError(cause, "name a folder that this user may read") from None
    for path in files:
        name = path.name.upper()
        if not name.startswith(prefix):
            continue
        if name in found:
            cause = f"{VARIABLE}={place} has {found[name].name} and {path.name}"
            raise ConfigurationError(cause, "keep one of them")
        found[name] = path
    return found


def value(path: Path) -> str:
    """What a file holds, without the line end after it.

    Raises:
        ConfigurationError: the file cannot be read, or is no setting's.
    """
    try:
        with path.open("rb") as file:
            read = file.read(_MOST_BYTES + 1)
    except OSError as error:
        cause = f"the secret file {path} cannot be read: {error.strerror}"
        raise ConfigurationError(cause, "let this user read it") from None
    try:
        text = read.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        text = "\n"
    if len(read) > _MOST_BYTES or not text or "\n" in text or "\0" in text:
        cause = f"the secret file {path} does not hold one line of UTF-8"
        raise ConfigurationError(cause, "write the value into it, and nothing else")
    return text
