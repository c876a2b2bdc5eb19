"""The stages, one row each: name, input, buffers, and where its app is built.

Invariants:

- Each stage is an app of its own, hence a consumer group of its own.
- No other module lists the stages, or says which topic one of them reads.
"""

import dataclasses
import datetime as dt
import importlib
from typing import TYPE_CHECKING, Literal, cast

from streams.settings import Settings

if TYPE_CHECKING:
    import faust

Stage = Literal["extract", "dedupe"]
InputField = Literal["raw", "candidates"]
"""A topic by its field in `Topics`: its name depends on the settings."""

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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """One stage.

    Attributes:
        name: its name in commands, metrics and the name of its consumer group.
        reads: the topic that it reads.
        buffering: how much of its input waits in memory.
        module: the module whose `build(settings, web=...)` makes its app.
    """

    name: Stage
    reads: InputField
    buffering: Buffering
    module: str


ROWS: tuple[StageRow, ...] = (
    StageRow(
        name="extract",
        reads="raw",
        buffering=Buffering(events=256, in_flight=256, in_flight_bytes=64 << 20),
        module="streams.extract",
    ),
    StageRow(
        name="dedupe",
        reads="candidates",
        buffering=Buffering(events=4096, in_flight=1024, in_flight_bytes=32 << 20),
        module="streams.dedupe",
    ),
)
"""In the order in which a page meets them."""

STAGES: tuple[Stage, ...] = tuple(row.name for row in ROWS)

_BY_NAME = {row.name: row for row in ROWS}


def buffering_of(stage: Stage) -> Buffering:
    """How much of a stage's input waits in memory."""
    return _BY_NAME[stage].buffering


def input_topic(settings: Settings, stage: Stage) -> str:
    """The name of the topic that a stage reads."""
    return cast("str", getattr(settings.topics, _BY_NAME[stage].reads))


def build(settings: Settings, stage: Stage, *, web: bool) -> "faust.App":
    """A stage's app with its agent.

    Args:
        settings: the brokers and all limits.
        stage: which one.
        web: whether this app serves the web view.
    """
    # By name: the modules of the stages import this one.
    module = importlib.import_module(_BY_NAME[stage].module)
    return cast("faust.App", module.build(settings, web=web))


def stages_by_group(settings: Settings) -> dict[str, Stage]:
    """The stages by their consumer groups, which have the names of their apps."""
    return {app_id(settings, stage): stage for stage in STAGES}


def app_id(settings: Settings, stage: Stage) -> str:
    """The name of a stage's app, which is also the name of its consumer group."""
    return f"{settings.topic_prefix}cleanwire-{stage}"
