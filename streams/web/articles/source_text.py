"""A raw record -> the text that shows it.

Invariants:

- Any record gives a text. Nothing in it is parsed as markup.
- No more than `MOST_SOURCE` characters of a body are decoded and shown.
"""

import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from cleanwire.errors import PageRejected
from cleanwire.page.formats.format_names import RawFormat
from cleanwire.page.formats.raw_record import RawRecord, format_of
from cleanwire.page.formats.record_page import read_page
from cleanwire.page.raw_page import decode
from streams.web.articles.record_reader import Found
from streams.web.pages.article import MOST_SOURCE, Source

MOST_SAID = 500
"""Characters of a header or of a member of the event that are shown."""

MOST_LISTED = 50
"""Headers and members that are shown."""


def source_of(found: Found) -> Source:
    """A raw record as a page shows it."""
    headers = [
        (name[:MOST_SAID], (value or b"")[:MOST_SAID].decode(errors="replace"))
        for name, value in found.headers[:MOST_LISTED]
    ]
    value = found.value
    if value is None:
        return _of_value(b"", headers, "The record has no value.")
    record = found.raw
    try:
        kind = format_of(record)
    except PageRejected as error:
        return _of_value(value, headers, f"All of the record is shown, because {error.detail}.")
    if kind != "event":
        return _of_format(record, kind, headers)
    try:
        event = orjson.loads(value.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        event = None
    if not isinstance(event, dict):
        return _of_value(value, headers, "The record is no JSON object, so all of it is shown.")
    found_body = _body(event)
    if found_body is None:
        return _of_value(value, headers, "The event has no body to show, so the record is shown.")
    text, length, unit, note = found_body
    return Source(
        members=_members(event),
        headers=headers,
        text=text,
        is_body=True,
        length=length,
        unit=unit,
        note=note,
    )


def _of_format(record: RawRecord, kind: RawFormat, headers: Sequence[tuple[str, str]]) -> Source:
    """A raw record in a format that other crawlers write."""
    try:
        page = read_page(record)
    except PageRejected as error:
        why = f"All of the record is shown, because it gives no page: {error.detail}."
        return _of_value(record.value or b"", headers, why)
    members = _members(
        {
            "cleanwire.format": kind,
            "url": page.url,
            "fetched_at": page.fetched_at,
            **({} if page.status is None else {"status": page.status}),
            **({} if page.content_type is None else {"content_type": page.content_type}),
            **({} if page.headers is None else {"headers": dict(page.headers)}),
        }
    )
    body = page.body
    if isinstance(body, str):
        text, unit, note = body[:MOST_SOURCE], "characters", ""
    else:
        unit = "bytes"
        text, note = _decoded(body, page.content_type)
    return Source(
        members=members,
        headers=headers,
        text=text,
        is_body=True,
        length=len(body),
        unit=unit,
        note=note,
    )


def _body(event: Mapping[str, Any]) -> tuple[str, int, str, str] | None:
    """The body's text, its length, the unit of the length, and how it was decoded."""
    body, encoded = event.get("body"), event.get("body_base64")
    if isinstance(body, str):
        return body[:MOST_SOURCE], len(body), "characters", ""
    if not isinstance(encoded, str):
        return None
    try:
        raw = binascii.a2b_base64(encoded)
    except ValueError:
        return None
    text, note = _decoded(raw, event.get("content_type"))
    return text, len(raw), "bytes", note


def _decoded(raw: bytes, content_type: object) -> tuple[str, str]:
    """The beginning of a body as text, and how it was decoded."""
    start = raw[:MOST_SOURCE]
    try:
        content = decode(start, content_type if isinstance(content_type, str) else None)
    except PageRejected as error:
        return (
            start.decode("latin-1"),
            f"The body is shown with a character for each byte, because {error.detail}.",
        )
    return content.text, f"Decoded from {content.charset}." if content.charset else ""


def _of_value(value: bytes, headers: Sequence[tuple[str, str]], note: str) -> Source:
    return Source(
        members=(),
        headers=headers,
        text=value[:MOST_SOURCE].decode(errors="replace"),
        is_body=False,
        length=len(value),
        unit="bytes",
        note=note,
    )


def _members(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for name, said in list(event.items())[:MOST_LISTED]:
        if name not in ("body", "body_base64"):
            text = said if isinstance(said, str) else orjson.dumps(said).decode(errors="replace")
            found.append((name[:MOST_SAID], text[:MOST_SAID]))
    return found
