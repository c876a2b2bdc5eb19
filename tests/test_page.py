"""Raw-page events and bodies: what is read, and what is rejected with which reason."""

import base64
import json
import sys

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanwire import Pipeline
from cleanwire.errors import (
    HttpError,
    InvalidEvent,
    NotJson,
    PageRejected,
    TooLarge,
    Undecodable,
    UnsupportedType,
)
from cleanwire.events import Source
from cleanwire.page.raw_page import decode, parse_raw_page

GOOD = {"url": "https://a.example/1", "fetched_at": "2026-11-03T10:00:00Z", "body": "<p>x</p>"}


def parse(**changes):
    event = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return parse_raw_page(orjson.dumps(event), max_page_bytes=1000)


def test_a_good_event_is_read_as_it_is():
    page = parse(status=200, content_type="text/html", headers={"Server": "x"}, unknown=[1, {}])
    assert (page.url, page.fetched_at, page.body) == tuple(GOOD.values())
    assert (page.status, page.content_type, page.headers) == (200, "text/html", {"Server": "x"})
    assert parse(body=..., body_base64=base64.b64encode(b"\xff\x00").decode()).body == b"\xff\x00"
    assert parse(url="file:///tmp/a.html").url.startswith("file:")
    assert parse(fetched_at="2026-11-03 10:00:00.25+02:00")


@pytest.mark.parametrize(
    "value", [None, b"", b"{", b"null", b"[]", b'"x"', b"\xff{}", b"[" * 100_000, b'{"a":' * 9999]
)
def test_what_is_no_json_object(value):
    with pytest.raises(NotJson):
        parse_raw_page(value)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"url": ...}, "url is missing"),
        ({"url": 7}, "url is a JSON number"),
        ({"url": ""}, "url is empty"),
        ({"url": "gopher://a.example/"}, "not http"),
        ({"url": "https://"}, "no host"),
        ({"url": "https://a b/"}, "blanks"),
        ({"url": "https://[::1/"}, "cannot be parsed"),
        ({"url": "https://a.example:port/"}, "cannot be parsed"),
        ({"url": "https://a.example/" + "x" * 9000}, "8192"),
        ({"fetched_at": ...}, "fetched_at is missing"),
        ({"fetched_at": "2026-11-03"}, "fetched_at 2026-11-03"),
        ({"fetched_at": "2026-11-03T10:00:00"}, "zone"),
        ({"fetched_at": "2026-02-30T10:00:00Z"}, "2026-02-30"),
        ({"fetched_at": 1700000000}, "fetched_at is a JSON number"),
        ({"body": ...}, "neither"),
        ({"body_base64": "eA=="}, "both"),
        ({"body": ..., "body_base64": "e$"}, "base64"),
        ({"body": ..., "body_base64": "eA"}, "base64"),
        ({"body": {}}, "body is a JSON object"),
        ({"status": "200"}, "status is a JSON string"),
        ({"status": True}, "status is a JSON boolean"),
        ({"status": 7}, "status 7"),
        ({"content_type": []}, "content_type is a JSON array"),
        ({"headers": {"A": 1}}, "header A"),
        ({"headers": "A: 1"}, "headers is a JSON string"),
    ],
)
def test_what_is_no_raw_page_event_is_named(changes, named):
    with pytest.raises(InvalidEvent) as caught:
        parse(**changes)
    assert named in caught.value.detail
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize("status", [100, 206, 301, 304, 404, 500])
def test_a_fetch_that_gave_no_page_is_an_http_error(status):
    with pytest.raises(HttpError, match=str(status)):
        parse(status=status)


@pytest.mark.parametrize("body", [b"", b" \n", b"\xef\xbb\xbf", b"<html></html>"])
@pytest.mark.parametrize("status", [200, 204, None])
def test_an_empty_body_is_no_article(body, status):
    event = {**GOOD, "body_base64": base64.b64encode(body).decode(), "status": status}
    del event["body"]
    rejected = Pipeline().process(orjson.dumps(event), Source(topic="a", partition=0, offset=0))
    assert rejected.reason == "no-article"


def test_an_event_may_begin_with_a_byte_order_mark():
    assert parse_raw_page(b"\xef\xbb\xbf" + orjson.dumps(GOOD)).url == GOOD["url"]


@given(
    body=st.text(max_size=60),
    as_ascii=st.booleans(),
    more=st.integers(-3, 3),
    whole=st.booleans(),
)
def test_a_body_is_too_large_by_its_own_bytes_however_its_event_is_written(
    body, as_ascii, more, whole
):
    value = json.dumps({**GOOD, "body": body}, ensure_ascii=as_ascii).encode()
    size = len(body.encode())
    assert size <= len(value)
    limit = (len(value) if whole else size) + more
    if size > limit:
        with pytest.raises(TooLarge, match=f"the body has {size} bytes"):
            parse_raw_page(value, max_page_bytes=limit)
    else:
        assert parse_raw_page(value, max_page_bytes=limit).body == body


def test_the_body_of_a_short_event_is_not_encoded_to_count_its_bytes():
    value, called = orjson.dumps({**GOOD, "body": "x" * 500}), []
    sys.setprofile(lambda _, kind, what: called.append(what.__name__) if kind == "c_call" else None)
    try:
        parse_raw_page(value, max_page_bytes=len(value))
    finally:
        sys.setprofile(None)
    assert "loads" in called
    assert "encode" not in called


def test_a_body_over_the_limit_is_too_large_in_bytes():
    assert parse(body="é" * 500)
    with pytest.raises(TooLarge, match="1002"):
        parse(body="é" * 501)
    with pytest.raises(TooLarge):
        parse(body=..., body_base64=base64.b64encode(bytes(1001)).decode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["url", "fetched_at", "body", "body_base64", "status", "headers"]), JSON
    )
)
def test_any_json_object_is_an_event_or_rejected(event):
    try:
        parse_raw_page(json.dumps(event).encode())
    except PageRejected as error:
        assert error.reason in ("not-json", "invalid-event", "http-error")


RUSSIAN = "Сельская библиотека получила книги, которые больше тридцати лет пролежали в зале."
PAGE = "<html><head><meta charset='{}'></head><body><p>{}</p></body></html>"


@pytest.mark.parametrize("codec", ["windows-1251", "koi8-r", "utf-8", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("header", [None, "right", "latin-1"])
def test_charsets_by_bom_header_and_meta(codec, header):
    name = codec.removesuffix("-sig")
    body = PAGE.format(name, RUSSIAN).encode(codec)
    declared = name if header == "right" else header
    content = decode(body, f"text/html; charset={declared}" if declared else "text/html")
    # A wrong header gives way to the meta tag, since some of the bytes are no text in latin-1.
    assert RUSSIAN in content.text


def test_without_a_declaration_the_charset_is_detected():
    assert RUSSIAN in decode(f"<p>{RUSSIAN}</p>".encode("windows-1251"), "text/html").text
    assert "Grünfurt" in decode(b"<p>Die Schleuse bei Gr\xfcnfurt bleibt zu</p>", "text/html").text


def test_utf8_that_claims_to_be_something_else_is_utf8():
    content = decode(PAGE.format("iso-8859-1", RUSSIAN).encode(), "text/html; charset=iso-8859-1")
    assert RUSSIAN in content.text
    assert content.charset == "utf-8"


def test_one_bad_byte_in_a_long_page_is_a_typo():
    body = PAGE.format("utf-8", RUSSIAN * 40).encode()
    content = decode(body[:500] + b"\xff" + body[500:], "text/html; charset=utf-8")
    assert content.charset == "utf-8"


@pytest.mark.parametrize(
    "body",
    [bytes(range(256)) * 20, b"\x00\x01\x02" * 500, b"\x1f\x8b\x08\x00page", b"\x28\xb5\x2f\xfd.."],
)
def test_binary_and_compressed_bodies_are_undecodable(body):
    with pytest.raises(Undecodable):
        decode(body, "text/html")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"%PDF-1.7 ...", "text/html"),
        (b"\x89PNG\r\n\x1a\n", None),
        (b"PK\x03\x04", "text/plain"),
        ("<p>x</p>", "image/svg+xml"),
        ("x", "application/json"),
        ('{"a": 1}', None),
        ("<?xml version='1.0'?><rss version='2.0'></rss>", "text/xml"),
        ("<urlset xmlns='x'></urlset>", None),
        ("<note></note>", "application/xml"),
    ],
)
def test_what_is_neither_html_nor_text_is_unsupported(body, content_type):
    with pytest.raises(UnsupportedType):
        decode(body, content_type)


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        ("plain words", None, "text"),
        ("plain words", "text/html; charset=utf-8", "html"),
        ("<!DOCTYPE html><p>x", "text/plain", "html"),
        ("a < b and <b>bold</b>", "text/plain", "text"),
        ("<div>x</div>", None, "html"),
        ("<?xml version='1.0'?><html xmlns='x'>", "application/xhtml+xml", "html"),
        ("", None, "text"),
    ],
)
def test_html_is_told_from_text(body, content_type, kind):
    assert decode(body, content_type).kind == kind
    assert decode(body.encode(), content_type).kind == kind


@given(
    st.binary(max_size=300), st.sampled_from([None, "text/html", "text/plain; charset=x", ";;="])
)
def test_any_bytes_decode_or_are_rejected(body, content_type):
    try:
        content = decode(body, content_type)
    except PageRejected:
        return
    content.text.encode("utf-8")


@given(st.text(max_size=200))
def test_any_text_decodes_or_is_rejected(body):
    try:
        decode(body)
    except PageRejected:
        return
