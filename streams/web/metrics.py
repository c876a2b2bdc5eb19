"""`/metrics`: the state in Prometheus' text format.

The rule here: a registry of its own, made of the state at the time of asking.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.web.probes import Stages
from streams.web.state import State


class _Collector(Collector):
    def __init__(self, state: State, stages: Stages) -> None:
        self._state = state
        self._stages = stages

    def collect(self) -> Iterator[Metric]:
        """The metrics of all workers' outcomes, and of this worker's stages."""
        outcomes = CounterMetricFamily(
            "cleanwire_outcomes",
            "Outcomes seen on the topics since this worker started, of all workers.",
            labels=["outcome", "kind"],
        )
        for (outcome, kind), count in sorted(self._state.counts.items()):
            outcomes.add_metric([outcome, kind], count)
        yield outcomes
        lag = GaugeMetricFamily(
            "cleanwire_lag_records",
            "Records that a consumer group is behind.",
            labels=["group", "topic", "partition"],
        )
        for entry in self._state.lags:
            if entry.records is not None:
                lag.add_metric([entry.group, entry.topic, str(entry.partition)], entry.records)
        yield lag
        yield GaugeMetricFamily(
            "cleanwire_view_up",
            "Whether the view can read the bus.",
            value=0 if self._state.fault else 1,
        )
        ready = GaugeMetricFamily(
            "cleanwire_stage_ready", "Whether a stage of this worker is ready.", labels=["stage"]
        )
        for stage, missing in self._stages.missing().items():
            ready.add_metric([stage], 0 if missing else 1)
        yield ready
        articles, facts = self._stages.memory()
        yield GaugeMetricFamily(
            "cleanwire_index_articles", "Published articles in this worker's index.", value=articles
        )
        yield GaugeMetricFamily(
            "cleanwire_facts", "Decisions that this worker remembers.", value=facts
        )


def registry(state: State, stages: Stages) -> CollectorRegistry:
    """The registry behind `/metrics`."""
    collectors = CollectorRegistry()
    collectors.register(_Collector(state, stages))
    ProcessCollector(registry=collectors)
    return collectors


def exposition(collectors: CollectorRegistry) -> bytes:
    """The text that Prometheus reads."""
    return generate_latest(collectors)
