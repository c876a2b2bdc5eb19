"""Archives as crawlers write them: every record is a page, or is skipped for a reason."""

import collections
import gzip
import io
import json
import struct
import zlib
from pathlib import Path

import brotli
import lz4.frame
import pytest
import warcio
import zstandard
from warcio.statusandheaders import StatusAndHeaders

from cleanwire.errors import PageRejected
from cleanwire.page.formats.raw_record import RawRecord
from cleanwire.page.formats.record_page import read_page
from cleanwire.page.raw_page import parse_raw_page
from helpers.archived import (
    LAST,
    PAGE,
    PLAIN,
    THREE,
    chunked,
    events,
    http,
    raw_deflate,
    read,
    record,
    zstd,
)

WGET = Path(__file__).parent / "archives" / "wget.warc.gz"
WARCPROX = WGET.with_name("warcprox.warc.gz")

# The coded body, its Content-Encoding, its Transfer-Encoding; whether warcio reads them (with
# brotli 1.2 it reads no br).
CODED = {
    "gzip": (gzip.compress(PAGE), "gzip", None, True),
    "x-gzip": (gzip.compress(PAGE), "x-gzip", None, False),
    "upper case": (gzip.compress(PAGE), "GZIP", None, False),
    "gzip in two members": (gzip.compress(PAGE[:99]) + gzip.compress(PAGE[99:]), "gzip", None, False),
    "zlib": (zlib.compress(PAGE), "deflate", None, True),
    "raw deflate": (raw_deflate(PAGE), "deflate", None, True),
    "br": (brotli.compress(PAGE), "br", None, False),
    "zstd": (zstd(PAGE), "zstd", None, False),
    "chunked": (chunked(PAGE), None, "chunked", True),
    "chunked and gzip": (chunked(gzip.compress(PAGE)), "gzip", "chunked", True),
    "chunked and br": (chunked(brotli.compress(PAGE)), "br", "chunked", False),
    "chunked and zstd": (chunked(zstd(PAGE)), "zstd", "chunked", False),
    "gzip as a transfer coding": (chunked(gzip.compress(PAGE)), None, "gzip, chunked", False),
    "a list": (brotli.compress(gzip.compress(PAGE)), "gzip, br", None, False),
    "twice": (gzip.compress(gzip.compress(PAGE)), "gzip, gzip", None, False),
    "named twice, done once": (gzip.compress(PAGE), "gzip, gzip", None, False),
    "another than is named": (gzip.compress(PAGE), "br", None, False),
    "zstd, named gzip": (zstd(PAGE), "gzip", None, False),
    "stale gzip": (PAGE, "gzip", None, True),
    "stale x-gzip": (PAGE, "x-gzip", None, False),
    "stale deflate": (PAGE, "deflate", None, False),
    "stale br": (PAGE, "br", None, False),
    "stale zstd": (PAGE, "zstd", None, False),
    "stale list": (PAGE, "gzip, deflate, br, zstd", None, False),
    "stale chunked": (PAGE, None, "chunked", True),
    "stale chunked and gzip": (PAGE, "gzip", "chunked", True),
    "stale chunked, real gzip": (gzip.compress(PAGE), "gzip", "chunked", True),
    "real chunked, stale gzip": (chunked(PAGE), "gzip", "chunked", True),
    "unknown coding": (PAGE, "utf-8", None, True),
    "identity": (PAGE, "identity", "identity", True),
    "no last chunk": (chunked(PAGE, last=b""), None, "chunked", False),
    "a zero-padded last chunk": (chunked(PAGE, last=b"00000000\r\n\r\n"), None, "chunked", False),
    "bytes after the last chunk": (chunked(PAGE) + b"\r\n<-- extra -->", None, "chunked", False),
    "trailers": (chunked(PAGE, last=b"0\r\nExpires: 0\r\n\r\n"), None, "chunked", False),
    "chunk extensions and blanks": (
        b"%x ;a=b\r\n%s\r\n%x  \r\n%s\r\n0\r\n\r\n" % (9, PAGE[:9], len(PAGE) - 9, PAGE[9:]),
        None, "chunked", False,
    ),
    "chunks that end in line feeds": (chunked(PAGE).replace(b"\r\n", b"\n"), None, "chunked", False),
    "gzip with bytes after it": (gzip.compress(PAGE) + b"\0\0", "gzip", None, False),
    "gzip with a wrong checksum": (gzip.compress(PAGE)[:-8] + bytes(8), "gzip", None, False),
}  # fmt: skip


def coded(name):
    body, content, transfer, _ = CODED[name]
    headers = [f"Content-Encoding: {content}"] * bool(content)
    headers += [f"Transfer-Encoding: {transfer}"] * bool(transfer)
    return record(block=http(body, *headers))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", CODED)
def test_no_coding_ends_or_cuts_a_file(tmp_path, name, packed):
    records = (PLAIN, coded(name), LAST)
    data = b"".join(gzip.compress(one) if packed else one for one in records)
    pages, tally = read(tmp_path, data)
    assert [event.body for event in events(pages)] == [b"<p>before</p>", PAGE, b"<p>after</p>"]
    assert str(tally) == "3 records, 3 pages, 0 skipped, 0 faults"


def by_warcio(data):
    for one in warcio.ArchiveIterator(io.BytesIO(data)):
        if one.rec_type == "response":
            status = one.http_headers.get_statuscode()
            url = one.rec_headers.get_header("WARC-Target-URI").strip("<>")
            yield url, int(status), one.content_stream().read()


@pytest.mark.parametrize("name", [name for name, case in CODED.items() if case[3]])
def test_warcio_reads_the_same_pages(tmp_path, name):
    data = b"".join(map(gzip.compress, (PLAIN, coded(name), LAST)))
    pages, _ = read(tmp_path, data)
    assert [(e.url, e.status, e.body) for e in events(pages)] == list(by_warcio(data))


@pytest.mark.parametrize(
    ("archive", "statuses", "said"),
    [
        (WGET, [200, 200, 200, 200, 200, 302, 200, 404],
         "20 records, 8 pages, 12 skipped (1 metadata, 8 request, 2 resource-not-html, 1 warcinfo), 0 faults"),
        (WARCPROX, [200, 200, 200, 200, 200, 302, 404, 302, 404],
         "30 records, 9 pages, 21 skipped (14 request, 1 resource-not-html, 5 revisit, 1 warcinfo), 0 faults"),
    ],
    ids=["wget", "warcprox"],
)  # fmt: skip
def test_an_archive_that_a_real_program_made(tmp_path, archive, statuses, said):
    data = archive.read_bytes()
    pages, tally = read(tmp_path, data, name=archive.name)
    ours = [(event["url"], event["status"]) for event in map(json.loads, (p.value for p in pages))]
    theirs = list(by_warcio(data))
    assert ours == [(url, status) for url, status, _ in theirs]
    good = [event for event in map(parse, pages) if event is not None]
    assert [event.body for event in good] == [body for _, status, body in theirs if status == 200]
    assert all(event.body.startswith(b"<!DOCTYPE html>") for event in good)
    assert [status for _, status in ours] == statuses
    assert str(tally) == said


def members(data):
    """The members of a gzip file; these crawlers write a record into each."""
    while data:
        unpacker = zlib.decompressobj(31)
        unpacker.decompress(data)
        yield data[: len(data) - len(unpacker.unused_data)]
        data = unpacker.unused_data


@pytest.mark.parametrize("archive", [WGET, WARCPROX], ids=lambda path: path.name)
def test_each_record_as_a_value_on_the_bus_gives_the_page_that_its_file_gives(tmp_path, archive):
    data = archive.read_bytes()
    pages, tally = read(tmp_path, data, name=archive.name)
    found, refused = [], collections.Counter()
    for member in members(data):
        for value in (member, gzip.decompress(member)):
            try:
                found.append(read_page(RawRecord(value=value, unmarked="warc")))
            except PageRejected as error:
                refused[error.reason] += 1
    wanted = [read_page(RawRecord(value=page.value)) for page in pages]
    assert found[::2] == found[1::2] == wanted
    assert refused.total() == 2 * (tally.records - len(pages))
    assert set(refused) == {"invalid-event", "unsupported-type"}


def parse(page):
    try:
        return parse_raw_page(page.value)
    except Exception:
        return None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its open files
def test_an_archive_that_warcio_made(tmp_path):
    output = io.BytesIO()
    writer = warcio.WARCWriter(output, gzip=True)
    for number in range(3):
        head = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.0")
        writer.write_record(
            writer.create_warc_record(
                f"https://a.example/{number}",
                "response",
                payload=io.BytesIO(PAGE),
                http_headers=head,
            )
        )
    pages, _ = read(tmp_path, output.getvalue())
    assert [(e.url, e.status, e.body) for e in events(pages)] == list(by_warcio(output.getvalue()))


@pytest.mark.parametrize("line", [
    "HTTP/1.0 200 OK", "HTTP/1.1 200", "HTTP/2 200", "HTTP/2.0 200 OK", "HTTP/3 200", "http/1.1 200 OK", "HTTP/1.1  200  Fine",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK", "HTTP/1.1 200 \xe9",
])  # fmt: skip
def test_status_lines(tmp_path, line):
    (page,), tally = read(tmp_path, record(block=http(status=line)))
    (event,) = events([page])
    assert (event.status, event.body, event.content_type) == (200, PAGE, "text/html; charset=utf-8")
    assert not tally.skipped


TEXT = "Aldmoor mends its lock – again.\n".encode()
HTML = "text/html; charset=utf-8"
KINDS = [  # the record's type, its Content-Type, its URI, its block; the skip's reason or none
    ("resource", HTML, "https://a.example/", PAGE, None),
    ("resource", "application/xhtml+xml", "https://a.example/", PAGE, None),
    ("resource", "application/http;msgtype=response", "https://a.example/", http(), None),
    ("resource", "TEXT/HTML", "file:///srv/a.html", PAGE, None),
    ("resource", "image/png", "https://a.example/a.png", b"\x89PNG", "resource-not-html"),
    ("resource", "text/dns", "dns:a.example", b"20261120\n", "resource-not-html"),
    ("resource", HTML, "urn:view:https://a.example/", PAGE, "resource-not-html"),
    ("conversion", "text/plain", "https://a.example/", TEXT, None),
    ("conversion", "image/webp", "https://a.example/", b"RIFF", "conversion-not-text"),
    ("response", "application/http", "https://a.example/", http(), None),
    ("response", "Application/HTTP;MsgType=Response", "https://a.example/", http(), None),
    ("response", "", "https://a.example/", http(), None),
    ("response", HTML, "https://a.example/", PAGE, None),
    ("response", "text/dns", "dns:a.example", b"20261120\na.example. 60 IN A 1.2.3.4\n", "response-not-http"),
    ("response", "application/octet-stream", "ftp://a.example/a", b"220 ready", "response-not-http"),
    ("response", "application/gemini; msgtype=response", "gemini://a.example/", b"20 text/gemini\r\n# A", "response-not-http"),
    ("response", "application/http", "https://a.example/", b"no status line", "response-not-http"),
    ("revisit", "application/http; msgtype=response", "https://a.example/", http(b""), "revisit"),
    ("request", "application/http; msgtype=request", "https://a.example/", b"GET / HTTP/1.1\r\n\r\n", "request"),
    ("metadata", "application/warc-fields", "https://a.example/", b"via: x\r\n", "metadata"),
    ("warcinfo", "application/warc-fields", "", b"software: x\r\n", "warcinfo"),
    ("continuation", "application/octet-stream", "https://a.example/", b"more", "continuation"),
    ("screenshot", "image/png", "https://a.example/", b"x", "unknown"),
]  # fmt: skip


@pytest.mark.parametrize("case", KINDS)
def test_each_record_is_a_page_or_skipped_for_a_reason(tmp_path, case):
    kind, media, url, block, reason = case
    data = PLAIN + record(kind, block, url=url, media=media) + LAST
    pages, tally = read(tmp_path, data)
    assert len(pages) == (2 if reason else 3)
    assert dict(tally.skipped) == ({reason: 1} if reason else {})
    assert (tally.records, tally.pages, tally.faults) == (3, len(pages), [])
    if not reason:
        event = events(pages)[1]
        assert (event.url, event.body) == (url, TEXT if block is TEXT else PAGE)
        assert (event.status is None) == (not block.startswith(b"HTTP/"))


def lower(one):
    head, _, block = one.partition(b"\r\n\r\n")
    return head.lower() + b"\r\n\r\n" + block


WRITTEN = {
    "WARC/0.17": record(block=http(), version="WARC/0.17"),
    "WARC/0.18": record(block=http(), version="WARC/0.18"),
    "WARC/1.1": record(block=http(), version="WARC/1.1"),
    "lower case": lower(record(block=http())),
    "folded": record(block=http(), more="X-Note: a\r\n b\r\n"),
    "not UTF-8": record(block=http(PAGE, "X-Name: caf\xe9"), more="X-Note: caf\xe9\r\n", encoding="iso-8859-1"),
    "no colon": record(block=http(PAGE, "nonsense"), more="nonsense\r\n"),
    "brackets": record(block=http(), url="<https://a.example/1>"),
    "a fraction": record(block=http(), date="2026-11-20T10:00:00.123456789Z"),
    "a year": record(block=http(), date="2026"),
    "no zone": record(block=http(), date="2026-11-20T10:00:00"),
    "one line end after it": record(block=http())[:-2],
    "none": record(block=http())[:-4],
    "many": record(block=http()) + b"\r\n\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", WRITTEN)
def test_records_as_writers_write_them(tmp_path, name, packed):
    records = (PLAIN, WRITTEN[name], LAST)
    pages, tally = read(tmp_path, b"".join(gzip.compress(r) if packed else r for r in records))
    event = events(pages)[1]
    assert (event.url, event.status, event.body) == ("https://a.example/1", 200, PAGE)
    assert event.content_type == "text/html; charset=utf-8"
    assert (tally.records, tally.faults) == (3, [])


def dictionary(*samples):
    made = zstandard.train_dictionary(
        2000, [sample + b"%d" % i for i in range(300) for sample in samples]
    )
    packer = zstandard.ZstdCompressor(dict_data=made)
    data = made.as_bytes()
    return (
        struct.pack("<II", 0x184D2A5D, len(data)) + data + b"".join(map(packer.compress, samples))
    )


PACKED = {
    "a.warc": b"".join(THREE),
    "a.warc.gz": b"".join(map(gzip.compress, THREE)),
    "one-member.warc.gz": gzip.compress(b"".join(THREE)),
    "blocks.warc.gz": b"".join(gzip.compress(b"".join(THREE)[at : at + 100]) for at in range(0, sum(map(len, THREE)), 100)),
    "padded.warc.gz": b"".join(map(gzip.compress, THREE)) + bytes(5000),
    "plain-under-the-name.warc.gz": b"".join(THREE),
    "packed-under-the-name.warc": b"".join(map(gzip.compress, THREE)),
    "a.warc.zst": b"".join(map(zstd, THREE)),
    "with-dictionary.warc.zst": dictionary(*THREE),
    "a.warc.lz4": b"".join(map(lz4.frame.compress, THREE)),
    "a.WARC.GZ": b"".join(map(gzip.compress, THREE)),
    "a.warc.wet.gz": b"".join(map(gzip.compress, THREE)),
    "a.wet": b"".join(THREE),
    "blank-lines-first.warc": b"\r\n\r\n" + b"".join(THREE),
    "byte-order-mark.warc": b"\xef\xbb\xbf" + b"".join(THREE),
}  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
def test_however_a_file_is_compressed(tmp_path, name):
    pages, tally = read(tmp_path, PACKED[name], name=name)
    assert [event.body for event in events(pages)] == [b"<p>before</p>", PAGE, b"<p>after</p>"]
    assert not tally.faults
