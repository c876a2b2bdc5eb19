"""Archives as crawlers write them: every record is a page, or is skipped for a reason."""

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
from harness import cleanwire
from warcio.statusandheaders import StatusAndHeaders

from cleanwire.page import parse_raw_page
from streams import sources
from streams.settings import Settings
from streams.sources import Tally, read_inputs

LIMIT = 1 << 20
WGET = Path(__file__).parent / "archives" / "wget.warc.gz"
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


def test_an_archive_that_wget_made(tmp_path):
    data = WGET.read_bytes()
    pages, tally = read(tmp_path, data, name="wget.warc.gz")
    ours = [(event["url"], event["status"]) for event in map(json.loads, (p.value for p in pages))]
    theirs = list(by_warcio(data))
    assert ours == [(url, status) for url, status, _ in theirs]
    good = [event for event in map(parse, pages) if event is not None]
    assert [event.body for event in good] == [body for _, status, body in theirs if status == 200]
    assert all(event.body.startswith(b"<!DOCTYPE html>") for event in good)
    assert [status for _, status in ours] == [200, 200, 200, 200, 200, 302, 200, 404]
    assert str(tally) == (
        "20 records, 8 pages, 12 skipped (1 metadata, 8 request, 2 resource-not-html, 1 warcinfo), 0 faults"
    )


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


THREE = (PLAIN, record(block=http()), LAST)
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


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz", "one-member.warc.gz", "a.warc.zst"])
def test_a_file_that_ends_before_its_last_byte_is_a_fault(tmp_path, name):
    whole = PACKED[name]
    for cut in (1, 3, 7, 30, 150, 300):
        pages, tally = read(tmp_path, whole[:-cut], name=name)
        assert len(tally.faults) == tally.places == 1, cut
        assert f"{name} is damaged after {len(pages)} page" in tally.faults[0]
        assert tally.records == len(pages)
        # Of a page that is cut nothing is passed on.
        assert [event.body for event in events(pages)] == [b"<p>before</p>", PAGE, b"<p>after</p>"][
            : len(pages)
        ]


@pytest.mark.parametrize("cut", range(1, 400, 13))
def test_pages_before_the_cut_are_taken(tmp_path, cut):
    first, second = gzip.compress(PLAIN), gzip.compress(THREE[1])
    pages, tally = read(tmp_path, first + second + gzip.compress(LAST)[:-cut])
    assert len(pages) in {2, 3}
    assert len(tally.faults) == (cut < len(gzip.compress(LAST)))


BODY = http()
DAMAGED = {  # the file; how many pages come out, in how many damaged places
    "Content-Length too small": (PLAIN + record(block=BODY, length=90) + LAST, 3, 1),
    "too small by one": (PLAIN + record(block=BODY, length=len(BODY) - 1) + LAST, 3, 1),
    "too large": (PLAIN + record(block=BODY, length=len(BODY) + 20) + LAST, 3, 1),
    "larger than the next record": (PLAIN + record(block=BODY, length=len(BODY) + 250) + LAST, 3, 1),
    "larger than the file": (PLAIN + record(block=BODY, length=10**12) + LAST, 3, 1),
    "no number": (PLAIN + record(block=BODY, length="many") + LAST, 3, 1),
    "negative": (PLAIN + record(block=BODY, length=-1) + LAST, 3, 1),
    "too small in a member": (gzip.compress(PLAIN) + gzip.compress(record(block=BODY, length=90)) + gzip.compress(LAST), 3, 1),
    "too large in a member": (gzip.compress(PLAIN) + gzip.compress(record(block=BODY, length=10**9)) + gzip.compress(LAST), 3, 1),
    "bytes between records": (PLAIN + b"these are no record\r\n" * 9 + LAST, 2, 1),
    "bytes between members": (gzip.compress(PLAIN) + b"no member" + gzip.compress(LAST), 2, 1),
    "bytes after the last member": (gzip.compress(PLAIN) + gzip.compress(LAST) + b"no member", 2, 1),
    "a damaged member": (gzip.compress(PLAIN) + b"\x1f\x8b\x08\0\0\0\0\0\0\x03xxxxxxxx" + gzip.compress(LAST), 2, 1),
    "a wrong checksum": (gzip.compress(PLAIN) + gzip.compress(THREE[1])[:-8] + bytes(8) + gzip.compress(LAST), 2, 1),
    "a damaged frame": (zstd(PLAIN) + zstd(LAST) + b"no frame", 2, 1),
    "no WARC at all": (b"<!DOCTYPE html>\n" * 50, 0, 1),
    "an endless line": (b"x" * 3_000_000, 0, 1),
    "an endless header": (b"WARC/1.0\r\n" + b"A: b\r\n" * 99_999 + PLAIN, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damage_costs_no_other_record(tmp_path, name):
    data, count, places = DAMAGED[name]
    pages, tally = read(tmp_path, data)
    bodies = [event.body for event in events(pages)]
    assert (len(pages), tally.places, len(tally.faults)) == (count, places, 1)
    if count == 3:
        assert [body.rstrip() for body in bodies] == [b"<p>before</p>", PAGE, b"<p>after</p>"]
    elif count == 2:
        assert [body.split(b"</p>")[0] for body in bodies] == [b"<p>before", b"<p>after"]


def test_a_file_of_damage_is_given_up(tmp_path):
    pages, tally = read(tmp_path, record(block=BODY, length=90) * 500)
    assert len(pages) == tally.places == 100
    assert "the rest of the file is not read" in tally.faults[0]


@pytest.mark.parametrize(("data", "name", "named"), [
    (b"filedesc://a.arc 0.0.0.0 20261120 text/plain 9\n", "a.arc", "is an ARC file, which is not read"),
    (gzip.compress(b"filedesc://a.arc 0.0.0.0 20261120 text/plain 9\n"), "a.arc.gz", "ARC"),
    (b"BZh91AY&SY", "a.warc.bz2", "compressed with bzip2, which is not read; unpack it"),
    (b"\xfd7zXZ\0", "a.warc.xz", "compressed with xz"),
])  # fmt: skip
def test_formats_that_are_not_read_are_named(tmp_path, data, name, named):
    pages, tally = read(tmp_path, data, name=name)
    assert not pages
    assert named in tally.faults[0]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_bomb_is_refused_and_the_next_page_read(tmp_path, coding, wrapped):
    body = bytes(80 * LIMIT)
    for name in coding.split(", "):
        body = {"gzip": gzip.compress, "deflate": zlib.compress, "br": lambda b: brotli.compress(b, quality=3),
                "zstd": zstd}[name](body)  # fmt: skip
    body = chunked(body, size=4000) if wrapped else body
    headers = [f"Content-Encoding: {coding}", *["Transfer-Encoding: chunked"] * wrapped]
    (bomb, after), _ = read(tmp_path, record(block=http(body, *headers)) + LAST)
    assert bomb.refusal.reason == "too-large"
    assert events([after])[0].body == b"<p>after</p>"


def test_a_record_over_the_limit_is_not_held(tmp_path):
    (large, after), tally = read(tmp_path, record(block=http(b"x" * (5 * LIMIT))) + LAST)
    assert large.refusal.reason == "too-large"
    assert events([after])[0].body == b"<p>after</p>"
    assert tally.records == 2


@pytest.mark.parametrize("cut", [40, 200, 260])
@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_a_body_that_breaks_off_is_what_came_before(tmp_path, coding, cut):
    text = "".join(f"<p>{number * 7919} boats</p>" for number in range(900)).encode()
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstd}[
        coding
    ]
    block = http(pack(text)[:-cut], f"Content-Encoding: {coding}")
    (page,), tally = read(tmp_path, record(block=block))
    (event,) = events([page])
    assert not tally.faults
    if coding != "zstd":  # a block of zstd comes out whole or not at all
        assert event.body
        assert text.startswith(event.body)


def test_clean_ends_with_the_account_of_its_input(tmp_path):
    settings = Settings(data_dir=tmp_path)
    good, cut = tmp_path / "a.warc.gz", tmp_path / "b.warc"
    good.write_bytes(gzip.compress(PLAIN) + gzip.compress(record("revisit", http(b""))))
    cut.write_bytes(PLAIN + LAST[:-30])
    done = cleanwire(settings, "clean", str(good))
    assert done.returncode == 0
    assert done.stderr.decode().splitlines() == [
        "2 records, 1 page, 1 skipped (1 revisit), 0 faults"
    ]
    done = cleanwire(settings, "clean", str(cut), str(good))
    assert done.returncode == 3
    fault, account = done.stderr.decode().splitlines()[-2:]
    assert "b.warc is damaged after 1 page: the file ends in the middle of a record" in fault
    assert account == "3 records, 2 pages, 1 skipped (1 revisit), 1 fault"
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_archive_on_standard_input(monkeypatch, pack):
    stdin = io.TextIOWrapper(io.BytesIO(pack(PLAIN + LAST)))
    monkeypatch.setattr(sources.sys, "stdin", stdin)
    tally = Tally()
    pages = list(read_inputs(["-"], max_message_bytes=LIMIT, tally=tally))
    assert [event.body for event in events(pages)] == [b"<p>before</p>", b"<p>after</p>"]
    assert str(tally) == "2 records, 2 pages, 0 skipped, 0 faults"
