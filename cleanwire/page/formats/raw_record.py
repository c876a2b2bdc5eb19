"""A record of raw-pages as the bus has it, and the format that its value is in.

Invariant: the record is never changed. Of headers with one name the last counts.
"""

import dataclasses

import orjson

from cleanwire.errors import InvalidEvent
from cleanwire.page.formats.format_names import FORMAT_HEADER, FORMATS, RawFormat
from cleanwire.page.raw_page import printable


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RawRecord:
    """A record of raw-pages.

    Attributes:
        value: its value; None for a tombstone.
        key: its key.
        headers: its headers, in their order.
        timestamp: when it arrived on raw-pages, in seconds since the epoch; None if that is not
            known.
        unmarked: the format that it has if no header says one.
    """

    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: float | None = None
    unmarked: RawFormat = "event"

    def header(self, name: str) -> str | None:
        """The last header of a name that has a value, as text; None if there is none.

        Args:
            name: in lower case; the header may have any case.
        """
        for written, value in reversed(self.headers):
            if value and written.lower() == name:
                return as_said(value)
        return None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a record says of its page, whether the record follows its format or not.

    Nothing of it is checked.
    """

    url: str | None = None
    fetched_at: str | None = None
    content_type: str | None = None
    status: int | None = None


def as_record(value: bytes | RawRecord | None) -> RawRecord:
    """A record; a bare value is an event without key and headers."""
    return value if isinstance(value, RawRecord) else RawRecord(value=value)


def format_of(record: RawRecord) -> RawFormat:
    """The format of a record's value.

    Raises:
        InvalidEvent: the record's header names no format.
    """
    said = record.header(FORMAT_HEADER)
    if said is None:
        return record.unmarked
    for known in FORMATS:
        if said.strip().lower() == known:
            return known
    names = ", ".join(FORMATS)
    raise InvalidEvent(f"header {FORMAT_HEADER} is {printable(said, 64)}, and can be {names}")


def as_said(value: bytes) -> str:
    """A key or a header as text: UTF-8, else ISO 8859-1; a JSON string without its quotes.

    Serialisers for JSON (Kafka Connect's JsonConverter) write keys and headers as JSON strings.
    """
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("iso-8859-1")
    if text[:1] == text[-1:] == '"' and len(text) > 1:
        try:
            said = orjson.loads(text)
        except orjson.JSONDecodeError:
            return text
        return said if isinstance(said, str) else text
    return text
