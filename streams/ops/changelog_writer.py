"""Writes the state of `dedupe` to its changelog from outside the stage, as a resharding does.

Invariant: when `settle` returns, every record before it is acknowledged by all replicas.
"""

import contextlib
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any, Self

import orjson

from cleanwire.dedupe.records import VERSION as WIRE
from cleanwire.dedupe.shard_record import CLOCK
from cleanwire.similarity.minhash import VERSION
from streams.kafka import clients
from streams.kafka.topics import changelog
from streams.settings import Settings

BATCH = 1000
"""Records that wait for their acknowledgement at the same time."""


class ChangelogWriter:
    """Writes to the changelog. When its `with` block ends, every record is acknowledged.

    Its methods raise KafkaError if a record is not acknowledged in time.
    """

    def __init__(self, settings: Settings) -> None:
        self._topic = changelog(settings)
        self._waiting: list[Any] = []
        self._open = contextlib.ExitStack()
        self._producer = self._open.enter_context(clients.producer(settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._open:
            if error is not None:
                # The producer's own block says what an error of Kafka means.
                raise error
            self.settle()

    def put(self, number: int, article: str, parts: Mapping[str, str]) -> None:
        """Write a decision, an entry, or both, of an article.

        Args:
            number: the shard.
            article: the article's id.
            parts: `fact` and `entry` as `pack_record` writes them, as JSON.
        """
        fields: dict[str, Any] = {"v": WIRE} | {
            name: orjson.Fragment(text) for name, text in parts.items()
        }
        if "entry" in parts:
            fields["signature"] = VERSION
        self.send(number, article, orjson.dumps(fields))

    def clock(self, number: int, latest: float) -> None:
        """Write the latest event time, in seconds since the epoch, to a shard."""
        self.send(number, CLOCK, orjson.dumps({"v": WIRE, "latest": latest}))

    def remove(self, key: str, places: int, kept: Collection[int]) -> None:
        """Delete a key from the shards that have it and should not keep it.

        Args:
            key: of the record.
            places: a bit mask of the shards that have it.
            kept: the numbers of the shards that keep it.
        """
        for number in range(places.bit_length()):
            if places >> number & 1 and number not in kept:
                self.send(number, key, None)

    def send(self, number: int, key: str, value: bytes | None) -> None:
        """Write a record as it is; None deletes the key from this shard."""
        self._waiting.append(
            self._producer.send(self._topic, value, key=key.encode(), partition=number)
        )
        if len(self._waiting) >= BATCH:
            self.settle()

    def settle(self) -> None:
        """Wait until every record is acknowledged."""
        for future in self._waiting:
            future.get(timeout=clients.TIMEOUT_MS / 1000)
        self._waiting.clear()
