"""The documentation's examples that need Kafka, on a real one."""

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from kafka import TopicPartition
from sybil.region import Lexeme

from cleanwire.clean import clean_event
from cleanwire.errors import InvalidEvent, UnsupportedType
from cleanwire.page.formats.raw_record import RawRecord
from cleanwire.page.formats.record_page import read_page
from helpers import doc_blocks, doc_commands, schemas, sunk
from helpers.harness import Worker, cleanwire, records
from streams.kafka import clients

pytestmark = pytest.mark.broker


def run(block, settings, **names):
    """Run a block of Python, with the test's broker and topics in place of the written ones."""
    text = block.text.replace("127.0.0.1:9092", settings.broker).replace("10_000", "5_000")
    for topic in ("raw-pages", "clean-articles"):
        text = text.replace(f'"{topic}"', f'"{settings.topic_prefix}{topic}"')
    assert settings.broker in text
    assert settings.topic_prefix in text
    example = block.example
    example.parsed = Lexeme(text, block.example.parsed.offset, block.example.parsed.line_offset)
    example.namespace.clear()
    example.namespace.update({"__name__": "example", **names})
    example.evaluate()


def python_of(page):
    (block,) = [block for block in doc_blocks.of("python") if block.page == page]
    return block


def test_a_page_is_published_as_the_guide_does(settings):
    sample = schemas.example("raw-page")
    html = sample["body"].encode()
    run(python_of("docs/howto/publish.md"), settings, url=sample["url"], html=html)
    with clients.consumer(settings) as consumer:
        partitions = [
            TopicPartition(settings.topics.raw, number)
            for number in consumer.partitions_for_topic(settings.topics.raw)
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        found = [r for batch in consumer.poll(timeout_ms=10_000).values() for r in batch]
    (record,) = found
    schemas.validator("raw-page").validate(json.loads(record.value))
    assert clean_event(record.value).title == "Ferry line to Norhaven reopens"


def test_articles_are_consumed_as_the_guide_does(settings, tmp_path):
    first = schemas.example("clean-article") | {"revision": 1, "supersedes": None}
    second = first | {"id": "b" * 32, "revision": 2, "supersedes": first["id"]}
    gone = first | {"id": "c" * 32, "url": "https://gone.example/"}
    with clients.producer(settings) as producer:
        for event in (first, gone, second, second):
            producer.send(
                settings.topics.clean,
                key=event["id"].encode(),
                value=json.dumps(event).encode(),
                partition=0,
            )
        producer.send(settings.topics.clean, key=gone["id"].encode(), value=None, partition=0)
        producer.flush()
    run(python_of("docs/howto/consume.md"), settings)
    with sqlite3.connect(tmp_path / "articles.db") as articles:
        found = articles.execute("select id, url from article").fetchall()
    assert found == [(second["id"], second["url"])]


def test_the_tutorial_ends_as_it_says(settings, tmp_path):
    (tmp_path / "page.html").write_text(schemas.example("raw-page")["body"], "utf-8")
    lines = [
        line.split()[1:]
        for block in doc_blocks.of("sh")
        if block.page == "docs/tutorial.md"
        for line in block.text.splitlines()
        if line.startswith("cleanwire ")
    ]
    assert all(doc_commands.cleanwire_fault(line) is None for line in lines)
    # The run's broker is there already; the worker goes on while the rest is done.
    assert [line[0] for line in lines] == [
        "clean",
        "clean",
        "broker",
        "topics",
        "worker",
        "publish",
        "tail",
        "audit",
    ]
    (tmp_path / "copy.html").write_bytes((tmp_path / "page.html").read_bytes())
    one, two, _, topics, worker, *rest = lines

    def output(arguments):
        done = cleanwire(settings, *arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    (said,) = map(json.loads, output(one).splitlines())
    assert said["outcome"] == "clean"
    clean, copy = map(json.loads, output(two).splitlines())
    assert (copy["outcome"], copy["event"]["kind"]) == ("duplicate", "exact")
    assert copy["event"]["duplicate_of"] == clean["event"]["id"]
    output(topics)
    with Worker(settings, *worker[1:]):
        publish, tail, audit = rest
        assert output(publish).startswith("1 pages published")
        (record,) = map(json.loads, output(tail).splitlines())
        assert record["value"]["title"] == "Ferry line to Norhaven reopens"
        said = output(audit)
    assert "raw 1 = clean 1 + duplicate 0 + rejected 0 + in flight 0" in said
    assert "the law holds" in said


@pytest.mark.parametrize("number", [1, 2], ids=["html", "warc"])
def test_pages_of_other_crawlers_are_sent_as_the_guide_does(settings, number):
    block = [block for block in doc_blocks.of("python") if block.page == "docs/howto/crawlers.md"][
        number
    ]
    archive = Path(__file__).resolve().parents[1] / "archives" / "warcprox.warc.gz"
    sample = schemas.example("raw-page")
    run(block, settings, url=sample["url"], html=sample["body"].encode(), warc=archive)
    # The producer would look for the brokers after the test.
    block.example.namespace.clear()
    found = records(settings, settings.topics.raw)
    pages = []
    for record in found:
        raw = RawRecord(value=record.value, key=record.key, headers=tuple(record.headers))
        with contextlib.suppress(InvalidEvent, UnsupportedType):
            pages.append(read_page(raw))
    assert (len(found), len(pages)) == ((1, 1), (30, 9))[number - 1]
    if number == 1:
        assert pages[0].url == sample["url"]
        assert pages[0].headers["x-robots-tag"] == "noarchive"


def test_the_tutorial_of_postgresql_ends_as_it_says(settings, tmp_path, postgres):
    (tmp_path / "page.html").write_text(schemas.example("raw-page")["body"], "utf-8")
    lines = [
        line.split()[1:]
        for block in doc_blocks.of("sh")
        if block.page == "docs/tutorial-postgresql.md"
        for line in block.text.splitlines()
        if line.startswith("cleanwire ")
    ]
    url = postgres.url(postgres.new_database())
    lines = [[url if word.startswith("postgresql://") else word for word in line] for line in lines]
    named = [line[0] for line in lines]
    assert named == ["broker", "topics", "worker", "publish", "tail", "sink", "takedown", "sink"]
    _, topics, worker, publish, tail, sink, takedown, again = lines

    def done(arguments):
        found = cleanwire(settings, *arguments, cwd=tmp_path)
        assert found.returncode == 0, found.stderr
        return found.stdout.decode(), found.stderr.decode().splitlines()

    done(topics)
    with Worker(settings, *worker[1:]):
        done(publish)
        (record,) = map(json.loads, done(tail)[0].splitlines())
        _, (said,) = done(sink)
        assert said.startswith("1 record, ")
        assert said.endswith(": 1 article, 0 duplicates, 0 takedowns, 0 dead letters; 0 behind")
        assert done(sink)[1][0].startswith("0 records, ")
        query = "SELECT title, site, published_at, word_count FROM current_article"
        ((title, *_),) = sunk.query(url, query)
        assert title == "Ferry line to Norhaven reopens"
        done([takedown[0], record["key"]])
        _, (said,) = done(again)
        assert "1 takedown, " in said
    assert sunk.query(url, query) == []
