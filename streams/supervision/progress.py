"""Whether a stage gets on, told from what it has done and what it could do.

Invariant: only time counts in which something could have been done and nothing was. It begins
anew with every step that a partition takes, whenever the partition is at its end, whenever the
broker does not answer, and while the stage does what came before it: all partitions of a stage
wait in one line.
"""

import dataclasses
from collections.abc import Mapping

from faust.types import TP

from streams.runtime.consumer import PartitionProgress

DOUBTFUL = 0.25
"""After this share of the limit without a step the broker is asked."""

TURNS = 3
"""What comes before an event: what is being worked on, as much in the queue before it, and once as
much for a partition whose turn to be read is the last."""


@dataclasses.dataclass(slots=True)
class _Stand:
    """Where something stands, for how long, and until which ack of the stage that may be so."""

    at: object
    until: int
    seconds: float = 0.0
    asked: float = 0.0

    def begin_anew(self, until: int) -> None:
        """Nothing could be done so far."""
        self.seconds = self.asked = 0.0
        self.until = until


class Progress:
    """What one stage has done, partition by partition.

    Args:
        limit: seconds without a step after which it is judged to be stuck.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._stands: dict[tuple[TP | None, str], _Stand] = {}
        self._marks: Mapping[TP, PartitionProgress] = {}
        self._acks = 0

    def look(
        self, seconds: float, marks: Mapping[TP, PartitionProgress], waiting: object | None
    ) -> set[TP | None]:
        """Take in where the stage stands now.

        Args:
            seconds: since the last look.
            marks: how far each of its partitions is.
            waiting: what it waits for before it can work on them, as far as that is; None if
                for nothing.

        Returns:
            The partitions that have to be asked for before `judge`; None among them stands for
            any, of which only matters whether the broker answers.
        """
        acks = sum(_step(self._marks.get(place), mark) for place, mark in marks.items())
        self._acks += acks
        self._marks = marks
        now: dict[tuple[TP | None, str], object] = {}
        if waiting is not None:
            now[None, "waiting"] = waiting
        else:
            for partition, mark in marks.items():
                now[partition, "working"] = mark.position, mark.handed, mark.acked
                now[partition, "committing"] = mark.committed
        stands, self._stands = self._stands, {}
        doubtful = set()
        for key, at in now.items():
            stand = stands.get(key)
            if stand is None or stand.at != at:
                stand = _Stand(at, self._turn())
            elif acks and self._acks <= stand.until and key[1] == "working":
                stand.begin_anew(stand.until)
            else:
                stand.seconds += seconds
            self._stands[key] = stand
            if stand.seconds - stand.asked >= DOUBTFUL * self._limit:
                doubtful.add(key[0])
        return doubtful

    def judge(self, ends: Mapping[TP, int] | None) -> str:
        """Why the stage is stuck, or nothing.

        Args:
            ends: the offset after the last record of each partition that was asked for, or None
                if the broker did not answer.
        """
        for (partition, what), stand in self._stands.items():
            if stand.seconds - stand.asked < DOUBTFUL * self._limit:
                continue
            stand.asked = stand.seconds
            if ends is None or not self._could(partition, what, ends):
                stand.begin_anew(self._turn())
            elif stand.seconds >= self._limit:
                return self._words(partition, what, stand.seconds, ends)
        return ""

    def _turn(self) -> int:
        """The stage's ack by which it is the turn of what comes now."""
        return self._acks + TURNS * sum(map(_under_way, self._marks.values()))

    def _could(self, partition: TP | None, what: str, ends: Mapping[TP, int]) -> bool:
        if partition is None:
            return True
        mark = self._marks[partition]
        if what == "committing":
            return mark.acked is not None and mark.acked >= (mark.committed or 0)
        unread = mark.position is None or mark.position < ends[partition]
        return unread or _last(mark.handed) > _last(mark.acked)

    def _words(
        self, partition: TP | None, what: str, seconds: float, ends: Mapping[TP, int]
    ) -> str:
        if partition is None:
            return f"it has waited {seconds:.0f} s for its partitions or its memory"
        mark = self._marks[partition]
        place = _last(mark.acked) + 1 or mark.committed or 0
        where = f"{partition.topic} partition {partition.partition}"
        if what == "committing":
            return f"{where} is acked to offset {place} and was not committed for {seconds:.0f} s"
        behind = max(ends[partition] - place, 0)
        return f"{where} has stood at offset {place}, {behind} behind its end, for {seconds:.0f} s"


def _last(offset: int | None) -> int:
    return -1 if offset is None else offset


def _step(before: PartitionProgress | None, now: PartitionProgress) -> int:
    """How many were acked in between; of a partition that was not there before, none."""
    if before is None or now.acked is None:
        return 0
    return max(0, now.acked - _done(before))


def _under_way(mark: PartitionProgress) -> int:
    """How many are handed and not acked, by their offsets."""
    if mark.handed is None:
        return 0
    return max(0, mark.handed - _done(mark))


def _done(mark: PartitionProgress) -> int:
    """The last offset that is acked, or else the one before the first that can be under way."""
    if mark.acked is not None:
        return mark.acked
    if mark.committed is not None:
        return mark.committed - 1
    return -1 if mark.handed is None else mark.handed - 1
