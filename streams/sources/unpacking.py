"""A compressed file -> its bytes, piece by piece, with each damage where it is.

Invariant: a piece is small whatever the compression, the bytes before a damage are given,
and a file that ends in the middle says so. After a damage in gzip (RFC 1952) the next member
goes on.
"""

import dataclasses
import zlib
from collections.abc import Generator, Iterator
from typing import BinaryIO, Protocol, cast

from fastwarc.stream_io import Lz4Reader, ZstdReader

_READ = 1 << 16
_PIECE = 1 << 18
_GZIP = b"\x1f\x8b\x08"
_FIRST = 16
"""So many bytes a member's first piece has at least, unless the member is smaller."""
_GZIP_WINDOW = 31
"""zlib's number for a gzip member with its header and its checksum."""

_ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes((byte, 0x2A, 0x4D, 0x18)) for byte in range(0x50, 0x60)))
_LZ4 = b"\x04\x22\x4d\x18"
_FOREIGN = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip", b"7z\xbc\xaf": "7z"}


class Foreign(Exception):  # noqa: N818 - no error of the file
    """A format that is not read; what it is, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what, fix)
        self.what = what
        self.fix = fix


class Readable(Protocol):
    """An open file."""

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, fewer only at the end."""
        ...

    def peek(self, size: int = 0, /) -> bytes:
        """Bytes that stay where they are."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """Bytes, or a fault in their place.

    Attributes:
        data: the next bytes.
        first: whether a gzip member begins with them.
        fault: what is wrong at this place; then there are no bytes.
    """

    data: bytes = b""
    first: bool = False
    fault: str | None = None


def unpack(file: Readable) -> Iterator[Piece]:
    """The bytes of a file that is gzip, zstd, lz4 or not compressed, by its first bytes.

    zstd may bring its dictionary along in a frame of its own, as `.warc.zst` has it.
    """
    head = file.peek(8)
    if head.startswith(_GZIP):
        yield from _members(file)
    elif head.startswith(_ZSTD):
        yield from _frames(file, ZstdReader, "zstd")
    elif head.startswith(_LZ4):
        yield from _frames(file, Lz4Reader, "lz4")
    elif foreign := [name for magic, name in _FOREIGN.items() if head.startswith(magic)]:
        raise Foreign(f"compressed with {foreign[0]}, which is not read", "unpack it first")
    else:
        while data := file.read(_READ):
            yield Piece(data)


def _frames(file: Readable, reader: type[ZstdReader | Lz4Reader], name: str) -> Iterator[Piece]:
    stream = cast("BinaryIO", file)
    try:
        yield from map(Piece, read_frames(stream, reader))
    except OSError as error:
        yield Piece(fault=f"the {name} data is damaged or cut: {error}")


def read_frames(
    stream: BinaryIO, reader: type[ZstdReader | Lz4Reader], size: int = _READ
) -> Iterator[bytes]:
    """What is compressed in frames, in pieces of that size, up to the damage if there is one.

    Raises:
        OSError: the damage, once everything before it is given.
    """
    whole = 0
    unpacked = reader(stream)
    try:
        while data := unpacked.read(size):
            yield data
            whole += len(data)
    except OSError:
        # The reader keeps what came before the damage in the same piece to itself.
        if not stream.seekable():
            raise
    else:
        return
    stream.seek(0)
    unpacked = reader(stream)
    for _ in range(whole // size):
        unpacked.read(size)
    while data := unpacked.read(1):
        yield data


def _members(file: Readable) -> Iterator[Piece]:
    raw = b""
    while raw := raw or file.read(_READ):
        if raw.startswith(_GZIP[: len(raw)]):
            raw = yield from _member(raw, file)
            continue
        # Zeros fill the last block of a tape.
        raw = raw.lstrip(b"\0")
        if raw and not raw.startswith(_GZIP[: len(raw)]):
            yield Piece(fault="there are bytes that are no gzip member")
            raw = _next_member(raw, file)


def _member(raw: bytes, file: Readable) -> Generator[Piece, None, bytes]:
    """One member's pieces; returns the bytes after it that are read already."""
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    first, held = True, b""
    while raw:
        try:
            data = unpacker.decompress(raw, _PIECE)
        except zlib.error as error:
            yield Piece(fault=f"a gzip member is damaged: {error}")
            return _next_member(raw[1:], file)
        held += data
        if len(held) >= _FIRST or (held and (not first or unpacker.eof)):
            yield Piece(held, first)
            first, held = False, b""
        if unpacker.eof:
            return unpacker.unused_data
        raw = unpacker.unconsumed_tail or file.read(_READ)
    yield Piece(fault="the file ends in the middle of a gzip member")
    return b""


def _next_member(raw: bytes, file: Readable) -> bytes:
    """What is read already from where the next member may begin."""
    while True:
        at = raw.find(_GZIP)
        if at >= 0:
            return raw[at:]
        more = file.read(_READ)
        if not more:
            return b""
        raw = raw[-2:] + more
