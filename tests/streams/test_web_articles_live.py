"""Pages are looked up in the view of a worker, on a real broker."""

import asyncio
import contextlib
import http.client
import time
import urllib.parse

import confluent_kafka
import pytest
from kafka import TopicPartition
from selectolax.lexbor import LexborHTMLParser

from helpers.harness import Worker, outcomes, publish, wait_for_outcomes
from streams.kafka import clients
from streams.testing.samples import sample_pages
from streams.web.articles import record_reader
from streams.web.articles.record_reader import Found, RecordReader
from streams.web.store.model import Place

pytestmark = pytest.mark.broker


class Browser:
    """Follows the links of a worker's pages."""

    def __init__(self, worker):
        self.port = worker.settings.web_port

    def open(self, path):
        # The first story starts the process that explains, which takes seconds on a busy machine.
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, 60)) as client:
            client.request("GET", path)
            answer = client.getresponse()
            body = answer.read().decode()
        assert answer.status == 200, body
        return LexborHTMLParser(body)

    def found(self, **query):
        """The paths of the pages that a search finds."""
        base = f"/articles?{urllib.parse.urlencode(query)}"
        links = self.open(base).css("td.page > a")
        return [urllib.parse.urljoin(base, link.attributes["href"]) for link in links]

    def wait_for(self, count, **query):
        deadline = time.monotonic() + 30
        while len(found := self.found(**query)) != count:
            assert time.monotonic() < deadline, found
            time.sleep(0.3)
        return found


def words(tree, selector):
    return " ".join(tree.css_first(selector).text(deep=True).split())


def test_pages_are_found_and_tell_their_story(settings):
    samples = sample_pages()
    copy = next(n for n, one in enumerate(samples) if one.expected == "duplicate/near")
    poor = next(n for n, one in enumerate(samples) if one.expected == "rejected/no-article")
    wanted = [samples[0], samples[copy], samples[poor]]
    with Worker(settings) as worker:
        publish(settings, [one.value for one in wanted], partition=0)
        wait_for_outcomes(settings, 3)
        browser = Browser(worker)
        browser.wait_for(3)
        events = outcomes(settings)
        ((_, clean),), ((_, near),), ((_, rejected),) = (events[0, n] for n in range(3))

        # By URL, by id, by words, by the place of the raw record.
        assert browser.found(q=near["url"]) == [f"/articles/{near['id']}"]
        assert browser.found(q=clean["id"]) == [f"/articles/{clean['id']}"]
        assert browser.found(q=clean["title"]) == [f"/articles/{clean['id']}"]
        assert browser.found(q=f"{settings.topics.raw}:0:1") == [f"/articles/{near['id']}"]

        page = browser.open(f"/articles/{near['id']}")
        assert words(page, "#verdict").startswith("Dropped as a near copy")
        assert clean["title"] in words(page, "#verdict")
        assert page.css_first(".diff del, .diff ins")
        checks = {row.css_first("th").text(): row for row in page.css(".checks tbody tr")}
        similarity = float(checks["similarity"].css_first("td").text())
        assert similarity == pytest.approx(near["similarity"], abs=1e-3)

        page = browser.open(f"/articles/{clean['id']}")
        assert "and nothing differs." in words(page, "#again")
        assert words(page, "#copies h2") == "1 copy"
        assert page.css_first(".text .prose").text().split() == clean["text"].split()

        (path,) = browser.found(outcome="rejected")
        assert path == f"/articles/{settings.topics.raw}:0:2"
        page = browser.open(path)
        assert rejected["detail"] in words(page, "#verdict")
        assert words(page, "#kind p").startswith("No: ")

        page = browser.open(f"/articles/{clean['id']}/source")
        assert "<html" in page.css_first("pre").text().lower()
        assert not page.css("pre *")
        assert f"{settings.topics.raw}, partition 0, offset 0" in words(page, "main")

        # What retention deletes is said to be gone, and the rest of the story stays.
        with clients.admin(settings) as admin:
            admin.delete_records({TopicPartition(settings.topics.raw, 0): 2})
        for path in (f"/articles/{near['id']}", f"/articles/{near['id']}/source"):
            assert "Retention has deleted the record" in words(browser.open(path), "main")
        assert "Retention" not in words(
            browser.open(f"/articles/{settings.topics.raw}:0:2"), "main"
        )
        # The process that explains does not keep the worker from ending in order.
        assert worker.stop() == 0
        assert "Traceback" not in worker.log.read_text()


def read(settings, *places):
    async def ask():
        reader = RecordReader(settings)
        try:
            return await reader.read(places)
        finally:
            await reader.close()

    return [
        one.value if isinstance(one, Found) else one.why.partition(";")[0]
        for one in asyncio.run(ask())
    ]


def test_a_record_is_read_by_its_place_or_the_reason_is_told(settings):
    raw = settings.topics.raw
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": settings.broker, "transactional.id": settings.topic_prefix}
    )
    producer.init_transactions(30)
    # Offsets 0 and 2 are records; 1 and 3 end their transactions. No consumer is given those, just
    # as if compaction had deleted what was there.
    for value in (b"first", b"second"):
        producer.begin_transaction()
        producer.produce(raw, value, partition=0, headers={"a": b"b"})
        producer.commit_transaction(30)
    producer.begin_transaction()
    producer.produce(raw, b"open", partition=0)
    producer.flush(30)

    def at(offset, topic=raw, topic_id=""):
        return Place(topic=topic, topic_id=topic_id, partition=0, offset=offset)

    began = time.monotonic()
    found = read(settings, *map(at, range(5)), at(99))
    assert time.monotonic() - began < record_reader.READ_SECONDS
    assert (found[0], found[2]) == (b"first", b"second")
    for place in (1, 3):
        assert found[place].startswith(f"Compaction has deleted the record at offset {place}")
    for place in (4, 5):
        assert "has no committed record at offset" in found[place]
    producer.abort_transaction(30)

    assert read(settings, at(0, topic_id="another-topic-of-that-nam"))[0].startswith(
        f"The topic {raw} was deleted and made anew since"
    )
    assert read(settings, at(0, topic=settings.topics.candidates))[0].endswith(
        "which this view does not read."
    )
    # A fault of one place leaves the others.
    foreign = at(0, topic="__consumer_offsets")
    assert read(settings, foreign, at(0))[1] == b"first"
    missing = settings.model_copy(update={"topic_prefix": "nowhere."})
    assert "does not exist any more" in read(missing, at(0, topic="nowhere.raw-pages"))[0]
