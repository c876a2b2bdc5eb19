"""Where a group goes on in a partition: judged from what it committed and from what is there.

Invariant: nothing that exists is passed over. A committed offset counts only for the topic that
it was committed for, by the topic's id (KIP-516), and only if the log still holds it or ends
there. Every other one leads to the earliest record that the log has.

What has to outlive a worker stands in the metadata of each commit: the topic's id, the id of the
topic that the records led to, and which records were deleted before they were read.
"""

import dataclasses
from collections.abc import Sequence

import orjson
from faust.types import TP

MOST_GONE = 8
"""A commit names so many stretches of deleted records at most; Kafka bounds its metadata."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Records that were deleted before their group read them.

    Attributes:
        start: the first offset.
        end: the offset after the last.
        at: when that was found, in whole seconds since the epoch.
    """

    start: int
    end: int
    at: int

    @property
    def count(self) -> int:
        """How many offsets that are."""
        return self.end - self.start


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a commit says beside its offset; an id is empty where the brokers give none.

    Attributes:
        topic: the id of the topic that was read.
        onto: the id of the topic that its records lead to, for a stage that keeps nothing itself.
        gone: what was deleted before it was read.
    """

    topic: str = ""
    onto: str = ""
    gone: tuple[Gone, ...] = ()

    def pack(self) -> str:
        """The metadata of a commit."""
        return orjson.dumps(
            {
                "topic": self.topic,
                "onto": self.onto,
                "gone": [[one.start, one.end, one.at] for one in self.gone],
            }
        ).decode()

    @classmethod
    def unpack(cls, metadata: str | None) -> "Note":
        """The inverse of `pack`; an empty note where something else committed."""
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
        """What was found deleted at this time or after it, in seconds since the epoch."""
        return tuple(one for one in self.gone if one.at >= since)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of a partition before it is read.

    Attributes:
        partition: which one.
        committed: the group's offset; None if it has committed none.
        note: what was committed with it.
        begin: the offset of the earliest record.
        end: the offset after the last one.
    """

    partition: TP
    committed: int | None
    note: Note
    begin: int
    end: int

    @property
    def is_beyond(self) -> bool:
        """Whether the committed offset is beyond the end."""
        return self.committed is not None and self.committed > self.end


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a group goes on.

    Attributes:
        offset: of the next record.
        note: what is committed from now on.
        said: one line for the log; empty where it goes on as it should.
    """

    offset: int
    note: Note
    said: str = ""


def resume(found: Found, current: Note, now: float, keep: float) -> Place:
    """Where to go on in a partition.

    Args:
        found: what the brokers say of it.
        current: the ids of the topics as they are now.
        now: in seconds since the epoch.
        keep: for how many seconds a commit names what was deleted.
    """
    kept = dataclasses.replace(current, gone=found.note.recent(now - keep))
    if found.committed is None:
        return _fresh(found, current)
    committed, said = found.committed, f"committed offset {found.committed}"
    if not _agree(found.note.topic, current.topic):
        gone = f"all that stood in the old one after {committed}"
        return _anew(found, current, f"{said} is of a topic that was deleted and made again", gone)
    if not _agree(found.note.onto, current.onto):
        why = f"{said} led to a topic that was deleted and made again"
        return _anew(found, current, why, "none of this topic")
    if found.is_beyond:
        return _anew(found, kept, f"{said} is beyond the end", str(committed - found.end))
    if committed < found.begin:
        lost = Gone(start=committed, end=found.begin, at=int(now))
        note = dataclasses.replace(kept, gone=(*kept.gone, lost)[-MOST_GONE:])
        return _anew(found, note, f"{said} was deleted before it was read", str(lost.count))
    return Place(offset=committed, note=kept)


def unread(gone: Sequence[Gone]) -> int:
    """How many records were deleted before they were read."""
    return sum(one.count for one in gone)


def _agree(one: str, other: str) -> bool:
    return one == other or not one or not other


def _fresh(found: Found, current: Note) -> Place:
    if not found.end:
        return Place(offset=found.begin, note=current)
    why = "nothing is committed: the topic or the group is new, or the topic was made again"
    return _anew(found, current, why, str(found.begin or "none that is known of"))


def _anew(found: Found, note: Note, why: str, gone: str) -> Place:
    topic, number = found.partition
    said = (
        f"{topic} partition {number}: {why}; the log has offsets {found.begin} to {found.end}; "
        f"goes on at {found.begin}; records gone: {gone}"
    )
    return Place(offset=found.begin, note=note, said=said)
