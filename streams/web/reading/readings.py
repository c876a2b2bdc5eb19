"""All that the view reads of Kafka, apart from the store.

Invariant: the tailer alone changes it; the pages and the metrics only read it.
"""

import dataclasses

from streams.web.reading.backlog import Backlog
from streams.web.reading.owners import Owners
from streams.web.reading.state import State
from streams.web.reading.workers import Workers


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What the tailer keeps up to date.

    Attributes:
        state: counts, rates, the latest outcomes and the lag.
        backlog: how the lag develops.
        workers: what the workers say of themselves.
        owners: which partitions have no owner.
    """

    state: State
    backlog: Backlog
    workers: Workers
    owners: Owners
