"""Warns in the log before a shard of `dedupe` is full and evicts its oldest articles.

Invariant: each step that a shard passes is logged once, and again only after there was room.
"""

import logging
from collections.abc import Mapping

from cleanwire.dedupe.shard import Limit, Shard

STEPS = (0.8, 0.95, 1.0)
"""Shares of a limit that are logged when they are passed."""

ROOM = 0.1
"""How far the share has to fall below a step before the step counts as passed again."""

_FIXES: dict[Limit, str] = {
    "articles": "use more shards (CLEANWIRE_DEDUPE_SHARDS and `cleanwire reshard`)",
    "bytes": "raise CLEANWIRE_DEDUPE_MEMORY or use more shards",
}

log = logging.getLogger(__name__)


class Fullness:
    """Logs how full the shards of a worker are, and keeps which steps were logged."""

    def __init__(self) -> None:
        self._logged_steps: dict[tuple[int, Limit], float] = {}

    def look(self, states: Mapping[int, Shard]) -> None:
        """Log the shards that have passed a step since the last call.

        Args:
            states: the shards, by their partitions.
        """
        fills = {(n, limit): f for n, shard in states.items() for limit, f in shard.fill.items()}
        logged, self._logged_steps = self._logged_steps, {}
        for (number, limit), fill in fills.items():
            before = logged.get((number, limit), 0.0)
            passed = max((step for step in STEPS if fill >= step), default=0.0)
            if passed > before:
                # The line itself is the template: the log's filter takes records of one template
                # for repeats, and would pass the line of one shard only.
                log.warning(_line(number, limit, fill))
            self._logged_steps[number, limit] = max(
                passed, *(step for step in (0.0, *STEPS) if step <= before and fill > step - ROOM)
            )


def _line(number: int, limit: Limit, fill: float) -> str:
    what = (
        "forgets its oldest articles" if fill >= 1 else "will forget its oldest articles at 100 %"
    )
    return f"shard {number} is at {100 * fill:.0f} % of its {limit}, and {what}; {_FIXES[limit]}"
