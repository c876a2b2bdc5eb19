import base64
import gzip
import json
from pathlib import Path

import orjson
import pytest
import zstandard

from cleanwire import Pipeline, Source
from cleanwire.clean import clean_event
from cleanwire.errors import PageRejected
from cleanwire.explain import explain_event
from cleanwire.page.formats.format_names import FORMATS
from cleanwire.page.formats.raw_record import RawRecord
from cleanwire.page.formats.record_page import parse_record, told_by
from cleanwire.page.raw_page import decode
from helpers.archived import PAGE, http, record

URL = "https://a.example/1"
AT = "2026-11-20T10:00:00Z"


def marked(name, value, *headers, **more):
    return RawRecord(value=value, headers=(("cleanwire.format", name.encode()), *headers), **more)


def item(**changes):
    """An item as scrapy-cluster 1.3 writes it."""
    return {
        "appid": "testapp", "crawlid": "abc123", "attrs": None, "links": [], "status_code": 200, "status_msg": "OK",
        "url": "https://a.example/start", "response_url": URL, "timestamp": "2026-11-20T10:00:00", "encoding": "utf-8",
        "response_headers": {"Content-Type": ["text/html; charset=utf-8"], "X-Robots-Tag": ["noai", "noindex"]},
        "request_headers": {"User-Agent": "Scrapy/1.7.3"}, "body": base64.b64encode(PAGE).decode(), **changes,
    }  # fmt: skip


def fetch_in_every_format():
    event = {
        "url": URL,
        "fetched_at": AT,
        "body_base64": base64.b64encode(PAGE).decode(),
        "content_type": "text/html",
    }
    yield "event", marked("event", orjson.dumps(event))
    html = (("url", URL.encode()), ("fetched_at", AT.encode()), ("content-type", b"text/html"))
    yield "html", marked("html", PAGE, *html)
    yield "warc", marked("warc", record(block=http(media="text/html")))
    yield "scrapy-cluster", marked("scrapy-cluster", orjson.dumps(item()))


def test_a_fetch_has_one_id_and_one_text_in_every_format():
    made = {name: clean_event(one) for name, one in fetch_in_every_format()}
    assert list(made) == list(FORMATS)
    assert len({article.id for article in made.values()}) == 1
    assert len({article.text for article in made.values()}) == 1


def test_the_setting_says_the_format_of_what_has_no_header_and_the_header_counts_more():
    for name, one in fetch_in_every_format():
        rest = tuple(pair for pair in one.headers if pair[0] != "cleanwire.format")
        bare = RawRecord(value=one.value, headers=rest, unmarked=name)
        assert parse_record(bare) == parse_record(one)
        other = "warc" if name != "warc" else "html"
        assert parse_record(
            RawRecord(value=one.value, headers=one.headers, unmarked=other)
        ) == parse_record(one)


def test_every_format_gives_the_same_outcomes_in_the_pipeline_and_the_explainer():
    pipeline = Pipeline()
    outcomes = []
    for number, (_, one) in enumerate(fetch_in_every_format()):
        outcomes.append(pipeline.process(one, Source(topic="t", partition=0, offset=number)))
        explained = explain_event(one)
        assert explained.article == clean_event(one)
        assert (explained.came.url, explained.came.fetched_at, explained.came.size) == (
            URL,
            AT,
            len(PAGE),
        )
        assert (told_by(one).url, told_by(one).fetched_at) == (URL, AT)
    assert len({outcome.id for outcome in outcomes}) == 1


def refusal(one, **more):
    with pytest.raises(PageRejected) as caught:
        clean_event(one, **more)
    explained = explain_event(one, **more)
    assert (explained.rejected.reason, explained.rejected.detail) == (
        caught.value.reason,
        caught.value.detail,
    )
    assert "\n" not in caught.value.detail
    told_by(one)
    return str(caught.value)


@pytest.mark.parametrize("name", ["json", "HTML5", "\n", "\xff\xfe", "x" * 500])
def test_an_unknown_format_is_rejected_with_the_names_of_the_formats(name):
    said = refusal(RawRecord(value=b"{}", headers=(("cleanwire.format", name.encode("latin-1")),)))
    assert said.startswith("invalid-event: header cleanwire.format is ")
    assert said.endswith("can be event, html, warc, scrapy-cluster")


def test_the_last_header_counts_in_any_case_and_without_the_quotes_of_a_json_serialiser():
    twice = RawRecord(
        value=PAGE, key=f'"{URL}"'.encode(),
        headers=(("cleanwire.format", b"warc"), ("Cleanwire.Format", b'"HTML"'), ("Fetched_At", b'"2026-11-20T10:00:00Z"')),
    )  # fmt: skip
    page = parse_record(twice)
    assert (page.url, page.fetched_at) == (URL, AT)


# html


@pytest.mark.parametrize(
    ("headers", "key", "url"),
    [
        ({"url": URL}, b"other", URL),
        ({}, URL.encode(), URL),
        ({"ce_subject": URL}, b"7", URL),
        ({"url": URL, "ce_subject": "https://b.example/"}, None, URL),
        ({"url": ""}, URL.encode(), URL),
        ({"URL": "https://a.example/\u00e9"}, None, "https://a.example/\u00e9"),
    ],
)
def test_html_has_its_url_in_a_header_or_in_the_key(headers, key, url):
    pairs = [(name, value.encode()) for name, value in headers.items()]
    assert parse_record(marked("html", PAGE, *pairs, key=key, timestamp=1.7e9)).url == url


@pytest.mark.parametrize(
    ("headers", "timestamp", "time"),
    [
        ({"fetched_at": AT, "date": "Wed, 01 Jan 2020 00:00:00 GMT"}, 1.7e9, AT),
        ({"ce_time": "2026-11-20T10:00:00.5Z"}, 1.7e9, "2026-11-20T10:00:00.5Z"),
        ({"date": "Fri, 20 Nov 2026 10:00:00 GMT"}, 1.7e9, AT),
        ({"Date": "Fri, 20 Nov 2026 12:00:00 +0200"}, None, AT),
        ({"date": "yesterday"}, 1763632800.25, "2025-11-20T10:00:00.250Z"),
        ({}, 1763632800.0, "2025-11-20T10:00:00.000Z"),
        ({}, 1763632800.999, "2025-11-20T10:00:00.999Z"),
    ],
)
def test_html_has_its_time_in_a_header_or_is_as_old_as_its_record(headers, timestamp, time):
    pairs = [(name, value.encode()) for name, value in headers.items()]
    assert (
        parse_record(marked("html", PAGE, *pairs, key=URL.encode(), timestamp=timestamp)).fetched_at
        == time
    )


@pytest.mark.parametrize(
    ("headers", "key", "timestamp", "value", "said"),
    [
        ({}, None, 1.7e9, PAGE, "invalid-event: there is no url: neither the header url nor a key"),
        ({}, b"42", 1.7e9, PAGE, "invalid-event: url 42 is not http, https or file"),
        ({}, URL.encode(), None, PAGE, "invalid-event: there is no fetch time"),
        ({}, URL.encode(), -0.001, PAGE, "invalid-event: there is no fetch time"),
        ({}, URL.encode(), 1e300, PAGE, "invalid-event: there is no fetch time"),
        ({"fetched_at": "1763632800"}, URL.encode(), 1.7e9, PAGE, "invalid-event: fetched_at 1763632800 is no RFC 3339"),
        ({"status": "OK"}, URL.encode(), 1.7e9, PAGE, "invalid-event: header status is OK, not an HTTP status"),
        ({"status": "999"}, URL.encode(), 1.7e9, PAGE, "invalid-event: status 999 is not within"),
        ({"status": "404"}, URL.encode(), 1.7e9, PAGE, "http-error: the page was fetched with status 404"),
        ({"content-type": "image/png"}, URL.encode(), 1.7e9, b"x", "unsupported-type"),
        ({}, URL.encode(), 1.7e9, None, "invalid-event: the record has no value"),
        ({}, URL.encode(), 1.7e9, b"", "no-article"),
        ({}, URL.encode(), 1.7e9, b"x" * 5000, "too-large: the body has 5000 bytes, more than 4096"),
        ({"content-encoding": "gzip"}, URL.encode(), 1.7e9, gzip.compress(b" " * 99_999), "too-large"),
    ],
)  # fmt: skip
def test_html_that_lacks_something_is_rejected(headers, key, timestamp, value, said):
    pairs = [(name, text.encode()) for name, text in headers.items()]
    one = marked("html", value, *pairs, key=key, timestamp=timestamp)
    assert refusal(one, max_page_bytes=4096).startswith(said)


def test_html_in_its_content_coding_is_unpacked_and_its_headers_are_handed_on():
    headers = (
        ("content-encoding", b"gzip"),
        ("x-robots-tag", b"noai"),
        ("ce_id", b"1"),
        ("traceparent", b"00-1"),
        ("x", None),
    )
    page = parse_record(
        marked("html", gzip.compress(PAGE), *headers, key=URL.encode(), timestamp=1.7e9)
    )
    assert page.body == PAGE
    assert page.headers == {"content-encoding": "gzip", "x-robots-tag": "noai"}


# scrapy-cluster


def test_a_body_is_base64_only_if_all_of_it_is():
    text = PAGE.decode()
    for body, found in (
        (text, text), (base64.b64encode(PAGE).decode(), PAGE), ("plain words", "plain words"), ("", ""),
        ("word", base64.b64decode("word")), ("abc=d", "abc=d"), (base64.b64encode(gzip.compress(PAGE)).decode(), gzip.compress(PAGE)),
    ):  # fmt: skip
        assert parse_record(marked("scrapy-cluster", orjson.dumps(item(body=body)))).body == found


def test_an_item_of_version_1_0_is_read():
    old = item(
        headers={"Content-Type": "text/html"},
        body=PAGE.decode(),
        timestamp="2016-01-05T20:14:54.653703",
    )
    for name in ("response_headers", "request_headers", "encoding"):
        del old[name]
    page = parse_record(marked("scrapy-cluster", orjson.dumps(old)))
    assert (page.url, page.fetched_at, page.content_type) == (
        URL,
        "2016-01-05T20:14:54.653703Z",
        "text/html",
    )
    assert page.body == PAGE.decode()


def test_a_page_that_the_crawler_decoded_is_text_whatever_its_charset_was():
    one = item(
        body="<p>M\u00fcnchen</p>" * 40,
        encoding="cp1252",
        response_headers={"Content-Type": ["text/html; charset=windows-1252"]},
    )
    article = clean_event(marked("scrapy-cluster", orjson.dumps(one)), require_article=False)
    assert article.text.startswith("M\u00fcnchen")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"json failed to parse", "not-json: scrapy-cluster could not write the item"),
        (b'"json failed to parse"', "not-json: scrapy-cluster could not write the item"),
        (b"{", "not-json"),
        (None, "not-json: the record has no value"),
        (item(body=None, success=False, exception="TimeoutError: no answer"), "invalid-event: the item has no body: TimeoutError: no answer"),
        (item(status_code=503), "http-error"),
        (item(status_code="200"), "invalid-event: status_code is a JSON string"),
        (item(timestamp="today"), "invalid-event: fetched_at today is no RFC 3339 time"),
        (item(response_url=None, url=None), "invalid-event: url is a JSON null, not text"),
        ({"uuid": "abc", "server_time": 1452094322, "total_pending": 2092}, "invalid-event: url is missing"),
        (item(body={}), "invalid-event: body is a JSON object, not text"),
        (item(body="x " * 2500), "too-large"),
        (item(response_headers=[["a"]], body=base64.b64encode(b"x" * 5001).decode()), "too-large"),
    ],
)  # fmt: skip
def test_an_item_that_is_no_page_is_rejected(value, said):
    packed = json.dumps(value).encode() if isinstance(value, dict) else value
    assert refusal(marked("scrapy-cluster", packed), max_page_bytes=4096).startswith(said)


# warc


@pytest.mark.parametrize(
    "pack",
    [bytes, gzip.compress, zstandard.ZstdCompressor().compress],
    ids=["plain", "gzip", "zstd"],
)
@pytest.mark.parametrize("cut", [0, 4], ids=["whole", "without the last line ends"])
def test_a_value_is_a_record_however_it_is_packed(pack, cut):
    value = record(block=http())
    page = parse_record(marked("warc", pack(value[: len(value) - cut])))
    assert (page.url, page.fetched_at, page.body, page.status) == (URL, AT, PAGE, 200)


def test_the_request_of_a_response_may_be_in_the_same_value():
    request = record(
        "request", b"GET /1 HTTP/1.1\r\n\r\n", media="application/http; msgtype=request"
    )
    both = record(block=http()) + request
    assert parse_record(marked("warc", both)).body == PAGE
    assert (
        parse_record(
            marked("warc", gzip.compress(request) + gzip.compress(record(block=http())))
        ).body
        == PAGE
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (record("request", b"GET / HTTP/1.1\r\n\r\n"), "invalid-event: the WARC record is a request, which holds no page"),
        (record("metadata", b"via: x", media="application/warc-fields"), "invalid-event: the WARC record is a metadata, which"),
        (record("warcinfo", b"software: x", media="application/warc-fields"), "invalid-event: the WARC record is a warcinfo, which"),
        (record("revisit", http(b"")), "invalid-event: the WARC record is a revisit, which holds no page"),
        (record("screencast", b""), "invalid-event: the WARC record has no type that WARC knows"),
        (record("resource", b"{}", url="urn:pageinfo:https://a.example/", media="application/json"), "unsupported-type: the WARC record is a resource of something other than html"),
        (record("resource", b"Words.", url="urn:text:https://a.example/", media="text/plain"), "unsupported-type"),
        (record("resource", b"\x89PNG", url="urn:thumbnail:https://a.example/", media="image/png"), "unsupported-type"),
        (record("resource", b"<p>x", url="urn:view:https://a.example/", media="text/html"), "unsupported-type"),
        (record("response", b"20261120100000\na.example. A 192.0.2.7", url="dns:a.example", media="text/dns"), "unsupported-type: the WARC record is a response of something other than http"),
        (record(block=http(status="HTTP/1.1 404 Not Found")), "http-error"),
        (record(block=http(), url=""), "invalid-event: the WARC record has no WARC-Target-URI"),
        (record(block=http(), date="last week"), "invalid-event: fetched_at last week is no RFC 3339"),
        (record(block=http())[:-300], "invalid-event: the WARC record is damaged"),
        (gzip.compress(record(block=http()))[:-90], "invalid-event: the WARC record is damaged"),
        (record(block=http()) * 2, "invalid-event: the value holds 2 pages; send each WARC record by itself"),
        (record("request", b"") * 20, "invalid-event: the value holds more than 16 WARC records"),
        (b"", "invalid-event: the record has no value"),
        (None, "invalid-event: the record has no value"),
        (b"\r\n", "invalid-event: the value holds no WARC record"),
        (PAGE, "invalid-event: the WARC record is damaged: there are bytes that begin no WARC record"),
        (b"filedesc://a.arc 0.0.0.0 20200101000000 text/plain 9\n", "invalid-event: the value is an ARC file"),
        (b"BZh91AY", "invalid-event: the value is compressed with bzip2"),
        (record(block=http(b"x" * 300_000)), "too-large"),
        (gzip.compress(record(block=http(b" " * 30_000_000))), "too-large"),
    ],
)  # fmt: skip
def test_a_record_that_is_no_page_is_rejected_with_what_it_is(value, said):
    assert refusal(marked("warc", value), max_page_bytes=1 << 17).startswith(said)


@pytest.mark.parametrize(
    ("value", "url", "time"),
    [
        # browsertrix-crawler: WARC/1.1, fractions, its own fields, codings undone and renamed.
        (record(block=http(PAGE, "x-orig-content-encoding: br"), version="WARC/1.1", date="2026-11-20T10:00:00.123Z",
                more='WARC-Page-ID: 5c2b\r\nWARC-Resource-Type: document\r\nWARC-Protocol: h2, tls/1.3\r\nWARC-JSON-Metadata: {"ipType":"Public"}\r\n'),
         URL, "2026-11-20T10:00:00.123Z"),
        # Heritrix 3: the address of the server, a digest, a fetch that ran out of time.
        (record(block=http(PAGE), more="WARC-IP-Address: 192.0.2.7\r\nWARC-Payload-Digest: sha1:AAAA\r\nWARC-Truncated: time\r\nWARC-Concurrent-To: <urn:uuid:1>\r\n"), URL, AT),
        # Nutch as Common Crawl runs it: its own names for the codings that it has undone.
        (record(block=http(PAGE, "X-Crawl-Content-Encoding: gzip", "X-Crawl-Transfer-Encoding: chunked"),
                more="WARC-Identified-Payload-Type: text/html\r\nWARC-Truncated: length\r\n"), URL, AT),
        # Nutch without the stored HTTP header: a resource.
        (record("resource", PAGE, media="text/html"), URL, AT),
        # wget: the URL in angle brackets. The codings are left in place.
        (record(block=http(gzip.compress(PAGE), "Content-Encoding: gzip"), url=f"<{URL}>"), URL, AT),
        # WARC/1.1 may give nine digits.
        (record(block=http(), version="WARC/1.1", date="2026-11-20T10:00:00.123456789Z"), URL, "2026-11-20T10:00:00.123456789Z"),
    ],
    ids=["browsertrix", "heritrix", "common-crawl", "nutch", "wget", "nanoseconds"],
)  # fmt: skip
def test_records_of_many_crawlers_are_read(value, url, time):
    page = parse_record(marked("warc", value))
    assert (page.url, page.fetched_at, page.body) == (url, time, PAGE)
    clean_event(marked("warc", value))


def test_a_response_without_a_type_has_the_one_that_the_crawler_found():
    bare = b"HTTP/1.1 200 OK\r\n\r\n" + PAGE
    for said, expected in (("text/html", "text/html"), ("image/png", None), ("", None)):
        more = f"WARC-Identified-Payload-Type: {said}\r\n" if said else ""
        assert parse_record(marked("warc", record(block=bare, more=more))).content_type == expected


def test_what_the_real_pipeline_of_scrapy_cluster_wrote_is_read():
    # KafkaPipeline of scrapy-cluster's last commit (2021) with its ujson 1.35: as text and as
    # base64, of a page in UTF-8 and of one in windows-1252, with headers as a dict and as Scrapy's.
    lines = (Path(__file__).parent / "archives" / "scrapy-cluster.jsonl").read_bytes().splitlines()
    assert len(lines) == 8
    for line in lines:
        page = parse_record(marked("scrapy-cluster", line))
        assert (page.url, page.status) == ("https://a.example/x", 200)
        assert page.content_type.startswith("text/html; charset=")
        assert decode(page.body, page.content_type).text == "<p>M\u00fcnchen caf\u00e9</p>"
