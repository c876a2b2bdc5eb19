"""What a shard keeps under one key, and writes to its changelog.

Invariant: a shard that applies its records in their order is the shard that wrote them.
"""

import dataclasses
from collections.abc import Sequence

from cleanwire.dedupe.decision import Decision
from cleanwire.dedupe.denylist import Denial
from cleanwire.similarity.entry_batch import Entry

CLOCK = "clock"
"""The key of the record that says which buckets are open. It is no article's id."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The state of a shard under one key.

    Attributes:
        decision: of an article's key, the decision.
        entry: of an article's key, its entry in the index.
        open_from: of `CLOCK`, the first open bucket.
        tentative: of an entry, how it was added to the index (`Index.add`).
        denial: of a denial's key, the denial.
    """

    decision: Decision | None = None
    entry: Entry | None = None
    open_from: int | None = None
    tentative: bool = False
    denial: Denial | None = None


Writes = Sequence[tuple[str, Record | None]]
"""The records that changed, by their keys; None for a key that is deleted."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What a takedown did to the last shard.

    Attributes:
        ids: ids of the articles that are withdrawn.
        writes: the records that changed.
        dropped: ids of articles that other shards must delete.
    """

    ids: Sequence[str]
    writes: Writes
    dropped: Sequence[str]
