import json
import signal
import time

import orjson
import pytest

from cleanwire.clean import clean_event
from cleanwire.dedupe.deduper import event_time_of
from cleanwire.page.raw_page import parse_raw_page
from helpers.crawled_site import crawl, crawl_process, gzipped, site_on_loopback, story
from helpers.harness import records
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from streams.testing.broker import EmbeddedBroker
from streams.testing.ports import free_port

pytest.importorskip("scrapy", reason="the extra cleanwire[scrapy] is not installed")


@pytest.fixture
def site():
    with site_on_loopback() as made:
        yield made


def given(settings):
    return {
        "CLEANWIRE_BROKER": settings.broker,
        "CLEANWIRE_TOPIC_PREFIX": settings.topic_prefix,
        "CLEANWIRE_MAX_MESSAGE_BYTES": str(settings.max_message_bytes),
    }


def published(settings):
    return {
        (event := orjson.loads(record.value))["url"]: (event, record)
        for record in records(settings, settings.topics.raw)
    }


@pytest.mark.broker
def test_every_page_that_a_spider_meets_is_on_raw_pages_once(settings, site, tmp_path):
    links = [
        "/gzip",
        "/latin",
        "/moved",
        "/image",
        "/gone",
        "/fail",
        "/text",
        "/feed",
        "/private",
        "/big",
        "/untyped",
    ]
    site.add(
        "/",
        story(0, links=links),
        ("X-Robots-Tag", "noarchive"),
        ("X-Robots-Tag", "noai"),
        ("Set-Cookie", "session=secret"),
    )
    site.add("/gzip", gzipped(story(1)), ("Content-Encoding", "gzip"))
    site.add(
        "/latin", story("M\u00fcnchen").encode("latin-1"), media="text/html; charset=iso-8859-1"
    )
    site.add("/moved", "", ("Location", "/target"), status=302)
    site.add("/target", story(3))
    site.add("/image", b"\x89PNG\r\n\x1a\n", media="image/png")
    site.add("/fail", story(4))
    site.add("/text", "A plain report of the harbour. " * 40, media="text/plain")
    site.add("/feed", "<rss><channel/></rss>", media="application/rss+xml")
    site.add("/private", story(5))
    site.add("/big", story(6, more="x" * settings.max_message_bytes))
    site.add("/untyped", story(7), media="")
    began = time.time()
    code, stats, log = crawl(tmp_path, site.url("/"), settings=given(settings))
    found = published(settings)
    wanted = ["/", "/gzip", "/latin", "/target", "/fail", "/text", "/untyped"]
    assert sorted(found) == sorted(site.url(path) for path in wanted), log
    assert len(records(settings, settings.topics.raw)) == len(wanted)
    assert code == 0
    assert stats["finish_reason"] == "finished"
    assert stats["cleanwire/published"] == str(len(wanted))
    assert int(stats["cleanwire/bytes"]) == sum(len(record.value) for _, record in found.values())
    assert "cleanwire/failed" not in stats
    assert stats["cleanwire/skipped/not-html"] == "2"
    assert stats["cleanwire/skipped/asked"] == "1"
    assert stats["cleanwire/skipped/too-large"] == "1"
    # The spider is as it was: its own error is its own, and its items came out.
    assert stats["spider_exceptions/ValueError"] == "1"
    event, record = found[site.url("/")]
    assert record.key == event["url"].encode()
    assert ("cleanwire.format", b"event") in record.headers
    assert event["headers"]["X-Robots-Tag"] == "noarchive, noai"
    assert "secret" not in record.value.decode()
    page = parse_raw_page(record.value)
    assert page.status == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert clean_event(record.value).robots == ("noarchive", "noai")
    assert began - 1 < event_time_of(page.fetched_at, None) < time.time() + 1
    packed = parse_raw_page(found[site.url("/gzip")][1].value)
    assert packed.body == story(1).encode()
    assert not {"content-encoding"} & {name.lower() for name in packed.headers}
    assert clean_event(found[site.url("/latin")][1].value).title == "Report M\u00fcnchen"


@pytest.mark.broker
def test_a_cached_page_has_the_time_at_which_it_was_fetched(settings, site, tmp_path):
    site.add("/", story(0))
    cache = {**given(settings), "HTTPCACHE_ENABLED": "1", "HTTPCACHE_DIR": str(tmp_path / "cache")}
    for _ in range(3):
        crawl(tmp_path, site.url("/"), settings=cache)
        time.sleep(1.1)
    first, second, third = (
        orjson.loads(record.value)["fetched_at"]
        for record in records(settings, settings.topics.raw)
    )
    assert second == third
    assert site.asked.count("/") == 1
    assert abs(float(first[17:-1]) - float(second[17:-1])) < 1


def test_brokers_that_are_away_end_a_crawl_in_one_line(site, tmp_path):
    site.add("/", story(0))
    code, stats, log = crawl(
        tmp_path, site.url("/"), settings={"CLEANWIRE_BROKER": f"127.0.0.1:{free_port()}"}
    )
    assert stats["finish_reason"] == "cleanwire_unavailable"
    (line,) = [line for line in log.splitlines() if "] ERROR:" in line]
    assert "no broker answers at 127.0.0.1" in line
    assert "Traceback" not in log
    assert "/" not in site.asked
    assert code == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CLEANWIRE_BROKR", "127.0.0.1:9092", "did you mean CLEANWIRE_BROKER?"),
        ("TWISTED_REACTOR", "twisted.internet.selectreactor.SelectReactor", "asyncioreactor"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_a_crawl_in_one_line(site, tmp_path, name, value, said):
    site.add("/", story(0))
    _, stats, log = crawl(tmp_path, site.url("/"), settings={name: value})
    assert stats["finish_reason"] == "cleanwire_unavailable"
    (line,) = [line for line in log.splitlines() if "] ERROR:" in line]
    assert said in line
    assert "/" not in site.asked


@pytest.mark.broker
@pytest.mark.slow
def test_a_stalled_broker_holds_the_crawl_and_a_lost_one_ends_it(site, tmp_path):
    count = 200
    filler = "x" * 200_000
    for number in range(count):
        # Every third callback raises: its page waits without anybody who waits for it.
        site.add(
            f"/fail/{number}" if number % 3 == 0 else f"/{number}",
            story(number, more=f"<!--{filler}-->"),
        )
    paths = [f"/fail/{number}" if number % 3 == 0 else f"/{number}" for number in range(count)]
    site.add("/", story(count, links=paths))
    with EmbeddedBroker(tmp_path / "kafka") as broker:
        settings = Settings(broker=broker.address, data_dir=tmp_path / "data")
        ensure_topics(settings)
        options = {**given(settings), "LOG_LEVEL": "INFO"}
        process = crawl_process(tmp_path, site.url("/"), settings=options)
        while len(site.asked) < 40:
            time.sleep(0.05)
        broker._process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(3)
            held = len(site.asked)
            time.sleep(3)
            assert len(site.asked) == held < count
        finally:
            broker._process.send_signal(signal.SIGCONT)
        _, log = process.communicate(timeout=120)
        stats = json.loads((tmp_path / "stats.json").read_text())
        found = [
            orjson.loads(record.value)["url"] for record in records(settings, settings.topics.raw)
        ]
        assert stats["finish_reason"] == "finished", log[-3000:]
        assert len(set(found)) == count + 1 == int(stats["cleanwire/published"])
        assert int(stats["peak"]) < 500 << 20
        # Lost: what is not on the topic is counted and named.
        site.asked.clear()
        process = crawl_process(tmp_path, site.url("/"), settings=options, PATIENCE="4")
        while len(site.asked) < 40:
            time.sleep(0.05)
        broker._process.kill()
        _, log = process.communicate(timeout=120)
        stats = json.loads((tmp_path / "stats.json").read_text())
        assert stats["finish_reason"] == "cleanwire_unacknowledged", log[-3000:]
        failed = int(stats["cleanwire/failed"])
        assert failed > 0
        assert log.count("was not acknowledged") == failed
        assert f"{failed} pages were not acknowledged" in log
        published = int(stats.get("cleanwire/published", 0))
        assert published + failed == int(stats["response_received_count"])
        assert len(site.asked) < count
