"""WARC files as the tests make them, and what is read of them."""

import zlib

import zstandard

from cleanwire.page.raw_page import parse_raw_page
from streams.sources import Tally, read_inputs

LIMIT = 1 << 20
PAGE = (
    "<!DOCTYPE html><html><head><meta charset='utf-8'><title>Lock</title></head><body><p>"
    + "The canal lock at Aldmoor opens again on Monday – after nine weeks without a boat. " * 6
    + "</p></body></html>"
).encode()


def record(kind="response", block=b"", *, url="https://a.example/1", media="application/http; msgtype=response",
           length=None, version="WARC/1.0", more="", date="2026-11-20T10:00:00Z", encoding="utf-8"):  # fmt: skip
    length = len(block) if length is None else length
    head = (
        f"{version}\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: {date}\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>\r\n"
        f"Content-Type: {media}\r\nContent-Length: {length}\r\n{more}\r\n"
    )
    return head.encode(encoding) + block + b"\r\n\r\n"


def http(body=PAGE, *headers, status="HTTP/1.1 200 OK", media="text/html; charset=utf-8"):
    lines = (status, f"Content-Type: {media}", *headers)
    return "\r\n".join(lines).encode("iso-8859-1") + b"\r\n\r\n" + body


def chunked(body, size=200, last=b"0\r\n\r\n"):
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + last


def raw_deflate(body):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def read(tmp_path, data, *, name="a.warc", limit=LIMIT):
    file = tmp_path / name
    file.write_bytes(data)
    tally = Tally()
    return list(read_inputs([str(file)], max_message_bytes=limit, tally=tally)), tally


def events(pages):
    return [parse_raw_page(page.value) for page in pages]


PLAIN = record(block=http(b"<p>before</p>"), url="https://a.example/before")
LAST = record(block=http(b"<p>after</p>"), url="https://a.example/after")
zstd = zstandard.ZstdCompressor().compress

THREE = (PLAIN, record(block=http()), LAST)
