"""The format `html`: the value is the page's bytes, and the headers say the rest.

Invariant: what is known of the page is in headers that any Kafka client can write. The fetch time
is never the reader's clock: without one from the producer, it is the record's own timestamp.
"""

import datetime as dt
from email.utils import parsedate_to_datetime

from cleanwire.errors import InvalidEvent
from cleanwire.events import RawPage
from cleanwire.page.archive.codings import undo
from cleanwire.page.formats.raw_record import RawRecord, Told, as_said
from cleanwire.page.raw_page import (
    check_fetched_at,
    check_size,
    check_status_code,
    check_url,
    printable,
)

URL_HEADERS = ("url", "ce_subject")
"""Where the URL is, before the key: `url`, or the subject of a CloudEvent in binary mode."""

TIME_HEADERS = ("fetched_at", "ce_time")
"""Where the fetch time is, as RFC 3339 has it."""

_OURS = ("cleanwire.", "ce_")
_TAKEN = frozenset({"url", "fetched_at", "status", "traceparent", "tracestate"})
_NO_LIMIT = 1 << 30
_DIGITS = 3
_MOST_HEADERS = 200
_MILLISECOND = 1e-3


def read_html(record: RawRecord, max_page_bytes: int | None) -> RawPage:
    """The page of a record in this format.

    Args:
        record: the record.
        max_page_bytes: the largest body, in bytes; None for no limit.

    Raises:
        InvalidEvent: there is no value, no URL or no time, or one of them cannot be used.
        TooLarge: the body is over the limit.
    """
    if record.value is None:
        raise InvalidEvent("the record has no value")
    url = _url(record)
    if url is None:
        raise InvalidEvent("there is no url: neither the header url nor a key")
    check_url(url)
    fetched_at = _fetched_at(record)
    if fetched_at is None:
        raise InvalidEvent("there is no fetch time: neither fetched_at, date nor a timestamp")
    check_fetched_at(fetched_at)
    status = _status(record)
    check_size(len(record.value), max_page_bytes)
    limit = _NO_LIMIT if max_page_bytes is None else max_page_bytes
    body = undo(record.value, transfer=None, content=record.header("content-encoding"), limit=limit)
    check_size(len(body), max_page_bytes)
    return RawPage(
        url=url,
        fetched_at=fetched_at,
        body=body,
        content_type=record.header("content-type"),
        status=status,
        headers=_headers(record) or None,
    )


def told_by_html(record: RawRecord) -> Told:
    """What a record in this format says of its page."""
    try:
        status = _status(record)
    except InvalidEvent:
        status = None
    return Told(
        url=_url(record),
        fetched_at=_fetched_at(record),
        content_type=record.header("content-type"),
        status=status,
    )


def _url(record: RawRecord) -> str | None:
    for name in URL_HEADERS:
        if said := record.header(name):
            return said
    return as_said(record.key) if record.key else None


def _fetched_at(record: RawRecord) -> str | None:
    for name in TIME_HEADERS:
        if said := record.header(name):
            return said
    return _http_date(record.header("date")) or _timestamp(record.timestamp)


def _http_date(said: str | None) -> str | None:
    """The response header Date (RFC 9110) as RFC 3339; None if it is no date.

    A date that cannot be read is a fault of the server, and costs no page.
    """
    if said is None:
        return None
    try:
        return check_fetched_at(said)
    except InvalidEvent:
        pass
    try:
        moment = parsedate_to_datetime(said[:64]).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _timestamp(seconds: float | None) -> str | None:
    """A record's timestamp as RFC 3339, to the millisecond; None if there is none."""
    if seconds is None or seconds <= 0:
        return None
    milliseconds = round(seconds / _MILLISECOND)
    try:
        moment = dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def _status(record: RawRecord) -> int | None:
    said = record.header("status")
    if said is None:
        return None
    digits = said.strip()[: _DIGITS + 1]
    if not (digits.isascii() and digits.isdigit() and len(digits) == _DIGITS):
        raise InvalidEvent(f"header status is {printable(said, 64)}, not an HTTP status")
    return check_status_code(int(digits), "status")


def _headers(record: RawRecord) -> dict[str, str]:
    """The record's headers that may be the response's: all but those of buses and tracers."""
    found: dict[str, str] = {}
    for name, value in record.headers[:_MOST_HEADERS]:
        lower = name.lower()
        if value and lower not in _TAKEN and not lower.startswith(_OURS):
            found[name] = ", ".join(filter(None, (found.get(name), as_said(value))))
    return found
