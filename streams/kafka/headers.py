"""The names of the headers on Cleanwire's records.

Invariant: these names never change, because users' programs and records on the bus depend on them.
"""

PREFIX = "cleanwire."

SOURCE_ID = f"{PREFIX}source.topic-id"
"""On candidates and outcomes: the id of the raw record's topic. An offset identifies a record only
together with this id."""

ARRIVED = f"{PREFIX}source.timestamp"
"""On candidates and outcomes: when the raw record arrived on its topic, in milliseconds since the
epoch. The view and the metrics measure from it how long a page takes. It decides nothing, except
on a raw page in the format `html` without a fetch time: a dead letter that is sent again keeps its
time, and so its id. It is empty or missing where the time is not known."""

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
