"""HTML, text, JSONL and WARC files -> raw-page events.

Invariant: a reader yields exactly the bytes that would be published, so a file that is cleaned
locally and the same file published to Kafka lead to the same outcomes. At most one page is in
memory, never a whole archive.
"""

import io
import os
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from streams.errors import OperationalError
from streams.sources.files import bare_page
from streams.sources.input import InputPage, shown
from streams.sources.jsonl import read_jsonl
from streams.sources.tally import Tally
from streams.sources.warc import read_warc

STDIN = "-"
_JSONL = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_WARC = tuple(
    name + packed
    for name in (".warc", ".wet", ".wat", ".arc")
    for packed in ("", ".gz", ".zst", ".lz4", ".bz2", ".xz")
)
_WARC_START = b"WARC/"
_HEAD = 1 << 16
_BOM = b"\xef\xbb\xbf"


def read_inputs(
    paths: Iterable[str],
    *,
    max_message_bytes: int,
    tally: Tally,
    url: str | None = None,
    content_type: str | None = None,
) -> Iterator[InputPage]:
    """Read the pages of files, folders and standard input, in order.

    A folder is read with everything below it, sorted by name. A file that cannot be read, or that
    is damaged or cut, becomes a fault in the tally: its pages before the damage are yielded, and
    the next file is read.

    Args:
        paths: files and folders as given on the command line; `-` is standard input.
        max_message_bytes: bytes of the largest event. A larger page comes out with a `refusal`.
        tally: counts what is read, and takes the faults.
        url: the URL of a bare page, in place of its file URI.
        content_type: the content type of a bare page, in place of what its name says.

    Yields:
        Each page, with the file and its index in the file as its source.
    """
    url, content_type = (value and shown(value) for value in (url, content_type))
    for path in paths:
        if path == STDIN:
            pages = _stdin(sys.stdin.buffer, max_message_bytes, url, content_type, tally)
            yield from _with_faults("standard input", pages, tally)
            continue
        try:
            for file in _files(Path(path), tally):
                pages = _file(file, max_message_bytes, url, content_type, tally)
                yield from _with_faults(shown(file), pages, tally)
        except OperationalError as error:
            tally.fault(str(error))


def _with_faults(name: str, pages: Iterator[InputPage], tally: Tally) -> Iterator[InputPage]:
    """The pages of one file; an error that ends the reading becomes a fault in the tally."""
    try:
        yield from pages
    except OperationalError as error:
        tally.fault(str(error))
    except PermissionError:
        tally.fault(f"{name} cannot be read; grant the right to read it")
    except (OSError, EOFError, zlib.error) as error:
        fix = "the pages before the damage were taken; mend the file"
        tally.fault(f"{name} is damaged: {error}; {fix}")


def _files(path: Path, tally: Tally) -> Iterator[Path]:
    found = _mode(path, tally)
    if found is None:
        raise OperationalError(f"{shown(path)} does not exist", "name a file, a folder or -")
    if stat.S_ISDIR(found):
        # The names of one folder at a time are in memory: a crawl may have millions of files.
        try:
            names = sorted(os.listdir(path))  # noqa: PTH208 - names, not a Path for each
        except PermissionError:
            tally.fault(f"{shown(path)} cannot be read; grant the right to read it")
            return
        for name in names:
            below = path / name
            mode = _mode(below, tally) or 0
            if stat.S_ISREG(mode):
                yield below
            elif stat.S_ISDIR(mode) and not below.is_symlink():
                yield from _files(below, tally)
    elif found:
        yield path


def _mode(path: Path, tally: Tally) -> int | None:
    """The kind of a path as `stat` has it: None if there is nothing, 0 if that cannot be told."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        # A name that is too long, a folder that must not be searched, a link to itself.
        tally.fault(f"{shown(path)} cannot be read: {error.strerror}; correct the path")
        return 0


def _file(
    path: Path, limit: int, url: str | None, content_type: str | None, tally: Tally
) -> Iterator[InputPage]:
    name = path.name.lower()
    if name.endswith(_WARC):
        with path.open("rb") as file:
            yield from read_warc(shown(path), file, limit, tally)
    elif name.endswith(_JSONL):
        yield from _counted(read_jsonl(path, limit), tally)
    else:
        yield from _counted(iter([bare_page(path, limit, url, content_type)]), tally)


def _counted(pages: Iterator[InputPage], tally: Tally) -> Iterator[InputPage]:
    """Count pages that are one record each."""
    for page in pages:
        tally.records += 1
        tally.pages += 1
        yield page


def _stdin(
    stream: BinaryIO, limit: int, url: str | None, content_type: str | None, tally: Tally
) -> Iterator[InputPage]:
    head = stream.read(_HEAD)
    is_bare = content_type is not None or url is not None
    if head.removeprefix(_BOM).lstrip()[:1] == b"{" and not is_bare:
        yield from _counted(read_jsonl(None, limit, head=head, stream=stream), tally)
    elif _is_archive(head) and not is_bare:
        rest = io.BufferedReader(_Rest(head, stream))
        yield from read_warc(STDIN, rest, limit, tally)
    else:
        page = bare_page(None, limit, url, content_type, head=head, stream=stream)
        yield from _counted(iter([page]), tally)


def _is_archive(head: bytes) -> bool:
    try:
        start = zlib.decompressobj(31).decompress(head, len(_WARC_START))
    except zlib.error:
        start = head
    return start[: len(_WARC_START)].upper() == _WARC_START


class _Rest(io.RawIOBase):
    """A stream from its start, although its head has been read already."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        super().__init__()
        self._head, self._stream = head, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # what BufferedReader gives
        data = self._head[: len(buffer)] or self._stream.read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


__all__ = ["STDIN", "InputPage", "Tally", "read_inputs"]
