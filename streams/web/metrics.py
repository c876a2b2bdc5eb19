"""`/metrics`: the state in Prometheus' text format.

Invariant: the metrics have a registry of their own, are made from the state when they are asked
for, and take every label from a bounded set, never from a page. Names follow
https://prometheus.io/docs/practices/naming/.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.web.feed import READ_BACK
from streams.web.probes import Stages
from streams.web.state import State
from streams.web.store.record import KINDS, OTHER

_COUNTED = (
    f"since this worker started, of all workers, and up to {READ_BACK} a partition before that"
)


class _Collector(Collector):
    def __init__(self, state: State, stages: Stages) -> None:
        self._state = state
        self._stages = stages

    def collect(self) -> Iterator[Metric]:
        """All metrics except those of the process."""
        yield from self._of_the_topics()
        yield from self._of_this_worker()

    def _of_the_topics(self) -> Iterator[Metric]:
        state = self._state
        outcomes = CounterMetricFamily(
            "cleanwire_outcomes",
            f"Records seen on the outcome topics {_COUNTED}.",
            labels=["outcome", "kind"],
        )
        rejected = CounterMetricFamily(
            "cleanwire_rejected",
            f"Rejected pages by reason, seen on their topic {_COUNTED}.",
            labels=["reason"],
        )
        for outcome, kinds in KINDS.items():
            for kind in (*kinds, OTHER):
                count = state.counts[outcome, kind]
                outcomes.add_metric([outcome, kind], count)
                if outcome == "rejected":
                    rejected.add_metric([kind], count)
        yield outcomes
        yield rejected
        yield CounterMetricFamily(
            "cleanwire_view_unreadable",
            "Records on the outcome topics that are none of ours.",
            value=state.unreadable,
        )
        lag = GaugeMetricFamily(
            "cleanwire_lag",
            "Records that a consumer group is behind the end of a partition.",
            labels=["group", "topic", "partition"],
        )
        held = GaugeMetricFamily(
            "cleanwire_lag_held",
            "Records of the lag that wait for the end of an open transaction.",
            labels=["group", "topic", "partition"],
        )
        unread = GaugeMetricFamily(
            "cleanwire_unread_records",
            "Records that retention deleted before a consumer group read them.",
            labels=["group", "topic", "partition"],
        )
        for entry in state.lags:
            labels = [entry.group, entry.topic, str(entry.partition)]
            lag.add_metric(labels, entry.records)
            held.add_metric(labels, entry.held)
            unread.add_metric(labels, entry.unread)
        yield lag
        yield held
        yield unread
        yield GaugeMetricFamily(
            "cleanwire_view_up",
            "1 while the view reads Kafka; else lag and outcomes are old.",
            value=0 if state.stale() else 1,
        )

    def _of_this_worker(self) -> Iterator[Metric]:
        stages = self._stages
        flying = GaugeMetricFamily(
            "cleanwire_in_flight",
            "Events that a stage of this worker has read and not acked.",
            labels=["stage"],
        )
        for stage, count in stages.in_flight().items():
            flying.add_metric([stage], count)
        yield flying
        ready = GaugeMetricFamily(
            "cleanwire_stage_ready", "Whether a stage of this worker is ready.", labels=["stage"]
        )
        for stage, missing in stages.missing().items():
            ready.add_metric([stage], 0 if missing else 1)
        yield ready
        state = stages.state()
        if state is not None:
            yield GaugeMetricFamily(
                "cleanwire_index_articles",
                "Published articles that later pages are matched against, in this worker.",
                value=state.articles,
            )
            yield GaugeMetricFamily(
                "cleanwire_facts", "Decisions that this worker keeps.", value=state.decisions
            )
            yield GaugeMetricFamily(
                "cleanwire_memory_bytes", "Bytes of both, in this worker.", value=state.size
            )
            yield CounterMetricFamily(
                "cleanwire_evicted",
                "Articles that this worker evicted for want of memory.",
                value=state.evicted,
            )
            fill = GaugeMetricFamily(
                "cleanwire_shard_fill_ratio",
                "How full a shard of this worker is, of a limit; at 1 it evicts its oldest.",
                labels=["shard", "limit"],
            )
            for shard, limits in state.fill.items():
                for limit, share in limits.items():
                    fill.add_metric([str(shard), limit], share)
            yield fill


def registry(state: State, stages: Stages) -> CollectorRegistry:
    """The registry behind `/metrics`: this view's metrics and those of the process."""
    collectors = CollectorRegistry()
    collectors.register(_Collector(state, stages))
    ProcessCollector(registry=collectors)
    return collectors


def exposition(collectors: CollectorRegistry) -> bytes:
    """The metrics as UTF-8 bytes in Prometheus' text format."""
    return generate_latest(collectors)
