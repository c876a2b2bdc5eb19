"""Archives that are cut, damaged or made to be large: what can be read is, and the rest is told."""

import gzip
import io
import zlib

import brotli
import pytest

from helpers.archived import (
    LAST,
    LIMIT,
    PAGE,
    PLAIN,
    THREE,
    chunked,
    events,
    http,
    read,
    record,
    zstd,
)
from helpers.harness import cleanwire
from streams import sources
from streams.settings import Settings
from streams.sources import Tally, read_inputs

PACKED = {
    "a.warc": b"".join(THREE),
    "a.warc.gz": b"".join(map(gzip.compress, THREE)),
    "one-member.warc.gz": gzip.compress(b"".join(THREE)),
    "a.warc.zst": b"".join(map(zstd, THREE)),
}


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
    (gzip.compress(b"filedesc://a.arc 0.0.0.0 20261120 text/plain 9\n", mtime=0), "a.arc.gz", "ARC"),
    (b"BZh91AY&SY", "a.warc.bz2", "compressed with bzip2, which is not read; unpack it"),
    (b"\xfd7zXZ\0", "a.warc.xz", "compressed with xz"),
], ids=["arc", "arc.gz", "bzip2", "xz"])  # fmt: skip
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


@pytest.mark.slow
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
