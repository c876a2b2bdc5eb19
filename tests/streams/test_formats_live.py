"""Raw pages in the formats of other crawlers, through real workers to outcomes, audit and view."""

import asyncio
import base64
import shlex
import shutil
import subprocess

import confluent_kafka
import orjson
import pytest

from cleanwire.clean import clean_event
from cleanwire.dedupe.deduper import event_time_of
from cleanwire.page.formats.raw_record import RawRecord
from helpers import doc_blocks
from helpers.archived import http, record
from helpers.crawled_site import story
from helpers.harness import Worker, cleanwire, records, wait_for_outcomes
from streams.cleaning.page_cleaning import Limits
from streams.kafka.outcome_topics import outcome_topics
from streams.kafka.topic_ids import TopicIds
from streams.ops.audit import audit
from streams.runtime.explainer import Explainer
from streams.web.articles.record_reader import RecordReader
from streams.web.articles.source_text import source_of
from streams.web.store.model import Place
from streams.web.store.record import read_record

pytestmark = pytest.mark.broker

LIMITS = Limits(seconds=20, page_bytes=1 << 20, message_bytes=4 << 20)


def url(number):
    return f"https://s{number}.example/a"


def html(number):
    return story(number).encode()


def sent():
    """Records as other programs write them: value, key, headers, and what becomes of them."""
    marked = [("cleanwire.format", b"warc")]
    response = record(block=http(html(3)), url=url(3))
    item = {
        "url": url(4), "response_url": url(4), "status_code": 200, "timestamp": "2026-11-20T10:00:00.5",
        "body": base64.b64encode(html(4)).decode(), "response_headers": {"Content-Type": ["text/html"]},
    }  # fmt: skip
    event = {"url": url(5), "fetched_at": "2026-11-20T10:00:00Z", "body": story(5)}
    yield html(0), url(0), None, "clean"
    yield (
        html(1),
        "7",
        [("url", url(1).encode()), ("status", b"200"), ("x-robots-tag", b"noai")],
        "clean",
    )
    yield (
        html(2),
        url(2),
        [("fetched_at", b"2026-11-20T10:00:00Z"), ("content-type", b"text/html")],
        "clean",
    )
    yield response, None, marked, "clean"
    yield orjson.dumps(item), "crawl", [("cleanwire.format", b"scrapy-cluster")], "clean"
    yield orjson.dumps(event), None, [("cleanwire.format", b"event")], "clean"
    yield record("request", b"GET / HTTP/1.1\r\n\r\n", url=url(6)), None, marked, "rejected"
    yield html(7), url(7), [("status", b"404")], "rejected"
    yield html(8), url(8), [("cleanwire.format", b"wacz")], "rejected"
    yield html(9), "no-url", None, "rejected"


def by_librdkafka(settings, all_records):
    producer = confluent_kafka.Producer({"bootstrap.servers": settings.broker, "acks": "all"})
    for value, key, headers, _ in all_records:
        producer.produce(settings.topics.raw, value, key, headers=headers, partition=0)
    assert producer.flush(60) == 0


def test_every_format_is_understood_by_workers_audit_and_view(settings):
    settings = settings.model_copy(update={"raw_format": "html"})
    wanted = list(sent())
    with Worker(settings):
        by_librdkafka(settings, wanted)
        found = wait_for_outcomes(settings, len(wanted))
    became = [found[0, offset][0][0] for offset in range(len(wanted))]
    assert became == [one[3] for one in wanted]
    report, unreadable = audit(settings)
    assert report.holds
    assert not unreadable
    raw = {one.offset: one for one in records(settings, settings.topics.raw)}
    clean = [orjson.loads(one.value) for one in records(settings, settings.topics.clean)]
    assert sorted(event["url"] for event in clean) == [url(number) for number in range(6)]
    for event in clean:
        one = raw[event["source"]["offset"]]
        core = RawRecord(
            value=one.value,
            key=one.key,
            headers=tuple(one.headers),
            timestamp=one.timestamp / 1000,
            unmarked="html",
        )
        assert event["id"] == clean_event(core).id
    # The brokers stamp raw-pages with the time at which they take a record in.
    (bare,) = [event for event in clean if event["url"] == url(0)]
    assert event_time_of(bare["fetched_at"], None) == pytest.approx(
        raw[0].timestamp / 1000, abs=1e-4
    )
    assert {event["url"]: event["robots"] for event in clean}[url(1)] == ["noai"]
    _the_view_knows_the_rejected(settings, raw)
    asyncio.run(_the_view_explains(settings))


def _the_view_knows_the_rejected(settings, raw):
    (topic,) = [name for name, outcome in outcome_topics(settings).items() if outcome == "rejected"]
    seen = {}
    for one in records(settings, topic):
        headers = [(name, value) for name, value in one.headers]
        offset = int(dict(headers)["cleanwire.source.offset"])
        original = raw[offset]
        assert (one.value, one.key) == (original.value, original.key)
        assert headers[: len(original.headers)] == [tuple(pair) for pair in original.headers]
        place = Place(topic=topic, topic_id="", partition=one.partition, offset=one.offset)
        entry = read_record("rejected", place, one.key, one.value, headers, one.timestamp)
        seen[offset] = (entry.url, entry.kind, entry.fetched)
    assert seen == {
        6: (url(6), "invalid-event", 1795168800000),
        7: (url(7), "http-error", raw[7].timestamp),
        8: (None, "invalid-event", None),
        9: ("no-url", "invalid-event", raw[9].timestamp),
    }


async def _the_view_explains(settings):
    reader = RecordReader(settings)
    ids = TopicIds(settings, (settings.topics.raw,))
    try:
        topic_id = (await ids.ask())[settings.topics.raw]
        places = [
            Place(topic=settings.topics.raw, topic_id=topic_id, partition=0, offset=number)
            for number in range(10)
        ]
        found = await reader.read(places)
        async with Explainer(LIMITS) as explainer:
            told = [await explainer.explain(one.raw) for one in found]
    finally:
        await reader.close()
        await ids.close()
    assert [one.came.url for one in told] == [*(url(n) for n in range(8)), None, "no-url"]
    assert [one.article is not None for one in told] == [True] * 6 + [False] * 4
    assert told[7].would_be is not None
    shown = [source_of(one) for one in found]
    assert [one.is_body for one in shown] == [True] * 6 + [False, True, False, False]
    assert all(f"Report {number}" in shown[number].text for number in (0, 1, 2, 3, 4, 5, 7))
    assert dict(shown[3].members)["url"] == url(3)


def test_what_cleanwire_publishes_is_an_event_whatever_the_setting_says(settings, tmp_path):
    settings = settings.model_copy(update={"raw_format": "warc"})
    (tmp_path / "page.html").write_text(story(1))
    done = cleanwire(settings, "publish", "--url", url(1), str(tmp_path / "page.html"))
    assert done.returncode == 0, done.stderr
    with Worker(settings):
        found = wait_for_outcomes(settings, 1)
    ((name, _),) = next(iter(found.values()))
    assert name == "clean"


def test_kcat_publishes_html(settings, tmp_path):
    if shutil.which("kcat") is None:
        pytest.skip("kcat is not installed (Debian package kcat)")
    (tmp_path / "page.html").write_bytes(html(1))
    (block,) = [one for one in doc_blocks.ALL if one.text.startswith("kcat ")]
    line = block.text.replace("127.0.0.1:9092", settings.broker).replace(
        "raw-pages", settings.topics.raw
    )
    subprocess.run(shlex.split(line), cwd=tmp_path, check=True, timeout=60)
    (one,) = records(settings, settings.topics.raw)
    core = RawRecord(
        value=one.value, key=one.key, headers=tuple(one.headers), timestamp=one.timestamp / 1000
    )
    article = clean_event(core)
    assert (article.url, article.title) == ("https://paper.example/a", "Report 1")


def test_a_format_that_does_not_exist_ends_a_command_in_one_line(bare_settings):
    done = cleanwire(bare_settings, "worker", env={"CLEANWIRE_RAW_FORMAT": "wacz"})
    (line,) = done.stderr.decode().strip().splitlines()
    assert done.returncode != 0
    assert "CLEANWIRE_RAW_FORMAT=wacz cannot be used" in line
    assert "scrapy-cluster" in line
