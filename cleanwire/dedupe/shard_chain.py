"""Shards in a row, in one process: the library's state, and the reference for the stream.

Invariant: one article passes all shards before the next one starts. In the stream each shard works
on an article of its own, and the decisions are the same.
"""

from collections.abc import Sequence

from cleanwire.dedupe.decision import Decision
from cleanwire.dedupe.denylist import Takedown
from cleanwire.dedupe.policy import Candidate, Window
from cleanwire.dedupe.shard import Shard, home
from cleanwire.errors import Withdrawn
from cleanwire.similarity.index import KEY_CAP, Match, Thresholds

TAKEN_DOWN = "it was taken down"
"""The detail of a withdrawn page's rejection."""


class ShardChain:
    """Several shards that decide as one.

    Args:
        shards: how many shards.
        window: how long articles and decisions are known.
        thresholds: when two texts are one story.
        most_bytes: a bound of each shard: its oldest articles are evicted above this much content.
        cap: how many articles one sample hash leads to at most.
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
        """Decide on a candidate, and store the decision.

        Raises:
            Withdrawn: the article was taken down before it came.
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
        """Drop articles at their home shards."""
        for article in articles:
            self.shards[home(article, len(self.shards))].drop(article, until)
