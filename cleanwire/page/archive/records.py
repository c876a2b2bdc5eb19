"""The records of a WARC file (ISO 28500, versions 0.17 to 1.1).

Invariants:

- An error in one record costs at most that record and is reported. The next record is found by its
  version line.
- At most one block is in memory, and no more bytes of it than the caller asks for.
"""

import dataclasses
import re
from collections.abc import Iterator

from cleanwire.page.archive.unpacking import Foreign, Piece

MOST_FAULTS = 100
"""After this many damaged places the rest of a file is not searched for records."""

_VERSION = re.compile(rb"WARC/\d{1,2}\.\d{1,2}[ \t]{0,8}\r?\n?", re.IGNORECASE)
_SWALLOWED = re.compile(rb"\n(?=WARC/\d\.\d\d?\r?\n[A-Za-z-]{1,64}:)", re.IGNORECASE)
_START = b"WARC/"
_MOST_VERSION = 96
"""Bytes that hold a version line and the name of the header after it, with some to spare."""
_MOST_LINE = 1 << 16
_MOST_HEADER = 1 << 18
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_NEWLINES = b"\r\n"


NO_END = "the file ends before the end of its last record"
"""The damage of a file whose last record lacks the line ends that close it."""


class Damage(Exception):  # noqa: N818 - the reader goes on after it
    """A place of the file that cannot be read; the text says what is wrong there."""


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Attributes:
        headers: the values by name in lower case. If a name occurs twice, the first value.
        block: the bytes of the block; None if there are more than the caller wants.
        size: how many bytes the block has.
    """

    headers: dict[str, str]
    block: bytes | None
    size: int


class _Stream:
    """The unpacked bytes of a file; bytes that were read too far can be put back."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._buffer = b""
        self._at = 0
        self._next: Piece | None = None

    def _peek(self) -> Piece | None:
        """The next piece, which is not taken; None at the end of the file."""
        self._next = self._next or next(self._pieces, None)
        return self._next

    def _fill(self, *, up_to_damage: bool = False) -> bool:
        """Add the next piece to the buffer; returns False at the end of the file.

        Args:
            up_to_damage: whether a damage counts as the end. It is left for the next call then.

        Raises:
            Damage: the next piece is a damage. The buffer is dropped.
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
        """The next line with its end, cut after `_MOST_LINE` bytes; empty at the end of the file.

        Raises:
            Damage: there is one before the end of the line.
        """
        searched = self._at
        while (end := self._buffer.find(b"\n", searched)) < 0:
            held = len(self._buffer) - self._at
            if held >= _MOST_LINE or not self._fill():
                return self.take(min(held, _MOST_LINE))
            searched = held
        return self.take(min(end + 1 - self._at, _MOST_LINE))

    def take(self, size: int) -> bytes:
        """The next bytes of the buffer, at most `size`."""
        data = self._buffer[self._at : self._at + size]
        self._at += len(data)
        return data

    def give_back(self, data: bytes) -> None:
        """Put bytes back, in front of the rest."""
        self._buffer, self._at = data + self._buffer[self._at :], 0

    def skip_newlines(self) -> int:
        """Skip carriage returns and line feeds; returns how many line feeds there were."""
        count = 0
        while True:
            rest = self._buffer[self._at : self._at + 64]
            kept = rest.lstrip(_NEWLINES)
            count += rest[: len(rest) - len(kept)].count(b"\n")
            self._at += len(rest) - len(kept)
            if kept or (not rest and not self._fill(up_to_damage=True)):
                return count

    def ahead(self, size: int) -> bytes:
        """The next bytes, which are not taken; fewer before a damage or the end of the file."""
        while len(self._buffer) - self._at < size and self._fill(up_to_damage=True):
            pass
        return self._buffer[self._at : self._at + size]

    def raise_damage(self) -> None:
        """Raise the damage if the next piece is one."""
        piece = self._peek()
        if piece is not None and piece.fault is not None:
            self._fill()

    def block(self, size: int, most: int) -> tuple[bytes | None, int]:
        """Read a block.

        A gzip member that begins with a version line begins a record. It ends the block,
        whatever Content-Length says.

        Args:
            size: bytes to read.
            most: bytes to hold.

        Returns:
            The bytes, None if there are more than `most`; and how many bytes were read, fewer
            than `size` at the end of the file or before a record.

        Raises:
            Damage: there is one within the block.
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
    """Read the records of a WARC file.

    Args:
        pieces: the unpacked file, as `unpack` yields it.
        most: bytes of a block that are held. A larger block is skipped, and its record comes out
            with `block` None.

    Yields:
        Each record, and a `Damage` for each place that cannot be read, in the order of the file.
        A `Damage` right after a record may concern that record, such as a wrong Content-Length.
        The reading ends after `MOST_FAULTS` damages.

    Raises:
        Foreign: the file is an ARC file.
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


def read_header(pieces: Iterator[Piece]) -> dict[str, str]:
    """The header of the first record, without its block; empty if there is none.

    Args:
        pieces: the unpacked file, as `unpack` yields it.

    Raises:
        Damage: the header cannot be read.
        Foreign: the file is an ARC file.
    """
    stream = _Stream(pieces)
    return _headers(stream) if _at_record(stream, _State(0)) else {}


@dataclasses.dataclass(slots=True)
class _State:
    """What is known between two records.

    Attributes:
        most: bytes of a block that are held.
        lost: whether the stream is inside data that has been reported as a damage already.
        broken: a damage to report after the current record, which could be read in spite of it.
        ends: the fewest line ends after a record so far; the standard has two.
    """

    most: int
    lost: bool = False
    broken: str = ""
    ends: int = 2


def _next(stream: _Stream, state: _State) -> Record | None:
    """The next record; None at the end of the file.

    Raises:
        Damage: the record cannot be read.
    """
    if not _at_record(stream, state):
        return None
    headers = _headers(stream)
    length = headers.get("content-length", "")
    if not _LENGTH.fullmatch(length):
        return _wrong_length(stream, headers, b"", 0, state)
    block, got = stream.block(int(length), state.most)
    if got < int(length):
        return _too_short(stream, headers, block, got, state)
    count = stream.skip_newlines()
    follows = stream.ahead(len(_START))
    if not follows:
        if count < state.ends:
            stream.raise_damage()
            state.broken = NO_END
        return Record(headers, block, got)
    if follows.upper() == _START:
        state.ends = min(state.ends, count)
        return Record(headers, block, got)
    return _wrong_length(stream, headers, block, got, state)


def _at_record(stream: _Stream, state: _State) -> bool:
    """Read past the next version line; False at the end of the file.

    Raises:
        Damage: there are other bytes before it; raised once for them all.
        Foreign: the file is an ARC file.
    """
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
    """A header as text: UTF-8 as ISO 28500 has it; if it is not UTF-8, ISO 8859-1 as in HTTP."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("iso-8859-1")


def _too_short(
    stream: _Stream, headers: dict[str, str], block: bytes | None, got: int, state: _State
) -> Record | None:
    """A record whose block ends before its Content-Length, with the file or its gzip member."""
    if stream.ahead(len(_START)):
        state.broken = "a record's Content-Length is more than it has"
        whole = None if block is None else _without_end(block)
        return Record(headers, whole, got if whole is None else len(whole))
    if block is not None and (record := _cut_at_next(stream, headers, block, state)):
        return record
    raise Damage("the file ends in the middle of a record")


def _wrong_length(
    stream: _Stream, headers: dict[str, str], block: bytes | None, got: int, state: _State
) -> Record:
    """A record that does not end where its Content-Length says, or that has none."""
    if block is None:
        state.broken = "a record's Content-Length is wrong"
        state.lost = True
        return Record(headers, block, got)
    return _cut_at_next(stream, headers, block, state) or _extend_to_next(
        stream, headers, block, state
    )


def _cut_at_next(
    stream: _Stream, headers: dict[str, str], block: bytes, state: _State
) -> Record | None:
    """The record, cut where the next one begins within its block; None if none does."""
    # The block may end within the version line of the next record.
    more = stream.take(len(stream.ahead(_MOST_VERSION)))
    found = _SWALLOWED.search(block + more)
    if found is None or found.start() >= len(block):
        stream.give_back(more)
        return None
    stream.give_back((block + more)[found.end() :])
    state.broken = "a record's Content-Length is more than it has"
    whole = _without_end(block[: found.end()])
    return Record(headers, whole, len(whole))


def _extend_to_next(
    stream: _Stream, headers: dict[str, str], block: bytes, state: _State
) -> Record:
    """The record, extended by the bytes between its declared end and the next record."""
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
