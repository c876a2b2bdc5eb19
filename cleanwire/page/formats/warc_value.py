"""The format `warc`: the value is a WARC record, plain or compressed.

Invariant: a value gives one page or one rejection. Records that hold no page, such as the request
of a response, may be beside the page's in the same value.
"""

import io
from collections.abc import Iterator

from cleanwire.errors import InvalidEvent, TooLarge, UnsupportedType
from cleanwire.events import RawPage
from cleanwire.page.archive.archived_page import (
    MOST_HEADER,
    TYPES,
    NoPage,
    Oversized,
    moment_of,
    page_in,
    target_of,
)
from cleanwire.page.archive.records import NO_END, Damage, Record, read_header, read_records
from cleanwire.page.archive.unpacking import Foreign, Piece, unpack
from cleanwire.page.formats.raw_record import RawRecord, Told
from cleanwire.page.raw_page import check_fetched_at, check_url

MOST_RECORDS = 16
"""Records that a value may hold."""

_NO_LIMIT = 1 << 30


def read_archived(record: RawRecord, max_page_bytes: int | None) -> RawPage:
    """The page of a record in this format.

    Args:
        record: the record.
        max_page_bytes: the largest body, in bytes; None for no limit.

    Raises:
        InvalidEvent: the value is no WARC record or a damaged one, it is of a type that holds no
            page, or there is more than one page.
        UnsupportedType: the WARC record is of something other than a web page.
        TooLarge: the body is over the limit.
    """
    if not record.value:
        raise InvalidEvent("the record has no value")
    limit = _NO_LIMIT if max_page_bytes is None else max_page_bytes
    found = [page_in(one, limit) for one in _records(record.value, limit)]
    if not found:
        raise InvalidEvent("the value holds no WARC record")
    told = [one for one in found if not isinstance(one, NoPage)]
    if len(told) > 1:
        raise InvalidEvent(f"the value holds {len(told)} pages; send each WARC record by itself")
    if not told:
        raise _no_page([one for one in found if isinstance(one, NoPage)])
    (page,) = told
    if isinstance(page, Oversized):
        raise TooLarge(f"the body has {page.size} bytes or more, more than {limit}")
    if not page.url:
        raise InvalidEvent("the WARC record has no WARC-Target-URI")
    check_url(page.url)
    check_fetched_at(page.fetched_at)
    return page


def told_by_archive(record: RawRecord) -> Told:
    """What a record in this format says of its page."""
    try:
        header = read_header(_unpacked(record.value or b""))
    except (Damage, Foreign, OSError):
        return Told()
    return Told(url=target_of(header) or None, fetched_at=moment_of(header) or None)


def _unpacked(value: bytes) -> Iterator[Piece]:
    return unpack(io.BufferedReader(io.BytesIO(value)))


def _records(value: bytes, limit: int) -> Iterator[Record]:
    """The records of a value.

    Raises:
        InvalidEvent: the value is damaged or has another format.
    """
    count = 0
    try:
        for record in read_records(_unpacked(value), limit + MOST_HEADER):
            if isinstance(record, Record):
                count += 1
                if count > MOST_RECORDS:
                    raise InvalidEvent(f"the value holds more than {MOST_RECORDS} WARC records")
                yield record
            elif str(record) != NO_END:
                # A producer that takes a record out of a file may leave out its last line ends.
                raise InvalidEvent(f"the WARC record is damaged: {record}")
    except Foreign as foreign:
        raise InvalidEvent(f"the value is {foreign.what}") from None
    except OSError as error:
        raise InvalidEvent(f"the value cannot be unpacked: {error}") from None


def _no_page(found: list[NoPage]) -> InvalidEvent | UnsupportedType:
    reasons = list(dict.fromkeys(one.reason for one in found))
    for reason in reasons:
        if reason not in TYPES and reason != "unknown":
            kind, _, what = reason.partition("-not-")
            return UnsupportedType(f"the WARC record is a {kind} of something other than {what}")
    if reasons == ["unknown"]:
        return InvalidEvent("the WARC record has no type that WARC knows")
    return InvalidEvent(f"the WARC record is a {reasons[0]}, which holds no page")
