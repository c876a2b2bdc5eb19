"""A real Prometheus scrapes real workers, over a restart of one of them."""

import contextlib
import time

import pytest

from helpers.harness import Worker, page, publish, wait_for_outcomes
from helpers.prometheus import Prometheus, binary

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]

PAGES = "cleanwire_pages_total"


def pages(first, count):
    """New pages and broken ones in turn."""
    return [page(n) if n % 4 else b"not json" for n in range(first, first + count)]


def test_sum_and_increase_over_workers_and_a_restart_are_the_pages_that_were_sent(
    settings, tmp_path
):
    binary("prometheus")
    with contextlib.ExitStack() as stack:
        one, two = Worker(settings), Worker(settings)
        for worker in (one, two):
            stack.enter_context(worker)
        ports = [worker.settings.web_port for worker in (one, two)]
        prometheus = stack.enter_context(Prometheus(tmp_path / "prometheus", ports))
        prometheus.wait_for(f"count(sum by (instance) ({PAGES}))", 2)
        assert prometheus.value(f"sum({PAGES})") == 0

        for number, value in enumerate(pages(0, 20)):
            publish(settings, [value], partition=number % settings.raw_partitions)
        wait_for_outcomes(settings, 20)
        prometheus.wait_for(f"sum({PAGES})", 20)
        assert prometheus.value(f'sum({PAGES}{{outcome="rejected"}})') == 5
        assert prometheus.value(f'sum({PAGES}{{kind="new"}})') == 15

        instance = f'instance="127.0.0.1:{one.settings.web_port}"'
        began = prometheus.value(f"process_start_time_seconds{{{instance}}}")
        assert one.stop() == 0
        one.start().wait_until_ready()
        started = f"process_start_time_seconds{{{instance}}} > bool {began}"
        prometheus.wait_for(started, 1)
        # Twenty outcomes are on the topics. The worker that started again has done none of them.
        prometheus.wait_for(f"sum({PAGES}{{{instance}}})", 0)

        for number, value in enumerate(pages(20, 12)):
            publish(settings, [value], partition=number % settings.raw_partitions)
        wait_for_outcomes(settings, 32)
        assert _increase(prometheus, 32) == pytest.approx(32)
        assert _increase(prometheus, 8, '{outcome="rejected"}') == pytest.approx(8)
        events = _increase(prometheus, 32, '{stage="extract"}', "cleanwire_events_total")
        assert events == pytest.approx(32)
        # No worker goes on to name a partition that another one has by now (robinhood/faust#610).
        owned = "count by (group, topic, partition) (cleanwire_partition_assigned)"
        prometheus.wait_for(f"count({owned} == 1)", settings.raw_partitions + 1)
        assert prometheus.ask(f"{owned} > 1") == {}
        # A partition that nobody has would be in the first set and not in the second.
        orphans = "cleanwire_lag unless on (topic, partition) cleanwire_partition_assigned"
        assert prometheus.ask(orphans) == {}
        prometheus.wait_for("max(cleanwire_lag_seconds)", 0)


def _increase(prometheus, expected, labels="", name=PAGES):
    """The increase of all workers, without what `increase` adds for the time between scrapes.

    `increase` extrapolates to the end of its range. At the time of a series' last sample, nothing
    is left to extrapolate.
    """

    deadline = time.monotonic() + 60
    while True:
        total = 0.0
        for found, at in prometheus.ask(f"timestamp({name}{labels})").items():
            chosen = ",".join(f'{key}="{value}"' for key, value in found)
            total += prometheus.value(f"increase({name}{{{chosen}}}[10m])", at) or 0.0
        if total > expected - 0.01 or time.monotonic() > deadline:
            return total
        time.sleep(0.5)
