"""A record of raw-pages, or its dead letter, as the core reads it.

Invariant: a dead letter is read as the raw page that it was: in the same format, and with the time
at which that arrived.
"""

from collections.abc import Iterable

from cleanwire.page.formats.format_names import FORMAT_HEADER, RawFormat
from cleanwire.page.formats.raw_record import RawRecord
from streams.kafka.headers import ARRIVED

EVENT = [(FORMAT_HEADER, b"event")]
"""The headers of raw-page events that Cleanwire's own programs write. They say the format, because
the workers may have another setting."""

_MOST_DIGITS = 14
"""Digits of the largest time, in milliseconds, that is read: those of the year 5138."""


def raw_record(
    value: bytes | None,
    *,
    key: bytes | None = None,
    headers: Iterable[tuple[str, bytes | None]] | None = (),
    timestamp: float | None = None,
    unmarked: RawFormat = "event",
) -> RawRecord:
    """The record of a raw page.

    Args:
        value: its value.
        key: its key.
        headers: its headers, in their order. If they say when the raw page arrived, as those of a
            dead letter and of a replay do, that is its time. The first one counts: each rejection
            adds one at the end.
        timestamp: its timestamp, in seconds since the epoch; None if that is not known.
        unmarked: the format of a record whose headers say none.
    """
    kept = tuple(headers or ())
    return RawRecord(
        value=value,
        key=key,
        headers=kept,
        timestamp=first_arrival(kept) or timestamp,
        unmarked=unmarked,
    )


def first_arrival(headers: Iterable[tuple[str, bytes | None]]) -> float | None:
    """When a page first arrived, by the headers of its record; None if they do not say it.

    Returns:
        Seconds since the epoch.
    """
    said = next((value for name, value in headers if name == ARRIVED and value), b"")
    return arrival_of(said)


def arrival(seconds: float | None) -> bytes:
    """When a raw record arrived on its topic, as the header `ARRIVED` has it.

    Args:
        seconds: since the epoch; None if that is not known.
    """
    return b"" if seconds is None else str(round(1000 * seconds)).encode()


def arrival_of(header: bytes) -> float | None:
    """The inverse of `arrival`; None for a header that is no time."""
    return int(header) / 1000 if header.isdigit() and len(header) <= _MOST_DIGITS else None
