"""Bytes that are no text, and text that is compressed, as if they were HTML.

Invariant: nothing unpacks a body, so a bomb costs its own size and no more.
"""

import base64
import bz2
import functools
import gzip
import lzma
import random
import struct
import zlib

from helpers.hostile_pages import events

_HEADS = (
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"GIF89a", b"%PDF-1.7\n", b"\x7fELF\x02\x01",
    b"PK\x03\x04", b"Rar!\x1a\x07", b"RIFF\x00\x00\x00\x00WEBP", b"OggS", b"ID3\x04", b"wOFF", b"MZ\x90\x00",
    b"\x00\x00\x00\x1cftypmp42", b"\x00\x00\x01\x00", b"\xca\xfe\xba\xbe", b"SQLite format 3\x00", b"\x00asm",
    b"II*\x00", b"\x1aE\xdf\xa3", b"7z\xbc\xaf\x27\x1c", b"\x04\x22\x4d\x18", b"\x80\x05\x95",
)  # fmt: skip
# 10 MB of zeros.
_BROTLI = base64.b64decode("y///P/gnAOKxQCD3/i//LDHwTwDEYRGAjiMG")
# A member's header holds the time of its making, unless told otherwise.
_gzip = functools.partial(gzip.compress, mtime=0)
_CODINGS = ("gzip", "deflate", "br", "zstd", "gzip, gzip", "compress", "identity", "x-unknown")


def head_of_a_file(r: random.Random) -> bytes:
    """What begins as a file of some type does, and goes on at random."""
    data = r.choice(_HEADS) + r.randbytes(r.randint(0, 3000))
    kind = r.choice(("text/html", "text/plain", None, "image/png", "application/octet-stream"))
    return events.event(r, data, content_type=kind)


def noise(r: random.Random) -> bytes:
    """Bytes at random, all of them or few among the text of a page."""
    if r.random() < 0.5:
        return events.event(r, r.randbytes(r.randint(1, 4000)))
    data = bytearray(events.page(r).encode())
    for _ in range(r.choice((1, 3, 30, 300))):
        data[r.randrange(len(data))] = r.randrange(256)
    return events.event(r, bytes(data))


def inside_text(r: random.Random) -> bytes:
    """A page with a file in the midst of it."""
    blob = r.choice(_HEADS) + r.randbytes(r.choice((10, 100, 2000)))
    return events.event(r, events.page(r).encode().replace(b"</p>", blob + b"</p>", 1))


def bomb(r: random.Random) -> bytes:
    """Compressed zeros, or a compressed page, with and without a header that says so."""
    text = r.choice((bytes(1 << 20), b"<div>" * 200_000, events.page(r).encode()))
    data = r.choice(
        (_gzip, zlib.compress, bz2.compress, lzma.compress, _raw_deflate, _twice, _brotli)
    )(text)
    coding = r.choice(_CODINGS)
    headers = r.choice((None, {"Content-Encoding": coding}, {"content-encoding": coding.upper()}))
    return events.event(r, data[: r.choice((len(data), 20))], headers=headers)


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def _twice(data: bytes) -> bytes:
    return _gzip(_gzip(data))


def _brotli(_: bytes) -> bytes:
    return _BROTLI


def lying_length(r: random.Random) -> bytes:
    """A gzip or zip member whose own fields lie."""
    data = bytearray(_gzip(events.page(r).encode()))
    data[-4:] = struct.pack("<I", r.randrange(2**32))
    return events.event(r, bytes(data), headers={"Content-Length": str(r.randrange(-9, 10**18))})
