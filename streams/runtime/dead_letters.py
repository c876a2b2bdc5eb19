"""Dead letters: the rejected record, with the reason and its source in added headers.

Invariants:

- The value, the key and the headers of the rejected record are copied byte for byte, with two
  exceptions: of a page that was taken down only the trace context is copied, and a record that is
  too large for the bus keeps only what fits.
- Added headers come last, so that the last header of a name is Cleanwire's.
"""

from collections.abc import Iterable
from typing import cast

from faust.types import Message

from cleanwire.errors import PageRejected
from cleanwire.events import Source
from cleanwire.page.formats.format_names import FORMAT_HEADER, RawFormat
from streams.kafka.headers import ARRIVED, PREFIX, SOURCE_ID
from streams.kafka.raw_records import arrival
from streams.runtime.delivery import Headers, Produce
from streams.runtime.instruments import CountedPage

ADDED = frozenset(
    {
        *(PREFIX + name for name in ("reason", "detail", "article")),
        *(f"{PREFIX}source.{name}" for name in ("topic", "partition", "offset")),
        SOURCE_ID,
        ARRIVED,
    }
)
"""The headers that a dead letter has beside those of the rejected record.

`FORMAT_HEADER`, which is added to a record without a format, is not among them: a replay of the
dead letter keeps it."""


def rejected(  # noqa: PLR0913 - everything that a dead letter names
    topic: str,
    message: Message,
    error: PageRejected,
    source: Source,
    source_id: str,
    *,
    largest: int,
    arrived: float | None = None,
    unmarked: RawFormat = "event",
) -> Produce:
    """Make the dead letter of a record.

    Args:
        topic: where dead letters go.
        message: the record.
        error: why the record is rejected.
        source: the topic, the partition and the offset of the record.
        source_id: the id of the record's topic; empty where the brokers give none.
        largest: bytes of the largest record on the bus. A record that was sent compressed may be
            larger once it is unpacked. Its dead letter has no value then; if its key and headers
            are too large as well, it has only the added headers.
        arrived: when the page came to `raw-pages`, in seconds since the epoch.
        unmarked: the format of records whose headers say none. The dead letter says it, because
            its readers may have another setting.
    """
    key, value, headers = message.key, message.value, headers_of(message)
    if record_size(message) > largest:
        value = None
        if _size_without_value(message) > largest:
            key, headers = None, []
    added = _added(error, source, source_id, arrived)
    if unmarked != "event" and not any(name == FORMAT_HEADER and said for name, said in headers):
        added.append((FORMAT_HEADER, unmarked.encode()))
    page = CountedPage(outcome="rejected", kind=error.reason, arrived=arrived)
    return Produce(topic=topic, key=key, value=value, headers=[*headers, *added], page=page)


def record_size(message: Message) -> int:
    """The bytes of a record's value, key and headers, uncompressed."""
    return len(message.value or b"") + _size_without_value(message)


def _size_without_value(message: Message) -> int:
    return len(message.key or b"") + sum(
        len(name.encode()) + len(value or b"") for name, value in headers_of(message)
    )


def headers_of(message: Message) -> list[tuple[str, bytes]]:
    """The headers of a record, in their order."""
    # The consumer gives headers as pairs; Faust's type allows a mapping too.
    return list(cast("Iterable[tuple[str, bytes]]", message.headers or ()))


def withdrawn(  # noqa: PLR0913, PLR0917 - everything that a dead letter names
    topic: str,
    article: str,
    error: PageRejected,
    source: Source,
    source_id: str,
    trace: Headers,
    *,
    arrived: float | None = None,
) -> Produce:
    """Make the dead letter of a page that was taken down.

    It holds only the article's id, and what `trace` has: the trace context that the page came
    with, and the original that it is a replay of.
    """
    added = [
        *_added(error, source, source_id, arrived),
        (f"{PREFIX}article", article.encode()),
    ]
    page = CountedPage(outcome="rejected", kind=error.reason, arrived=arrived)
    return Produce(
        topic=topic, key=article.encode(), value=None, headers=[*trace, *added], page=page
    )


def added_to(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Read the added headers of a dead letter, by name without the prefix.

    Where a name occurs more than once, the last header counts.
    """
    return {
        name.removeprefix(PREFIX): value.decode()
        for name, value in headers
        if name.startswith(PREFIX)
    }


def _added(
    error: PageRejected, source: Source, source_id: str, arrived: float | None
) -> list[tuple[str, bytes]]:
    added = {
        "reason": error.reason,
        "detail": error.detail,
        "source.topic": source.topic,
        "source.partition": str(source.partition),
        "source.offset": str(source.offset),
    }
    headers = [(PREFIX + name, text.encode("utf-8", "replace")) for name, text in added.items()]
    # Added even if they are empty: a page that was rejected before may carry another topic's id.
    return [*headers, (SOURCE_ID, source_id.encode()), (ARRIVED, arrival(arrived))]
