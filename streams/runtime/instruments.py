"""What one stage of this worker has done, as counters and histograms for Prometheus.

Invariants:

- Every counter starts at 0 when the worker starts, and counts only what this worker did. So the sum
  of all workers is right, and so is an increase over restarts.
- A page is counted once for each time that its outcome was acknowledged by the brokers and its
  event was acked. An event that is delivered again was worked on again, and is counted again.
- Every series exists from the start, at 0, because Prometheus does not see the increase of a series
  that appears with its first event.
- Every label value comes from a fixed set, never from a page.
- Each `Instruments` has a registry of its own. Apps in one process share nothing.
"""

import dataclasses
import time
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import Metric

from streams.kafka.outcome_topics import KINDS, OTHER, OutcomeTopic

CLEAN_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Upper bounds of the buckets. Most pages take milliseconds; `CLEANWIRE_PAGE_TIME_LIMIT`
bounds a page's."""

DECIDE_SECONDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5)

ARRIVAL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400)

FETCH_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 21600, 86400, 259200, 604800)

OUTCOMES_OF: dict[str, tuple[OutcomeTopic, ...]] = {
    "extract": ("rejected",),
    "dedupe": ("clean", "duplicate", "rejected"),
}
"""The outcomes that each stage publishes."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CountedPage:
    """A page whose outcome a record publishes.

    Attributes:
        outcome: the topic that the record goes to.
        kind: one of `KINDS[outcome]`; a rejected page's kind is its reason.
        arrived: when the page came to `raw-pages`, in seconds since the epoch; None if that is not
            known.
        fetched: when the page was fetched, likewise.
    """

    outcome: OutcomeTopic
    kind: str
    arrived: float | None = None
    fetched: float | None = None


class Instruments:
    """The counters and histograms of one stage.

    Args:
        stage: the stage's name.
    """

    def __init__(self, stage: str) -> None:
        self._registry = CollectorRegistry()
        self._events = self._counter("events", "Events that a stage of this worker acked.", stage)
        self._input = self._counter(
            "input_bytes", "Bytes of the values of the acked events, uncompressed.", stage
        )
        self._output = self._counter(
            "output_bytes", "Bytes of the values of all records that they led to.", stage
        )
        pages = Counter(
            "cleanwire_pages",
            "Pages whose outcome this worker published. The kind of a rejected page is its reason.",
            ["stage", "outcome", "kind"],
            registry=self._registry,
        )
        since_arrival = Histogram(
            "cleanwire_arrival_to_outcome_seconds",
            "Seconds from a page's arrival on raw-pages until its outcome was acknowledged.",
            ["stage", "outcome"],
            buckets=ARRIVAL_SECONDS,
            registry=self._registry,
        )
        outcomes = OUTCOMES_OF.get(stage, ())
        self._pages = {
            (outcome, kind): pages.labels(stage, outcome, kind)
            for outcome in outcomes
            for kind in (*KINDS[outcome], OTHER)
        }
        self._since_arrival = {name: since_arrival.labels(stage, name) for name in outcomes}
        self._since_fetch: dict[str, Histogram] = {}
        self._clean = self._decide = None
        if stage == "extract":
            self._clean = self._histogram(
                "clean",
                "Seconds that a cleaning process took for one page, without the wait for it.",
                CLEAN_SECONDS,
            )
        if stage == "dedupe":
            self._decide = self._histogram(
                "decide", "Seconds that a shard took for one candidate.", DECIDE_SECONDS
            )
            since_fetch = Histogram(
                "cleanwire_fetch_to_outcome_seconds",
                "Seconds from a page's fetch (fetched_at) until its outcome was acknowledged.",
                ["stage", "outcome"],
                buckets=FETCH_SECONDS,
                registry=self._registry,
            )
            self._since_fetch = {
                name: since_fetch.labels(stage, name) for name in ("clean", "duplicate")
            }

    def cleaned(self, seconds: float) -> None:
        """Note how long a cleaning process took for a page."""
        if self._clean is not None:
            self._clean.observe(seconds)

    def decided(self, seconds: float) -> None:
        """Note how long a shard took for a candidate."""
        if self._decide is not None:
            self._decide.observe(seconds)

    def acked(self, read: int, written: int, pages: Iterable[CountedPage]) -> None:
        """Count an event that is acked.

        Args:
            read: bytes of the event's value.
            written: bytes of the values of all records that it led to.
            pages: the pages whose outcomes are among these records.
        """
        self._events.inc()
        self._input.inc(read)
        self._output.inc(written)
        for page in pages:
            self._count(page, time.time())

    def collect(self) -> Iterator[Metric]:
        """The metric families, without the times at which their series were made."""
        for family in self._registry.collect():
            family.samples = [one for one in family.samples if not one.name.endswith("_created")]
            yield family

    def _count(self, page: CountedPage, now: float) -> None:
        kind = page.kind if (page.outcome, page.kind) in self._pages else OTHER
        self._pages[page.outcome, kind].inc()
        # A record without a timestamp has -1, or 0.
        if page.arrived is not None and page.arrived > 0:
            # The clocks of brokers and crawlers may be ahead of this one.
            self._since_arrival[page.outcome].observe(max(0.0, now - page.arrived))
        if page.fetched is not None and page.outcome in self._since_fetch:
            self._since_fetch[page.outcome].observe(max(0.0, now - page.fetched))

    def _counter(self, name: str, text: str, stage: str) -> Counter:
        counter = Counter(f"cleanwire_{name}", text, ["stage"], registry=self._registry)
        return counter.labels(stage)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(
            f"cleanwire_{name}_seconds", text, buckets=buckets, registry=self._registry
        )
