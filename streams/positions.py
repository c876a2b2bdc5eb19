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

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import faust
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.types import TP
from faust.types.transports import ConsumerT

if TYPE_CHECKING:
    from faust.tables import TableManager


class Consumer(FaustConsumer):
    """Faust's consumer, whose seek to the committed offset is one for every partition."""

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
    """A Faust app that reads on where it should."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Faust's own
        super().__init__(*arguments, **options)
        self.on_partitions_revoked.connect(_forget_positions, weak=False)
        self.on_rebalance_complete.connect(_hold_until_sought, weak=False)

    def _new_consumer(self) -> ConsumerT:
        self.transport.Consumer = Consumer  # type: ignore[misc] # of this app's transport alone
        return super()._new_consumer()


async def _forget_positions(app: Any, /, *_: Any, **__: Any) -> None:  # noqa: ANN401 - Faust's signals have no types
    app.consumer._read_offset.clear()  # noqa: SLF001 - Faust has no other way


async def _hold_until_sought(app: Any, /, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as above
    # Faust lets go itself, after the seek.
    app.consumer.stop_flow()
