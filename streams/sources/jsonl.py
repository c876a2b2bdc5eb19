"""Raw-page events, one a line.

Invariant: a line is passed on as it is, bytes for bytes, good or bad; what is bad about it
is for the pipeline to say. A line over the limit is skipped over without being held.
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
    """The lines of a file (gzip by its name), or of a stream of which `head` is read already."""
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
    """Each line without its end, and its length; of one over the limit only the length."""
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
