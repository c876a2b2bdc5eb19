"""Where a worker reads on after a rebalance: at the committed offset, whatever happened.

Invariant: what was fetched and not worked on is fetched again. Faust drops what is in its
buffers when partitions are revoked and relies on a seek to bring it back; four of its ways
(faust-streaming 0.15) lead past records, which would then be committed over, or be missing in a
memory:

- `seek_to_committed` of aiokafka seeks nothing where nothing was committed yet, so what was
  fetched and dropped before the first commit would never come again;
- the position up to which a partition was read outlives the revocation, and what is fetched
  below it is dropped;
- after the recovery of a table the input is resumed first and sought then, and what is fetched
  in between moves that position past what the seek is to bring;
- standby partitions of a changelog are resumed before that seek, and what was fetched of them when
  the flow stops is dropped, with no seek to bring it back.

Where what was committed is not there, or is another topic's by now, `offsets.py` says where to go
on. There is one way to that: partitions are given up and taken anew, as in every rebalance.
"""

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import faust
from faust.types import TP
from faust.types.transports import ConsumerT

from streams.kafka.offsets import Found, Note, Place, resume
from streams.runtime import commits
from streams.runtime.flow_control import Queue, Thread

LOOK_SECONDS = 5.0
"""Between two looks at whether the topics are still the same."""

SURE, SURE_SECONDS = 5, 1.0
"""So often, and after so long each time, an end below the committed offset is asked for again."""

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PartitionProgress:
    """How far one partition is, in offsets; None where nothing is known or was done.

    Attributes:
        position: the next one that is handed to the agent.
        handed: the last one that was.
        acked: the last one that was acked.
        committed: the next one that a worker after this one would read.
    """

    position: int | None
    handed: int | None
    acked: int | None
    committed: int | None


if TYPE_CHECKING:
    from faust.tables import TableManager

    from streams.kafka.topic_ids import Ids, TopicIds


class Consumer(commits.Consumer):
    """Faust's consumer, whose seek to the committed offset is one for every partition.

    Attributes:
        notes: what is committed with the offsets of each partition.
        placed: the partitions that are read from where they were sought.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.notes: dict[TP, Note] = {}
        self.placed: frozenset[TP] = frozenset()
        self._said: set[str] = set()

    def marks(self) -> dict[TP, PartitionProgress]:
        """How far each partition of the input is; none while the consumer starts."""
        client = self._thread._consumer  # noqa: SLF001 - asking by the thread would wait for it
        subscription = None if client is None else client._subscription.subscription  # noqa: SLF001 - as above
        assignment = None if subscription is None else subscription.assignment
        if assignment is None:
            return {}
        return {
            partition: PartitionProgress(
                position=assignment.state_value(partition)._position,  # noqa: SLF001 - None before it is known
                handed=self.handed.get(partition),
                acked=self.acked.get(partition),
                committed=self._committed_offset.get(partition),
            )
            for partition in assignment.tps
            if self.app.topics.acks_enabled_for(partition.topic)
        }

    def group_is_lost(self) -> bool:
        """Whether aiokafka has given up its place in the group, which it does for good."""
        client = self._thread._consumer  # noqa: SLF001 - as above
        if client is None or client._closed:  # noqa: SLF001 - aiokafka says it nowhere else
            return False
        task = getattr(client._coordinator, "_coordination_task", None)  # noqa: SLF001 - as above
        return task is not None and task.done()

    def _new_consumer_thread(self) -> Thread:
        return Thread(self, loop=self.loop, beacon=self.beacon)

    def on_buffer_full(self, tp: TP) -> None:
        """Nothing: a full queue makes the hand-over wait, and that the fetcher."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Nothing, as above."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every partition of the input to where it is to be read on.

        Standby partitions are sought to where their memory ends.

        Returns:
            The offset of each partition.
        """
        committed: Mapping[TP, int] = await super().seek_to_committed()
        of_input = [tp for tp in committed if self.app.topics.acks_enabled_for(tp.topic)]
        if of_input:
            places = await self._places(of_input)
            offsets = {tp: place.offset for tp, place in places.items()}
            await self._thread.seek_wait(offsets)
            # A position from before the seek must not be committed for the topic that is there now.
            self.reading.forget()
            self.notes |= {tp: place.note for tp, place in places.items()}
            self.placed = frozenset(places)
            committed = {**committed, **offsets}
        recovery = cast("TableManager", self.app.tables).recovery
        followed = {
            partition: offset + 1
            for partition, offset in recovery.standby_offsets.items()
            if partition in recovery.standby_tps and partition in committed
        }
        if followed:
            await self._thread.seek_wait(followed)
        return committed

    async def take_anew(self) -> None:
        """Give the partitions up and take them anew, as what the brokers have now."""
        await cast("Thread", self._thread).rejoin()

    async def _places(self, partitions: list[TP]) -> dict[TP, Place]:
        """Where each partition is to be read on; says what is not as it should be."""
        app = cast("App", self.app)
        current = await app.current()
        found = await self._found(partitions)
        for _ in range(SURE):
            if not any(each.is_beyond for each in found):
                break
            # A broker that leads a partition since a moment ago may not know its end yet.
            await asyncio.sleep(SURE_SECONDS)
            found = await self._found(partitions)
        places = {}
        for each in found:
            place = resume(each, current, time.time(), app.keep_seconds)
            if place.said and place.said not in self._said:
                self._said.add(place.said)
                # The text itself is the message: the same one is logged once in a while only.
                log.warning(place.said)
            places[each.partition] = place
        return places

    async def _found(self, partitions: Iterable[TP]) -> list[Found]:
        """What the brokers know of partitions."""
        thread = cast("Thread", self._thread)
        committed = await thread.committed(partitions)
        begins = await thread.earliest_offsets(*partitions)
        ends = await thread.highwaters(*partitions)
        return [
            Found(
                partition=tp,
                committed=committed[tp][0] if tp in committed else None,
                note=Note.unpack(committed[tp][1] if tp in committed else None),
                begin=begins[tp],
                end=ends[tp],
            )
            for tp in sorted(partitions)
        ]


class App(faust.App):
    """A Faust app that reads on where it should.

    Attributes:
        at_start: called in its event loop before anything of it is started.
        missing: what it still waits for of its own, if for anything.
        displaced: why its partitions are being taken anew, or are not there; else empty.
        topic_ids: tells its topics from others of their names; None where nothing is read.
        keep_seconds: for how long a commit names what was deleted before it was read.
        before_reading: awaited with the ids of the topics before partitions are read on.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Faust's own
        super().__init__(*arguments, **options)
        self.at_start: list[Callable[[], None]] = []
        self.missing = ""
        self.displaced = ""
        self.topic_ids: TopicIds | None = None
        self.keep_seconds = 0.0
        self.before_reading: Callable[[Ids], Awaitable[None]] | None = None
        self._ids: Ids = {}
        self._seen: Ids = {}
        self._absent = False
        self._watching: asyncio.Task[None] | None = None
        self.on_partitions_revoked.connect(_forget_positions, weak=False)
        self.on_rebalance_complete.connect(_hold_until_sought, weak=False)

    async def on_first_start(self) -> None:
        """Start what belongs to the app, which it waits for."""
        for call in self.at_start:
            call()
        if self.topic_ids is not None:
            self._watching = asyncio.create_task(self._watch(self.topic_ids))
        await super().on_first_start()

    async def on_stop(self) -> None:
        """Stop, and what belongs to the app too."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        await super().on_stop()
        if self.topic_ids is not None:
            await self.topic_ids.close()

    def on_rebalance_end(self) -> None:
        """Its partitions are there, and sought."""
        super().on_rebalance_end()
        if not self._absent:
            self.displaced = ""

    async def current(self) -> Note:
        """What the topics are that are read from now on.

        Raises:
            OperationalError: they must not be read; then the app has crashed.
        """
        if self.topic_ids is None:
            return Note()
        ids = await self.topic_ids.wait()
        if self.before_reading is not None:
            try:
                await self.before_reading(ids)
            except Exception as error:
                log.critical("%s", error)
                await self.crash(error)
                raise
        self._ids, self._seen, self._absent = ids, ids, False
        topic, *onto = self.topic_ids.topics
        return Note(topic=ids[topic], onto="".join(ids[name] for name in onto))

    def id_of(self, topic: str) -> str:
        """The id of a topic whose partitions are being read; empty where the brokers give none."""
        return self._ids.get(topic, "")

    def FlowControlQueue(  # noqa: N802 - Faust's name
        self, maxsize: int | None = None, *, clear_on_resume: bool = False
    ) -> Queue:
        """A queue of events, bounded by bytes too."""
        return Queue(
            maxsize=maxsize or 0, flow_control=self.flow_control, clear_on_resume=clear_on_resume
        )

    def _new_consumer(self) -> ConsumerT:
        self.transport.Consumer = Consumer  # type: ignore[misc] # of this app's transport alone
        return super()._new_consumer()

    async def _watch(self, topic_ids: "TopicIds") -> None:
        """Take partitions anew when a topic is another one, or is back."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            found = await topic_ids.ask()
            if found is None or self.rebalancing or not self.rebalancing_count:
                continue
            absent = [topic for topic in topic_ids.topics if topic not in found]
            other = [t for t in found if t in self._seen and found[t] != self._seen[t]]
            if absent:
                self._absent, self.displaced = True, f"topic {absent[0]} is not there"
            elif other or self._absent:
                again = (other or topic_ids.topics)[0]
                self._absent, self.displaced = False, f"topic {again} was made again"
                log.warning("%s; its partitions are taken anew", self.displaced)
                # A worker without partitions seeks nothing, and would say it again.
                self._seen = found
                await cast("Consumer", self.consumer).take_anew()


async def _forget_positions(app: Any, /, *_: Any, **__: Any) -> None:  # noqa: ANN401 - Faust's signals have no types
    app.consumer._read_offset.clear()  # noqa: SLF001 - Faust has no other way
    # What is in flight is acked and committed yet: the notes stay, and what was acked too.
    app.consumer.placed = frozenset()


async def _hold_until_sought(app: Any, /, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as above
    # Faust lets go itself, after the seek.
    app.consumer.stop_flow()
