"""The format `scrapy-cluster`: the items of its crawlers' Kafka pipeline (`*.crawled_firehose`).

Versions 1.0 to 1.3 write a RawResponseItem as JSON. Its body is text, or base64 where the crawler
has KAFKA_BASE_64_ENCODE. The item does not say which of the two it is.

Invariant: a body is base64 only if all of it is. HTML never is, because it has a `<`, and a text
with a blank is not either.
"""

import binascii
import re
from collections.abc import Mapping
from typing import Any

from cleanwire.errors import InvalidEvent, NotJson
from cleanwire.events import RawPage
from cleanwire.page.archive.codings import undo
from cleanwire.page.formats.raw_record import RawRecord, Told
from cleanwire.page.raw_page import (
    check_fetched_at,
    check_size,
    check_url,
    json_object,
    printable,
    status_member,
    text_member,
)

_NOT_WRITTEN = b"json failed to parse"
"""What the pipeline sends in place of an item that it cannot write as JSON."""

_NAIVE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}", re.ASCII)
_GROUP = 4
_NO_LIMIT = 1 << 30


def read_item(record: RawRecord, max_page_bytes: int | None) -> RawPage:
    """The page of a record in this format.

    Args:
        record: the record.
        max_page_bytes: the largest body, in bytes; None for no limit.

    Raises:
        NotJson: the value is no JSON object, as where the crawler could not write the item.
        InvalidEvent: the object is no item with a page.
        TooLarge: the body is over the limit.
    """
    if record.value is not None and record.value.strip(b'" \r\n') == _NOT_WRITTEN:
        raise NotJson(
            "scrapy-cluster could not write the item as JSON; set KAFKA_BASE_64_ENCODE there"
        )
    item = json_object(record.value)
    name = "response_url" if item.get("response_url") else "url"
    url = check_url(text_member(item, name))
    fetched_at = check_fetched_at(_with_zone(text_member(item, "timestamp")))
    status = status_member(item, "status_code")
    headers = _headers(item)
    if item.get("body") is None:
        said = item.get("exception") or item.get("status_msg")
        why = f": {printable(said, 100)}" if isinstance(said, str) and said else ""
        raise InvalidEvent(f"the item has no body{why}")
    body = _body(text_member(item, "body", may_be_empty=True), headers, max_page_bytes)
    return RawPage(
        url=url,
        fetched_at=fetched_at,
        body=body,
        content_type=_header(headers, "content-type"),
        status=status,
        headers=headers or None,
    )


def told_by_item(record: RawRecord) -> Told:
    """What a record in this format says of its page."""
    try:
        item = json_object(record.value)
    except NotJson:
        return Told()
    headers = _headers(item)
    url = item.get("response_url") or item.get("url")
    time, status = item.get("timestamp"), item.get("status_code")
    return Told(
        url=url if isinstance(url, str) else None,
        fetched_at=_with_zone(time) if isinstance(time, str) else None,
        content_type=_header(headers, "content-type"),
        status=status if isinstance(status, int) and not isinstance(status, bool) else None,
    )


def _with_zone(time: str) -> str:
    """The item's time, which is in UTC and does not say so."""
    return f"{time}Z" if _NAIVE.fullmatch(time[:64]) else time


def _body(body: str, headers: Mapping[str, str], limit: int | None) -> str | bytes:
    packed = _decoded(body)
    if packed is None:
        check_size(len(body.encode("utf-8", "surrogatepass")), limit)
        return body
    check_size(len(packed), limit)
    found = undo(
        packed,
        transfer=None,
        content=_header(headers, "content-encoding"),
        limit=_NO_LIMIT if limit is None else limit,
    )
    check_size(len(found), limit)
    return found


def _decoded(body: str) -> bytes | None:
    """The bytes of a body in base64; None if it is text."""
    if len(body) % _GROUP or not _BASE64.fullmatch(body):
        return None
    try:
        return binascii.a2b_base64(body, strict_mode=True)
    except binascii.Error:
        return None


def _headers(item: Mapping[str, Any]) -> dict[str, str]:
    """The response headers; version 1.0 calls them `headers`. Each has one value or a list."""
    written = item.get("response_headers") or item.get("headers")
    if not isinstance(written, Mapping):
        return {}
    found = {}
    for name, value in written.items():
        values = value if isinstance(value, list) else [value]
        texts = [one for one in values if isinstance(one, str)]
        if texts:
            found[str(name)] = ", ".join(texts)
    return found


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for written, value in headers.items() if written.lower() == name), None)
