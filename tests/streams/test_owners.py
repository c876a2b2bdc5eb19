"""A lagging partition without an owner makes a worker not ready, and says which one it is."""

import json
import time

import pytest

from helpers.harness import Worker, page, publish, records
from streams.web.reading.owners import Group, Owners
from streams.web.reading.state import Lag

GROUP, TOPIC = "cleanwire-extract", "raw-pages"


def lag(partition=3, records=7, **more):
    return Lag(group=GROUP, topic=TOPIC, partition=partition, records=records, **more)


def group(*owned, is_at_rest=True):
    return {GROUP: Group(is_at_rest=is_at_rest, owned={(TOPIC, number) for number in owned})}


def owners():
    return Owners({GROUP: "extract"}, 30)


def test_it_is_reported_after_the_whole_limit_and_named():
    found = owners()
    for now in range(0, 30, 3):
        found.note(now, [lag(), lag(2)], group(0, 1, 2))
        assert not found.missing
    found.note(30, [lag(), lag(2)], group(0, 1, 2))
    assert found.missing == {
        "extract": "group cleanwire-extract has no owner for raw-pages partition 3, 7 behind, for 30 s"
    }
    found.note(33, [lag()], group(0, 1, 2, 3))
    assert not found.missing


@pytest.mark.parametrize(
    "between",
    [
        lambda found: found.note(29, [lag()], group(0, is_at_rest=False)),
        lambda found: found.note(29, [lag()], group(0, 3)),
        lambda found: found.note(29, [lag(records=0)], group(0)),
        lambda found: found.note(29, [lag(held=7)], group(0)),
        lambda found: found.note(29, [], {}),
        lambda found: found.forget(),
    ],
)
def test_what_ends_it_begins_the_time_anew(between):
    found = owners()
    found.note(0, [lag()], group(0))
    between(found)
    found.note(31, [lag()], group(0))
    assert not found.missing
    found.note(61, [lag()], group(0))
    assert found.missing


def test_a_group_without_members_has_no_owners_and_another_group_does_not_count():
    found = owners()
    other = Lag(group="else", topic=TOPIC, partition=0, records=9)
    for now in (0, 30):
        found.note(now, [other], {})
        assert not found.missing
    for now in (60, 90):
        found.note(now, [lag(), other], group())
    assert found.missing


LEAVES_OUT_PARTITION_3 = """
from faust.assignor.copartitioned_assignor import CopartitionedAssignor as Assignor
assign = Assignor.get_assignment
def get_assignment(self):
    found = assign(self)
    for of_client in found.values():
        if any("raw-pages" in topic for topic in of_client.topics):
            of_client.actives.discard(3)
    return found
Assignor.get_assignment = get_assignment
from streams.cli.main import main
main(["worker"])
"""


@pytest.mark.broker
def test_a_partition_that_the_groups_leader_left_out(settings):
    topic = settings.topics.raw
    with Worker(settings, command=("-c", LEAVES_OUT_PARTITION_3)) as worker:
        time.sleep(3 * settings.session_timeout + 6)
        # Nobody waits for an idle partition.
        assert worker.get("/readyz")[0] == 200
        publish(settings, [page(1)], partition=3)
        began = time.monotonic()
        while worker.get("/readyz")[0] == 200:
            assert time.monotonic() - began < 60
            time.sleep(0.5)
        assert time.monotonic() - began >= 3 * settings.session_timeout
        status, body, _ = worker.get("/readyz")
        why = json.loads(body)["missing"]["extract"]
        assert status == 503
        assert f"group {settings.topic_prefix}cleanwire-extract has no owner for {topic}" in why
        assert "partition 3, 1 behind" in why
        # The other partitions are worked on all the same.
        assert worker.get("/healthz")[0] == 200
        publish(settings, [page(2)], partition=0)
        while not records(settings, settings.topics.clean):
            assert time.monotonic() - began < 90
            time.sleep(0.5)
        # A member that joins makes the group assign anew; that one leads when the other one leaves.
        with Worker(settings) as other:
            assert worker.stop() == 0
            while len(records(settings, settings.topics.clean)) < 2:
                assert time.monotonic() - began < 150
                time.sleep(0.5)
            assert other.get("/readyz")[0] == 200
