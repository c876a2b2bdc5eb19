"""Counts the outcomes of a stage's events, as they are acked.

Invariant: an event is counted once it is acked, and once for each time that it is delivered. What
is no event of a page is not counted: changes of the state, drop notices, takedowns.
"""

import collections
from collections.abc import Sequence

from streams.kafka.headers import TAKEDOWN
from streams.runtime.delivery import Produce
from streams.stage import Stage

_HANDED_ON: dict[Stage, str] = {"extract": "cleaned", "dedupe": "passed on"}
"""What a stage did with a page that has no outcome yet."""


class Tally:
    """The outcomes of one stage in this process, since it started.

    Args:
        stage: the stage.
        candidates: the topic on which pages without an outcome are handed on.

    Attributes:
        outcomes: how many events there were, by outcome.
        reasons: how many of the rejected there were, by reason.
    """

    def __init__(self, stage: Stage, candidates: str) -> None:
        self._handed_on = _HANDED_ON[stage]
        self._candidates = candidates
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.reasons: collections.Counter[str] = collections.Counter()

    def note(self, produces: Sequence[Produce]) -> None:
        """Count an event that is acked, by the records that it led to."""
        for produce in produces:
            page = produce.page
            if page is not None:
                self.outcomes[page.outcome] += 1
                if page.outcome == "rejected":
                    self.reasons[page.kind] += 1
            elif (
                produce.topic == self._candidates
                and produce.value is not None
                and all(name != TAKEDOWN for name, _ in produce.headers)
            ):
                self.outcomes[self._handed_on] += 1
