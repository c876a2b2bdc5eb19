import base64
import gzip
import io
import os

import orjson
import pytest

from cleanwire import Pipeline
from cleanwire.page.raw_page import parse_raw_page
from streams import sources
from streams.sources import Tally, read_inputs
from streams.testing.samples import sample_pages

LIMIT = 1 << 20


def read(*paths, limit=LIMIT, tally=None, **more):
    tally = Tally() if tally is None else tally
    names = [str(path) for path in paths]
    return list(read_inputs(names, max_message_bytes=limit, tally=tally, **more))


def response(url, body, *, headers="Content-Type: text/html", date="2026-11-03T10:00:00Z"):
    http = f"HTTP/1.1 200 OK\r\n{headers}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    return (
        f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: {date}\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{abs(hash(url)) % 10**12:012d}>\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        f"Content-Length: {len(http)}\r\n\r\n"
    ).encode() + http + b"\r\n\r\n"  # fmt: skip


def test_a_bare_page_is_an_event_with_file_uri_and_modification_time(tmp_path):
    file = tmp_path / "a b.html"
    file.write_bytes(b"<p>\xe9</p>")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    (page,) = read(file)
    event = parse_raw_page(page.value)
    assert event.url == file.as_uri()
    assert event.fetched_at == "2023-11-14T22:13:20Z"
    assert event.body == b"<p>\xe9</p>"
    assert event.content_type == "text/html"
    assert (page.source.topic, page.source.offset) == (str(file), 0)


def test_url_and_content_type_can_be_given(tmp_path):
    file = tmp_path / "page"
    file.write_bytes(b"words")
    (page,) = read(file, url="https://a.example/", content_type="text/plain; charset=utf-8")
    event = parse_raw_page(page.value)
    assert (event.url, event.content_type) == ("https://a.example/", "text/plain; charset=utf-8")


def test_jsonl_lines_pass_as_they_are_good_or_bad(tmp_path):
    lines = [sample.value for sample in sample_pages()]
    plain, packed = tmp_path / "a.jsonl", tmp_path / "b.ndjson.gz"
    plain.write_bytes(b"\n".join(lines) + b"\n")
    packed.write_bytes(gzip.compress(b"\r\n".join(lines)))
    for file in (plain, packed):
        pages = read(file)
        assert [page.value for page in pages] == lines
        assert [page.source.offset for page in pages] == list(range(len(lines)))


def test_a_line_over_the_limit_is_refused_and_the_next_one_read(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_bytes(b'{"a": 1}\n' + b"x" * (3 * LIMIT) + b'\n\n{"b": 2}')
    one, large, two = read(file)
    assert (one.value, two.value) == (b'{"a": 1}', b'{"b": 2}')
    assert large.refusal.reason == "too-large"
    assert str(3 * LIMIT) in large.refusal.detail
    assert [page.source.offset for page in (one, large, two)] == [0, 1, 3]


@pytest.mark.parametrize("packed", [False, True])
def test_warc_responses(tmp_path, packed):
    records = [
        response("https://a.example/1", b"<p>one</p>"),
        response("https://a.example/2", gzip.compress(b"<p>two</p>"), headers="Content-Type: text/html\r\nContent-Encoding: gzip"),
        response("https://a.example/3", b"z" * (2 * LIMIT)),
    ]  # fmt: skip
    file = tmp_path / ("a.warc.gz" if packed else "a.warc")
    file.write_bytes(b"".join(gzip.compress(r) for r in records) if packed else b"".join(records))
    one, two, large = read(file)
    event = parse_raw_page(one.value)
    assert (event.url, event.fetched_at) == ("https://a.example/1", "2026-11-03T10:00:00Z")
    assert (event.status, event.content_type, event.body) == (200, "text/html", b"<p>one</p>")
    assert parse_raw_page(two.value).body == b"<p>two</p>"
    assert large.refusal.reason == "too-large"


def test_a_bomb_in_a_warc_is_refused(tmp_path):
    bomb = gzip.compress(bytes(50 * LIMIT))
    file = tmp_path / "bomb.warc"
    file.write_bytes(response("https://a.example/", bomb, headers="Content-Encoding: gzip"))
    (page,) = read(file)
    assert page.refusal.reason == "too-large"


def test_folders_are_read_sorted_and_whole(tmp_path):
    for name in ("b.txt", "a/z.html", "a/c.htm"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    names = [page.source.topic.removeprefix(f"{tmp_path}/") for page in read(tmp_path)]
    assert names == ["a/c.htm", "a/z.html", "b.txt"]


@pytest.mark.parametrize(
    ("data", "count"), [(b"<p>one page</p>", 1), (b'{"a": 1}\n{"b": 2}\n', 2), (b"", 1)]
)
def test_standard_input_is_a_page_or_events(monkeypatch, data, count):
    monkeypatch.setattr(sources.sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert len(read("-")) == count


def test_what_cannot_be_read_is_named_and_the_rest_is_read(tmp_path):
    lines = b'{"a": 1}\n' * 100_000
    broken, good = tmp_path / "a.jsonl.gz", tmp_path / "b.html"
    broken.write_bytes(gzip.compress(lines)[:-200])
    good.write_bytes(b"<p>x</p>")
    tally = Tally()
    pages = read(tmp_path / "nothing", broken, tmp_path / "pipe", good, tally=tally)
    assert pages[0].value == b'{"a": 1}'
    assert parse_raw_page(pages[-1].value).body == b"<p>x</p>"
    missing, damaged, other = tally.faults
    assert "nothing does not exist" in missing
    assert "a.jsonl.gz is damaged: " in damaged
    assert "pipe does not exist" in other
    assert tally.records == tally.pages == len(pages)
    assert tally.places == 3


def test_a_page_over_the_limit_is_refused_without_being_read(tmp_path):
    file = tmp_path / "a.html"
    with file.open("wb") as output:
        output.truncate(10 << 30)
    (page,) = read(file)
    assert page.refusal.reason == "too-large"


def test_the_same_page_from_a_file_and_from_an_event_has_one_outcome(tmp_path):
    body = sample_pages()[0].value
    event = orjson.loads(body)
    file = tmp_path / "a.html"
    file.write_text(event["body"])
    (page,) = read(file, url=event["url"])
    read_back = orjson.loads(page.value)
    assert base64.b64decode(read_back["body_base64"]).decode() == event["body"]
    one = Pipeline().process(page.value, page.source)
    two = Pipeline().process(body, page.source)
    assert one.text == two.text


def test_a_path_that_cannot_be_told_is_a_fault_and_the_others_are_read(tmp_path):
    (tmp_path / "a.html").write_text("<p>text</p>", "utf-8")
    (tmp_path / "loop").symlink_to("loop")
    tally = Tally()
    paths = [str(tmp_path / ("x" * 300)), str(tmp_path), str(tmp_path / "a.html" / "below")]
    assert len(list(read_inputs(paths, max_message_bytes=1 << 20, tally=tally))) == 1
    assert "File name too long; correct the path" in tally.faults[0]
    assert "loop cannot be read: Too many levels of symbolic links" in tally.faults[1]
    assert "below does not exist" in tally.faults[2]
