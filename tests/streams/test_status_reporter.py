"""A worker says on Kafka what it is and does, and neither its stages nor its end wait for that."""

import asyncio
import time
import types

import pytest

from helpers.harness import Worker, records
from streams.kafka import clients
from streams.kafka.topics import ensure_topics
from streams.kafka.worker_status import topic, unpack
from streams.settings import Settings
from streams.supervision import status_reporter as module
from streams.supervision.status_reporter import _Reporter


class Client:
    """Stands for the client of Kafka; it answers if it is told to."""

    def __init__(self, *, answers):
        self.answers, self.sent, self.stopped = answers, [], False

    def __call__(self, **_):
        return self

    async def start(self):
        pass

    async def send_and_wait(self, where, *, key, value, partition):
        assert (where, partition) == ("cleanwire-workers", 0)
        self.sent.append((key, value))
        if not self.answers:
            await asyncio.sleep(60)

    async def stop(self):
        self.stopped = True


def reported(monkeypatch, client, **more):
    """Let a reporter without stages report for a moment, and end it."""
    monkeypatch.setattr(module, "AIOKafkaProducer", client)
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(module, "SEND_SECONDS", 0.05)
    monkeypatch.setattr(module, "LAST_SECONDS", 0.05)

    async def body():
        reporter = _Reporter((), Settings(instance_id="w1"))
        for name, value in more.items():
            setattr(reporter, name, value)
        reporter.start()
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await reporter.end()
        return time.monotonic() - began

    return asyncio.run(body())


def test_it_reports_again_and_again_and_withdraws_at_the_end(monkeypatch):
    client = Client(answers=True)
    reported(monkeypatch, client)
    *statuses, last = client.sent
    assert len(statuses) > 2
    assert {key for key, _ in client.sent} == {b"w1"}
    assert unpack(statuses[0][1]).name == "w1"
    assert last == (b"w1", None)
    assert client.stopped


def test_a_kafka_that_does_not_answer_is_one_warning_and_holds_up_no_end(monkeypatch, caplog):
    client = Client(answers=False)
    assert reported(monkeypatch, client) < 5
    assert len(client.sent) > 2
    assert client.stopped
    assert len([one for one in caplog.records if one.name == module.__name__]) == 1


def test_a_status_that_cannot_be_told_does_not_end_the_reports(monkeypatch):
    client = Client(answers=True)
    faults = [KeyError("gone"), KeyError("gone")]

    def missing():
        if faults:
            raise faults.pop()
        return {}

    stages = types.SimpleNamespace(state=lambda: None, missing=missing, partitions=list)
    reported(monkeypatch, client, _stages=stages)
    assert len(client.sent) > 2


@pytest.mark.broker
@pytest.mark.timeout(180)
def test_a_worker_whose_topic_of_statuses_is_gone_ends_in_order(bare_settings):
    ensure_topics(bare_settings)
    with Worker(bare_settings) as worker:
        deadline = time.monotonic() + 40
        while not (found := records(bare_settings, topic(bare_settings), seconds=2)):
            assert time.monotonic() < deadline
        assert set(unpack(found[0].value).partitions) == {"extract", "dedupe"}
        with clients.admin(bare_settings) as admin:
            admin.delete_topics([topic(bare_settings)])
        time.sleep(module.EVERY_SECONDS + module.SEND_SECONDS)
        began = time.monotonic()
        assert worker.stop() == 0
        # Its watchdog would end it after 20 seconds.
        assert time.monotonic() - began < 15
        assert "was told to end" not in worker.log.read_text()
