"""What real workers log on a real broker: what they did, true errors, and no false ones."""

import json
import time

import pytest

from conftest import new_broker
from helpers.harness import Worker, cleanwire, page, publish, wait_for_outcomes
from streams.kafka.topics import ensure_topics

pytestmark = pytest.mark.broker

OFTEN = "import streams.supervision.activity as a; a.REPORT_SECONDS = 2\n"
RUN = "from streams.cli.main import main; main(['worker'])"
FAUST = ("-m", "faust", "-A", "streams.extract", "worker")

UNTRUE = (
    "from streams.supervision.false_alarms import FalseAlarmFilter\n"
    "FalseAlarmFilter.filter = lambda self, record: True\n"
)
"""Lets the false alarms through: without the filter, the same minute has some."""


def read(worker):
    """The lines of a log in JSON; every one is an object."""
    found = [json.loads(line) for line in worker.log.read_text().splitlines()]
    for line in found:
        assert list(line)[:4] == ["time", "level", "logger", "message"]
    return found


def faults(worker):
    return [line for line in read(worker) if line["level"] not in {"debug", "info"}]


def busy_idle_and_rebalancing(settings, code):
    """Two workers, of which one comes and goes; returns both."""
    with Worker(settings, command=("-c", code)) as worker:
        publish(settings, [page(n) for n in range(300)], partition=0)
        wait_for_outcomes(settings, 300)
        time.sleep(4)
        # Its data folder is that of the first one, which has the view's store.
        without = settings.model_copy(update={"view_store": "off"})
        with Worker(without, command=("-c", code)) as other:
            publish(settings, [page(1000 + n) for n in range(300)])
            wait_for_outcomes(settings, 600)
            time.sleep(4)
        publish(settings, [page(2000 + n) for n in range(100)], partition=1)
        wait_for_outcomes(settings, 700)
    return worker, other


@pytest.fixture
def json_settings(settings, monkeypatch):
    # What Faust takes for too long is five minutes; a test has seconds.
    monkeypatch.setenv("STREAM_PROCESSING_TIMEOUT", "1")
    monkeypatch.setenv("BROKER_COMMIT_LIVELOCK_SOFT_TIMEOUT", "1")
    return settings.model_copy(update={"log_format": "json"})


@pytest.mark.timeout(300)
def test_healthy_workers_log_what_they_did_and_no_error(json_settings):
    worker, other = busy_idle_and_rebalancing(json_settings, OFTEN + RUN)
    assert faults(worker) == faults(other) == []
    done = {"cleaned": 0, "clean": 0}
    for line in (*read(worker), *read(other)):
        for stage in line.get("stages", {}).values():
            for outcome, count in stage["outcomes"].items():
                done[outcome] += count
        # Nothing of a page.
        assert "tells of" not in json.dumps(line)
        assert "s1.example" not in json.dumps(line)
    assert done["cleaned"] >= 700
    assert done["clean"] >= 700


@pytest.mark.timeout(300)
def test_without_the_filter_the_same_minute_has_false_errors(json_settings):
    worker, _ = busy_idle_and_rebalancing(json_settings, UNTRUE + RUN)
    assert any("because it is rebalancing" in line["message"] for line in faults(worker))


def test_pages_that_are_all_rejected_are_one_warning(settings):
    json_settings = settings.model_copy(update={"log_format": "json"})
    with Worker(json_settings, command=("-c", OFTEN + RUN)) as worker:
        for _ in range(3):
            publish(settings, [b"a secret of a page"] * 200)
            time.sleep(2)
        wait_for_outcomes(settings, 600)
    (warning,) = faults(worker)
    assert warning["level"] == "warning"
    assert warning["message"].startswith("extract: the share of rejected pages jumped: 100% of ")
    assert warning["reasons"] == {"not-json": warning["pages"]}
    assert "secret" not in worker.log.read_text()


@pytest.mark.timeout(300)
def test_a_broker_that_is_away_and_back_is_said(tmp_path, bare_settings):
    with new_broker(tmp_path / "own") as broker:
        settings = bare_settings.model_copy(update={"broker": broker.address, "log_format": "json"})
        ensure_topics(settings)
        with Worker(settings) as worker:
            assert faults(worker) == []
            broker.stop()
            time.sleep(8)
            broker.start()
            publish(settings, [page(1)])
            wait_for_outcomes(settings, 1)
    found = faults(worker)
    assert any(
        line["logger"] == "aiokafka" and "Unable connect" in line["message"] for line in found
    )
    # Each message once, however often a client tries again.
    assert len(found) < 40


def test_a_worker_that_cannot_start_says_it_in_one_object(bare_settings):
    settings = bare_settings.model_copy(update={"log_format": "json"})
    for done in (cleanwire(settings, "worker", "--without-web"), cleanwire(settings, "audit")):
        (line,) = done.stderr.decode().splitlines()
        found = json.loads(line)
        assert (found["level"], found["logger"]) == ("error", "cleanwire")
        assert found["message"].endswith("run `cleanwire topics`")


@pytest.mark.parametrize("form", ["json", "human"])
def test_fausts_own_command_logs_the_same(settings, form):
    chosen = settings.model_copy(update={"log_format": form})
    worker = Worker(chosen, "--without-web", "--loglevel", "debug", command=FAUST).start()
    try:
        publish(settings, [b"a secret of a page"] * 3)
        wait_for_outcomes(settings, 3)
    finally:
        assert worker.stop() == 0
    text = worker.log.read_text()
    assert "3 rejected (not-json 3)" in text
    assert "secret" not in text
    assert "[^" not in text
    if form == "json":
        # The group is new and pages wait already, which is said.
        assert {line["logger"] for line in faults(worker)} <= {"streams.runtime.consumer"}
    else:
        assert "\x1b" not in text
