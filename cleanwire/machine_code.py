"""Where the machine code of the compiled loops is kept, and which of it may be run.

Invariants:

- What is kept is run. So a folder that belongs to another user, or that others may write to, is
  neither read nor filled.
- Code is only found by a process with the same sources, versions, processor and settings of numba.
  The name of its folder is a hash of them, so there is nothing to delete after a change.
- A file is written under another name and renamed. Code that is damaged all the same is compiled
  anew.

The folder is below the first of these that can be used: `NUMBA_CACHE_DIR`, the user's cache folder
(XDG Base Directory Specification 0.8), and `CLEANWIRE_DATA_DIR`. This module and `native` are the
ones of the core that touch files and the environment.
"""

import contextlib
import dataclasses
import functools
import hashlib
import importlib.metadata
import itertools
import os
import platform
import shutil
import stat
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

CONFIGURED = "NUMBA_CACHE_DIR"
SUFFIX = ".code"
"""What the name of a file of machine code ends with."""

MOST_FOLDERS = 12
"""How many folders stay, the newest ones, when another is filled."""

_DATA = "CLEANWIRE_DATA_DIR"
_PACKAGE = Path(__file__).resolve().parent
_IMPORTED_AT = time.time()
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_SOURCES = frozenset({".py", ".json", ".npz"})
_PROCESSOR = frozenset({
    "vendor_id", "cpu family", "model", "model name", "stepping", "flags",
    "cpu implementer", "cpu architecture", "cpu variant", "cpu part", "features",
})  # fmt: skip
"""What Linux says of a processor that compiled code may depend on."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where machine code is kept.

    Attributes:
        folder: the folder; None if nothing is kept. It need not exist yet.
        refused: folders that are not used although they are configured or there; a line for each.
    """

    folder: Path | None
    refused: tuple[str, ...] = ()


def place() -> Place:
    """The place of this process's machine code. Nothing is created."""
    key = _key()
    refused: list[str] = []
    for base, name, is_configured in _bases():
        fault = _why_unfit(base) or _why_unfit(base / (key or ""))
        if not fault:
            return Place(None if key is None else base / key, tuple(refused))
        if is_configured or _is_folder(base):
            refused.append(
                f"{name} is not used for compiled code: {fault}; name a folder that is this "
                "user's alone (chmod 700)"
            )
    return Place(None, tuple(refused))


def read(file: Path) -> bytes | None:
    """The content of a file of machine code; None if it is missing, cut or damaged."""
    try:
        digest, content = _parted(file.read_bytes())
    except OSError:
        return None
    return content if hashlib.sha256(content).digest() == digest else None


def write(file: Path, content: bytes) -> bool:
    """Keep machine code in a file; returns whether that was possible."""
    try:
        if not file.parent.is_dir():
            _make_private(file.parent)
            _forget_oldest(file.parent)
        # Another process may write the same file, on another machine even.
        part = file.with_name(f"{file.name}.{uuid.uuid4().hex}")
        try:
            with part.open("xb") as out:
                out.write(hashlib.sha256(content).digest() + content)
                out.flush()
                os.fsync(out.fileno())
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    except OSError:
        return False
    return True


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


def _bases() -> Iterator[tuple[Path, str, bool]]:
    """The folders to try: each with the name for messages, and whether somebody configured it."""
    if configured := os.environ.get(CONFIGURED):
        yield Path(configured).absolute(), f"{CONFIGURED}={configured}", True
    cache = _users_cache()
    if cache.is_absolute():
        folder = cache / "cleanwire" / "compiled"
        yield folder, str(folder), False
    data = Path(os.environ.get(_DATA) or ".")
    if data.is_absolute():
        folder = data / "compiled"
        yield folder, str(folder), False


def _users_cache() -> Path:
    """The user's cache folder; relative, and so of no use, for a user without a home."""
    given = Path(os.environ.get("XDG_CACHE_HOME") or ".")
    if given.is_absolute():
        return given
    usual = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(os.path.expanduser(usual))  # noqa: PTH111 - pathlib raises on an unknown "~"


def _why_unfit(folder: Path) -> str | None:
    """Why a folder is not used; None if it is, or if it can be made."""
    try:
        if _is_folder(folder):
            # One that was filled beforehand need not be writable.
            readable = os.access(folder, os.R_OK | os.X_OK)
            return why_not_private(folder) if readable else "it cannot be read"
        above = _nearest(folder)
        if _is_folder(above) and os.access(above, os.W_OK | os.X_OK):
            return None
    except OSError as error:
        return f"{error.strerror}".lower()
    return f"it cannot be made in {above}"


def _nearest(folder: Path) -> Path:
    """The folder, or else the nearest one above it that can be seen."""
    while not os.path.lexists(folder):
        folder = folder.parent
    return folder


def _is_folder(path: Path) -> bool:
    """Whether it is one; False as well if this user may not even look."""
    return os.path.isdir(path)  # noqa: PTH112 - pathlib raises in that case


def _make_private(folder: Path) -> None:
    """Make a folder, and those above it, for this user alone, whatever the umask lets others do."""
    if not folder.parent.is_dir():
        _make_private(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if fault := why_not_private(folder):
        raise PermissionError(fault)


def _forget_oldest(folder: Path) -> None:
    """Delete the folders beside one that were filled longest ago, beyond `MOST_FOLDERS`."""
    others = [each for each in folder.parent.iterdir() if _is_ours(each) and each != folder]
    others.sort(key=lambda each: each.stat().st_mtime, reverse=True)
    for each in others[MOST_FOLDERS - 1 :]:
        shutil.rmtree(each, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    return folder.name.startswith("cleanwire-") and folder.is_dir() and not folder.is_symlink()


def _parted(data: bytes) -> tuple[bytes, bytes]:
    size = hashlib.sha256().digest_size
    return data[:size], data[size:]


@functools.cache
def _key() -> str | None:
    """The name of the folder for this process's machine code; None if there can be none.

    There is none if a source changed after it was imported: what this process runs, and would keep,
    is the old one. There is none either if a file or a version cannot be read.
    """
    found = hashlib.sha256()
    try:
        for path, name in _package_files():
            if path.stat().st_ctime >= _IMPORTED_AT:
                return None
            data = path.read_bytes()
            found.update(f"{name} {len(data)}\n".encode())
            found.update(data)
        for fact in (*_versions(), *_settings(), *_processor()):
            found.update(f"{fact}\n".encode())
    except (OSError, importlib.metadata.PackageNotFoundError):
        return None
    return f"cleanwire-{found.hexdigest()[:32]}"


def _package_files() -> Iterator[tuple[Path, str]]:
    """Every file of the package that compiled code may have been made from, in a fixed order."""
    for folder, folders, names in os.walk(_PACKAGE):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in _SOURCES:
                yield path, path.relative_to(_PACKAGE).as_posix()


def _versions() -> Iterator[str]:
    yield f"{sys.implementation.cache_tag} {sys.version}"
    for package in ("numba", "llvmlite", "numpy"):
        yield f"{package} {importlib.metadata.version(package)}"


def _settings() -> Iterator[str]:
    """Numba's variables, of which many change the code that it makes."""
    for name, value in sorted(os.environ.items()):
        if name.startswith("NUMBA_") and not name.startswith("NUMBA_CACHE"):
            yield f"{name}={value}"


def _processor() -> Iterator[str]:
    """What kind of processor this is, without numba, which takes a moment to import."""
    yield f"{sys.platform} {platform.machine()}"
    named = os.environ.get("NUMBA_CPU_NAME", "").lower()
    if named == "generic" or (named and "NUMBA_CPU_FEATURES" in os.environ):
        # Numba makes code for that one, on whatever it runs.
        return
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    # The lines up to the first empty one are of one processor; all are alike.
    for line in itertools.takewhile(str.strip, lines):
        if line.partition(":")[0].strip().lower() in _PROCESSOR:
            yield line.strip()
