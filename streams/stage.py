"""The two stages: their names, their consumer groups, and how much of their input they hold.

Invariant: each stage is an app of its own, hence a consumer group of its own.
"""

import dataclasses
import datetime as dt
from typing import Literal

from streams.settings import Settings

Stage = Literal["extract", "dedupe"]

STAGES: tuple[Stage, ...] = ("extract", "dedupe")

METADATA_SECONDS = 15
"""Seconds after which a worker has noticed, at the latest, that a topic has more partitions; the
rebalance comes on top. Faust's default is five minutes."""

RECORD_OVERHEAD = 128 * 1024
"""Bytes that a producer may send on top of the largest record: rejected pages carry added
headers, and a request has a frame."""

KEPT_LONGER = dt.timedelta(days=1)
"""How long after the retention a commit still names records that were deleted before they were
read."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Buffering:
    """How much of a stage's input waits in memory.

    Attributes:
        events: how many events may wait for the agent; `streams/runtime/flow_control.py` bounds
            their bytes.
        in_flight: how many events may be in work or wait for their acks.
        in_flight_bytes: how many bytes of values these events may have.
    """

    events: int
    in_flight: int
    in_flight_bytes: int


BUFFERING: dict[Stage, Buffering] = {
    "extract": Buffering(events=256, in_flight=256, in_flight_bytes=64 << 20),
    "dedupe": Buffering(events=4096, in_flight=1024, in_flight_bytes=32 << 20),
}


def app_id(settings: Settings, stage: Stage) -> str:
    """The name of a stage's app, which is also the name of its consumer group."""
    return f"{settings.topic_prefix}cleanwire-{stage}"
