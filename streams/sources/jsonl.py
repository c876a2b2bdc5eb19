"""Raw-page events, one in each line.

Invariant: a line is passed on byte for byte, whether it is valid or not; the pipeline says what is
wrong with it. A line over the limit is skipped without being held in memory.
"""

import contextlib
import gzip
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from streams.sources.input import InputPage, place, refused, shown

_CHUNK = 1 << 16


def read_jsonl(
    path: Path | None, limit: int, *, head: bytes = b"", stream: BinaryIO | None = None
) -> Iterator[InputPage]:
    """Read the lines of a file or a stream as events; empty lines are left out.

    Args:
        path: the file, which is gzip if its name ends with `.gz`; None for a stream.
        limit: bytes of the largest event. A longer line comes out with a `refusal`.
        head: bytes of the stream that have been read already.
        stream: the rest of the stream; None if `head` is everything.

    Raises:
        OSError: the file cannot be read, or is no gzip.
        EOFError: the gzip data breaks off.
        zlib.error: the gzip data is damaged.
    """
    if path is None:
        yield from _events("-", _lines(head, stream, limit), limit)
        return
    with contextlib.ExitStack() as stack:
        file: BinaryIO | gzip.GzipFile = stack.enter_context(path.open("rb"))
        if path.name.lower().endswith(".gz"):
            file = stack.enter_context(gzip.GzipFile(fileobj=file))
        yield from _events(shown(path), _lines(b"", file, limit), limit)


def _events(name: str, lines: Iterator[tuple[bytes, int]], limit: int) -> Iterator[InputPage]:
    for index, (line, size) in enumerate(lines):
        source = place(name, index)
        if size > limit:
            yield refused(source, size, limit)
        elif line.strip():
            yield InputPage(value=line, source=source)


def _lines(
    head: bytes, stream: BinaryIO | gzip.GzipFile | None, limit: int
) -> Iterator[tuple[bytes, int]]:
    """Each line without its end, and its length in bytes; a line over the limit comes out empty."""
    parts: list[bytes] = []
    size = 0
    chunks = iter(lambda: stream.read(_CHUNK) if stream is not None else b"", b"")
    for chunk in itertools.chain([head], chunks):
        for number, piece in enumerate(chunk.split(b"\n")):
            if number:
                yield b"".join(parts).rstrip(b"\r"), size
                parts, size = [], 0
            size += len(piece)
            if size <= limit:
                parts.append(piece)
            else:
                parts.clear()
    if size:
        yield b"".join(parts).rstrip(b"\r"), size
