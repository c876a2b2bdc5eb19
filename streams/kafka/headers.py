"""The names of the headers that Cleanwire's records carry.

Invariant: these names are on the bus. A change of one is a change of what users built on.
"""

PREFIX = "cleanwire."

SOURCE_ID = f"{PREFIX}source.topic-id"
"""On candidates and outcomes: the id of the raw record's topic. An offset names a record only
together with it."""

ORDER = f"{PREFIX}order"
"""The place of a candidate in the order of all, from the second shard on."""

MATCHES = f"{PREFIX}matches"
"""What the shards before found for a candidate."""

DROP = f"{PREFIX}drop"
"""A note to a shard that need not remember the article of this key any more; its value is the
order of the candidate that this was found at."""

TAKEDOWN = f"{PREFIX}takedown"
"""A takedown. Its value is empty at the first shard, which is told by the record's own time when it
was asked for; after that it is this time, in milliseconds since the epoch."""
