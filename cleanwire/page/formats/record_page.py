"""A record of raw-pages -> its page, by the format that it is in.

Invariant: all of Cleanwire reads raw records by these functions, so every part of it understands
every format in the same way.
"""

from collections.abc import Callable

import orjson

from cleanwire.errors import PageRejected
from cleanwire.events import RawPage
from cleanwire.page.formats.bare_html import read_html, told_by_html
from cleanwire.page.formats.format_names import RawFormat
from cleanwire.page.formats.raw_record import RawRecord, Told, format_of
from cleanwire.page.formats.scrapy_cluster import read_item, told_by_item
from cleanwire.page.formats.warc_value import read_archived, told_by_archive
from cleanwire.page.raw_page import check_status, read_event

_BOM = b"\xef\xbb\xbf"


def parse_record(record: RawRecord, *, max_page_bytes: int | None = None) -> RawPage:
    """The page of a record.

    Args:
        record: the record.
        max_page_bytes: the largest body, in bytes; None for no limit.

    Raises:
        NotJson: the format is JSON, and the value is no JSON object.
        InvalidEvent: the record does not follow its format, or names a format that does not exist.
        UnsupportedType: the record is of something other than a web page.
        HttpError: the fetch gave no page.
        TooLarge: the body is over the limit.
    """
    page = read_page(record, max_page_bytes=max_page_bytes)
    check_status(page.status)
    return page


def read_page(record: RawRecord, *, max_page_bytes: int | None = None) -> RawPage:
    """The page of a record, whatever its status says of the fetch.

    Args:
        record: the record.
        max_page_bytes: as for `parse_record`.

    Raises:
        PageRejected: as for `parse_record`, without HttpError.
    """
    return _READERS[format_of(record)](record, max_page_bytes)


def told_by(record: RawRecord, most_json: int | None = None) -> Told:
    """What a record says of its page, as far as it can be read; never an error.

    Args:
        record: the record.
        most_json: bytes up to which a value is parsed as JSON; None for no limit.
    """
    try:
        found = format_of(record)
    except PageRejected:
        return Told()
    is_long = most_json is not None and len(record.value or b"") > most_json
    return Told() if is_long and found in _JSON else _TOLD[found](record)


def _read_event(record: RawRecord, max_page_bytes: int | None) -> RawPage:
    return read_event(record.value, max_page_bytes)


def _told_by_event(record: RawRecord) -> Told:
    try:
        event = orjson.loads((record.value or b"").removeprefix(_BOM))
    except orjson.JSONDecodeError:
        return Told()
    if not isinstance(event, dict):
        return Told()
    texts = {
        name: said if isinstance(said := event.get(name), str) else None
        for name in ("url", "fetched_at", "content_type")
    }
    status = event.get("status")
    return Told(
        url=texts["url"],
        fetched_at=texts["fetched_at"],
        content_type=texts["content_type"],
        status=status if isinstance(status, int) and not isinstance(status, bool) else None,
    )


_READERS: dict[RawFormat, Callable[[RawRecord, int | None], RawPage]] = {
    "event": _read_event,
    "html": read_html,
    "warc": read_archived,
    "scrapy-cluster": read_item,
}

_JSON: frozenset[RawFormat] = frozenset({"event", "scrapy-cluster"})

_TOLD: dict[RawFormat, Callable[[RawRecord], Told]] = {
    "event": _told_by_event,
    "html": told_by_html,
    "warc": told_by_archive,
    "scrapy-cluster": told_by_item,
}
