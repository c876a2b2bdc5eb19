"""Chooses the offset that a stage commits: the first one that is not done.

Invariant: every offset before a committed one was acked, or has no record. `delivery.py` acks in
order, so the last ack of a partition stands for all acks before it.

Not every offset has a record that can be read. The marker of a transaction takes an offset, and the
records of an aborted transaction are never read. Faust (0.15) waits for the acks of such offsets.
After some of them it never commits again. If they are the last offsets of a partition, the lag of
the partition never becomes 0.
"""

import dataclasses
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.types import TP, Message
from faust.types.tuples import ConsumerMessage


@dataclasses.dataclass(frozen=True, slots=True)
class Read:
    """How far a partition was read from the bus.

    Attributes:
        last: the offset of the last record that was read; None before the first one.
        position: the offset after that record, and after all offsets without a record that follow.
    """

    last: int | None
    position: int


class Reading:
    """How far a consumer's thread has read its partitions.

    The thread replaces `parts` and the stage's event loop reads it, each in one assignment. A seek
    clears it, because what was read before a seek says nothing about what comes after.

    Attributes:
        parts: how far each partition was read when the consumer last had nothing more to give.
    """

    def __init__(self) -> None:
        self.parts: Mapping[TP, Read] = {}
        # No seek may come between reading the positions and storing them.
        self._lock = threading.Lock()
        self._assignment: Any = None
        self._last_offsets: dict[TP, int] = {}

    def took(self, consumer: Any, records: Mapping[TP, list[Any]]) -> None:  # noqa: ANN401 - aiokafka has no types
        """Note the records that were just taken out of the consumer.

        The caller must not `await` between taking and this call. Otherwise a record that is taken
        and then lost could look like an offset without a record, and would be committed over.

        Args:
            consumer: the aiokafka consumer.
            records: what it gave, by partition.
        """
        assignment = _assignment(consumer)
        if assignment is not self._assignment:
            self._assignment = assignment
            self._last_offsets = {}
        for partition, new in records.items():
            self._last_offsets[partition] = new[-1].offset

    def rests(self, consumer: Any) -> None:  # noqa: ANN401 - aiokafka has no types
        """Note the positions, once the consumer has nothing more to give.

        Args:
            consumer: the aiokafka consumer.
        """
        with self._lock:
            assignment = _assignment(consumer)
            if assignment is None or assignment is not self._assignment:
                return
            positions = {tp: assignment.state_value(tp)._position for tp in assignment.tps}  # noqa: SLF001 - the public one raises before it is known
            self.parts = {
                tp: Read(self._last_offsets.get(tp), position)
                for tp, position in positions.items()
                if position is not None
            }

    def forget(self) -> None:
        """Clear what is known, because the partitions were sought to other offsets."""
        with self._lock:
            self.parts = {}
            self._last_offsets = {}


def _assignment(consumer: Any) -> Any:  # noqa: ANN401 - aiokafka has no types
    subscription = consumer._subscription.subscription  # noqa: SLF001 - aiokafka has no public access
    return None if subscription is None else subscription.assignment


class Consumer(FaustConsumer):
    """Faust's consumer, which also commits over offsets without a record.

    Attributes:
        reading: how far the consumer's thread has read.
        handed: the offset of the last record of each partition that the stage's agent got.
        acked: the offset of the last record of each partition that was acked. Both begin empty
            when partitions are assigned.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reading = Reading()
        self.handed: dict[TP, int] = {}
        self.acked: dict[TP, int] = {}

    def ends(self) -> dict[TP, tuple[int, int]]:
        """The last stable offset and the end offset of each partition of the input.

        These are the offsets of the brokers' last answer, so the end may be further on by now.
        """
        client = self._thread._consumer  # noqa: SLF001 - a call through the thread would wait for it
        assignment = None if client is None else _assignment(client)
        if assignment is None:
            return {}
        states = {tp: assignment.state_value(tp) for tp in assignment.tps}
        return {
            tp: (state.lso, state.highwater)
            for tp, state in states.items()
            if self._is_input(tp) and state.lso is not None and state.lso >= 0
        }

    def ack(self, message: Message) -> bool:
        """Note that an event is done."""
        self.acked[message.tp] = message.offset
        return super().ack(message)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Let Faust check whether a partition makes progress, unless a transaction holds it."""
        stable, end = self.ends().get(tp, (0, 0))
        if stable >= end:
            super().verify_event_path(now, tp)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Clear what was handed and acked; the last acks are committed by then."""
        await super().on_partitions_revoked(revoked)
        self.handed.clear()
        self.acked.clear()

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:  # noqa: ANN401 - aiokafka has no types
        self.handed[tp] = record.offset
        return super()._to_message(tp, record)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:  # noqa: ANN401 - Faust's signature
        """Yield every partition of the input: one without an ack may still have to be committed."""
        partitions = {*self._acked, *filter(self._is_input, self.reading.parts)}
        return (tp for tp in partitions if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """The first offset that is not done; None where nothing is known to be done."""
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        acked, read = self.acked.get(tp), self.reading.parts.get(tp)
        # Only if every record that was read was handed and acked may the commit pass the offsets
        # without a record that follow.
        if read is not None and self.handed.get(tp) == acked == read.last:
            return read.position or None
        return None if acked is None else acked + 1

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: an offset without a record needs no ack."""

    def _is_input(self, tp: TP) -> bool:
        return self.app.topics.acks_enabled_for(tp.topic)
