"""Says in the log, in time, that a shard of `dedupe` gets full and will forget its oldest articles.

Invariant: a line for each step that is passed, and no second one until there was room again.
"""

import logging
from collections.abc import Mapping

from cleanwire.dedupe.shard import Limit, Shard

STEPS = (0.8, 0.95, 1.0)
"""Shares of a limit that are worth a line."""

ROOM = 0.1
"""A step is passed anew once the share was this far below it."""

_FIXES: dict[Limit, str] = {
    "articles": "use more shards (CLEANWIRE_DEDUPE_SHARDS and `cleanwire reshard`)",
    "bytes": "raise CLEANWIRE_DEDUPE_MEMORY or use more shards",
}

log = logging.getLogger(__name__)


class Fullness:
    """Remembers what was said of each shard of a worker."""

    def __init__(self) -> None:
        self._said: dict[tuple[int, Limit], float] = {}

    def look(self, states: Mapping[int, Shard]) -> None:
        """Say which shards have passed a step.

        Args:
            states: the shards, by their partitions.
        """
        fills = {(n, limit): f for n, shard in states.items() for limit, f in shard.fill.items()}
        said, self._said = self._said, {}
        for (number, limit), fill in fills.items():
            before = said.get((number, limit), 0.0)
            passed = max((step for step in STEPS if fill >= step), default=0.0)
            if passed > before:
                # The text itself is the message: the same one is logged once in a while only.
                log.warning(_line(number, limit, fill))
            self._said[number, limit] = max(
                passed, *(step for step in (0.0, *STEPS) if step <= before and fill > step - ROOM)
            )


def _line(number: int, limit: Limit, fill: float) -> str:
    what = (
        "forgets its oldest articles" if fill >= 1 else "will forget its oldest articles at 100 %"
    )
    return f"shard {number} is at {100 * fill:.0f} % of its {limit}, and {what}; {_FIXES[limit]}"
