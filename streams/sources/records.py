"""The records of a WARC file (ISO 28500, versions 0.17 to 1.1).

Invariant: what is wrong with one record costs that record and is told; the next one is
found by its version line. No more than one block is held, and no more of it than is asked for.
"""

import dataclasses
import re
from collections.abc import Iterator

from streams.sources.unpacking import Foreign, Piece

MOST_FAULTS = 100
"""After so many damaged places the rest of a file is not searched for records."""

_VERSION = re.compile(rb"WARC/\d{1,2}\.\d{1,2}[ \t]{0,8}\r?\n?", re.IGNORECASE)
_SWALLOWED = re.compile(rb"\n(?=WARC/\d\.\d\d?\r?\n[A-Za-z-]{1,64}:)", re.IGNORECASE)
_START = b"WARC/"
_MOST_VERSION = 96
"""Bytes of a version line and the name of the header after it, with some room."""
_MOST_LINE = 1 << 16
_MOST_HEADER = 1 << 18
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_NEWLINES = b"\r\n"


class Damage(Exception):  # noqa: N818 - the reader goes on after it
    """A place of the file that cannot be read; the text says what is wrong there."""


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Attributes:
        headers: by name in lower case; of a name that stands there twice, the first.
        block: its bytes, None if there are more than are held.
        size: bytes of the block.
    """

    headers: dict[str, str]
    block: bytes | None
    size: int


class _Stream:
    """The unpacked bytes of a file, with what was read too far put back."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._buffer = b""
        self._at = 0
        self._next: Piece | None = None

    def _peek(self) -> Piece | None:
        """The next piece, which stays the next one."""
        self._next = self._next or next(self._pieces, None)
        return self._next

    def _fill(self, *, up_to_damage: bool = False) -> bool:
        """More bytes in the buffer; False at the end of the file.

        A damage is raised, or, with `up_to_damage`, left for the next call and taken for an end.
        """
        piece = self._peek()
        if piece is None or (up_to_damage and piece.fault is not None):
            return False
        self._next = None
        if piece.fault is not None:
            self._buffer, self._at = b"", 0
            raise Damage(piece.fault)
        self._buffer, self._at = self._buffer[self._at :] + piece.data, 0
        return True

    def line(self) -> bytes:
        """The next line with its end, or as much of it as a line may have."""
        searched = self._at
        while (end := self._buffer.find(b"\n", searched)) < 0:
            held = len(self._buffer) - self._at
            if held >= _MOST_LINE or not self._fill():
                return self.take(min(held, _MOST_LINE))
            searched = held
        return self.take(min(end + 1 - self._at, _MOST_LINE))

    def take(self, size: int) -> bytes:
        """The next bytes of the buffer."""
        data = self._buffer[self._at : self._at + size]
        self._at += len(data)
        return data

    def give_back(self, data: bytes) -> None:
        """Put bytes in front of what comes."""
        self._buffer, self._at = data + self._buffer[self._at :], 0

    def skip_newlines(self) -> int:
        """Skip line ends; returns how many there were."""
        count = 0
        while True:
            rest = self._buffer[self._at : self._at + 64]
            kept = rest.lstrip(_NEWLINES)
            count += rest[: len(rest) - len(kept)].count(b"\n")
            self._at += len(rest) - len(kept)
            if kept or (not rest and not self._fill(up_to_damage=True)):
                return count

    def ahead(self, size: int) -> bytes:
        """The next bytes, which stay where they are; fewer at the end of the file or a damage."""
        while len(self._buffer) - self._at < size and self._fill(up_to_damage=True):
            pass
        return self._buffer[self._at : self._at + size]

    def raise_damage(self) -> None:
        """Raise the damage that comes next, if one does."""
        piece = self._peek()
        if piece is not None and piece.fault is not None:
            self._fill()

    def block(self, size: int, most: int) -> tuple[bytes | None, int]:
        """The next bytes, and how many there were.

        A member of gzip that begins with a version line begins a record, whatever the length
        of the one before it is said to be. More bytes than `most` are skipped.
        """
        parts: list[bytes] = []
        got = 0
        while got < size:
            if self._at == len(self._buffer):
                piece = self._peek()
                if piece is None or (got and piece.first and _VERSION.match(piece.data)):
                    break
                self._fill()
            data = self.take(size - got)
            got += len(data)
            if got <= most:
                parts.append(data)
            else:
                parts.clear()
        return (b"".join(parts) if got <= most else None), got


def read_records(pieces: Iterator[Piece], most: int) -> Iterator[Record | Damage]:
    """The records of a file, and the places that cannot be read, in order.

    Args:
        pieces: the file, unpacked.
        most: bytes of a block that are held.
    """
    stream = _Stream(pieces)
    state = _State(most)
    faults = 0
    while faults < MOST_FAULTS:
        found: Record | Damage | None
        try:
            found = _next(stream, state)
        except Damage as damage:
            found, state.lost = damage, True
        if found is None:
            return
        faults += isinstance(found, Damage)
        yield found
        if state.broken:
            faults += 1
            yield Damage(state.broken)
            state.broken = ""


@dataclasses.dataclass(slots=True)
class _State:
    """Between two records.

    Attributes:
        most: bytes of a block that are held.
        lost: whether the place is in the midst of something, which was told.
        broken: a fault that did not cost the record that came before it.
        ends: the fewest line ends after a record so far; two by the standard.
    """

    most: int
    lost: bool = False
    broken: str = ""
    ends: int = 2


def _next(stream: _Stream, state: _State) -> Record | None:
    if not _at_record(stream, state):
        return None
    headers = _headers(stream)
    length = headers.get("content-length", "")
    if not _LENGTH.fullmatch(length):
        return _off(stream, headers, b"", 0, state)
    block, got = stream.block(int(length), state.most)
    if got < int(length):
        return _short(stream, headers, block, got, state)
    count = stream.skip_newlines()
    follows = stream.ahead(len(_START))
    if not follows:
        if count < state.ends:
            stream.raise_damage()
            state.broken = "the file ends before the end of its last record"
        return Record(headers, block, got)
    if follows.upper() == _START:
        state.ends = min(state.ends, count)
        return Record(headers, block, got)
    return _off(stream, headers, block, got, state)


def _at_record(stream: _Stream, state: _State) -> bool:
    """Go past the next version line; False at the end of the file."""
    stream.skip_newlines()
    line = stream.line().removeprefix(b"\xef\xbb\xbf")
    if line and not state.lost and not _VERSION.fullmatch(line):
        state.lost = True
        if line.startswith(b"filedesc://"):
            raise Foreign(
                "an ARC file, which is not read", "make a WARC of it with `warcio recompress`"
            )
        raise Damage("there are bytes that begin no WARC record")
    while line and not _VERSION.fullmatch(line):
        line = stream.line()
    state.lost = False
    return bool(line)


def _headers(stream: _Stream) -> dict[str, str]:
    headers: dict[str, str] = {}
    name, size = "", 0
    while True:
        line = stream.line()
        if not line.endswith(b"\n"):
            raise Damage(
                "a record's header has a line that is too long"
                if len(line) >= _MOST_LINE
                else "the file ends in the middle of a record's header"
            )
        size += len(line)
        if size > _MOST_HEADER:
            raise Damage("a record's header is too long")
        text = as_text(line.strip(b"\r\n"))
        if not text:
            return headers
        if text[0] in " \t" and name:
            headers[name] = f"{headers[name]} {text.strip()}"
            continue
        name, _, value = text.partition(":")
        name = name.strip().lower()
        headers.setdefault(name, value.strip())


def as_text(value: bytes) -> str:
    """A header's bytes: UTF-8 by ISO 28500, and where they are none, ISO 8859-1 as in HTTP."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("iso-8859-1")


def _short(
    stream: _Stream, headers: dict[str, str], block: bytes | None, got: int, state: _State
) -> Record | None:
    """A record whose Content-Length goes past the end of the file or of its gzip member."""
    if stream.ahead(len(_START)):
        state.broken = "a record's Content-Length is more than it has"
        whole = None if block is None else _without_end(block)
        return Record(headers, whole, got if whole is None else len(whole))
    if block is not None and (record := _before_the_next(stream, headers, block, state)):
        return record
    raise Damage("the file ends in the middle of a record")


def _off(
    stream: _Stream, headers: dict[str, str], block: bytes | None, got: int, state: _State
) -> Record:
    """A record that does not end where its Content-Length says, or that has none."""
    if block is None:
        state.broken = "a record's Content-Length is wrong"
        state.lost = True
        return Record(headers, block, got)
    return _before_the_next(stream, headers, block, state) or _up_to_the_next(
        stream, headers, block, state
    )


def _before_the_next(
    stream: _Stream, headers: dict[str, str], block: bytes, state: _State
) -> Record | None:
    """The record, if the next one is found within its block."""
    # The block may end within the next record's version line.
    more = stream.take(len(stream.ahead(_MOST_VERSION)))
    found = _SWALLOWED.search(block + more)
    if found is None or found.start() >= len(block):
        stream.give_back(more)
        return None
    stream.give_back((block + more)[found.end() :])
    state.broken = "a record's Content-Length is more than it has"
    whole = _without_end(block[: found.end()])
    return Record(headers, whole, len(whole))


def _up_to_the_next(
    stream: _Stream, headers: dict[str, str], block: bytes, state: _State
) -> Record:
    """The record, with what stands between its said end and the next one."""
    parts, size = [block], len(block)
    state.broken = "a record's Content-Length is less than it has"
    while line := stream.line():
        if _VERSION.fullmatch(line):
            stream.give_back(line)
            break
        size += len(line)
        if size > state.most:
            state.lost = True
            return Record(headers, None, size)
        parts.append(line)
    whole = _without_end(b"".join(parts))
    return Record(headers, whole, len(whole))


def _without_end(block: bytes) -> bytes:
    """A block without the two line ends that close its record."""
    for end in (b"\r\n\r\n", b"\n\n"):
        if block.endswith(end):
            return block.removesuffix(end)
    return block
