"""Partitions that are added to raw-pages while workers run, and before they start."""

import time

import pytest

from helpers.harness import Worker, cleanwire, outcomes, page, publish, wait_for_outcomes
from streams.kafka import clients
from streams.kafka.topics import check_topics, ensure_topics
from streams.ops.audit import audit

pytestmark = pytest.mark.broker


def grow(settings, partitions):
    with clients.admin(settings) as admin:
        admin.create_partitions({settings.topics.raw: partitions})


@pytest.mark.timeout(300)
@pytest.mark.parametrize("names", [(None, None), ("a", "b")], ids=["dynamic", "static"])
def test_added_partitions_are_read_within_a_minute_and_after_a_restart(settings, names):
    count = 2
    one, two = (settings.model_copy(update={"instance_id": name}) for name in names)
    with Worker(one) as worker, Worker(two) as other:
        publish(settings, [page(0), page(1)])
        wait_for_outcomes(settings, count)
        grow(settings, 6)
        grown = time.monotonic()
        publish(settings, [page(2)], partition=4)
        publish(settings, [page(3)], partition=5)
        publish(settings, [page(4)], partition=0)
        count += 3
        wait_for_outcomes(settings, count, seconds=60 - (time.monotonic() - grown))
        assert worker.stop() == 0
        assert other.stop() == 0
    assert check_topics(settings) == []
    checked = cleanwire(settings, "topics", "--check")
    assert checked.returncode == 0, checked.stdout
    assert ensure_topics(settings) == []
    with Worker(settings):
        for partition in range(6):
            publish(settings, [page(10 + partition)], partition=partition)
        count += 6
        found = wait_for_outcomes(settings, count)
        assert {partition for partition, _ in found} >= {4, 5}
    report, _ = audit(settings)
    assert report.holds
    assert report.raw == count
    assert len(outcomes(settings)) == count
