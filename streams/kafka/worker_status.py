"""What a worker says of itself, as a record on a compacted topic.

Invariants:

- A status says what a worker is and does, never anything of a page.
- Statuses are for people. No stage decides by them, and a worker works on where they cannot be
  written.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import orjson

from streams.settings import Settings

VERSION = 1

EVERY_SECONDS = 15.0
"""The time between two statuses of a worker."""

SILENT_SECONDS = 4 * EVERY_SECONDS
"""A worker whose last status is older than this has ended, or cannot reach Kafka."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShardStatus:
    """The size of a shard of `dedupe`.

    Attributes:
        shard: its number.
        articles: how many published articles later pages are matched against.
        decisions: how many decisions it holds.
        size: bytes of both.
        fill: how full it is, by the name of each limit; 1 is full.
    """

    shard: int
    articles: int
    decisions: int
    size: int
    fill: Mapping[str, float]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """The status of a worker.

    Attributes:
        name: the instance id of the worker, else its host and process.
        host: the name of its machine.
        at: when it said this, in seconds since the epoch.
        started: when it started, in seconds since the epoch.
        version: of Cleanwire.
        waits: what each of its stages waits for, by stage; empty if the stage is ready.
        partitions: the partitions that each of its stages reads, by stage.
        memory: bytes of all its processes; 0 where that is not known.
        shards: its shards of `dedupe`.
    """

    name: str
    host: str
    at: float
    started: float
    version: str
    waits: Mapping[str, str]
    partitions: Mapping[str, tuple[int, ...]]
    memory: int = 0
    shards: tuple[ShardStatus, ...] = ()


def topic(settings: Settings) -> str:
    """The topic that holds the statuses of the workers."""
    return f"{settings.topic_prefix}cleanwire-workers"


def pack(status: WorkerStatus) -> bytes:
    """A status as JSON bytes."""
    return orjson.dumps({"v": VERSION, **dataclasses.asdict(status)})


def unpack(value: bytes) -> WorkerStatus:
    """The inverse of `pack`.

    Raises:
        ValueError: the value is no status of this version.
    """
    fields: Any = orjson.loads(value)
    try:
        if fields.pop("v") != VERSION:
            raise ValueError("not a status of this version")
        shards = [ShardStatus(**_typed_shard(shard)) for shard in fields.pop("shards")]
        return WorkerStatus(
            name=str(fields["name"]),
            host=str(fields["host"]),
            at=_finite(fields["at"]),
            started=_finite(fields["started"]),
            version=str(fields["version"]),
            waits={str(stage): str(why) for stage, why in fields["waits"].items()},
            partitions={
                str(stage): tuple(map(int, numbers))
                for stage, numbers in fields["partitions"].items()
            },
            memory=int(fields["memory"]),
            shards=tuple(shards),
        )
    except (AttributeError, KeyError, OverflowError, TypeError) as error:
        raise ValueError(f"not a status: {error!r}") from None


def _typed_shard(shard: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {name: int(shard[name]) for name in ("shard", "articles", "decisions", "size")}
    fill = {str(limit): _finite(share) for limit, share in shard["fill"].items()}
    return numbers | {"fill": fill}


def _finite(value: Any) -> float:  # noqa: ANN401 - whatever a record says
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number
