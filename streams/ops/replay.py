"""Runs pages again: appends them to `raw-pages`, and compares what they give with what they gave.

Invariant: nothing is taken for appended that the brokers have not acknowledged. A replay that was
killed is begun again without harm: each of its records has an outcome of its own, and repeats what
the same page gave the time before.
"""

import collections
import time
from collections.abc import Callable, Iterator
from typing import Any

from kafka import KafkaConsumer
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.outcome_topics import OutcomeTopic, outcome_topics
from streams.kafka.topic_reader import POLL_MS, Progress
from streams.ops.page_facts import Facts, PageOutcome, read_outcome
from streams.ops.replay_source import ReplayRecord, ReplaySource
from streams.settings import Settings

UNACKNOWLEDGED = 500
"""Pages that may wait for their acknowledgement at the same time."""

ACK_SECONDS = 60.0


class Replay:
    """One replay: appends the pages of a source, and reads their outcomes.

    Args:
        settings: the brokers and the topics.
        source: the pages.

    Attributes:
        appended: how many records the brokers have acknowledged.
        lost: why records were not acknowledged, by the name of the error.
        finished: how many replays have their outcome.
    """

    def __init__(self, settings: Settings, source: ReplaySource) -> None:
        self._settings = settings
        self._source = source
        self._pages = source.pages
        self.appended = 0
        self.lost: collections.Counter[str] = collections.Counter()
        self.finished = 0

    def append(self, progress: Progress) -> None:
        """Append the pages to `raw-pages`.

        Args:
            progress: called with the source's topic, how many of its offsets are read, and how many
                there are.

        Raises:
            OperationalError: Kafka is away, or the end of the source cannot be reached.
        """
        waiting: collections.deque[tuple[int, Any]] = collections.deque()
        topic = self._settings.topics.raw
        with clients.producer(self._settings) as producer:
            for record in self._source.to_append(progress):
                try:
                    waiting.append((record.row, _send(producer, topic, record)))
                except MessageSizeTooLargeError as error:
                    self.lost[type(error).__name__] += 1
                if len(waiting) > UNACKNOWLEDGED:
                    self._acknowledge(*waiting.popleft())
            while waiting:
                self._acknowledge(*waiting.popleft())

    def _acknowledge(self, row: int, future: Any) -> None:  # noqa: ANN401 - untyped library
        try:
            found = future.get(timeout=ACK_SECONDS)
        except KafkaTimeoutError as error:
            # The brokers are away. Every other page would wait just as long.
            raise OperationalError(
                f"a page was not acknowledged on {self._settings.topics.raw}: "
                f"{type(error).__name__}",
                "check the brokers, then run the command again, which does no harm",
            ) from None
        except KafkaError as error:
            self.lost[type(error).__name__] += 1
            return
        self._pages.note_sent(row, found.partition, found.offset)
        self.appended += 1

    def outcomes(
        self, quiet_seconds: float, progress: Callable[[int, int], None] = lambda *_: None
    ) -> Iterator[tuple[PageOutcome, Facts]]:
        """Wait for the outcomes of what was appended.

        Args:
            quiet_seconds: how long to wait at most while no outcome comes.
            progress: called with how many replays have their outcome, and how many there are.

        Yields:
            The outcome of each replay, and what its page gave before. Once for each.

        Raises:
            OperationalError: Kafka is away.
        """
        deadline = time.monotonic() + quiet_seconds
        kinds = outcome_topics(self._settings)
        with clients.consumer(self._settings) as consumer:
            self._seek(consumer)
            while self.finished < self.appended and time.monotonic() < deadline:
                for partition, batch in consumer.poll(timeout_ms=POLL_MS).items():
                    for record in batch:
                        found = self._outcome(kinds[partition.topic], record)
                        if found is not None:
                            self.finished += 1
                            deadline = time.monotonic() + quiet_seconds
                            yield found
                progress(self.finished, self.appended)

    def _seek(self, consumer: KafkaConsumer) -> None:
        consumer.assign(list(self._source.positions))
        for partition, position in self._source.positions.items():
            consumer.seek(partition, position)

    def _outcome(self, kind: OutcomeTopic, record: Any) -> tuple[PageOutcome, Facts] | None:  # noqa: ANN401 - untyped library
        """A record as the outcome of a replay, if it is one that has none yet."""
        if record.value is None and kind == "clean":
            return None
        try:
            outcome = read_outcome(kind, record)
        except (KeyError, TypeError, ValueError):
            return None
        row = self._pages.find(outcome.original)
        if row is None:
            return None
        if not self._pages.is_of_this_run(row, outcome.source):
            # The page had no outcome yet when the replay began, or another replay runs.
            self._pages.enter(row, outcome)
            return None
        return (outcome, self._pages.facts(row)) if self._pages.finish(row) else None


def _send(producer: Any, topic: str, record: ReplayRecord) -> Any:  # noqa: ANN401 - untyped library
    return producer.send(
        topic,
        record.value,
        key=record.key,
        headers=record.headers,
        partition=record.partition,
    )
