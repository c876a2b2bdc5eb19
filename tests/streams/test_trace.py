"""A page's trace context on a real broker: from the raw page to its outcome, over all shards."""

import pytest

from helpers.harness import Worker, cleanwire, page, publish, records, wait_for_outcomes
from streams.kafka.topics import ensure_topics
from streams.testing.samples.stories import BRIDGE

pytestmark = pytest.mark.broker

TRACES = [f"00-{number:032x}-{number:016x}-01".encode() for number in range(1, 10)]
STATE = b"vendor=opaque"


def publish_traced(settings, value, trace):
    publish(settings, [value], partition=0, headers=[("traceparent", trace), ("tracestate", STATE)])


def traced(settings, topic):
    """The trace contexts of a topic's records, sorted: they are on several partitions."""
    return sorted(
        [value for name, value in record.headers if name in {"traceparent", "tracestate"}]
        for record in records(settings, topic)
    )


@pytest.mark.parametrize("shards", [1, 3])
def test_every_outcome_has_the_trace_of_its_page(bare_settings, shards):
    settings = bare_settings.model_copy(update={"dedupe_shards": shards})
    ensure_topics(settings)
    story = " ".join(BRIDGE.paragraphs)
    first = page(1, text=story, url="https://a.example/x")
    with Worker(settings):
        publish_traced(settings, first, TRACES[0])
        wait_for_outcomes(settings, 1)
        publish_traced(settings, page(2, text=story, url="https://b.example/x"), TRACES[1])
        publish_traced(settings, b"no page", TRACES[2])
        publish_traced(settings, page(3), b"00-not-valid-01")
        publish(settings, [b"no page either"], partition=0, headers=[("traceparent", b"junk")])
        # The same event again: its outcome is repeated from the state, with the trace it has now.
        publish_traced(settings, first, TRACES[3])
        wait_for_outcomes(settings, 6)
        assert traced(settings, settings.topics.clean) == [
            [],
            [TRACES[0], STATE],
            [TRACES[3], STATE],
        ]
        assert traced(settings, settings.topics.duplicates) == [[TRACES[1], STATE]]
        # A rejected page is copied byte for byte, whatever its headers hold.
        assert traced(settings, settings.topics.rejected) == [[TRACES[2], STATE], [b"junk"]]
        done = cleanwire(settings, "takedown", "https://a.example/x")
        assert done.returncode == 0, done.stderr
        publish_traced(settings, first, TRACES[4])
        wait_for_outcomes(settings, 7)
        assert [TRACES[4], STATE] in traced(settings, settings.topics.rejected)
    # Tombstones and the takedown belong to no page.
    for record in records(settings, settings.topics.candidates):
        names = [name for name, _ in record.headers]
        assert names.count("traceparent") <= 1
        if {"cleanwire.drop", "cleanwire.takedown"} & set(names):
            assert "traceparent" not in names
