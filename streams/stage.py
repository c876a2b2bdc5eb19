"""The two stages: their names, their groups, and how much of their input they hold.

Invariant: each stage is an app of its own, hence a consumer group of its own.
"""

import dataclasses
import datetime as dt
from typing import Literal

from streams.settings import Settings

Stage = Literal["extract", "dedupe"]

STAGES: tuple[Stage, ...] = ("extract", "dedupe")

METADATA_SECONDS = 15
"""Partitions that are added to a topic are noticed after so long at most; a rebalance comes on
top. Faust's default is five minutes."""

RECORD_OVERHEAD = 128 * 1024
"""Bytes on top of the message size that a producer may send: rejected pages carry added
headers, and a request has a frame."""


KEPT_LONGER = dt.timedelta(days=1)
"""For so long after the retention a commit names what was deleted before it was read."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Buffering:
    """How much of a stage's input waits in memory.

    Attributes:
        events: so many wait for the agent, within the bytes of `streams/runtime/flow_control.py`.
        in_flight: events being worked on or waiting for their acks.
        in_flight_bytes: the same in bytes.
    """

    events: int
    in_flight: int
    in_flight_bytes: int


BUFFERING: dict[Stage, Buffering] = {
    "extract": Buffering(events=256, in_flight=256, in_flight_bytes=64 << 20),
    "dedupe": Buffering(events=4096, in_flight=1024, in_flight_bytes=32 << 20),
}


def app_id(settings: Settings, stage: Stage) -> str:
    """The name of a stage's app, which is its consumer group's too."""
    return f"{settings.topic_prefix}cleanwire-{stage}"
