"""How much of its input a worker holds: bounded by bytes, whatever waits on the topics.

Invariant: what is read is bounded where it is read, and never by the number of partitions,
of events or of bytes that wait. Faust and aiokafka bound events, not bytes, and each partition
by itself: with the defaults a backlog of large pages is read into memory until it is full.

Between a broker and a stage's agent an event is in one of three places:

- a fetcher's answer, at most `FETCH_BYTES` from each broker: nothing more of the input is asked
  for before all of the last answer was handed over;
- what was handed over at a time, at most `HANDED_BYTES`;
- the queue of the agent, at most `QUEUE_BYTES`; then the hand-over waits.

Each may be over its bound by one event, for an event may be larger than any of them.
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
"""A broker answers with so much of one partition, or with one batch that is larger."""

FETCH_BYTES = 16 << 20
HANDED_BYTES = 4 << 20
QUEUE_BYTES = 8 << 20

FETCH_WAIT_MS = 250
"""A broker that has nothing answers after so long. All else that its connection is asked for waits
for that answer, which is what a rebalance and a recovery do one request after the other."""

Records = dict[TP, list[Any]]


class Queue(ThrowableQueue[EventT[Any]]):
    """An agent's queue, which is full at so many events or so many bytes."""

    _size = 0

    def full(self) -> bool:
        """Whether the next event has to wait."""
        return super().full() or self._size >= QUEUE_BYTES

    async def put(self, value: EventT[Any]) -> None:
        """Put an event in, once there is room; not while partitions are revoked."""
        # What would wait over a rebalance is fetched again: put in later, it would come twice,
        # and before those that it came after.
        if self._flow_control.is_active():
            await asyncio.Queue.put(self, value)

    def clear(self) -> None:
        """Empty the queue."""
        super().clear()
        self._size = 0

    def _put(self, item: EventT[Any]) -> None:
        self._size += _size(item)
        super()._put(item)

    def _get(self) -> EventT[Any]:
        item: EventT[Any] = super()._get()
        self._size -= _size(item)
        return item


class Thread(AIOKafkaConsumerThread):
    """Faust's thread around an aiokafka consumer, reading no more than is worked on."""

    _lost: Any = None
    """The assignment of which a partition's position is not in its log any more."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:  # noqa: ANN401 - Faust's signature
        consumer = super()._create_worker_consumer(transport)
        # What a producer took back was never published. Faust asks for it in its own transactions
        # alone.
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - Faust does not pass it on
        return consumer

    async def on_start(self) -> None:
        """Start the consumer, with the bounds."""
        await super().on_start()
        client = self._ensure_consumer()
        client.commit = self._noting(client.commit)
        fetcher = client._fetcher  # noqa: SLF001 - aiokafka takes no other bound
        fetcher._fetch_max_bytes = FETCH_BYTES  # noqa: SLF001 - Faust does not pass it on
        fetcher._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001 - as above; with Faust 1.5 s
        planned = fetcher._get_actions_per_node  # noqa: SLF001 - where it decides what to ask for

        def held_back(assignment: Any) -> tuple[Any, ...]:  # noqa: ANN401 - aiokafka has no types
            self._see_lost(assignment)
            requests, *others = planned(assignment)
            if any(self._is_input(partition) for partition in fetcher._records):  # noqa: SLF001 - as above
                requests = list(self._without_input(requests))
            return requests, *others

        fetcher._get_actions_per_node = held_back  # noqa: SLF001 - as above

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> Records:
        del max_records
        if self._lost is not None and self._lost.active:
            # What comes now comes again, from where the partition is read on.
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
        """What the group has committed of partitions: the offset, and the metadata with it."""
        committed: dict[TP, tuple[int, str]] = await self.call_thread(self._committed, partitions)
        return committed

    async def rejoin(self) -> None:
        """Give the partitions up and take them anew, by what the brokers know of topics now."""
        await self.call_thread(self._rejoin)

    async def _committed(self, partitions: Iterable[TP]) -> dict[TP, tuple[int, str]]:
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001 - the offset alone is public
        found = await coordinator.fetch_committed_offsets(list(partitions))
        return {
            TP(*partition): (entry.offset, entry.metadata)
            for partition, entry in found.items()
            if entry.offset >= 0
        }

    async def _rejoin(self) -> None:
        client = self._ensure_consumer()
        await client._client.force_metadata_update()  # noqa: SLF001 - or it is minutes old
        client._coordinator.request_rejoin()  # noqa: SLF001 - aiokafka has no other way

    def _noting(self, commit: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """A client's commit, with what belongs to each offset."""

        async def noted(offsets: Mapping[TP, OffsetAndMetadata]) -> None:
            notes: Mapping[TP, Note] = self.consumer.notes  # type: ignore[attr-defined] # consumer.py
            await commit(
                {
                    tp: OffsetAndMetadata(entry.offset, notes[tp].pack() if tp in notes else "")
                    for tp, entry in offsets.items()
                }
            )

        return noted

    def _see_lost(self, assignment: Any) -> None:  # noqa: ANN401 - aiokafka has no types
        """Take the partitions anew if a position that was sought is not in the log any more."""
        for partition in self.consumer.placed:  # type: ignore[attr-defined] # consumer.py
            state = assignment.state_value(partition)
            if state is None or not state.awaiting_reset or self._lost is assignment:
                continue
            self._lost = assignment
            topic, number = partition
            self.app.displaced = f"{topic} partition {number} is read where its log is not"  # type: ignore[attr-defined] # app.py
            self._ensure_consumer()._coordinator.request_rejoin()  # noqa: SLF001 - aiokafka has no other way

    def _is_input(self, partition: TP) -> bool:
        return self.app.topics.acks_enabled_for(partition.topic)

    def _without_input(self, requests: Iterable[tuple[int, Any]]) -> Iterable[tuple[int, Any]]:
        """The requests for changelogs alone: a memory is read back whatever input waits."""
        for node, request in requests:
            request.topics[:] = [
                entry for entry in request.topics if not self.app.topics.acks_enabled_for(entry[0])
            ]
            if request.topics:
                yield node, request


def _size(event: EventT[Any]) -> int:
    return len(event.message.value or b"")
