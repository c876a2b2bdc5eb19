"""What docs/howto/backup.md promises: a restored broker goes on, and what each loss costs."""

import shutil
import time
import uuid

import pytest

from helpers.harness import (
    Worker,
    cleanwire,
    page,
    publish,
    records,
    wait_for_outcomes,
)
from streams.kafka import clients, layout
from streams.kafka.topics import changelog, ensure_topics
from streams.ops.audit import audit
from streams.settings import Settings
from streams.testing.broker import EmbeddedBroker

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

STORY = "The council of the harbour town voted on Monday to widen the old bridge by two lanes. " * 6


def sighting(number):
    return page(number, text=STORY, url=f"https://site{number}.example/story")


def kinds(found, *offsets):
    """What became of the pages at these offsets of partition 0, without repetitions."""
    return [
        {event.get("kind", name) if name == "duplicate" else name for name, event in found[0, offset]}
        for offset in offsets
    ]  # fmt: skip


def delete(settings, topic):
    with clients.admin(settings) as admin:
        admin.delete_topics([topic])


def test_a_cold_copy_of_a_broker_goes_on_elsewhere(tmp_path):
    """Three pages are done when it is copied, and two wait: of `extract` one, of `dedupe` one."""
    folder = tmp_path / "one"
    with EmbeddedBroker(folder) as broker:
        settings = Settings(
            broker=broker.address, data_dir=tmp_path / "data", clean_processes=1, session_timeout=6
        )
        ensure_topics(settings)
        with Worker(settings):
            publish(settings, [sighting(0), page(1), b"no json"], partition=0)
            wait_for_outcomes(settings, 3)
        with Worker(settings, "--stage", "extract"):
            publish(settings, [sighting(3)], partition=0)
            wait_for_candidates(settings, 3)
        publish(settings, [sighting(4)], partition=0)
        before = layout.read(settings)
    shutil.copytree(folder, tmp_path / "two")
    shutil.rmtree(folder)
    shutil.rmtree(tmp_path / "data")
    with EmbeddedBroker(tmp_path / "two") as broker:
        moved = settings.model_copy(update={"broker": broker.address})
        done = cleanwire(moved, "topics", "--check")
        assert done.returncode == 0, done.stdout
        with Worker(moved):
            found = wait_for_outcomes(moved, 5)
        # The ids of the topics came along, so nothing is read again.
        assert layout.read(moved) == before
        assert kinds(found, 0, 1, 2, 3, 4) == [
            {"clean"},
            {"clean"},
            {"rejected"},
            {"exact"},
            {"exact"},
        ]
        assert all(len(each) == 1 for each in found.values())
        report, unreadable = audit(moved)
        assert report.holds, report
        assert not unreadable


def wait_for_candidates(settings, count):
    for _ in range(100):
        if len(records(settings, settings.topics.candidates)) >= count:
            return
    raise AssertionError(f"{count} candidates do not come")


def test_without_its_changelog_dedupe_publishes_old_stories_again_once(
    settings,
):
    with Worker(settings):
        publish(settings, [sighting(0), sighting(1)], partition=0)
        found = wait_for_outcomes(settings, 2)
    assert kinds(found, 0, 1) == [{"clean"}, {"exact"}]
    [(_, first)] = found[0, 0]
    done = cleanwire(settings, "takedown", first["id"])
    assert done.returncode in {0, 1}, done.stderr
    delete(settings, changelog(settings))
    # A worker does not make an empty one in silence.
    refused = cleanwire(settings, "worker", "--without-web")
    assert refused.returncode == 3
    assert b"is missing; run `cleanwire topics`" in refused.stderr
    assert cleanwire(settings, "topics").returncode == 0
    with Worker(settings):
        publish(settings, [sighting(2), sighting(3)], partition=0)
        found = wait_for_outcomes(settings, 4)
    # The story is new again, once, and its copies are copies again.
    assert kinds(found, 2, 3) == [{"clean"}, {"exact"}]
    report, _ = audit(settings)
    assert report.outcomes == {"clean": 2, "duplicate": 2, "rejected": 0}


def test_without_its_committed_offsets_a_worker_repeats_and_changes_nothing(settings):
    with Worker(settings):
        publish(settings, [sighting(0), sighting(1), page(2)], partition=0)
        before = wait_for_outcomes(settings, 3)
    with clients.admin(settings) as admin:
        admin.delete_groups([f"{settings.topic_prefix}cleanwire-{one}" for one in ("extract", "dedupe")])  # fmt: skip
    with Worker(settings):
        publish(settings, [sighting(3)], partition=0)
        after = wait_for_outcomes(settings, 4)
    assert kinds(after, 0, 1, 2) == kinds(before, 0, 1, 2)
    assert kinds(after, 3) == [{"exact"}]
    report, _ = audit(settings)
    assert report.holds, report


def test_without_its_layout_the_settings_are_taken_for_it(settings):
    with Worker(settings):
        publish(settings, [sighting(0)], partition=0)
        wait_for_outcomes(settings, 1)
    before = layout.read(settings)
    delete(settings, layout.topic(settings))
    assert cleanwire(settings, "topics").returncode == 0
    with Worker(settings):
        publish(settings, [sighting(1)], partition=0)
        found = wait_for_outcomes(settings, 2)
    assert kinds(found, 1) == [{"exact"}]
    assert layout.read(settings) == before
    assert audit(settings)[0].holds


def test_a_second_worker_of_the_same_name_ends_one_of_the_two_and_loses_nothing(settings):
    """As a ReplicaSet with one name for all its pods would have it (FENCED_INSTANCE_ID)."""
    named = settings.model_copy(update={"instance_id": f"w{uuid.uuid4().hex[:6]}"})
    with Worker(named) as first:
        publish(named, [page(0)], partition=0)
        wait_for_outcomes(named, 1)
        second = Worker(named).start()
        try:
            publish(named, [page(1)], partition=0)
            deadline = time.monotonic() + 60
            while None in (ended := [one.process.poll() for one in (first, second)]):
                if any(ended) or time.monotonic() > deadline:
                    break
                time.sleep(0.2)
            assert any(ended)
            said = [one.log.read_text() for one in (first, second)]
            assert any("its client has given up its place in the group" in text for text in said)
            found = wait_for_outcomes(named, 2)
        finally:
            second.kill()
            first.kill()
    assert kinds(found, 0, 1) == [{"clean"}, {"clean"}]
