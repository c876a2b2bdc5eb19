"""A worker that gets nowhere ends; one that only waits does not. On a real broker."""

import contextlib
import json
import time

import orjson
import psutil
import pytest

from helpers.harness import HELPERS, Worker, publish, records, wait_for_outcomes
from streams.kafka.topics import ensure_topics
from streams.ops.audit import audit
from streams.settings import Settings
from streams.stage import app_id
from streams.supervision.watchdog import STOP_SECONDS
from streams.testing.broker import EmbeddedBroker

pytestmark = pytest.mark.broker

BROKEN = str(HELPERS / "stalled_worker.py")
LIMIT = 12


@pytest.fixture
def strict(settings):
    """Settings with a limit that a test can wait for."""
    return settings.model_copy(update={"stall_limit": LIMIT, "page_time_limit": 1.5})


def page(number, *, blocks=None):
    words = " ".join(f"w{number}x{place} tells of{place} it." for place in range(30))
    more = "".join(f"<p>Sentence {n} ends here.</p>" for n in range(blocks or 0))
    return orjson.dumps(
        {
            "url": f"https://s{number}.example/a",
            "fetched_at": "2026-11-03T10:00:00Z",
            "body": f"<html><body><h1>Report {number}</h1><p>{words}</p>{more}</body></html>",
        }
    )


def ended(worker, seconds):
    """The exit code of a worker that ends by itself, and what it logged."""
    process = psutil.Process(worker.process.pid)
    deadline = time.monotonic() + seconds
    children = set()
    try:
        while worker.process.poll() is None:
            assert time.monotonic() < deadline, worker.log.read_text()
            with contextlib.suppress(psutil.Error):
                children.update(process.children(recursive=True))
            time.sleep(0.05)
        _, alive = psutil.wait_procs(children, timeout=5)
    finally:
        worker.kill()
    assert not alive
    return worker.process.returncode, worker.log.read_text()


@pytest.mark.parametrize("broken", ["no_acks", "no_reading"])
def test_a_partition_that_stands_still_ends_the_worker_with_its_name(settings, strict, broken):
    worker = Worker(strict, "--stage", "extract", command=(BROKEN, broken)).start()
    worker.wait_until_ready()
    publish(strict, [page(0)], partition=2)
    while not records(settings, settings.topics.candidates):
        assert worker.process.poll() is None, worker.log.read_text()
    time.sleep(1)
    publish(strict, [page(1), page(2)], partition=2)
    code, said = ended(worker, LIMIT + 20)
    assert code == 1, said
    place = 0 if broken == "no_acks" else 1
    assert f"{strict.topics.raw} partition 2 has stood at offset {place}, " in said
    assert f"{3 - place} behind its end" in said
    assert ("could not end in order" in said) == (broken == "no_acks")
    with Worker(settings):
        wait_for_outcomes(settings, 3)
    assert audit(settings)[0].holds


def test_a_rebalance_that_never_ends_is_seen_by_the_probes_and_ends_the_worker(strict):
    worker = Worker(strict, command=(BROKEN, "no_rebalance")).start()
    missing = {}
    while set(missing) != {"dedupe"}:
        assert worker.process.poll() is None, worker.log.read_text()
        with contextlib.suppress(OSError):
            status, body, _ = worker.get("/readyz")
            missing = json.loads(body)["missing"]
            assert status == 503
    assert worker.get("/healthz")[0] == 200
    code, said = ended(worker, LIMIT + 30)
    assert code == 1
    assert "dedupe gets nowhere" in said
    assert "for its partitions or its memory" in said


def test_a_blocked_event_loop_ends_the_worker_with_its_stack(strict):
    worker = Worker(strict, "--stage", "extract", command=(BROKEN, "blocked_loop")).start()
    code, said = ended(worker, LIMIT + 40)
    assert code == 1
    assert "the event loop has not turned for" in said
    assert "Current thread" in said


@pytest.mark.parametrize(
    ("stage", "broken", "why"),
    [
        ("extract", "no_cleaning", "OSError(24, 'Too many open files')"),
        ("dedupe", "no_delivery", "LookupError('no queue')"),
    ],
)
def test_a_stage_that_fails_at_its_start_ends_the_worker(settings, stage, broken, why):
    worker = Worker(settings, "--stage", stage, command=(BROKEN, broken)).start()
    code, said = ended(worker, 40)
    assert code == 1, said
    group = app_id(settings, stage)
    assert f"CRITICAL streams.runtime.app: {group} cannot work; the worker ends: {why}" in said


def test_a_worker_that_is_told_to_end_and_does_not_is_ended(settings):
    worker = Worker(settings, "--stage", "extract", command=(BROKEN, "no_end")).start()
    worker.wait_until_ready()
    worker.process.terminate()
    code, said = ended(worker, STOP_SECONDS + 8)
    assert code == 0
    assert "the worker was told to end 20 s ago; it is ended" in said
    assert "Current thread" in said


def test_a_place_in_the_group_that_is_lost_for_good_ends_the_worker_at_once(settings):
    worker = Worker(settings, "--stage", "extract", command=(BROKEN, "lost_group")).start()
    code, said = ended(worker, 60)
    assert code == 1
    assert "its client has given up its place in the group" in said


def test_a_slow_page_is_no_stall(strict):
    # Each slow page costs a cleaning process, and the next one takes its time.
    patient = strict.model_copy(update={"stall_limit": 40})
    slow = page(0, blocks=150_000)
    with Worker(patient) as worker:
        publish(patient, [slow, slow, page(1)], partition=0)
        wait_for_outcomes(patient, 3)
        assert worker.stop() == 0
    assert "nowhere" not in worker.log.read_text()


def test_an_idle_topic_is_no_stall(strict):
    with Worker(strict) as worker:
        publish(strict, [page(1)], partition=0)
        wait_for_outcomes(strict, 1)
        time.sleep(LIMIT + 3)
        assert worker.process.poll() is None, worker.log.read_text()
        assert worker.get("/healthz")[0] == 200
        publish(strict, [page(2)], partition=0)
        wait_for_outcomes(strict, 2)
        assert worker.stop() == 0
    assert "nowhere" not in worker.log.read_text()


def test_an_app_that_crashes_ends_the_process_with_both_stages(settings):
    changelog = f"{settings.topic_prefix}cleanwire-dedupe-facts-changelog"
    publish(settings, [b"\xff no record"], topic=changelog, key=b"a" * 32, partition=0)
    worker = Worker(settings).start()
    started = time.monotonic()
    code, said = ended(worker, 45)
    assert code == 1
    assert "unreadable state" in said
    assert time.monotonic() - started < 40


@pytest.mark.timeout(240)
def test_a_broker_that_is_away_for_longer_than_the_limit_is_no_stall(tmp_path):
    with EmbeddedBroker(tmp_path / "kafka") as broker:
        settings = Settings(
            broker=broker.address,
            data_dir=tmp_path / "data",
            session_timeout=6,
            stall_limit=LIMIT,
            page_time_limit=1.5,
            clean_processes=1,
        )
        ensure_topics(settings)
        publish(settings, [page(number) for number in range(200)], partition=0)
        worker = Worker(settings).start()
        worker.wait_until_ready()
        broker.kill()
        time.sleep(LIMIT + 3)
        if worker.process.poll() is None:
            assert "nowhere" not in worker.log.read_text()
        broker.start()
        publish(settings, [page(200)], partition=0)
        deadline = time.monotonic() + 120
        starts = 1
        while True:
            if worker.process.poll() is not None:
                assert worker.process.returncode not in (0, -9), worker.log.read_text()
                starts += 1
                worker.start()
            try:
                wait_for_outcomes(settings, 201, seconds=3)
                break
            except AssertionError:
                assert time.monotonic() < deadline, worker.log.read_text()
        worker.stop()
        assert starts <= 3, worker.log.read_text()
        report, unreadable = audit(settings)
        assert report.holds
        assert not unreadable
        assert report.raw == 201
