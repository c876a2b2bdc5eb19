"""The store of one process: opened, filled, asked, and switched off when it cannot go on.

Invariants:

- No fault of the store leaves this module, except a query's own error. The store is off then, with
  a reason that pages can show; one line says so in the log, and one when it is on again.
- All work with SQLite is done in two threads, one that writes and one that reads, never on the
  event loop.
"""

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from streams.errors import OperationalError
from streams.web.store import damage, queries
from streams.web.store.bounds import Bounds
from streams.web.store.model import Extent, Place
from streams.web.store.schema import NewerSchemaError
from streams.web.store.writer import Entry, Writer

QUERY_SECONDS = 5.0
"""Seconds after which a query is ended."""

MOST_WAITING = 20
"""Queries that may wait or be answered at a time. They are answered one after the other, so each of
them waits for at most `MOST_WAITING` times `QUERY_SECONDS`."""

AGAIN_SECONDS = 30.0
"""Seconds after which a store that is off is tried again."""

MOST_REBUILDS = 3
"""How often a process rebuilds a damaged store. Then the disk is not fit, and it gives up."""

CLOSE_SECONDS = 5.0
PAUSE_SECONDS = 0.01
"""Pause between two steps of a merge."""

PROGRESS_STEPS = 100_000
"""Instructions of SQLite's machine between two looks at the clock."""

log = logging.getLogger(__name__)

T = TypeVar("T")
P = ParamSpec("P")


class StoreOffError(OperationalError):
    """The store is off, so it can answer no query."""


class QueryTooSlowError(OperationalError):
    """A query took longer than `QUERY_SECONDS`, or `MOST_WAITING` others wait already."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Whether the store is on, and if not, why.

    Attributes:
        is_on: whether it is.
        why: "the store is off: ..." in a few words, for people; empty if it is on.
        fix: what an operator can do about it.
        rebuilds: how often this process found it damaged, and began it anew.
    """

    is_on: bool
    why: str = ""
    fix: str = ""
    rebuilds: int = 0


class Store:
    """The store in a folder.

    Args:
        folder: the folder of its files.
        bounds: how large and how old it may become.
        off: why this process is to have no store; empty if it is to have one.
    """

    def __init__(self, folder: Path, bounds: Bounds, off: str = "") -> None:
        self._folder = folder
        self._bounds = bounds
        self._write = _thread("view-store-write")
        self._read = _thread("view-store-read")
        self._lock = contextlib.ExitStack()
        self._has_lock = False
        self._connection: sqlite3.Connection | None = None
        self._writer: Writer | None = None
        self._reader: sqlite3.Connection | None = None
        self._reader_of: tuple[int, int] | None = None
        self._asked = 0
        self._try_at = 0.0
        self._gave_up = bool(off)
        self._is_closed = False
        self.status = Status(is_on=False, why=f"the store is off: {off or 'it is not open yet'}")
        self.cpu_seconds = 0.0

    async def open(self) -> Mapping[tuple[str, str, int], int] | None:
        """Open the store, unless it was tried less than `AGAIN_SECONDS` ago.

        Returns:
            The next offset of each partition, by topic, topic id and partition; None if the store
            is off.
        """
        if self._writer is None and (self._gave_up or time.monotonic() < self._try_at):
            return None
        return await self._in_thread(self._open)

    async def enter(self, make: Callable[[], tuple[Sequence[Entry], Sequence[Place]]]) -> bool:
        """Enter a batch; returns whether the store is on after it.

        Args:
            make: called in the store's thread; gives the batch, and the offset after the last
                record that was read of each partition. It is called if the store is off, too.
        """
        return await self._in_thread(self._enter, make)

    async def ask(
        self,
        query: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Ask a query of `queries` or `search`, such as `await store.ask(queries.page, url)`.

        Raises:
            StoreOffError: the store is off.
            QueryTooSlowError: the answer took longer than `QUERY_SECONDS`, or `MOST_WAITING` wait.
        """
        if self._asked >= MOST_WAITING:
            raise QueryTooSlowError(
                f"{self._asked} other questions wait for the store", "try again in some seconds"
            )
        loop = asyncio.get_running_loop()
        self._asked += 1
        try:
            return await loop.run_in_executor(self._read, lambda: self._ask(query, *args, **kwargs))
        finally:
            self._asked -= 1

    async def extent(self) -> Extent:
        """How much the store holds.

        Raises:
            StoreOffError: the store is off.
            QueryTooSlowError: the answer took longer than `QUERY_SECONDS`.
        """
        return await self.ask(queries.extent, self.size)

    @property
    def size(self) -> int:
        """Bytes of the files on disk."""
        total = 0
        for ending in damage.ENDINGS:
            with contextlib.suppress(OSError):
                total += (self._folder / f"{damage.FILE}{ending}").stat().st_size
        return total

    async def close(self) -> None:
        """Close the store; after `CLOSE_SECONDS` what is still going on is left to the system."""
        if self._is_closed:
            return
        self._is_closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(self._read, self._close_reader)
                await loop.run_in_executor(self._write, self._close)
        for thread in (self._read, self._write):
            thread.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def run() -> T:
            started = time.thread_time()
            try:
                return work(*args, **kwargs)
            finally:
                self.cpu_seconds += time.thread_time() - started

        return await asyncio.get_running_loop().run_in_executor(self._write, run)

    # In the thread that writes.

    def _open(self) -> Mapping[tuple[str, str, int], int] | None:
        try:
            if self._writer is None:
                self._begin()
            assert self._writer is not None  # noqa: S101 - `_begin` has made it
            found = self._writer.positions()
        except (sqlite3.Error, OperationalError, OSError) as error:
            self._fail(error)
            # A damaged store was moved aside; the new one can be opened at once.
            if isinstance(error, sqlite3.Error) and damage.is_damage(error) and not self._gave_up:
                return self._open()
            return None
        if not self.status.is_on:
            if self.status.fix:
                log.info("the view's store is on again")
            self.status = Status(is_on=True, rebuilds=self.status.rebuilds)
        return found

    def _begin(self) -> None:
        if not self._has_lock:
            self._lock.enter_context(damage.locked(self._folder))
            self._has_lock = True
        self._connection = damage.connect(self._folder)
        self._writer = Writer(self._connection, self._bounds)

    def _enter(self, make: Callable[[], tuple[Sequence[Entry], Sequence[Place]]]) -> bool:
        batch, read = make()
        if self._writer is None:
            return False
        try:
            self._writer.enter(batch, read)
            self._writer.trim()
            if self._writer.purge(between=lambda: time.sleep(PAUSE_SECONDS)):
                damage.delete_aside(self._folder)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
            return False
        return True

    def _fail(self, error: sqlite3.Error | OperationalError | OSError) -> None:
        """Switch the store off, and say why once; a damaged store is moved aside."""
        self._close_writer()
        self._try_at = time.monotonic() + AGAIN_SECONDS
        why, fix = _reason(error, self._folder)
        rebuilds = self.status.rebuilds
        if isinstance(error, sqlite3.Error) and damage.is_damage(error):
            rebuilds += 1
            fix = "it is moved aside and filled again from the topics"
            if rebuilds > MOST_REBUILDS:
                self._gave_up, fix = True, "check the disk, and start again"
            else:
                try:
                    damage.move_aside(self._folder)
                except OSError as fault:
                    self._gave_up = True
                    fix = f"it cannot be moved aside ({fault.strerror}); delete it"
        self._gave_up = self._gave_up or isinstance(error, NewerSchemaError)
        status = Status(is_on=False, why=f"the store is off: {why}", fix=fix, rebuilds=rebuilds)
        if status != self.status:
            line = f"the view's store is off: {why}; {fix}. The view goes on without it"
            log.warning(line)
        self.status = status

    def _close_writer(self) -> None:
        connection, self._connection, self._writer = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _close(self) -> None:
        self._close_writer()
        self._lock.close()
        self._has_lock = False

    # In the thread that reads.

    def _ask(
        self,
        query: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        if not self.status.is_on:
            self._close_reader()
            raise StoreOffError(self.status.why, self.status.fix)
        deadline = time.monotonic() + QUERY_SECONDS
        try:
            if self._reader is None or not _is_same(self._reader_of, self._folder):
                self._close_reader()
                self._reader = damage.connect_to_read(self._folder)
                self._reader_of = _identity(self._folder)
            reader = self._reader
            reader.set_progress_handler(lambda: time.monotonic() > deadline, PROGRESS_STEPS)
            with queries.snapshot(reader):
                return query(reader, *args, **kwargs)
        except sqlite3.Error as error:
            self._close_reader()
            # An error of the module itself has no code of SQLite's.
            if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                raise QueryTooSlowError(
                    f"the answer takes over {QUERY_SECONDS:g} s", "narrow the search"
                ) from None
            if damage.is_damage(error):
                # The thread that writes moves it aside.
                self._write.submit(self._fail, error)
            raise StoreOffError(f"the store cannot be read: {error}", "try again") from None

    def _close_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            with contextlib.suppress(sqlite3.Error):
                reader.close()


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = (folder / damage.FILE).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_same(identity: tuple[int, int] | None, folder: Path) -> bool:
    return identity is not None and identity == _identity(folder)


def _thread(name: str) -> concurrent.futures.ThreadPoolExecutor:
    return concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)


def _reason(error: Exception, folder: Path) -> tuple[str, str]:
    """Why the store is off, and the fix, for people."""
    if isinstance(error, OperationalError):
        return error.cause, error.fix
    if isinstance(error, OSError):
        return f"its folder {folder} cannot be written to ({error.strerror})", _UNWRITABLE
    if isinstance(error, sqlite3.Error) and damage.is_damage(error):
        return f"{folder / damage.FILE} is damaged ({error})", ""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    why, fix = _REASONS.get(code, ("SQLite failed", "check the disk; the store is tried again"))
    return f"{why} ({error})", fix


_UNWRITABLE = "make it writable, or set CLEANWIRE_VIEW_STORE=off"
_REASONS = {
    sqlite3.SQLITE_FULL: ("its disk is full", "free some of it; the store goes on by itself"),
    sqlite3.SQLITE_BUSY: (
        "another program holds a lock on it",
        "close that program; the store goes on by itself",
    ),
    sqlite3.SQLITE_READONLY: ("its folder cannot be written to", _UNWRITABLE),
    sqlite3.SQLITE_CANTOPEN: ("its folder cannot be written to", _UNWRITABLE),
    sqlite3.SQLITE_PERM: ("its folder cannot be written to", _UNWRITABLE),
}
"""By the primary result code: https://www.sqlite.org/rescode.html."""
