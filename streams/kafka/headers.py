"""The names of the headers on Cleanwire's records.

Invariant: these names never change, because users' programs and records on the bus depend on them.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, cast

PREFIX = "cleanwire."

SOURCE_ID = f"{PREFIX}source.topic-id"
"""On candidates and outcomes: the id of the raw record's topic. An offset identifies a record only
together with this id."""

ARRIVED = f"{PREFIX}source.timestamp"
"""On candidates and outcomes: when the raw record arrived on its topic, in milliseconds since the
epoch. The view and the metrics measure from it how long a page takes. It decides nothing, except
on a raw page in the format `html` without a fetch time: a dead letter that is sent again keeps its
time, and so its id. It is empty or missing where the time is not known."""

REPLAY_OF = f"{PREFIX}replay-of"
"""On raw pages, candidates and outcomes: the page is run again. The value names the first original
raw record, as `TOPIC_ID/PARTITION/OFFSET`. The id is empty where the brokers give none."""

ORDER = f"{PREFIX}order"
"""On candidates, from the second shard on: the sequence, which orders a candidate among all."""

MATCHES = f"{PREFIX}matches"
"""On candidates, from the second shard on: the matches that the shards before have found."""

DROP = f"{PREFIX}drop"
"""Marks a drop notice: the shard need not remember the article of the record's key any more. The
value is the sequence of the candidate that led to the notice."""

TAKEDOWN = f"{PREFIX}takedown"
"""Marks a takedown. The value is the time of the request, in milliseconds since the epoch. It is
empty at the first shard, where the record's own timestamp is that time."""

TRACEPARENT = "traceparent"
"""On raw pages, candidates and outcomes: the trace that the page belongs to (W3C Trace Context)."""

TRACESTATE = "tracestate"
"""Beside `traceparent`: what the tracing systems of its trace have noted."""


class Original(NamedTuple):
    """The raw record that a replay repeats.

    Attributes:
        topic_id: the id of its topic; empty where the brokers give none.
        partition: its partition.
        offset: its offset.
    """

    topic_id: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic_id}/{self.partition}/{self.offset}"


_ORIGINAL = re.compile(rb"([A-Za-z0-9_-]{0,64})/(\d{1,9})/(\d{1,18})")


def original_of(
    headers: Iterable[tuple[str, bytes | None]] | Mapping[str, bytes] | None,
) -> Original | None:
    """The first original of a record, by its header `REPLAY_OF`.

    Args:
        headers: the headers of the record, as pairs. The last one of the name counts.

    Returns:
        The original. None if the record is no replay, or its header is none of Cleanwire's.
    """
    # The consumer gives headers as pairs; Faust's type allows a mapping too.
    pairs = cast("Iterable[tuple[str, bytes | None]]", headers or ())
    value = next((value for name, value in reversed(list(pairs)) if name == REPLAY_OF), None)
    found = _ORIGINAL.fullmatch(value or b"")
    return None if found is None else Original(found[1].decode(), int(found[2]), int(found[3]))


def replay_header(original: Original | None) -> list[tuple[str, bytes]]:
    """The header that names an original; none for a record that is no replay."""
    return [] if original is None else [(REPLAY_OF, str(original).encode())]
