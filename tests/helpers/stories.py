"""Texts that are like no other, and a chain of shards that is fed candidates in order."""

from cleanwire.dedupe.policy import Candidate
from cleanwire.dedupe.shard_chain import ShardChain
from cleanwire.similarity.key_table import hash_of
from cleanwire.similarity.minhash import signature

NOW = 1_790_000_000.0


def story(number, length=120):
    # In letters: words that hold a digit are figures, and those must agree.
    return " ".join(
        f"s{number}w{place}".translate(str.maketrans("0123456789", "abcdefghij"))
        for place in range(length)
    )


class Stream:
    """A relay, fed candidates in order."""

    def __init__(self, window=None, shards=1, **more):
        self.relay = ShardChain(shards, window=window, **more)
        self.sequence = 0

    def add(
        self,
        text,
        *,
        url="https://a.example/",
        name=None,
        fetched=None,
        at=NOW,
        sequence=None,
        is_replay=False,
    ):
        self.sequence += 1
        sequence = self.sequence if sequence is None else sequence
        return self.relay.decide(
            Candidate(
                id=name or f"id{sequence}",
                url=url,
                url_key=hash_of(url),
                signature=signature(text),
                fetched=NOW + sequence if fetched is None else fetched,
                event_time=at,
                sequence=sequence,
                is_replay=is_replay,
            )
        )

    @property
    def articles(self):
        return sum(shard.articles for shard in self.relay.shards)

    @property
    def decisions(self):
        return len(self.relay.shards[-1])
