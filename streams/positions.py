"""Where a worker reads on after a rebalance: at the committed offset, whatever happened.

The rule here: what was fetched and not worked on is fetched again. Faust drops what is in its
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
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import faust
from faust.types import TP
from faust.types.transports import ConsumerT

from streams import commits
from streams.backpressure import Queue, Thread


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
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


class Consumer(commits.Consumer):
    """Faust's consumer, whose seek to the committed offset is one for every partition."""

    def marks(self) -> dict[TP, Marks]:
        """How far each partition of the input is; none while the consumer starts."""
        client = self._thread._consumer  # noqa: SLF001 - asking by the thread would wait for it
        subscription = None if client is None else client._subscription.subscription  # noqa: SLF001 - as above
        assignment = None if subscription is None else subscription.assignment
        if assignment is None:
            return {}
        return {
            partition: Marks(
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
        """Seek every partition of the input; those without a commit to their beginning.

        Standby partitions are sought to where their memory ends.
        """
        committed: Mapping[TP, int] = await super().seek_to_committed()
        fresh = [
            partition
            for partition, offset in committed.items()
            if not offset and self.app.topics.acks_enabled_for(partition.topic)
        ]
        if fresh:
            await self._thread.seek_to_beginning(*fresh)
        recovery = cast("TableManager", self.app.tables).recovery
        followed = {
            partition: offset + 1
            for partition, offset in recovery.standby_offsets.items()
            if partition in recovery.standby_tps and partition in committed
        }
        if followed:
            await self._thread.seek_wait(followed)
        return committed


class App(faust.App):
    """A Faust app that reads on where it should.

    Attributes:
        at_start: called in its event loop before anything of it is started.
        missing: what it still waits for of its own, if for anything.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Faust's own
        super().__init__(*arguments, **options)
        self.at_start: list[Callable[[], None]] = []
        self.missing = ""
        self.on_partitions_revoked.connect(_forget_positions, weak=False)
        self.on_rebalance_complete.connect(_hold_until_sought, weak=False)

    async def on_first_start(self) -> None:
        """Start what belongs to the app, which it waits for."""
        for call in self.at_start:
            call()
        await super().on_first_start()

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


async def _forget_positions(app: Any, /, *_: Any, **__: Any) -> None:  # noqa: ANN401 - Faust's signals have no types
    app.consumer._read_offset.clear()  # noqa: SLF001 - Faust has no other way
    app.consumer.handed.clear()
    app.consumer.acked.clear()


async def _hold_until_sought(app: Any, /, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as above
    # Faust lets go itself, after the seek.
    app.consumer.stop_flow()
