"""What a worker says on /metrics of pages that it worked on, on a real broker."""

import sys
import time

import pytest

from helpers.harness import Worker, metric, page, publish, wait_for, wait_for_outcomes
from streams.kafka.topics import ensure_topics

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]


@pytest.mark.parametrize("shards", [1, 2])
def test_a_worker_tells_what_it_did_and_how_long_it_took(bare_settings, shards):
    settings = bare_settings.model_copy(update={"dedupe_shards": shards})
    ensure_topics(settings)
    story = " ".join(f"w{place} tells of{place} it." for place in range(30))
    values = [
        page(1, text=story),
        page(2, text=story),
        page(3),
        b"not json",
    ]
    began = time.time()
    with Worker(settings) as worker:
        publish(settings, values, partition=0)
        wait_for_outcomes(settings, len(values))
        for kind, outcome, stage, count in (
            ("new", "clean", "dedupe", 2),
            ("exact", "duplicate", "dedupe", 1),
            ("not-json", "rejected", "extract", 1),
            ("no-article", "rejected", "extract", 0),
        ):
            labels = f'kind="{kind}",outcome="{outcome}",stage="{stage}"'
            wait_for(worker, f"cleanwire_pages_total{{{labels}}}", count)
        wait_for(worker, 'cleanwire_events_total{stage="extract"}', 4)
        wait_for(worker, 'cleanwire_input_bytes_total{stage="extract"}', sum(map(len, values)))
        assert metric(worker, 'cleanwire_output_bytes_total{stage="dedupe"}') > 1000
        # Without the page that starts the processes.
        wait_for(worker, "cleanwire_clean_seconds_count", 4)
        assert metric(worker, "cleanwire_decide_seconds_count") >= 3 * shards
        for outcome, stage, count in (
            ("clean", "dedupe", 2),
            ("duplicate", "dedupe", 1),
            ("rejected", "extract", 1),
        ):
            labels = f'{{outcome="{outcome}",stage="{stage}"}}'
            name = "cleanwire_arrival_to_outcome_seconds"
            # Its time of arrival came through every shard.
            wait_for(worker, f"{name}_count{labels}", count)
            assert 0 < metric(worker, f"{name}_sum{labels}") < count * (time.time() - began)
        fetched = 'cleanwire_fetch_to_outcome_seconds_%s{outcome="clean",stage="dedupe"}'
        wait_for(worker, fetched % "count", 2)
        # The pages say 2026-11-03T10:00:00Z.
        expected = 2 * max(0.0, time.time() - 1793700000)
        assert metric(worker, fetched % "sum") == pytest.approx(expected, abs=240)
        group = f'group="{settings.topic_prefix}cleanwire-extract",partition="0"'
        wait_for(worker, f"cleanwire_lag_seconds{{{group}", 0)
        wait_for(worker, f"cleanwire_partition_assigned{{{group}", 1)
        assert metric(worker, 'cleanwire_rebalances_total{stage="extract"}') >= 1
        for shard in range(shards):
            labels = f'{{shard="{shard}"}}'
            assert metric(worker, f"cleanwire_shard_articles_limit{labels}") > 16_000_000
            limit = metric(worker, f"cleanwire_shard_content_limit_bytes{labels}")
            assert limit == settings.dedupe_memory
        if sys.platform == "linux":
            for process in ('number="0",process="worker"', 'number="0",process="cleaning"'):
                size = metric(worker, f"cleanwire_process_resident_bytes{{{process}}}")
                assert 50e6 < size < 1e9
                share = metric(worker, f"cleanwire_process_proportional_bytes{{{process}}}")
                assert 0 < share <= size
