"""Groups whose committed offset does not count any more, on a real broker. Nothing is passed over."""

import contextlib
import dataclasses
import os
import signal
import threading
import time

import orjson
import pytest
from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from helpers.harness import Worker, cleanwire, publish, records
from streams.kafka import clients, layout
from streams.kafka.headers import SOURCE_ID
from streams.kafka.offsets import Note
from streams.kafka.topic_ids import ids_of
from streams.kafka.topic_reader import commits
from streams.kafka.topics import ensure_topics, specs
from streams.ops.audit import audit
from streams.stage import app_id

pytestmark = pytest.mark.broker


@pytest.fixture
def settings(bare_settings):
    """One partition, so that places are known."""
    one = bare_settings.model_copy(update={"raw_partitions": 1, "clean_processes": 1})
    ensure_topics(one)
    return one


def page(name, text=None):
    words = " ".join(f"w{text or name}x{place} tells of{place} it." for place in range(30))
    return orjson.dumps(
        {
            "url": f"https://{name}.example/a",
            "fetched_at": "2026-11-03T10:00:00Z",
            "body": f"<html><body><h1>Report {text or name}</h1><p>{words}</p></body></html>",
        }
    )


def put(settings, name, count):
    publish(settings, [page(f"{name}{number}") for number in range(count)], partition=0)


def told(settings):
    """The names of the pages that have an outcome, with the outcome."""
    found = {}
    for topic in (settings.topics.clean, settings.topics.duplicates):
        for record in records(settings, topic):
            if record.value is not None:
                event = orjson.loads(record.value)
                found.setdefault(event["url"].split("/")[2].split(".")[0], set()).add(
                    (topic, event.get("duplicate_of_url"))
                )
    return found


def wait_for(settings, name, numbers, seconds=60):
    deadline = time.monotonic() + seconds
    wanted = {f"{name}{number}" for number in numbers}
    while left := wanted - told(settings).keys():
        assert time.monotonic() < deadline, f"no outcome: {sorted(left)}"
        time.sleep(0.3)


def committed(settings, stage="extract"):
    topic = settings.topics.raw if stage == "extract" else settings.topics.candidates
    found = commits(settings, app_id(settings, stage), topic)
    return found.get(TopicPartition(topic, 0), (None, None))


def wait_for_commit(settings, offset, stage="extract"):
    deadline = time.monotonic() + 30
    while committed(settings, stage)[0] != offset:
        assert time.monotonic() < deadline, committed(settings, stage)
        time.sleep(0.2)


def commit(settings, offset, note=""):
    place = TopicPartition(settings.topics.raw, 0)
    with clients.admin(settings) as admin:
        admin.alter_group_offsets(
            app_id(settings, "extract"), {place: OffsetAndMetadata(offset, note, -1)}
        )


def cut(settings, offset):
    with clients.admin(settings) as admin:
        admin.delete_records({TopicPartition(settings.topics.raw, 0): offset})


@contextlib.contextmanager
def unready(worker):
    """What a worker has answered so far while it was not ready."""
    answers, ended = [], threading.Event()

    def ask():
        while not ended.wait(0.1):
            with contextlib.suppress(OSError):
                status, body, _ = worker.get("/readyz")
                answers.extend([body] if status == 503 else [])

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        ended.set()
        thread.join()


def delete(settings, topic):
    with clients.admin(settings) as admin:
        admin.delete_topics([topic])
        while topic in ids_of(admin, [topic]):
            time.sleep(0.05)


def create(settings, topic):
    """Create a topic as another tool would."""
    spec = next(spec for spec in specs(settings) if spec.name == topic)
    wanted = {"num_partitions": 1, "replication_factor": 1, "configs": dict(spec.config)}
    with clients.admin(settings) as admin:
        admin.create_topics({topic: wanted}, wait_for_metadata=True)


def make_again(settings, topic):
    delete(settings, topic)
    ensure_topics(settings)


def beyond(settings):
    commit(settings, 1000)
    return 0, "committed offset 1000 is beyond the end"


def overtaken(settings):
    cut(settings, 8)
    return 8, "committed offset 5 was deleted before it was read"


def another(settings):
    commit(settings, 7, Note(topic="AAAAAAAAAAAAAAAAAAAAAA").pack())
    return 0, "committed offset 7 is of a topic that was deleted and made again"


@pytest.mark.parametrize("happens", [beyond, overtaken, another])
@pytest.mark.timeout(180)
def test_a_stopped_group_goes_on_at_the_earliest_record(settings, happens):
    put(settings, "a", 5)
    with Worker(settings):
        wait_for_commit(settings, 5)
        wait_for_commit(settings, 5, "dedupe")
    put(settings, "b", 7)
    first, why = happens(settings)
    done = cleanwire(settings, "audit")
    assert done.returncode == 4, done
    assert f"{settings.topics.raw} partition 0: {why}; the log has offsets {first} to 12" in (
        said := done.stdout.decode()
    )
    assert ("unread: 3 records of partition 0 were deleted by retention" in said) == (first == 8)
    with Worker(settings) as worker:
        wait_for(settings, "b", range(max(0, first - 5), 7))
        wait_for_commit(settings, 12)
        wait_for_commit(settings, len(records(settings, settings.topics.candidates)), "dedupe")
        assert worker.log.read_text().count(f"{why}; the log has offsets {first} to 12") == 1
        group = app_id(settings, "extract")
        labels = f'{{group="{group}",partition="0",topic="{settings.topics.raw}"}}'
        expected = f"cleanwire_unread_records{labels} {3.0 if first == 8 else 0.0}"
        deadline = time.monotonic() + 20
        while expected not in (metrics := worker.get("/metrics")[1]):
            assert time.monotonic() < deadline, metrics
            time.sleep(0.5)
    # To the end, whatever made a worker commit.
    with clients.admin(settings) as admin:
        topic_id = ids_of(admin, [settings.topics.raw])[settings.topics.raw]
    assert Note.unpack(committed(settings)[1]).topic == topic_id
    report, unreadable = audit(settings)
    assert report.holds, report
    assert not unreadable
    assert report.unread == ({0: 3} if first == 8 else {})
    assert (report.raw, report.beyond, report.displaced) == (12 - first, min(first, 5), [])


@pytest.mark.timeout(180)
def test_retention_that_overtakes_a_running_group_is_said_and_it_goes_on(settings):
    put(settings, "a", 5)
    with Worker(settings) as worker:
        wait_for_commit(settings, 5)
        os.killpg(worker.process.pid, signal.SIGSTOP)
        # The first is the answer to what was asked before; the others it would have to ask for.
        put(settings, "b", 1)
        put(settings, "c", 20)
        cut(settings, 16)
        os.killpg(worker.process.pid, signal.SIGCONT)
        wait_for(settings, "c", range(10, 20))
        wait_for_commit(settings, 26)
        assert "deleted before it was read; the log has offsets 16 to 26; goes on at 16" in (
            worker.log.read_text()
        )
        assert worker.stop() == 0
    report, _ = audit(settings)
    assert report.holds
    assert sum(report.unread.values()) in {10, 11}


@pytest.mark.parametrize("pause", [0, 8])
@pytest.mark.timeout(240)
def test_a_topic_that_is_made_again_under_a_worker_is_read_from_its_beginning(settings, pause):
    put(settings, "a", 5)
    with Worker(settings) as worker, unready(worker) as answers:
        wait_for_commit(settings, 5)
        wait_for_commit(settings, 5, "dedupe")
        delete(settings, settings.topics.raw)
        time.sleep(pause)
        if pause:
            assert worker.get("/readyz")[0] == 503
        ensure_topics(settings)
        # More than the old one had: its next offset is in the new log too.
        put(settings, "b", 12)
        wait_for(settings, "b", range(12))
        # Without a pause it can be ready again before it is asked a second time.
        assert answers or not pause
        wait_for_commit(settings, 12)
        # Told by the watch of topics, or by the seek where the client took it anew before.
        assert "made again" in worker.log.read_text()
        assert worker.stop() == 0
    report, unreadable = audit(settings)
    assert report.holds, report
    assert not unreadable
    assert (report.raw, report.outcomes["clean"]) == (12, 12)
    assert report.predecessors >= 5
    assert report.is_whole


@pytest.mark.timeout(180)
def test_a_topic_that_is_made_again_while_no_worker_runs(settings):
    put(settings, "a", 5)
    with Worker(settings):
        wait_for_commit(settings, 5)
        wait_for_commit(settings, 5, "dedupe")
    make_again(settings, settings.topics.raw)
    put(settings, "b", 3)
    with Worker(settings) as worker:
        wait_for(settings, "b", range(3))
        wait_for_commit(settings, 3)
        wait_for_commit(settings, 8, "dedupe")
        assert "nothing is committed" in worker.log.read_text()
    done = cleanwire(settings, "audit")
    assert done.returncode == 0, done
    assert b"5 outcomes of the old one are left out" in done.stdout
    assert b"raw 3 = clean 3 " in done.stdout


@pytest.mark.timeout(180)
def test_outcomes_without_an_id_are_read_as_before(settings):
    put(settings, "a", 2)
    with Worker(settings):
        wait_for_commit(settings, 2)
        wait_for_commit(settings, 2, "dedupe")
    outcome = records(settings, settings.topics.clean)[0]
    old = [header for header in outcome.headers if header[0] != SOURCE_ID]
    make_again(settings, settings.topics.raw)
    publish(settings, [outcome.value], topic=settings.topics.clean, key=outcome.key, headers=old)
    # The offset of the old outcome, and another page there.
    put(settings, "b", 2)
    with Worker(settings):
        wait_for_commit(settings, 2)
        wait_for_commit(settings, 4, "dedupe")
    report, _ = audit(settings)
    assert report.holds, report
    assert report.predecessors == 3


@pytest.mark.parametrize("is_running", [False, True])
@pytest.mark.timeout(240)
def test_candidates_that_are_made_again_come_after_all_that_is_remembered(settings, is_running):
    topic = settings.topics.candidates
    put(settings, "a", 4)
    worker = Worker(settings).start().wait_until_ready()
    with contextlib.ExitStack() as stack:
        stack.callback(worker.kill)
        wait_for_commit(settings, 4)
        wait_for_commit(settings, 4, "dedupe")
        if not is_running:
            worker.stop()
        # By another tool than ours: the memory does not know this topic.
        delete(settings, topic)
        create(settings, topic)
        if is_running:
            assert worker.process.wait(60) != 0
            assert "run `cleanwire topics`" in worker.log.read_text()
        refused = cleanwire(settings, "worker", "--without-web")
        assert refused.returncode == 3
        assert f"{topic} was deleted and made again".encode() in refused.stderr
        assert b"run `cleanwire topics`" in refused.stderr
        assert cleanwire(settings, "topics").returncode == 0
        assert layout.read(settings).generation == 1
        worker.start().wait_until_ready()
        # What was read by the old candidates is read again; a copy is still one.
        publish(settings, [page("copy", text="a2")], partition=0)
        wait_for(settings, "cop", ["y"])
        assert told(settings)["copy"] == {(settings.topics.duplicates, "https://a2.example/a")}
        wait_for_commit(settings, 5)
        wait_for_commit(settings, len(records(settings, topic)), "dedupe")
        assert worker.stop() == 0
    report, _ = audit(settings)
    assert report.holds, report
    assert report.outcomes == {"clean": 4, "duplicate": 1, "rejected": 0}
    assert report.redelivered >= 4


@pytest.mark.timeout(120)
def test_a_layout_without_the_topics_id_is_told_by_the_times_of_records(settings):
    unknown = dataclasses.replace(layout.read(settings), candidates="")
    put(settings, "a", 2)
    with Worker(settings):
        wait_for_commit(settings, 2, "dedupe")
    for again, generation in ((False, 0), (True, 1)):
        layout.write(settings, unknown)
        if again:
            delete(settings, settings.topics.candidates)
            create(settings, settings.topics.candidates)
        ensure_topics(settings)
        assert layout.read(settings).generation == generation
        assert layout.read(settings).candidates
