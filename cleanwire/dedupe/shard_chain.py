"""Shards in a row, in one process: the library's memory, and what the stream is held against.

Invariant: one article passes all shards before the next one starts. In the stream each
shard has an article of its own in hand; what they decide is the same.
"""

from collections.abc import Sequence

from cleanwire.dedupe.decision import Decision
from cleanwire.dedupe.denylist import Takedown
from cleanwire.dedupe.policy import Candidate, Window
from cleanwire.dedupe.shard import Shard, home
from cleanwire.errors import Withdrawn
from cleanwire.similarity.index import KEY_CAP, Match, Thresholds

TAKEN_DOWN = "it was taken down"
"""What the rejection of a withdrawn page says."""


class ShardChain:
    """`shards` memories that decide as one.

    Args:
        shards: how many.
        window: for how long pages are remembered.
        thresholds: when two texts are one story.
        most_bytes: of each shard; beyond so much content the oldest is forgotten.
        cap: so many articles at most are found by one sample hash.
    """

    def __init__(
        self,
        shards: int = 1,
        *,
        window: Window | None = None,
        thresholds: Thresholds | None = None,
        most_bytes: int | None = None,
        cap: int = KEY_CAP,
    ) -> None:
        self.shards = [
            Shard(
                number=number,
                shards=shards,
                window=window,
                thresholds=thresholds,
                most_bytes=most_bytes,
                cap=cap,
            )
            for number in range(shards)
        ]

    def decide(self, candidate: Candidate) -> Decision:
        """The outcome of a candidate, which is then remembered.

        Raises:
            Withdrawn: it was taken down before it came.
        """
        matches: list[Match] = []
        for shard in self.shards:
            step = shard.take(candidate, matches)
            matches = list(step.matches)
        self._drop(step.dropped, candidate.sequence)
        if step.decision is None:
            raise Withdrawn(TAKEN_DOWN)
        return step.decision

    def withdraw(self, takedown: Takedown) -> Sequence[str]:
        """Take articles down; returns the ids of those that are withdrawn."""
        withdrawal = self.shards[-1].withdraw(takedown)
        self._drop(withdrawal.dropped, takedown.sequence)
        return withdrawal.ids

    def _drop(self, articles: Sequence[str], until: int) -> None:
        for article in articles:
            self.shards[home(article, len(self.shards))].drop(article, until)
