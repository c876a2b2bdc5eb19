"""Reads `clean-articles` to its end, and writes the files of the days that changed.

Invariant: one export at a time works on a folder.
"""

import collections
import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from streams.consuming.follower import POLL_SECONDS, Batch, Follower, TopicsChangedError, following
from streams.consuming.forgotten import forgotten
from streams.consuming.minute_report import MinuteReport
from streams.consuming.published import ArticleRow, Record, Withdrawal, article_of
from streams.consuming.stopping import Stop
from streams.errors import OperationalError
from streams.export.day_file import ASIDE, write_day
from streams.export.folder_index import FolderIndex
from streams.settings import Settings

MOST_RECORDS = 1000
"""Records of a batch."""

WAITING_BYTES = 1 << 30
"""Bytes of articles that wait at most; then the files are written before more is read."""

INT64 = 1 << 63

WORDS = {
    "article": "articles",
    "takedown": "takedowns",
    "unreadable record": "unreadable records",
    "file": "files written",
}
"""What the line a minute counts."""


def export(settings: Settings, folder: Path, stop: Stop, say: Callable[[str], None]) -> int:
    """Bring a folder to the present end of `clean-articles`.

    Args:
        settings: the brokers and the topics.
        folder: where the files are; it is made if it is missing.
        stop: whether to stop; what was read by then is kept for the next call.
        say: prints a line.

    Returns:
        How many records could not be read.

    Raises:
        OperationalError: Kafka is away or refuses, or the folder cannot be used.
    """
    try:
        with _locked(folder) as own, contextlib.closing(FolderIndex(own / "index.sqlite")) as index:
            return _Export(settings, folder, own, index).run(stop, say)
    except sqlite3.Error as error:
        cause = f"the account in {folder / '.cleanwire'} cannot be used: {error}"
        raise OperationalError(cause, "check the disk, or name an empty folder") from None
    except OSError as error:
        cause = f"{error.filename or folder} cannot be written: {error.strerror or error}"
        raise OperationalError(cause, "check the disk and the folder's rights") from None


class _Export:
    """One call of the command."""

    def __init__(self, settings: Settings, folder: Path, own: Path, index: FolderIndex) -> None:
        self._settings = settings
        self._folder = folder
        self._aside = own / ASIDE
        self._index = index
        self._waiting = 0
        self._unreadable = 0

    def run(self, stop: Stop, say: Callable[[str], None]) -> int:
        report = MinuteReport(say, WORDS)
        fix = "to be sure, export everything into an empty folder"
        if line := forgotten(self._settings, self._index.last_read(), str(self._folder), fix):
            say(line)
        self._aside.unlink(missing_ok=True)
        with following(self._settings, [self._settings.topics.clean]) as follower:
            self._begin(follower, say)
            while not stop.is_asked:
                try:
                    batch = follower.poll(POLL_SECONDS, MOST_RECORDS)
                except TopicsChangedError:
                    self._begin(follower, say)
                    continue
                report.count(self._take(batch))
                if follower.behind == 0:
                    break
                follower.require_progress()
                if self._waiting >= WAITING_BYTES:
                    report.count({"file": self._write(stop)})
                report.minute(follower.behind)
            report.count({"file": self._write(stop)})
            report.end(follower.behind)
        return self._unreadable

    def _begin(self, follower: Follower, say: Callable[[str], None]) -> None:
        begun, lines = follower.begin(self._index.kept())
        self._index.move(begun)
        for line in lines:
            say(line)

    def _take(self, batch: Batch) -> collections.Counter[str]:
        if not batch.next:
            return collections.Counter()
        read = [(record, _read(record)) for record in batch.records]
        self._index.take(read, batch.next)
        kinds = collections.Counter(_kind(row) for _, row in read)
        self._unreadable += kinds["unreadable record"]
        self._waiting += sum(
            len(record.value or b"") for record, row in read if isinstance(row, ArticleRow)
        )
        kinds["record"] = len(read)
        return kinds

    def _write(self, stop: Stop) -> int:
        count = 0
        for day in self._index.changed_days():
            if stop.is_asked:
                break
            write_day(self._folder, self._aside, self._index, day)
            self._index.written(day)
            count += 1
        self._waiting = 0
        return count


def _read(record: Record) -> ArticleRow | Withdrawal | str:
    try:
        row = article_of(record)
    except ValueError as error:
        return str(error)
    if isinstance(row, ArticleRow):
        numbers = (row.word_count, row.revision, row.source_partition, row.source_offset)
        if any(not -INT64 <= number < INT64 for number in numbers):
            return "a number is out of range"
    return row


def _kind(row: ArticleRow | Withdrawal | str) -> str:
    if isinstance(row, str):
        return "unreadable record"
    return "article" if isinstance(row, ArticleRow) else "takedown"


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    """Make the folder and its own folder, and keep other exports out."""
    own = folder / ".cleanwire"
    if not own.exists() and any(folder.glob("day=*")):
        raise OperationalError(
            f"{folder} has files that this command did not write", "name an empty folder"
        )
    own.mkdir(parents=True, exist_ok=True)
    opened = os.open(own / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OperationalError(
                f"another export works on {folder}", "wait for its end, or name another folder"
            ) from None
        yield own
    finally:
        os.close(opened)
