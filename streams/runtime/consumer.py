"""The offset at which a worker continues to read after a rebalance: the committed one.

Invariant: a record that was fetched and not processed is fetched again. When partitions are
revoked, Faust drops what is in its buffers and relies on a seek to bring it back. In four cases
Faust (faust-streaming 0.15) skips records all the same. A skipped record of the input would then be
committed over, and a skipped record of a changelog would be missing in a state:

- `seek_to_committed` of aiokafka does not seek a partition that has no committed offset. A record
  that was fetched and dropped before the first commit would never come again. `Consumer` seeks
  every partition of the input.
- The position up to which Faust has read a partition survives the revocation, and Faust drops every
  record that it then fetches below that position. `app.py` clears the positions.
- After a table is recovered, Faust resumes the input first and seeks second. What it fetches in
  between moves the read position past the records that the seek brings. `app.py` stops the flow
  until the seek is done.
- Faust resumes the standby partitions of a changelog before that seek. When the flow stops, it
  drops what it has fetched of them, and no seek brings it back. `Consumer` seeks them too.

If the log does not hold the committed offset, or if the topic was deleted and made again,
`kafka/offsets.py` chooses the offset. A worker gets to such an offset in one way only: it gives its
partitions up and takes them anew, as in every rebalance.
"""

import asyncio
import dataclasses
import logging
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, cast

from faust.types import TP

from streams.kafka.offsets import Found, Note, Place, resume
from streams.runtime import commits
from streams.runtime.flow_control import Thread

if TYPE_CHECKING:
    from faust.tables import TableManager

SURE, SURE_SECONDS = 5, 1.0
"""How often an end offset below the committed offset is asked for again, and the seconds before
each attempt."""

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PartitionProgress:
    """How far a worker is in one partition, in offsets; None where that is not known yet.

    Attributes:
        position: the offset of the next record that the agent gets.
        handed: the offset of the last record that the agent got.
        acked: the offset of the last record that was acked.
        committed: the offset at which another worker would continue.
    """

    position: int | None
    handed: int | None
    acked: int | None
    committed: int | None


class _Host(Protocol):
    """What the consumer needs of its app, which is an `App` of `app.py`."""

    keep_seconds: float

    async def current(self) -> Note: ...


class Consumer(commits.Consumer):
    """Faust's consumer, with a seek to the committed offset that covers every partition.

    Attributes:
        notes: what is committed with the offsets of each partition.
        placed: the partitions that were sought since they were assigned.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.notes: dict[TP, Note] = {}
        self.placed: frozenset[TP] = frozenset()
        self._logged: set[str] = set()

    def marks(self) -> dict[TP, PartitionProgress]:
        """How far each partition of the input is; empty while the consumer starts."""
        client = self._thread._consumer  # noqa: SLF001 - a call through the thread would wait for it
        subscription = None if client is None else client._subscription.subscription  # noqa: SLF001 - aiokafka has no public access
        assignment = None if subscription is None else subscription.assignment
        if assignment is None:
            return {}
        return {
            partition: PartitionProgress(
                position=assignment.state_value(partition)._position,  # noqa: SLF001 - the public one raises before it is known
                handed=self.handed.get(partition),
                acked=self.acked.get(partition),
                committed=self._committed_offset.get(partition),
            )
            for partition in assignment.tps
            if self.app.topics.acks_enabled_for(partition.topic)
        }

    def group_is_lost(self) -> bool:
        """Whether aiokafka has given up its membership in the group, which it does for good."""
        client = self._thread._consumer  # noqa: SLF001 - a call through the thread would wait for it
        if client is None or client._closed:  # noqa: SLF001 - aiokafka has no public access
            return False
        task = getattr(client._coordinator, "_coordination_task", None)  # noqa: SLF001 - aiokafka has no public access
        return task is not None and task.done()

    def _new_consumer_thread(self) -> Thread:
        return Thread(self, loop=self.loop, beacon=self.beacon)

    def on_buffer_full(self, tp: TP) -> None:
        """Do nothing: a full queue blocks the hand-over, and that blocks the fetcher."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Do nothing: `on_buffer_full` has taken no partition away."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every partition that this worker reads to the offset where it continues.

        A partition of the input is sought to the offset that `resume` chooses. A standby partition
        of a changelog is sought to the offset after the last record in its state. Faust calls this
        at the end of every rebalance, while the flow is stopped.

        Returns:
            The offset of the next record to read, for every partition of the input, and what
            aiokafka returned for all other partitions.

        Raises:
            OperationalError: the topics must not be read; the app has crashed then.
        """
        committed: Mapping[TP, int] = await super().seek_to_committed()
        of_input = [tp for tp in committed if self.app.topics.acks_enabled_for(tp.topic)]
        if of_input:
            starts = await self._starts(of_input)
            offsets = {tp: start.offset for tp, start in starts.items()}
            await self._thread.seek_wait(offsets)
            # The topic may be another one now. A position from before the seek must not be
            # committed for it.
            self.reading.forget()
            self.notes |= {tp: start.note for tp, start in starts.items()}
            self.placed = frozenset(starts)
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
        """Give the partitions up and take them anew, with what the brokers know of topics now."""
        await cast("Thread", self._thread).rejoin()

    async def _starts(self, partitions: list[TP]) -> dict[TP, Place]:
        """Choose where each partition continues; logs a line where that is not as it should be."""
        host = cast("_Host", self.app)
        current = await host.current()
        found = await self._found(partitions)
        for _ in range(SURE):
            if not any(each.is_beyond for each in found):
                break
            # A broker that has just become a partition's leader may not know the end yet.
            await asyncio.sleep(SURE_SECONDS)
            found = await self._found(partitions)
        starts = {}
        for each in found:
            start = resume(each, current, time.time(), host.keep_seconds)
            if start.said and start.said not in self._logged:
                self._logged.add(start.said)
                # The line itself is the template: the log's filter takes records of one template
                # for repeats, and would pass the line of one partition only.
                log.warning(start.said)
            starts[each.partition] = start
        return starts

    async def _found(self, partitions: Iterable[TP]) -> list[Found]:
        """Ask the brokers what the group has committed and what the log holds."""
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
