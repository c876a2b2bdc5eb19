"""Counts the outcomes of a stage's events, as they are acked.

Invariant: an event is counted once it is acked, and once for each time that it is delivered. What
is no event of a page is not counted: changes of the state, drop notices, takedowns.
"""

import collections
from collections.abc import Mapping, Sequence

from streams.kafka.headers import PREFIX, TAKEDOWN
from streams.runtime.delivery import Produce
from streams.settings import Topics
from streams.stage import Stage

REASON = f"{PREFIX}reason"


class Tally:
    """The outcomes of one stage in this process, since it started.

    Args:
        words: what a record with a value on a topic says of its page, by the topic.

    Attributes:
        outcomes: how many events there were, by outcome.
        reasons: how many of the rejected there were, by reason.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.reasons: collections.Counter[str] = collections.Counter()

    def note(self, produces: Sequence[Produce]) -> None:
        """Count an event that is acked, by the records that it led to."""
        for produce in produces:
            word = self._words.get(produce.topic)
            if word == "rejected":
                # The last header of a name is Cleanwire's own.
                self.reasons[dict(produce.headers)[REASON].decode()] += 1
            elif word is None or produce.value is None or TAKEDOWN in dict(produce.headers):
                continue
            self.outcomes[word] += 1


def words(topics: Topics, stage: Stage) -> dict[str, str]:
    """What a record on each topic says of the page of an event of this stage."""
    return {
        topics.candidates: "cleaned" if stage == "extract" else "passed on",
        topics.clean: "clean",
        topics.duplicates: "duplicate",
        topics.rejected: "rejected",
    }
