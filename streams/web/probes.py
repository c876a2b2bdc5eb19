"""Liveness and readiness of the stages in this process.

Invariant: a worker is alive while none of its apps has crashed. It is ready once every app has its
partitions assigned (possibly none, if other workers have them all), has restored its state, and
can clean a page, and while every lagging partition of its group has an owner.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import faust
from faust.types import TP

from cleanwire.dedupe.shard import Limit
from streams.runtime.app import App
from streams.runtime.consumer import Consumer
from streams.runtime.instruments import Instruments
from streams.settings import Settings
from streams.stage import stages_by_group
from streams.state.table import StateTable


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ShardSize:
    """The size of one shard of `dedupe`.

    Attributes:
        articles: how many published articles later pages are matched against.
        decisions: how many decisions the shard holds.
        content: bytes that its content takes, which its limit of bytes is held against.
        limits: the most of each, by the name of the limit.
        fill: how full it is, by the name of each limit; 1 is full.
    """

    articles: int
    decisions: int
    content: int
    limits: Mapping[Limit, int]
    fill: Mapping[Limit, float]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StateSize:
    """The size of the state of `dedupe` in one process.

    Attributes:
        size: bytes of all tables of all shards.
        evicted: how many articles this worker evicted for want of memory since it started.
        shards: the shards by their numbers, active and standby.
    """

    size: int
    evicted: int
    shards: Mapping[int, ShardSize]


class Stages:
    """The apps of this process, by their stages.

    Args:
        apps: the apps.
        settings: the settings that they were made with.
        unowned: what a stage's group has no owner for, by stage; it is read at each call.
    """

    def __init__(
        self,
        apps: Sequence[faust.App],
        settings: Settings,
        unowned: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._unowned = unowned
        stages = stages_by_group(settings)
        self._apps: dict[str, faust.App] = {
            stages.get(app.conf.id, app.conf.id): app for app in apps
        }

    def crashed(self) -> list[str]:
        """The stages whose apps have crashed."""
        return [stage for stage, app in self._apps.items() if app.crashed]

    def missing(self) -> dict[str, str]:
        """What each stage still waits for, by stage; empty if it is ready."""
        return {
            stage: _missing(app) or self._unowned.get(stage, "")
            for stage, app in self._apps.items()
        }

    def in_flight(self) -> dict[str, int]:
        """How many events each stage has read and not acked, including those in its buffer."""
        return {
            stage: len(app.consumer.unacked) if app.started else 0
            for stage, app in self._apps.items()
        }

    def state(self) -> "StateSize | None":
        """The size of the state of `dedupe`, over all partitions of this process.

        None if no stage of this process has a state.
        """
        tables = [
            table
            for app in self._apps.values()
            for table in app.tables.values()
            if isinstance(table, StateTable)
        ]
        if not tables:
            return None
        shards = {n: state for table in tables for n, state in table.store.states.items()}
        return StateSize(
            size=sum(state.size for state in shards.values()),
            evicted=sum(table.store.evicted for table in tables),
            shards={
                number: ShardSize(
                    articles=state.articles,
                    decisions=len(state),
                    content=state.content,
                    limits=state.limits,
                    fill=state.fill,
                )
                for number, state in sorted(shards.items())
            },
        )

    def rebalances(self) -> dict[str, int]:
        """How many rebalances each stage has taken part in, by stage."""
        return {stage: app.rebalancing_count for stage, app in self._apps.items()}

    def partitions(self) -> list[tuple[str, TP]]:
        """The partitions of their inputs that the stages have, each with its consumer group."""
        return [
            (app.conf.id, partition)
            for app in self._apps.values()
            if app.started and isinstance(app.consumer, Consumer)
            for partition in app.consumer.marks()
        ]

    def instruments(self) -> list[Instruments]:
        """What each stage counts."""
        return [app.instruments for app in self._apps.values() if isinstance(app, App)]


def _missing(app: faust.App) -> str:
    if app.crashed:
        return "it has crashed"
    if not app.started:
        return "it has not started"
    if not app.rebalancing_count:
        return "no partitions have been assigned yet"
    if app.rebalancing and not app.in_recovery:
        return "a rebalance is going on"
    if app.in_recovery or not app.tables.actives_ready:
        return "its memory is being read back from the changelog"
    return app.displaced or app.missing if isinstance(app, App) else ""
