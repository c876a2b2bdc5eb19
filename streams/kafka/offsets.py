"""Chooses the offset at which a group continues, from its commit and from what the log holds.

Invariant: no record that exists is skipped. A committed offset counts only under two conditions:
it was committed for the topic that is there now, as the topic's id (KIP-516) tells, and the log
still holds this offset or ends there. Otherwise the group continues at the earliest record of the
log.

The metadata of each commit holds what has to outlive a worker: the id of the topic, the id of the
topic that the records led to, and which records were deleted before they were read.
"""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from faust.types import TP

MOST_GONE = 8
"""The most ranges of deleted records that a commit names, because Kafka bounds its metadata."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A range of records that were deleted before their group read them.

    Attributes:
        start: the first offset of the range.
        end: the offset after the last one.
        at: when the loss was found, in whole seconds since the epoch.
    """

    start: int
    end: int
    at: int

    @property
    def count(self) -> int:
        """The number of offsets in the range."""
        return self.end - self.start


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The metadata of a commit, beside its offset; an id is empty where the brokers give none.

    Attributes:
        topic: the id of the topic that was read.
        onto: the id of the topic that its records lead to, for a stage that keeps no state.
        gone: the records that were deleted before they were read, oldest loss first.
    """

    topic: str = ""
    onto: str = ""
    gone: tuple[Gone, ...] = ()

    def pack(self) -> str:
        """The note as JSON text, for the metadata of a commit."""
        return orjson.dumps(
            {
                "topic": self.topic,
                "onto": self.onto,
                "gone": [[one.start, one.end, one.at] for one in self.gone],
            }
        ).decode()

    @classmethod
    def unpack(cls, metadata: str | None) -> "Note":
        """The inverse of `pack`; an empty note if another program wrote the metadata."""
        try:
            fields = orjson.loads(metadata or "{}")
            return cls(
                topic=str(fields.get("topic", "")),
                onto=str(fields.get("onto", "")),
                gone=tuple(
                    Gone(start=int(start), end=int(end), at=int(at))
                    for start, end, at in fields.get("gone", ())
                ),
            )
        except (AttributeError, TypeError, ValueError):
            return cls()

    def recent(self, since: float) -> tuple[Gone, ...]:
        """The losses that were found at `since` or later, in seconds since the epoch."""
        return tuple(one for one in self.gone if one.at >= since)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the brokers know of a partition before it is read.

    Attributes:
        partition: which partition.
        committed: the group's committed offset; None if there is none.
        note: the note that was committed with it.
        begin: the offset of the earliest record in the log.
        end: the offset after the last record in the log.
    """

    partition: "TP"
    committed: int | None
    note: Note
    begin: int
    end: int

    @property
    def is_beyond(self) -> bool:
        """Whether the committed offset is beyond the end of the log."""
        return self.committed is not None and self.committed > self.end


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The point at which a group continues in a partition.

    Attributes:
        offset: the offset of the next record to read.
        note: the note that is committed from now on.
        said: a line for the log; empty if the group continues at its committed offset, or if the
            topic never had a record.
    """

    offset: int
    note: Note
    said: str = ""


def resume(found: Found, current: Note, now: float, keep: float) -> Place:
    """Choose where a group continues in a partition.

    The committed offset counts unless one of these holds; then the group continues at the earliest
    record of the log, and the result has a line that says why and how many records are gone:

    - nothing was committed (there is no line if the topic never had a record);
    - the offset was committed for a topic that was deleted and made again since;
    - the records led to a topic that was deleted and made again since;
    - the offset is beyond the end of the log;
    - the offset was deleted before it was read. The note names the range that is lost.

    An id that is empty, on either side, counts as equal.

    Args:
        found: what the brokers know of the partition.
        current: the ids of the topics as they are now; its `gone` is empty.
        now: the current time, in seconds since the epoch.
        keep: how many seconds a commit names a loss after it was found.

    Returns:
        The offset, from `found.begin` to `found.end`, with the note to commit from now on.
    """
    kept = dataclasses.replace(current, gone=found.note.recent(now - keep))
    if found.committed is None:
        return _without_commit(found, current)
    committed, subject = found.committed, f"committed offset {found.committed}"
    if not _may_be_same(found.note.topic, current.topic):
        why = f"{subject} is of a topic that was deleted and made again"
        gone = f"all records of the old topic after {committed}"
        return _from_beginning(found, current, why, gone)
    if not _may_be_same(found.note.onto, current.onto):
        why = f"{subject} led to a topic that was deleted and made again"
        return _from_beginning(found, current, why, "none of this topic")
    if found.is_beyond:
        why = f"{subject} is beyond the end"
        return _from_beginning(found, kept, why, str(committed - found.end))
    if committed < found.begin:
        lost = Gone(start=committed, end=found.begin, at=int(now))
        note = dataclasses.replace(kept, gone=(*kept.gone, lost)[-MOST_GONE:])
        why = f"{subject} was deleted before it was read"
        return _from_beginning(found, note, why, str(lost.count))
    return Place(offset=committed, note=kept)


def unread(gone: Sequence[Gone]) -> int:
    """The number of records that were deleted before they were read."""
    return sum(one.count for one in gone)


def _may_be_same(one: str, other: str) -> bool:
    """Whether two ids may be of the same topic; an empty id is not known."""
    return one == other or not one or not other


def _without_commit(found: Found, current: Note) -> Place:
    if not found.end:
        return Place(offset=found.begin, note=current)
    why = "nothing is committed: the topic or the group is new, or the topic was made again"
    return _from_beginning(found, current, why, str(found.begin or "none that is known of"))


def _from_beginning(found: Found, note: Note, why: str, gone: str) -> Place:
    topic, number = found.partition
    line = (
        f"{topic} partition {number}: {why}; the log has offsets {found.begin} to {found.end}; "
        f"goes on at {found.begin}; records gone: {gone}"
    )
    return Place(offset=found.begin, note=note, said=line)
