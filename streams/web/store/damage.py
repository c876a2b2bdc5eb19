"""The files of the store: opened, locked, and moved aside if they are damaged.

Invariants:

- One process at a time has a store. It holds a lock on a file beside it, which the system drops
  when the process ends, however it ends.
- A damaged file is never read as if it were sound. It is moved aside, once, and a new file takes
  its place. At most one set of damaged files is kept, and a takedown deletes it.
"""

import contextlib
import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from streams.errors import OperationalError
from streams.web.store.schema import migrate

FILE = "outcomes.db"
LOCK = "outcomes.lock"
ASIDE = "damaged"
ENDINGS = ("", "-wal", "-shm")

BUSY_SECONDS = 5.0
"""Seconds that a statement waits for another program's lock, such as that of a `sqlite3` shell."""

CACHE_BYTES = 16 << 20
"""Bytes of pages that a connection keeps in memory."""

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is damaged, or is no database of the store."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # `migrate` raises this class without a code for another program's database.
        return type(error) is sqlite3.DatabaseError
    # The lowest byte is the primary code: https://www.sqlite.org/rescode.html.
    return (code & 0xFF) in _DAMAGE


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Have the store of a folder to oneself; the folder is made if it does not exist.

    Raises:
        OperationalError: another process has it.
        OSError: the folder cannot be made or written to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOCK).open("a+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                raise
            lock.seek(0)
            owner = lock.read(20).decode("ascii", "replace").strip() or "unknown"
            raise OperationalError(
                f"another process has it (pid {owner})",
                "give each process its own CLEANWIRE_DATA_DIR, or set CLEANWIRE_VIEW_STORE=off",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()).encode())
        lock.flush()
        yield


def connect(folder: Path) -> sqlite3.Connection:
    """Open the store for writing; it is made if it does not exist.

    Raises:
        NewerSchemaError: a later version of Cleanwire made it.
        sqlite3.Error: the file is damaged or cannot be written to.
    """
    connection = sqlite3.connect(
        folder / FILE, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        # This takes effect only before the first table is made.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        # A crash of the machine can undo the last transactions. Their offsets are undone with
        # them, so they are read again.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute(f"PRAGMA cache_size = {-CACHE_BYTES // 1024}")
        connection.execute("PRAGMA temp_store = MEMORY")
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(folder: Path) -> sqlite3.Connection:
    """Open the store for queries only, while another connection writes to it.

    Raises:
        sqlite3.Error: it does not exist, or cannot be read.
    """
    connection = sqlite3.connect(
        f"{(folder / FILE).absolute().as_uri()}?mode=ro",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute(f"PRAGMA cache_size = {-CACHE_BYTES // 1024}")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def move_aside(folder: Path) -> None:
    """Move the files of a damaged store aside, in place of those that were moved before.

    Raises:
        OSError: the files cannot be moved.
    """
    for ending in ENDINGS:
        path, aside = folder / f"{FILE}{ending}", folder / f"{FILE}.{ASIDE}{ending}"
        aside.unlink(missing_ok=True)
        if path.exists():
            path.rename(aside)


def delete_aside(folder: Path) -> None:
    """Delete the damaged files, which may hold what was taken down.

    Raises:
        OSError: the files cannot be deleted.
    """
    for ending in ENDINGS:
        (folder / f"{FILE}.{ASIDE}{ending}").unlink(missing_ok=True)
