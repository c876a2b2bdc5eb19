"""`/metrics`: what this worker did and what the view knows, in Prometheus' text format.

Invariant: the metrics have a registry of their own, are made when they are asked for, and take
every label from a bounded set, never from a page. A series of a partition is there only while it is
true, so none outlives a rebalance. Names follow https://prometheus.io/docs/practices/naming/.
"""

import functools
import importlib.metadata
import platform
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.web.memory import MemoryMeter
from streams.web.probes import ShardSize, Stages, StateSize
from streams.web.reading.state import State

PARTITION = ["group", "topic", "partition"]

PACKAGES = {"version": "cleanwire", "faust": "faust-streaming", "aiokafka": "aiokafka"}
"""Whose versions the build's information names."""

_OLD = "Of all shards of this worker. Goes with the next release: use {}."


class _Collector(Collector):
    def __init__(self, state: State, stages: Stages, memory: MemoryMeter) -> None:
        self._state = state
        self._stages = stages
        self._memory = memory

    def collect(self) -> Iterator[Metric]:
        """All metrics except those of the process that `ProcessCollector` gives."""
        yield from self._of_the_groups()
        yield from self._counted()
        yield from self._of_the_stages()
        state = self._stages.state()
        if state is not None:
            yield from _of_the_state(state)
        yield from self._of_the_processes()
        yield _build()

    def _of_the_groups(self) -> Iterator[Metric]:
        """What the brokers say of the groups, of all workers."""
        lag = GaugeMetricFamily(
            "cleanwire_lag",
            "Records that a consumer group is behind the end of a partition.",
            labels=PARTITION,
        )
        age = GaugeMetricFamily(
            "cleanwire_lag_seconds",
            "Age of the oldest record that a consumer group has not committed; 0 without lag. "
            "It is missing while it is not known.",
            labels=PARTITION,
        )
        held = GaugeMetricFamily(
            "cleanwire_lag_held",
            "Records of the lag that wait for the end of an open transaction.",
            labels=PARTITION,
        )
        unread = GaugeMetricFamily(
            "cleanwire_unread_records",
            "Records that retention deleted before a consumer group read them.",
            labels=PARTITION,
        )
        now = time.time()
        for entry in self._state.lags:
            labels = [entry.group, entry.topic, str(entry.partition)]
            lag.add_metric(labels, entry.records)
            held.add_metric(labels, entry.held)
            unread.add_metric(labels, entry.unread)
            seconds = entry.seconds(now)
            if seconds is not None:
                age.add_metric(labels, seconds)
        yield from (lag, age, held, unread)
        yield GaugeMetricFamily(
            "cleanwire_view_up",
            "1 while the view reads Kafka; else the lag is old.",
            value=0 if self._state.stale() else 1,
        )
        yield CounterMetricFamily(
            "cleanwire_view_unreadable",
            "Records on the outcome topics, of all workers, that are none of ours.",
            value=self._state.unreadable,
        )

    def _counted(self) -> Iterator[Metric]:
        """What the stages of this worker counted, each family once."""
        families: dict[str, Metric] = {}
        for instruments in self._stages.instruments():
            for family in instruments.collect():
                families.setdefault(family.name, family)
                if families[family.name] is not family:
                    families[family.name].samples += family.samples
        yield from families.values()

    def _of_the_stages(self) -> Iterator[Metric]:
        stages = self._stages
        yield _by_stage(
            "cleanwire_in_flight",
            "Events that a stage of this worker has read and not acked.",
            stages.in_flight(),
        )
        yield _by_stage(
            "cleanwire_stage_ready",
            "Whether a stage of this worker is ready.",
            {stage: 0 if missing else 1 for stage, missing in stages.missing().items()},
        )
        rebalances = CounterMetricFamily(
            "cleanwire_rebalances",
            "Rebalances that a stage of this worker took part in; the first gives it partitions.",
            labels=["stage"],
        )
        for stage, count in stages.rebalances().items():
            rebalances.add_metric([stage], count)
        yield rebalances
        assigned = GaugeMetricFamily(
            "cleanwire_partition_assigned",
            "1 for each partition that this worker reads for a consumer group.",
            labels=PARTITION,
        )
        for group, place in stages.partitions():
            assigned.add_metric([group, place.topic, str(place.partition)], 1)
        yield assigned

    def _of_the_processes(self) -> Iterator[Metric]:
        resident = GaugeMetricFamily(
            "cleanwire_process_resident_bytes",
            "Memory of a process (RSS). What processes share counts in each of them.",
            labels=["process", "number"],
        )
        proportional = GaugeMetricFamily(
            "cleanwire_process_proportional_bytes",
            "Memory of a process (PSS). The sum is what all processes of the worker take.",
            labels=["process", "number"],
        )
        for one in self._memory.latest:
            labels = [one.role, str(one.number)]
            resident.add_metric(labels, one.resident)
            proportional.add_metric(labels, one.proportional)
        yield from (resident, proportional)


def _by_stage(name: str, text: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["stage"])
    for stage, value in values.items():
        family.add_metric([stage], value)
    return family


_SHARDS: list[tuple[str, str, Callable[[ShardSize], int | None]]] = [
    (
        "articles",
        "Published articles that later pages are matched against, in a shard of this worker.",
        lambda shard: shard.articles,
    ),
    ("decisions", "Decisions that a shard of this worker keeps.", lambda shard: shard.decisions),
    (
        "content_bytes",
        "Bytes that the content of a shard of this worker takes.",
        lambda shard: shard.content,
    ),
    (
        "articles_limit",
        "Articles above which a shard evicts its oldest.",
        lambda shard: shard.limits.get("articles"),
    ),
    (
        "content_limit_bytes",
        "Bytes of content above which a shard evicts its oldest articles.",
        lambda shard: shard.limits.get("bytes"),
    ),
]


def _of_the_state(state: StateSize) -> Iterator[Metric]:
    for name, text, value_of in _SHARDS:
        family = GaugeMetricFamily(f"cleanwire_shard_{name}", text, labels=["shard"])
        for number, shard in state.shards.items():
            value = value_of(shard)
            if value is not None:
                family.add_metric([str(number)], value)
        yield family
    fill = GaugeMetricFamily(
        "cleanwire_shard_fill_ratio",
        "How full a shard of this worker is, of a limit; at 1 it evicts its oldest.",
        labels=["shard", "limit"],
    )
    for number, shard in state.shards.items():
        for limit, share in shard.fill.items():
            fill.add_metric([str(number), limit], share)
    yield fill
    yield GaugeMetricFamily(
        "cleanwire_state_bytes",
        "Bytes of all tables of the state of this worker, also of the parts that are free.",
        value=state.size,
    )
    yield CounterMetricFamily(
        "cleanwire_evicted",
        "Articles that this worker evicted for want of memory.",
        value=state.evicted,
    )
    for name, new, total in (
        ("cleanwire_index_articles", "cleanwire_shard_articles", _sum(state, "articles")),
        ("cleanwire_facts", "cleanwire_shard_decisions", _sum(state, "decisions")),
        ("cleanwire_memory_bytes", "cleanwire_state_bytes", state.size),
    ):
        yield GaugeMetricFamily(name, _OLD.format(new), value=total)


def _sum(state: StateSize, name: str) -> int:
    return sum(getattr(shard, name) for shard in state.shards.values())


@functools.cache
def versions() -> dict[str, str]:
    """The versions of what runs, by label; looked up once."""
    found = {"python": platform.python_version()}
    for label, package in PACKAGES.items():
        try:
            found[label] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[label] = "unknown"
    return found


def _build() -> Metric:
    found = versions()
    family = GaugeMetricFamily(
        "cleanwire_build_info", "1, with the versions of what runs.", labels=list(found)
    )
    family.add_metric(list(found.values()), 1)
    return family


def registry(state: State, stages: Stages, memory: MemoryMeter | None = None) -> CollectorRegistry:
    """The registry behind `/metrics`: this view's metrics and those of the process.

    Args:
        state: what the view knows.
        stages: the stages of this process.
        memory: the memory of the worker's processes; None leaves it out.
    """
    collectors = CollectorRegistry()
    collectors.register(_Collector(state, stages, memory or MemoryMeter()))
    ProcessCollector(registry=collectors)
    return collectors


def exposition(collectors: CollectorRegistry) -> bytes:
    """The metrics as UTF-8 bytes in Prometheus' text format."""
    return generate_latest(collectors)
