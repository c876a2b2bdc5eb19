"""Undoes the transfer and content codings of a stored response.

Invariants:

- The bytes decide which coding a body has. If a header names a coding that the body does not have,
  the body stays as it is.
- A body that breaks off gives the bytes before the break.
- No more bytes than the limit and one ever come out.
"""

import io
import re
import zlib
from collections.abc import Callable

import brotli
from fastwarc.stream_io import ZstdReader

from cleanwire.page.archive.unpacking import read_frames

_MOST_CODINGS = 6
"""Codings that are undone at most. No server uses more, and each may unpack up to the limit."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_CHUNK = re.compile(rb"[ \t]{0,16}([0-9A-Fa-f]{1,16})[ \t]{0,64}(?:;[^\r\n]{0,4096})?\r?\n")
_PIECE = 1 << 14
_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\n\f\r\x1b")
_SNIFFED = 512
"""Bytes at the start of a body that tell text from compressed data."""


class _Failed(Exception):  # noqa: N818 - caught by the only caller
    """The body does not have the coding, or breaks off; `given` are the bytes before that."""

    def __init__(self, given: bytes = b"") -> None:
        super().__init__()
        self.given = given


def undo(body: bytes, *, transfer: str | None, content: str | None, limit: int) -> bytes:
    """Undo the codings of a body.

    Args:
        body: the body as it is stored.
        transfer: the header Transfer-Encoding (RFC 9112); None if there is none.
        content: the header Content-Encoding (RFC 9110); None if there is none.
        limit: bytes of the longest body.

    Returns:
        The body without its codings. If it is longer than `limit`, its first `limit + 1` bytes,
        which tells the caller so. If no coding can be undone, the body as it is stored.
    """
    for name in reversed([*_names(content), *_names(transfer)][-_MOST_CODINGS:]):
        body = _undo_one(body, name, limit + 1)
    return body[: limit + 1]


def _names(header: str | None) -> list[str]:
    return [name.strip(" \t\"'").lower().removeprefix("x-") for name in (header or "").split(",")]


def _undo_one(body: bytes, name: str, most: int) -> bytes:
    if not body or name not in _DECODERS:
        return body
    decoders = [_DECODERS[name]]
    # Some servers name one coding and send another. gzip and zstd are known by their first bytes.
    if name != "chunked":
        decoders += [_gunzip] * body.startswith(_GZIP) + [_unzstd] * body.startswith(_ZSTD)
    for decode in decoders:
        try:
            return decode(body, most)
        except _Failed as failed:
            if failed.given and not _is_text(body):
                return failed.given
    return body


def _is_text(body: bytes) -> bool:
    """Whether a body is stored decoded: compressed data has control characters near its start."""
    return _CONTROLS.isdisjoint(body[:_SNIFFED])


def _dechunk(body: bytes, most: int) -> bytes:
    parts: list[bytes] = []
    at = size = 0
    while size < most:
        found = _CHUNK.match(body, at)
        if found is None:
            break
        length = int(found[1], 16)
        if not length:
            break
        part = body[found.end() : found.end() + length]
        parts.append(part)
        size += len(part)
        at = found.end() + len(part)
        if body.startswith(b"\r\n", at):
            at += 2
        elif body.startswith(b"\n", at):
            at += 1
        elif at < len(body):
            # The first chunk is not followed by a line end: its "size" was text.
            if len(parts) == 1:
                raise _Failed
            break
    if not parts and (found is None or body[found.end() :].strip(b"\r\n")):
        raise _Failed
    return b"".join(parts)


def _gunzip(body: bytes, most: int) -> bytes:
    if not body.startswith(_GZIP):
        raise _Failed
    given = b""
    while body.startswith(_GZIP) and len(given) < most:
        try:
            part, body = _inflated(31, body, most - len(given))
        except _Failed as failed:
            raise _Failed(given + failed.given) from None
        given += part
    return given


def _inflate(body: bytes, most: int) -> bytes:
    """`deflate` is zlib (RFC 1950) by the standard; some servers send bare deflate (RFC 1951)."""
    try:
        return _inflated(15, body, most)[0]
    except _Failed as failed:
        if failed.given:
            raise
    return _inflated(-15, body, most)[0]


def _inflated(window: int, body: bytes, most: int) -> tuple[bytes, bytes]:
    """Decompress one stream of deflate.

    Args:
        window: zlib's `wbits`, which says what header the stream has.
        body: the stream, and what may follow it.
        most: bytes that come out at most.

    Returns:
        The decompressed bytes, and the bytes after the stream.

    Raises:
        _Failed: the stream is damaged or breaks off.
    """
    unpacker = zlib.decompressobj(window)
    parts: list[bytes] = []
    size = at = 0
    while at < len(body) and size < most and not unpacker.eof:
        piece = body[at : at + _PIECE]
        before = unpacker.copy()
        try:
            parts.append(unpacker.decompress(piece, most - size))
        except zlib.error:
            parts.append(_up_to_damage(before, piece, most - size))
            raise _Failed(b"".join(parts)) from None
        size += len(parts[-1])
        at += len(piece) - len(unpacker.unconsumed_tail)
    given = b"".join(parts)
    if unpacker.eof:
        return given, unpacker.unused_data + body[at:]
    if size >= most:
        return given, b""
    raise _Failed(given)


def _up_to_damage(unpacker: "zlib._Decompress", piece: bytes, most: int) -> bytes:
    """The bytes that come out of a piece before its first wrong byte, found byte by byte."""
    given = b""
    try:
        for at in range(len(piece)):
            given += unpacker.decompress(piece[at : at + 1], most)
            if len(given) >= most:
                break
    except zlib.error:
        pass
    return given[:most]


def _unbrotli(body: bytes, most: int) -> bytes:
    unpacker = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    piece = body
    try:
        while size < most and not unpacker.is_finished():
            part = unpacker.process(piece, output_buffer_limit=most - size)
            piece = b""
            parts.append(part)
            size += len(part)
            if not part and unpacker.can_accept_more_data():
                break
    except brotli.error:
        raise _Failed(b"".join(parts)) from None
    given = b"".join(parts)
    if unpacker.is_finished() or size >= most:
        return given
    raise _Failed(given)


def _unzstd(body: bytes, most: int) -> bytes:
    if not body.startswith(_ZSTD):
        raise _Failed
    parts: list[bytes] = []
    size = 0
    try:
        for part in read_frames(io.BytesIO(body), ZstdReader, _PIECE):
            parts.append(part)
            size += len(part)
            if size >= most:
                break
    except OSError:
        raise _Failed(b"".join(parts)) from None
    return b"".join(parts)[:most]


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "chunked": _dechunk,
    "gzip": _gunzip,
    "deflate": _inflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
