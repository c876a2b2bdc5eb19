"""Bounds the bytes of the input that a worker holds in memory.

Invariant: the bytes of the input in memory are bounded, however many partitions, events or bytes
wait on the topics. Faust and aiokafka bound events, not bytes, and they bound each partition by
itself. With their defaults, a worker reads a backlog of large pages until its memory is full.

Between a broker and a stage's agent, an event is in one of three buffers:

- the answer to a fetch, at most `FETCH_BYTES` from each broker. The worker asks for no more input
  before it has handed over the whole last answer.
- the records of one hand-over from the consumer's thread, at most `HANDED_BYTES`.
- the queue of the agent, at most `QUEUE_BYTES`. While it is full, the hand-over waits.

Each buffer may exceed its bound by one event, because one event may be larger than the bound.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import aiokafka
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP, EventT
from mode.utils.queues import ThrowableQueue

if TYPE_CHECKING:
    from streams.kafka.offsets import Note
    from streams.runtime.commits import Consumer

PARTITION_BYTES = 4 << 20
"""The most bytes of one partition in a broker's answer; a single batch may be larger."""

FETCH_BYTES = 16 << 20
HANDED_BYTES = 4 << 20
QUEUE_BYTES = 8 << 20

FETCH_WAIT_MS = 250
"""Milliseconds after which a broker that has no record answers a fetch. Every other request on the
same connection waits for that answer, and a rebalance or a recovery makes many of them in a row."""

Records = dict[TP, list[Any]]


class Queue(ThrowableQueue[EventT[Any]]):
    """An agent's queue, which is bounded by events and by `QUEUE_BYTES`."""

    _queued_bytes = 0

    def full(self) -> bool:
        """Whether the next event has to wait."""
        return super().full() or self._queued_bytes >= QUEUE_BYTES

    async def put(self, value: EventT[Any]) -> None:
        """Put an event in, once there is room; drop it while partitions are revoked."""
        # An event that would wait during a rebalance is fetched again afterwards. If it were put in
        # later too, it would come twice, and ahead of events that belong before it.
        if self._flow_control.is_active():
            await asyncio.Queue.put(self, value)

    def clear(self) -> None:
        """Empty the queue."""
        super().clear()
        self._queued_bytes = 0

    def _put(self, item: EventT[Any]) -> None:
        self._queued_bytes += _value_bytes(item)
        super()._put(item)

    def _get(self) -> EventT[Any]:
        item: EventT[Any] = super()._get()
        self._queued_bytes -= _value_bytes(item)
        return item


class Thread(AIOKafkaConsumerThread):
    """Faust's thread around an aiokafka consumer, with bounds on what it reads."""

    _lost_assignment: Any = None
    """The assignment in which the position of a partition is no longer in the partition's log."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:  # noqa: ANN401 - Faust's signature
        consumer = super()._create_worker_consumer(transport)
        # The records of an aborted transaction were never published. Faust sets this level only for
        # its own transactions.
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - Faust does not pass it on
        return consumer

    async def on_start(self) -> None:
        """Start the consumer and set the bounds on it."""
        await super().on_start()
        client = self._ensure_consumer()
        client.commit = self._with_notes(client.commit)
        fetcher = client._fetcher  # noqa: SLF001 - aiokafka takes no other bound
        fetcher._fetch_max_bytes = FETCH_BYTES  # noqa: SLF001 - Faust does not pass it on
        fetcher._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 - Faust does not pass it on, and sets 1.5 s
        plan_requests = fetcher._get_actions_per_node  # noqa: SLF001 - aiokafka plans its fetches here

        def plan_within_bounds(assignment: Any) -> tuple[Any, ...]:  # noqa: ANN401 - aiokafka has no types
            self._rejoin_if_position_is_lost(assignment)
            requests, *others = plan_requests(assignment)
            if any(self._is_input(partition) for partition in fetcher._records):  # noqa: SLF001 - aiokafka has no public access
                requests = list(self._without_input(requests))
            return requests, *others

        fetcher._get_actions_per_node = plan_within_bounds  # noqa: SLF001 - aiokafka takes no other bound

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> Records:
        del max_records
        if self._lost_assignment is not None and self._lost_assignment.active:
            # The partitions are about to be taken anew, and records that come now will come again.
            await asyncio.sleep(FETCH_WAIT_MS / 1000)
            return {}
        reading = cast("Consumer", self.consumer).reading
        handed: Records = {}
        size = 0
        while size < HANDED_BYTES:
            records = await super()._fetch_records(
                consumer, active_partitions, timeout=0 if handed else timeout, max_records=1
            )
            reading.took(consumer, records)
            if not records:
                reading.rests(consumer)
                break
            for partition, new in records.items():
                handed.setdefault(partition, []).extend(new)
                size += sum(len(record.value or b"") for record in new)
        return handed

    async def committed(self, partitions: Iterable[TP]) -> dict[TP, tuple[int, str]]:
        """What the group has committed for partitions: offset and metadata.

        Partitions without a committed offset are left out.
        """
        committed: dict[TP, tuple[int, str]] = await self.call_thread(self._committed, partitions)
        return committed

    async def rejoin(self) -> None:
        """Give the partitions up and take them anew, with what the brokers know of topics now."""
        await self.call_thread(self._rejoin)

    async def _committed(self, partitions: Iterable[TP]) -> dict[TP, tuple[int, str]]:
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001 - only the offset is public, not the metadata
        found = await coordinator.fetch_committed_offsets(list(partitions))
        return {
            TP(*partition): (entry.offset, entry.metadata)
            for partition, entry in found.items()
            if entry.offset >= 0
        }

    async def _rejoin(self) -> None:
        client = self._ensure_consumer()
        await client._client.force_metadata_update()  # noqa: SLF001 - otherwise the metadata may be minutes old
        client._coordinator.request_rejoin()  # noqa: SLF001 - aiokafka has no other way

    def _with_notes(self, commit: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """Wrap a client's commit so that each offset carries the note of its partition."""

        async def commit_with_notes(offsets: Mapping[TP, OffsetAndMetadata]) -> None:
            notes: Mapping[TP, Note] = self.consumer.notes  # type: ignore[attr-defined] # consumer.py
            await commit(
                {
                    tp: OffsetAndMetadata(entry.offset, notes[tp].pack() if tp in notes else "")
                    for tp, entry in offsets.items()
                }
            )

        return commit_with_notes

    def _rejoin_if_position_is_lost(self, assignment: Any) -> None:  # noqa: ANN401 - aiokafka has no types
        """Take the partitions anew if a position that was sought is no longer in the log."""
        for partition in self.consumer.placed:  # type: ignore[attr-defined] # consumer.py
            state = assignment.state_value(partition)
            if state is None or not state.awaiting_reset or self._lost_assignment is assignment:
                continue
            self._lost_assignment = assignment
            topic, number = partition
            self.app.displaced = f"{topic} partition {number} is read where its log is not"  # type: ignore[attr-defined] # app.py
            self._ensure_consumer()._coordinator.request_rejoin()  # noqa: SLF001 - aiokafka has no other way

    def _is_input(self, partition: TP) -> bool:
        return self.app.topics.acks_enabled_for(partition.topic)

    def _without_input(self, requests: Iterable[tuple[int, Any]]) -> Iterable[tuple[int, Any]]:
        """The requests without the input: a state is restored even while the input has to wait."""
        for node, request in requests:
            request.topics[:] = [
                entry for entry in request.topics if not self.app.topics.acks_enabled_for(entry[0])
            ]
            if request.topics:
                yield node, request


def _value_bytes(event: EventT[Any]) -> int:
    return len(event.message.value or b"")
