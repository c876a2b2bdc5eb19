"""Which offset a stage commits: the first one that is not done.

Invariant: everything before a committed offset was acked, or is no record. `delivery.py` acks
in order, so the last ack of a partition stands for all before it.

Not every offset is a record. A transaction's marker takes one, and the pages of a transaction that
was aborted are not read. Faust (0.15) waits for the acks of such offsets: behind some it commits
nothing any more, and where they are the last ones of a partition its lag never becomes 0.
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
        position: the offset after it, and after whatever offsets follow that are no records.
    """

    last: int | None
    position: int


class Reading:
    """What a consumer's thread has read of its partitions.

    The thread writes and the stage's event loop reads, each in one assignment. What was read before
    a seek says nothing about what comes after it, so a seek makes it forgotten.
    """

    def __init__(self) -> None:
        self.parts: Mapping[TP, Read] = {}
        # Between a look at the positions and its entry no seek may come.
        self._lock = threading.Lock()
        self._assignment: Any = None
        self._last: dict[TP, int] = {}

    def took(self, consumer: Any, records: Mapping[TP, list[Any]]) -> None:  # noqa: ANN401 - aiokafka has no types
        """Enter what was just taken out of the consumer.

        There must be no `await` in between: a record that is taken and lost on its way must not
        look like an offset that is none.
        """
        assignment = _assignment(consumer)
        if assignment is not self._assignment:
            self._assignment = assignment
            self._last = {}
        for partition, new in records.items():
            self._last[partition] = new[-1].offset

    def rests(self, consumer: Any) -> None:  # noqa: ANN401 - as above
        """Enter the positions, once there is nothing more to take."""
        with self._lock:
            assignment = _assignment(consumer)
            if assignment is None or assignment is not self._assignment:
                return
            places = {place: assignment.state_value(place)._position for place in assignment.tps}  # noqa: SLF001 - None before it is known
            self.parts = {
                place: Read(self._last.get(place), position)
                for place, position in places.items()
                if position is not None
            }

    def forget(self) -> None:
        """Forget how far the partitions were read: they are read from elsewhere now."""
        with self._lock:
            self.parts = {}
            self._last = {}


def _assignment(consumer: Any) -> Any:  # noqa: ANN401 - as above
    subscription = consumer._subscription.subscription  # noqa: SLF001 - aiokafka says it nowhere else
    return None if subscription is None else subscription.assignment


class Consumer(FaustConsumer):
    """Faust's consumer, which commits what is done and what is no record.

    Attributes:
        reading: how far its thread has read.
        handed: the last offset of each partition that was handed to the stage's agent.
        acked: the last one that was acked, since the partitions were assigned.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reading = Reading()
        self.handed: dict[TP, int] = {}
        self.acked: dict[TP, int] = {}

    def ends(self) -> dict[TP, tuple[int, int]]:
        """The last stable offset and the end of each partition of the input, as last heard."""
        client = self._thread._consumer  # noqa: SLF001 - asking by the thread would wait for it
        assignment = None if client is None else _assignment(client)
        if assignment is None:
            return {}
        states = {place: assignment.state_value(place) for place in assignment.tps}
        return {
            place: (state.lso, state.highwater)
            for place, state in states.items()
            if self._is_input(place) and state.lso is not None and state.lso >= 0
        }

    def ack(self, message: Message) -> bool:
        """Count an event as done."""
        self.acked[message.tp] = message.offset
        return super().ack(message)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Let Faust look whether a partition gets on, unless a transaction holds it."""
        stable, end = self.ends().get(tp, (0, 0))
        if stable >= end:
            super().verify_event_path(now, tp)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Forget what was done; the last acks are committed by then."""
        await super().on_partitions_revoked(revoked)
        self.handed.clear()
        self.acked.clear()

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:  # noqa: ANN401 - as above
        self.handed[tp] = record.offset
        return super()._to_message(tp, record)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:  # noqa: ANN401 - Faust's signature
        """All of the input: there may be something to commit where nothing was acked."""
        places = {*self._acked, *filter(self._is_input, self.reading.parts)}
        return (tp for tp in places if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """The first offset that is not done."""
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        acked, read = self.acked.get(tp), self.reading.parts.get(tp)
        # What is read and not handed, or handed and not acked, is not done.
        if read is not None and self.handed.get(tp) == acked == read.last:
            return read.position or None
        return None if acked is None else acked + 1

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: an offset that is no record needs no ack."""

    def _is_input(self, tp: TP) -> bool:
        return self.app.topics.acks_enabled_for(tp.topic)
