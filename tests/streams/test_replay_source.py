"""Which pages `cleanwire replay` runs again, on a real broker without workers."""

import contextlib
import signal
import subprocess
import sys
import time

import pytest
from kafka import KafkaProducer, TopicPartition

from cleanwire.clean import clean_event
from cleanwire.page.formats.format_names import FORMAT_HEADER
from cleanwire.page.formats.record_page import read_page
from helpers.harness import (
    HELPERS,
    cleanwire,
    environment,
    page,
    publish,
    records,
)
from helpers.replaying import ran, raw
from streams.kafka import clients
from streams.kafka.headers import ARRIVED, PREFIX, original_of
from streams.kafka.raw_records import raw_record
from streams.kafka.topics import ensure_topics
from streams.ops.page_facts import article_of

pytestmark = pytest.mark.broker


def test_usage_that_means_nothing_is_refused(settings):
    for arguments, words in (
        ((), "--from TIME"),
        (("--from", "yesterday"), "2026-11-03T10:00:00Z"),
        (("--from", "2999-01-01T00:00:00Z"), "future"),
        (("--from", "1h", "--to", "2h"), "not after"),
        (("--from", "1h", "--reason", "no-article"), "--topic rejected-pages"),
        (("--topic", "rejected-pages", "--reason", "nonsense"), "no-article"),
    ):
        _, told = ran(settings, *arguments, code=2)
        assert words in told
    _, told = ran(settings.model_copy(update={"topic_prefix": "none."}), "--from", "1h", code=3)
    assert "run `cleanwire topics`" in told


def test_an_interrupt_says_how_far_it_came(settings):
    publish(settings, [page(number) for number in range(30)])
    command = subprocess.Popen(
        [sys.executable, HELPERS / "slow_replay.py", "--from", "1h"],
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(raw(settings)) < 35:
        assert time.monotonic() < deadline
    command.send_signal(signal.SIGINT)
    _, told = command.communicate(timeout=30)
    assert command.returncode == 130, told
    assert "interrupted after" in told
    assert "does no harm" in told
    assert "Traceback" not in told


def test_what_does_not_fit_any_more_is_counted_and_the_others_are_appended(settings):
    small = settings.model_copy(update={"max_message_bytes": 1 << 20, "max_page_bytes": 1 << 19})
    publish(settings, [b"x" * (3 << 20), b"no page"], partition=0)
    said, told = ran(small, "--from", "1h", "--no-wait", code=1)
    assert "1 page appended" in said
    assert "1 page not acknowledged" in told
    assert "MessageSizeTooLargeError" in told


def test_pages_stay_in_their_partition_when_the_topic_has_grown(bare_settings):
    settings = bare_settings.model_copy(update={"raw_partitions": 2})
    ensure_topics(settings)
    publish(settings, [page(number) for number in range(6)], key=b"one", partition=1)
    grown = settings.model_copy(update={"raw_partitions": 7})
    assert cleanwire(grown, "topics", "--grow", "--yes").returncode == 0
    said, _ = ran(grown, "--from", "1h", "--no-wait")
    assert "6 pages appended" in said
    found = raw(grown)
    assert {partition for partition, _ in found} == {1}
    assert [found[1, 6 + n].value for n in range(6)] == [found[1, n].value for n in range(6)]


def letter(settings, offset, *, topic_id="old", reason="no-article", topic=None, at=""):
    """The headers of a dead letter of a record of `raw-pages`, or of another topic."""
    added = {
        "reason": reason,
        "detail": "",
        "source.topic": topic or settings.topics.raw,
        "source.partition": "3",
        "source.offset": str(offset),
        "source.topic-id": topic_id,
        "source.timestamp": at,
    }
    return [(f"{PREFIX}{name}", value.encode()) for name, value in added.items()]


def test_dead_letters_of_all_kinds_are_run_or_counted(settings):
    topic = settings.topics.rejected
    candidates = settings.topics.candidates
    for value, headers in (
        # The raw topic was deleted and made again: the dead letters are all that is left.
        (b"one", letter(settings, 7)),
        (b"one", letter(settings, 7)),
        (b"two", letter(settings, 8)),
        (b"three", letter(settings, 9, reason="not-json")),
        (None, letter(settings, 10, reason="too-large")),
        (None, letter(settings, 11, reason="withdrawn")),
        (b"internal", letter(settings, 12, topic=candidates)),
        (b"strange", [("mine", b"1")]),
        (b"strange", [(f"{PREFIX}reason", b"\xff")]),
    ):
        publish(settings, [value], topic=topic, key=b"k", headers=headers)
    said, told = ran(settings, "--topic", "rejected-pages", "--no-wait", "--reason", "no-article")
    assert "2 pages appended" in said
    for words in (
        "1 another record of the same page",
        "3 rejected for another reason",
        f"1 not from {settings.topics.raw}",
        "2 no dead letters of Cleanwire",
    ):
        assert words in told
    assert {
        (record.value, record.key, str(original_of(record.headers)))
        for record in raw(settings).values()
    } == {(b"one", b"k", "old/3/7"), (b"two", b"k", "old/3/8")}
    said, told = ran(settings, "--topic", "rejected-pages", "--dry-run")
    assert said.startswith("3 pages to run again\nrejected no-article: 2\nrejected not-json: 1\n")
    assert "by their keys: 3" in said
    for words in ("1 too-large, without a value", "1 withdrawn, without a value"):
        assert words in told
    assert "0 pages" in ran(settings, "--topic", "rejected-pages", "--to", "1h", "--no-wait")[0]


def test_a_replay_stands_for_an_original_that_is_no_longer_retained(settings):
    publish(settings, [page(number) for number in range(3)], partition=1)
    ran(settings, "--from", "1h", "--no-wait")
    with clients.admin(settings) as admin:
        admin.delete_records({TopicPartition(settings.topics.raw, 1): 2})
    said, told = ran(settings, "--from", "1h", "--no-wait")
    assert "3 pages appended" in said
    assert "1 replays of pages in the range" in told
    found = [original_of(record.headers) for _, record in sorted(raw(settings).items())]
    assert [original and original.offset for original in found] == [None, 0, 1, 2, 2, 0, 1]
    assert ran(settings, "--from", "2h", "--to", "1h", "--no-wait")[0].startswith("0 pages")


def test_a_page_without_a_fetch_time_keeps_that_of_its_first_record(settings):
    headers = [("url", b"https://paper.example/a"), (FORMAT_HEADER, b"html")]
    publish(settings, [b"<p>Hello</p>"], key=b"k", headers=headers)
    time.sleep(0.01)
    for _ in range(2):
        said, _ = ran(settings, "--from", "1h", "--no-wait", "--site", "paper.example")
        assert "1 page appended" in said
    said, told = ran(settings, "--from", "1h", "--no-wait", "--site", "other.example")
    assert "0 pages" in said
    assert "1 of another site" in told
    pages = {
        read_page(
            raw_record(record.value, headers=record.headers, timestamp=record.timestamp / 1000)
        ).fetched_at
        for record in raw(settings).values()
    }
    assert (len(raw(settings)), len(pages)) == (3, 1)


def test_a_dead_letter_keeps_the_format_that_its_worker_took_it_for(settings):
    headers = [("url", b"https://paper.example/a"), *letter(settings, 7), (FORMAT_HEADER, b"html")]
    publish(settings, [b"<p>Hello</p>"], topic=settings.topics.rejected, headers=headers)
    said, _ = ran(settings, "--topic", "rejected-pages", "--no-wait", "--site", "paper.example")
    assert "1 page appended" in said
    ((_, record),) = raw(settings).items()
    assert dict(record.headers)[FORMAT_HEADER] == b"html"


@pytest.mark.parametrize("raw_format", ["event", "html"])
def test_a_page_whose_article_is_a_tombstone_only_is_not_run_again(settings, raw_format):
    """The record of the article is compacted away; no outcome says the id any more."""
    value, other = page(1), page(2)
    headers = [(FORMAT_HEADER, b"event")]
    if raw_format == "html":
        value, other = b"<p>Hello</p>", b"<p>World</p>"
        # It has no fetch time: the time at which it arrived stands for it.
        headers = [("url", b"https://paper.example/a"), (ARRIVED, b"1793000000000")]
    sourced = [
        *headers,
        *letter(settings, 7, at="1793000000000"),
        (FORMAT_HEADER, raw_format.encode()),
    ]
    rejected = settings.topics.rejected
    publish(settings, [value], topic=rejected, headers=sourced)
    (record,) = records(settings, rejected)
    cleaned = clean_event(raw_record(record.value, headers=record.headers), require_article=False)
    article = article_of(record).encode()
    assert article.decode() == cleaned.id
    for key in (b"", b"\xff", b"x" * 900, article):
        publish(settings, [None], topic=settings.topics.clean, key=key)
    again = [
        *headers,
        *letter(settings, 8, at="1793000000000"),
        (FORMAT_HEADER, raw_format.encode()),
    ]
    publish(settings, [other, b"no page"], topic=rejected, headers=again, partition=0)
    said, told = ran(settings, "--topic", "rejected-pages", "--no-wait")
    assert "1 page appended" in said
    assert "1 taken down" in told
    assert {record.value for record in raw(settings).values()} == {other}


def test_an_open_transaction_is_named_when_replays_wait_behind_it(settings):
    publish(settings, [page(1)], partition=0)
    with clients.explained(settings):
        crawler = KafkaProducer(
            **clients.common(settings), transactional_id=f"{settings.topic_prefix}crawler"
        )
    with contextlib.closing(crawler):
        crawler.init_transactions()
        crawler.begin_transaction()
        crawler.send(settings.topics.raw, page(2), partition=0).get(timeout=30)
        said, told = ran(settings, "--from", "1h", "--wait", "1", code=1)
        crawler.abort_transaction()
    # The page of the transaction is none yet.
    assert "1 page appended" in said
    assert f"held: {settings.topics.raw} partition 0 is held at offset 1" in told
