"""Partitions that are added to raw-pages while workers run, and before they start."""

import time

import pytest

from helpers.harness import Worker, cleanwire, outcomes, page, publish, wait_for_outcomes
from streams.kafka import clients
from streams.kafka.topics import check_topics, ensure_topics, specs
from streams.ops.audit import audit
from streams.stage import METADATA_SECONDS

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


def partitions(settings):
    with clients.admin(settings) as admin:
        return {
            name.removeprefix(settings.topic_prefix): len(described["partitions"])
            for name in (spec.name for spec in specs(settings))
            for described in admin.describe_topics([name])
        }


@pytest.mark.timeout(300)
def test_topics_grow_says_first_what_it_would_do_and_running_workers_take_what_was_added(settings):
    before = partitions(settings)
    eight = settings.model_copy(update={"raw_partitions": 8})
    with Worker(settings) as worker:
        publish(settings, [page(n) for n in range(40)])
        wait_for_outcomes(settings, 40)

        checked = cleanwire(eight, "topics", "--check")
        assert checked.returncode == 1
        assert "`cleanwire topics --grow` adds partitions" in checked.stdout.decode()
        planned = cleanwire(eight, "topics", "--grow")
        lines = planned.stdout.decode().splitlines()
        prefix = settings.topic_prefix
        assert planned.returncode == 1
        assert f"{prefix}raw-pages: 4 -> 8 partitions" in lines
        assert f"{prefix}rejected-pages: 4 -> 8 partitions" in lines
        assert any(
            line.startswith(f"{prefix}clean-articles stays at 4 partitions, not 8: ")
            for line in lines
        )
        assert lines[-1].startswith("nothing was changed")
        assert partitions(settings) == before

        done = cleanwire(eight, "topics", "--grow", "--yes")
        grown = time.monotonic()
        assert done.returncode == 0, done.stdout
        assert partitions(settings) == before | {"raw-pages": 8, "rejected-pages": 8}
        for number in range(8):
            publish(settings, [page(100 + number), b"no page"], partition=number)
        found = wait_for_outcomes(settings, 56, seconds=60)
        assert time.monotonic() - grown < METADATA_SECONDS + 20
        assert {partition for partition, _ in found} == set(range(8))
        # A worker of the new settings starts beside the old one, and the other way round.
        with Worker(eight):
            publish(settings, [page(200)], partition=7)
            wait_for_outcomes(settings, 57)
        assert worker.stop() == 0
    again = cleanwire(eight, "topics", "--grow", "--yes")
    assert again.returncode == 0
    assert again.stdout.decode().endswith("there is no partition to add\n")
    report, _ = audit(eight)
    assert report.holds
    assert report.raw == 57


def test_topics_grow_refuses_what_resharding_is_for(settings):
    before = partitions(settings)
    two = settings.model_copy(update={"dedupe_shards": 2})
    done = cleanwire(two, "topics", "--grow", "--yes")
    assert done.returncode == 1
    (candidates, changelog, last) = done.stdout.decode().splitlines()
    for line, name in ((candidates, "candidates"), (changelog, "cleanwire-dedupe-facts-changelog")):
        assert line.startswith(f"{settings.topic_prefix}{name} stays at 1 partition, not 2: ")
        assert line.endswith("run `cleanwire reshard`")
    assert last == "there is no partition to add"
    assert partitions(settings) == before


def test_topics_grow_makes_no_topics(bare_settings):
    done = cleanwire(bare_settings, "topics", "--grow", "--yes")
    assert done.returncode == 3
    assert b"raw-pages is missing; run `cleanwire topics`" in done.stderr


def test_topics_options_that_contradict_each_other_are_bad_usage(bare_settings):
    assert cleanwire(bare_settings, "topics", "--check", "--grow").returncode == 2
    assert cleanwire(bare_settings, "topics", "--yes").returncode == 2
