"""Topics of copies that appear or go while a worker runs, on a real broker."""

import pytest

from helpers.harness import (
    Worker,
    cleanwire,
    page,
    publish,
    records,
    wait_for_outcomes,
    wait_until,
)
from streams.kafka import clients
from streams.kafka.topics import ensure_topics
from streams.ops.audit import audit

pytestmark = pytest.mark.broker

COPIES = {"flat_articles": True, "article_details": "topic"}


def values_of(settings, topic, article):
    return [r.value for r in records(settings, topic) if r.key == article.encode()]


def test_a_topic_of_copies_that_is_deleted_ends_the_worker_and_loses_nothing(bare_settings):
    settings = bare_settings.model_copy(update=COPIES)
    ensure_topics(settings)
    topic = settings.topics.flat
    worker = Worker(settings).start().wait_until_ready()
    publish(settings, [page(1)], partition=0)
    wait_for_outcomes(settings, 1)
    with clients.admin(settings) as admin:
        admin.delete_topics([topic])
    publish(settings, [page(2)], partition=0)
    assert wait_until(lambda: worker.process.poll() is not None)
    assert worker.process.returncode not in {0, None}
    log = worker.log.read_text()
    told = [line for line in log.splitlines() if f"topic {topic} was deleted" in line]
    (line,) = [line for line in told if "CRITICAL" in line]
    assert "run `cleanwire topics`" in line, log
    assert "Traceback" not in log, log
    assert cleanwire(settings, "worker", "--without-web").returncode == 3
    assert ensure_topics(settings) == [topic]
    with Worker(settings):
        found = wait_for_outcomes(settings, 2)
        assert {name for ((name, _), *_) in found.values()} == {"clean"}
        (_, event), *_ = found[0, 1]
        wait_until(lambda: values_of(settings, topic, event["id"]))
    assert audit(settings)[0].holds


def test_a_takedown_reaches_a_topic_that_appears_and_waits_for_none_that_goes(settings):
    copied = settings.model_copy(update=COPIES)
    with Worker(settings) as worker:
        publish(settings, [page(1), page(2)], partition=0)
        found = wait_for_outcomes(settings, 2)
        one, two = (found[0, offset][0][1]["id"] for offset in range(2))
        # A worker with other settings makes the topics and publishes copies there.
        topics = ensure_topics(copied)
        assert sorted(topics) == sorted([settings.topics.flat, settings.topics.details])
        for topic in topics:
            publish(settings, [b"{}"], topic=topic, key=one.encode())
        assert cleanwire(settings, "takedown", one).returncode == 0
        for topic in (*topics, settings.topics.clean):
            wait_until(lambda topic=topic: values_of(settings, topic, one)[-1] is None)
        with clients.admin(settings) as admin:
            admin.delete_topics(topics)
        assert cleanwire(settings, "takedown", two).returncode == 0
        wait_until(lambda: values_of(settings, settings.topics.clean, two)[-1] is None)
        publish(settings, [page(3)], partition=0)
        wait_for_outcomes(settings, 3)
        assert worker.process.poll() is None
