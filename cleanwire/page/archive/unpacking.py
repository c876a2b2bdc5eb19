"""A compressed file -> its bytes, piece by piece, with each damage at its place.

Invariants:

- A piece is small, however strong the compression.
- The bytes before a damage come out, and a file that ends in the middle is a damage.
- After a damage in gzip (RFC 1952), reading resumes at the next member.
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
"""Bytes that the first piece of a member has at least, unless the member is smaller."""
_GZIP_WINDOW = 31
"""zlib's `wbits` for a gzip member with its header and its checksum."""

_ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes((byte, 0x2A, 0x4D, 0x18)) for byte in range(0x50, 0x60)))
_LZ4 = b"\x04\x22\x4d\x18"
_FOREIGN = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip", b"7z\xbc\xaf": "7z"}


class Foreign(Exception):  # noqa: N818 - no error of the file
    """The file has a format that is not read.

    Attributes:
        what: the format, to complete "the file is ...".
        fix: what to do.
    """

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what, fix)
        self.what = what
        self.fix = fix


class Readable(Protocol):
    """An open file."""

    def read(self, size: int = -1, /) -> bytes:
        """The next `size` bytes; fewer only at the end."""
        ...

    def peek(self, size: int = 0, /) -> bytes:
        """Some of the next bytes, which are not taken."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """Bytes, or a fault in their place.

    Attributes:
        data: the next bytes; empty with a fault.
        first: whether a gzip member begins with them.
        fault: what is wrong at this place; None if nothing is.
    """

    data: bytes = b""
    first: bool = False
    fault: str | None = None


def unpack(file: Readable) -> Iterator[Piece]:
    """Unpack a file that is gzip, zstd, lz4 or not compressed; its first bytes tell which.

    A zstd file may bring its dictionary in a frame of its own, as `.warc.zst` files do.

    Args:
        file: open, at its start.

    Yields:
        Its bytes, and a piece with a `fault` for each damage.

    Raises:
        Foreign: the file is compressed with bzip2, xz, zip or 7z.
        OSError: the file cannot be read.
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
    """Unpack data that is compressed in frames.

    Args:
        stream: open, at its start. If it is seekable, even the bytes right before a damage come
            out; if not, up to `size` of them are lost.
        reader: FastWARC's reader of the compression.
        size: bytes of a piece at most.

    Yields:
        The unpacked bytes, up to the damage if there is one.

    Raises:
        OSError: the data is damaged or breaks off; raised after everything before it came out.
    """
    whole = 0
    unpacked = reader(stream)
    try:
        while data := unpacked.read(size):
            yield data
            whole += len(data)
    except OSError:
        # The reader raises without giving out the bytes of this piece that precede the damage. The
        # stream is read again to here, and then byte by byte.
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
        # Zeros after the last member are padding, such as tapes have in their last block.
        raw = raw.lstrip(b"\0")
        if raw and not raw.startswith(_GZIP[: len(raw)]):
            yield Piece(fault="there are bytes that are no gzip member")
            raw = _next_member(raw, file)


def _member(raw: bytes, file: Readable) -> Generator[Piece, None, bytes]:
    """Unpack one member; returns the bytes after it that have been read already."""
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
    """Skip to where the next member may begin.

    Returns:
        The bytes from there that have been read already; empty at the end of the file.
    """
    while True:
        at = raw.find(_GZIP)
        if at >= 0:
            return raw[at:]
        more = file.read(_READ)
        if not more:
            return b""
        raw = raw[-2:] + more
