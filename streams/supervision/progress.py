"""Whether a stage makes progress, judged from what it has done and what it could do.

Invariant: only time in which a partition had work, and did none of it, counts towards a stall. The
timer of a partition starts again

- whenever the partition takes a step;
- whenever the partition is at its end;
- whenever the broker does not answer;
- while the stage works on events that came before, because all partitions of a stage share one
  queue.
"""

import dataclasses
from collections.abc import Mapping

from faust.types import TP

from streams.runtime.consumer import PartitionProgress

DOUBTFUL = 0.25
"""Share of the limit without a step after which the broker is asked for the partition's end."""

TURNS = 3
"""Acks that may come before an event's own, in multiples of what is in flight: one for the events
being processed, one for the events queued before it, and one for a partition that is read last in
its round."""


@dataclasses.dataclass(slots=True)
class _StallTimer:
    """For how long something has made no step.

    Attributes:
        at: where it is: any value that every step changes.
        until: the stage's ack up to which it need not step, because other events come before.
        seconds: without a step, as far as they count.
        asked: the value of `seconds` when the broker was asked last.
    """

    at: object
    until: int
    seconds: float = 0.0
    asked: float = 0.0

    def restart(self, until: int) -> None:
        """Count from zero: there was nothing to do so far."""
        self.seconds = self.asked = 0.0
        self.until = until


class Progress:
    """The progress of one stage, partition by partition.

    Call `look` at regular intervals, and `judge` whenever `look` returns partitions.

    Args:
        limit: seconds without a step after which the stage is stuck.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._timers: dict[tuple[TP | None, str], _StallTimer] = {}
        self._marks: Mapping[TP, PartitionProgress] = {}
        self._acks = 0

    def look(
        self, seconds: float, marks: Mapping[TP, PartitionProgress], waiting: object | None
    ) -> set[TP | None]:
        """Compare where the stage is now with where it was at the last look.

        Args:
            seconds: the time since the last look.
            marks: how far each of its partitions is.
            waiting: how far the stage is with what it waits for before it can work: any value that
                changes with every step. None if it waits for nothing.

        Returns:
            The partitions whose ends `judge` needs. None among them stands for any partition: it
            only matters whether the broker answers.
        """
        acks = sum(_acked_since(self._marks.get(place), mark) for place, mark in marks.items())
        self._acks += acks
        self._marks = marks
        now: dict[tuple[TP | None, str], object] = {}
        if waiting is not None:
            now[None, "waiting"] = waiting
        else:
            for partition, mark in marks.items():
                now[partition, "working"] = mark.position, mark.handed, mark.acked
                now[partition, "committing"] = mark.committed
        timers, self._timers = self._timers, {}
        doubtful = set()
        for key, at in now.items():
            timer = timers.get(key)
            if timer is None or timer.at != at:
                timer = _StallTimer(at, self._latest_turn())
            elif acks and self._acks <= timer.until and key[1] == "working":
                timer.restart(timer.until)
            else:
                timer.seconds += seconds
            self._timers[key] = timer
            if timer.seconds - timer.asked >= DOUBTFUL * self._limit:
                doubtful.add(key[0])
        return doubtful

    def judge(self, ends: Mapping[TP, int] | None) -> str:
        """Decide whether the stage is stuck.

        Args:
            ends: the offset after the last record of each partition that `look` returned; None if
                the broker did not answer.

        Returns:
            Why the stage is stuck, in one line; empty if it is not.
        """
        for (partition, what), timer in self._timers.items():
            if timer.seconds - timer.asked < DOUBTFUL * self._limit:
                continue
            timer.asked = timer.seconds
            if ends is None or not self._had_work(partition, what, ends):
                timer.restart(self._latest_turn())
            elif timer.seconds >= self._limit:
                return self._describe(partition, what, timer.seconds, ends)
        return ""

    def _latest_turn(self) -> int:
        """The number of the stage's ack by which an event that arrives now has its turn."""
        return self._acks + TURNS * sum(map(_under_way, self._marks.values()))

    def _had_work(self, partition: TP | None, what: str, ends: Mapping[TP, int]) -> bool:
        if partition is None:
            return True
        mark = self._marks[partition]
        if what == "committing":
            return mark.acked is not None and mark.acked >= (mark.committed or 0)
        unread = mark.position is None or mark.position < ends[partition]
        return unread or _last(mark.handed) > _last(mark.acked)

    def _describe(
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


def _acked_since(before: PartitionProgress | None, now: PartitionProgress) -> int:
    """How many offsets were acked in between; 0 for a partition that was not there before."""
    if before is None or now.acked is None:
        return 0
    return max(0, now.acked - _done(before))


def _under_way(mark: PartitionProgress) -> int:
    """How many offsets are handed to the agent and not acked."""
    if mark.handed is None:
        return 0
    return max(0, mark.handed - _done(mark))


def _done(mark: PartitionProgress) -> int:
    """The last acked offset; if none is, the offset before the first that can be under way."""
    if mark.acked is not None:
        return mark.acked
    if mark.committed is not None:
        return mark.committed - 1
    return -1 if mark.handed is None else mark.handed - 1
