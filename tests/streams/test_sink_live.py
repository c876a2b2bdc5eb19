"""`cleanwire sink` as users run it: a real Kafka, a real PostgreSQL and SQLite, processes that are killed."""

import contextlib
import subprocess
import sys
import time

import pytest
from kafka import TopicPartition
from kafka.admin import NewPartitions

from helpers import sink_kills, sunk
from helpers.harness import environment
from helpers.postgres import PASSWORD
from helpers.sunk import article, duplicate, id_of
from streams.cli.main import run
from streams.kafka import clients
from streams.kafka.topics import ensure_topics
from streams.sink import database as databases

pytestmark = pytest.mark.broker


def put(settings, events, topic=None):
    """Events on clean-articles, or on another topic: keyed by id, as `dedupe` does."""
    with clients.producer(settings) as producer:
        made = [sunk.record(event, 0) for event in events]
        name = topic or settings.topics.clean
        # A compacted topic takes no record without a key.
        for sent in [producer.send(name, key=one.key or b"none", value=one.value) for one in made]:
            sent.get(timeout=30)


@pytest.fixture
def once(settings, monkeypatch, capfd):
    """Runs a sink to the present end, in this process; returns what it said."""
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)

    def call(url, *more, code=0):
        found = run(["sink", url, "--once", *more])
        said = capfd.readouterr().err
        assert found == code, said
        assert PASSWORD not in said
        assert "Traceback" not in said
        return said

    return call


def test_what_is_on_the_topics_is_in_the_tables(settings, database_url, once):
    put(settings, [article(n) for n in range(50)])
    put(settings, [3, b"no event", article(51, revision=2, supersedes=id_of(4))])
    put(settings, [duplicate(100 + n, n) for n in range(20)], settings.topics.duplicates)
    said = once(database_url)
    assert said.startswith("73 records, ")
    assert "51 articles, 20 duplicates, 1 takedown, 1 dead letter; 0 behind" in said.replace(
        "takedowns", "takedown"
    )
    assert "see the table dead_letter in " in said
    ids = [id_of(n) for n in (*range(50), 51) if n != 3]
    assert sunk.rows(database_url, "article", "id") == [(one,) for one in ids]
    assert len(sunk.rows(database_url, "current_article", "id")) == len(ids) - 1
    assert once(database_url).startswith("0 records, ")
    put(settings, [article(60)])
    assert once(database_url).startswith("1 record, ")
    said = once(database_url, "--without-duplicates", "--without-extra", "--table-prefix", "two_")
    assert "0 duplicates" in said
    assert len(sunk.rows(database_url, "two_article", "id")) == len(ids) + 1
    assert {str(row[0]) for row in sunk.rows(database_url, "two_article", "extra")} == {"{}"}


def test_a_topic_that_was_made_again_is_read_from_its_start(settings, database_url, once):
    put(settings, [article(n) for n in range(30)])
    once(database_url)
    with clients.admin(settings) as admin:
        admin.delete_topics([settings.topics.clean])
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(Exception):
            ensure_topics(settings)
            break
        assert time.monotonic() < deadline
        time.sleep(0.5)
    put(settings, [article(n) for n in range(100, 103)])
    said = once(database_url)
    assert "is of a topic that was deleted and made again" in said
    assert len(sunk.rows(database_url, "article", "id")) == 33


def test_what_is_gone_before_it_was_read_is_said_in_one_line(settings, database_url, once):
    with clients.admin(settings) as admin:
        name, place = settings.topics.duplicates, TopicPartition(settings.topics.duplicates, 0)
        put(settings, [duplicate(n, 1) for n in range(40)], name)
        once(database_url)
        put(settings, [duplicate(n, 1) for n in range(40, 80)], name)
        with clients.consumer(settings) as consumer:
            end = consumer.end_offsets([place])[place]
        admin.delete_records({place: end})
    (line, _) = once(database_url).splitlines()
    assert f"{name} partition 0: committed offset " in line
    assert "was deleted before it was read" in line
    assert "records gone: " in line


def test_two_sinks_at_once_do_not_write_twice(settings, database_url, once, monkeypatch):
    monkeypatch.setattr(databases, "LOCK_SECONDS", 0.5)
    with running(settings, database_url):
        said = once(database_url, code=3)
        assert said.count("\n") == 1
        assert "another sink writes to these tables of " in said


@contextlib.contextmanager
def running(settings, url, *arguments):
    """A sink that has connected to its database; SIGTERM ends it in order."""
    process = start(settings, url, *arguments)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(Exception):
                if sunk.rows(url, "kafka_offset", "topic"):
                    break
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield process
        process.terminate()
        assert process.wait(30) == 0, process.stderr.read()
    finally:
        process.kill()
        process.communicate()


def start(settings, url, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "sink", *arguments],
        env=environment(settings) | {"CLEANWIRE_SINK_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_rows(url, table, count, seconds=60):
    deadline = time.monotonic() + seconds
    while len(sunk.rows(url, table, "id")) != count:
        assert time.monotonic() < deadline, len(sunk.rows(url, table, "id"))
        time.sleep(0.1)


def test_a_running_sink_follows_and_ends_in_order(settings, database_url):
    with running(settings, database_url) as process:
        put(settings, [article(n) for n in range(5)])
        wait_for_rows(database_url, "article", 5)
        put(settings, [article(5), 2])
        wait_for_rows(database_url, "article", 5)
        wait_for_rows(database_url, "takedown", 1)
    said = process.stderr.read() if not process.stderr.closed else ""
    assert PASSWORD not in said


def test_partitions_that_are_added_are_read_too(settings, database_url, once):
    once(database_url)
    with clients.admin(settings) as admin:
        admin.create_partitions({settings.topics.duplicates: NewPartitions(total_count=9)})
    put(settings, [duplicate(n, 1) for n in range(60)], settings.topics.duplicates)
    once(database_url)
    assert len(sunk.rows(database_url, "duplicate", "id")) == 60
    assert len(sunk.rows(database_url, "kafka_offset", "topic", "partition_number")) == 4 + 9


def test_a_sink_that_is_killed_again_and_again_loses_and_doubles_nothing(settings, database_url):
    """`python bench/sink_kills.py` does the same with a hundred kills."""
    run = sink_kills.kill_run(settings, database_url, kills=3, events=2000, seed=7)
    assert run.found == run.wanted
    assert run.offsets == run.ends
    assert run.at_work >= 2
