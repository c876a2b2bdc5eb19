"""Publishers: processes that put the events on `raw-pages`, whatever the brokers do.

Invariant: an event is sent until it is acknowledged, and every acknowledgement is recorded with its
place. The record of a sending that failed may be on the topic all the same. Such a sending is
counted as unknown, and the check allows for its record.

Each publisher writes one file, a sequence of three 64-bit numbers for each acknowledgement: event,
partition, offset.
"""

import array
import collections
import contextlib
import functools
import logging
import multiprocessing
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.producer.future import RecordMetadata

from faultrun.load import HEADER, Load
from streams.kafka import clients
from streams.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized, SynchronizedArray

PUBLISHERS = 2
MOST_OPEN = 1000
"""A publisher waits while this many of its sendings have no answer."""

GIVE_UP_MS = 8000
"""A sending without an answer fails after this time and is repeated. It may leave two records."""

Place = tuple[int, int]


class Publishers:
    """Processes that share the events among them; use as a context manager.

    Args:
        settings: the brokers and the topics.
        load: the events.
        rate: events a second, of all publishers together.
        folder: the folder for the files.
    """

    def __init__(self, settings: Settings, load: Load, rate: float, folder: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._load = load
        self._released = context.Value("q", 0)
        self._counts = [context.Array("q", 2) for _ in range(PUBLISHERS)]
        self._files = [folder / f"acknowledged-{n}" for n in range(PUBLISHERS)]
        self._processes = [
            context.Process(
                target=_publish,
                args=(settings, load, n, rate / PUBLISHERS, self._released, counts, path),
                daemon=True,
            )
            for n, (counts, path) in enumerate(zip(self._counts, self._files, strict=True))
        ]

    def __enter__(self) -> Self:
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
            process.join()

    def release(self, count: int) -> None:
        """Let the first `count` events be published."""
        self._released.value = count

    @property
    def acknowledged(self) -> int:
        """How many sendings were acknowledged so far."""
        return sum(counts[0] for counts in self._counts)

    @property
    def unknown(self) -> int:
        """How many sendings failed so far; their records may be on the topic all the same."""
        return sum(counts[1] for counts in self._counts)

    @property
    def are_done(self) -> bool:
        """Whether every event is acknowledged.

        Raises:
            RuntimeError: a publisher died, and its acknowledgements are lost.
        """
        codes = [process.exitcode for process in self._processes]
        if any(codes):
            raise RuntimeError(f"a publisher ended with {codes}")
        return None not in codes

    def places(self) -> Iterator[tuple[int, Place]]:
        """Every acknowledgement: the event's number, and its partition and offset."""
        for path in self._files:
            numbers = array.array("q", path.read_bytes())
            for at in range(0, len(numbers), 3):
                yield numbers[at], (numbers[at + 1], numbers[at + 2])


def _publish(  # noqa: PLR0913, PLR0917 - what a process is told
    settings: Settings,
    load: Load,
    first: int,
    rate: float,
    released: "Synchronized[int]",
    counts: "SynchronizedArray[int]",
    path: Path,
) -> None:
    waiting = collections.deque(range(first, load.events, PUBLISHERS))
    answered: collections.deque[tuple[int, Place | None]] = collections.deque()
    places = array.array("q")
    unanswered, sent, began = 0, 0, time.monotonic()
    logging.getLogger("kafka.net.manager").addHandler(logging.NullHandler())
    arguments = clients.common(settings) | {
        "acks": "all",
        # An idempotent producer of kafka-python 3.0 never answers again after some of its sendings
        # have timed out. Without idempotence some records are on the topic twice.
        "enable_idempotence": False,
        "linger_ms": 5,
        "delivery_timeout_ms": GIVE_UP_MS,
        "request_timeout_ms": GIVE_UP_MS // 2,
        "max_block_ms": GIVE_UP_MS,
        "reconnect_backoff_max_ms": 1000,
        "max_request_size": settings.max_message_bytes,
    }
    with contextlib.closing(KafkaProducer(**arguments)) as producer:
        while waiting or unanswered:
            due = waiting and waiting[0] < released.value and sent < rate * _since(began)
            if due and unanswered < MOST_OPEN:
                number = waiting.popleft()
                sent, unanswered = sent + 1, unanswered + 1
                _send(producer, settings.topics.raw, load, number, answered)
            elif not answered:
                time.sleep(0.005)
            while answered:
                number, place = answered.popleft()
                unanswered -= 1
                if place is None:
                    waiting.appendleft(number)
                    counts[1] += 1
                else:
                    places.extend((number, *place))
                    counts[0] += 1
    path.write_bytes(places.tobytes())


def _since(began: float) -> float:
    return time.monotonic() - began


def _send(
    producer: KafkaProducer,
    topic: str,
    load: Load,
    number: int,
    answered: collections.deque[tuple[int, Place | None]],
) -> None:
    event = load.event(number)
    try:
        future = producer.send(
            topic,
            value=event.value,
            key=event.key,
            partition=event.partition,
            headers=[(HEADER, str(number).encode())],
        )
    except KafkaError:
        answered.append((number, None))
        return
    future.add_callback(functools.partial(_acknowledged, number, answered))
    future.add_errback(functools.partial(_failed, number, answered))


def _acknowledged(
    number: int, answered: collections.deque[tuple[int, Place | None]], record: RecordMetadata
) -> None:
    answered.append((number, (record.partition, record.offset)))


def _failed(
    number: int, answered: collections.deque[tuple[int, Place | None]], _: BaseException
) -> None:
    answered.append((number, None))
