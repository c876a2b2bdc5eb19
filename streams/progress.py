"""Whether a stage gets on, told from what it has done and what it could do.

The rule here: only time counts in which something could have been done and nothing was. It begins
anew with every step that a partition takes, whenever the partition is at its end, and whenever the
broker does not answer.
"""

import dataclasses
from collections.abc import Mapping

from faust.types import TP

from streams.positions import Marks

DOUBTFUL = 0.25
"""After this share of the limit without a step the broker is asked."""


@dataclasses.dataclass(slots=True)
class _Stand:
    """Where something stands, and for how many seconds."""

    at: object
    seconds: float = 0.0
    asked: float = 0.0


class Progress:
    """What one stage has done, partition by partition.

    Args:
        limit: seconds without a step after which it is judged to be stuck.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._stands: dict[tuple[TP | None, str], _Stand] = {}
        self._marks: Mapping[TP, Marks] = {}

    def look(
        self, seconds: float, marks: Mapping[TP, Marks], waiting: object | None
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
                stand = _Stand(at)
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
                stand.seconds = stand.asked = 0.0
            elif stand.seconds >= self._limit:
                return self._words(partition, what, stand.seconds, ends)
        return ""

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
