"""Takedown: articles that were published are withdrawn, by id or by URL.

Invariant: what is withdrawn, and at which place of the order, is decided by `dedupe` alone,
which is asked through its input, like everything that changes its memory. `clean-articles` is read
before, because it remembers for longer than `dedupe` does.
"""

import dataclasses
import re
import time
from collections.abc import Collection, Mapping
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition

from cleanwire.dedupe.deduper import url_key_of
from cleanwire.dedupe.records import pack_takedown
from cleanwire.errors import InvalidEvent
from cleanwire.page.raw_page import check_url
from streams.errors import ConfigurationError
from streams.kafka import clients
from streams.kafka.headers import TAKEDOWN
from streams.kafka.topic_reader import POLL_MS, Progress, committed, partitions_in, records
from streams.kafka.topics import require_topics
from streams.runtime import transactions
from streams.settings import Settings
from streams.stage import app_id

KEY = b"takedown"

_ID = re.compile(r"[0-9a-f]{32}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TakedownRequest:
    """What `dedupe` was asked to withdraw.

    Attributes:
        articles: the URLs of the articles found on `clean-articles`, by their ids.
        ids: of these, and those that were given.
        offset: the request's on the first partition of `candidates`.
        ends: where each partition of `clean-articles` ended before.
    """

    articles: Mapping[str, str]
    ids: Collection[str]
    offset: int
    ends: Mapping[TopicPartition, int]


def ask(
    settings: Settings, targets: Collection[str], progress: Progress = lambda *_: None
) -> TakedownRequest:
    """Ask `dedupe` to withdraw articles.

    Args:
        settings: where the bus is.
        targets: ids of articles, and URLs of pages.
        progress: called with a topic, how many of its records are read, and how many there are.

    Raises:
        ConfigurationError: a target is neither.
        OperationalError: the bus is away, or the topics are not as the settings have them.
    """
    ids = {target for target in targets if _is_id(target)}
    pages = {url_key_of(target, "") for target in targets if target not in ids}
    require_topics(settings)
    transactions.require_none(settings, [settings.topics.clean])
    with clients.consumer(settings) as consumer:
        ends = consumer.end_offsets(partitions_in(consumer, settings.topics.clean))
        articles = _find(consumer, settings, ids, pages, progress)
    wanted = sorted(ids | articles.keys())
    with clients.producer(settings) as producer:
        sent = producer.send(
            settings.topics.candidates,
            pack_takedown(wanted, sorted(pages)),
            key=KEY,
            headers=[(TAKEDOWN, b"")],
            partition=0,
        ).get(timeout=clients.TIMEOUT_MS / 1000)
    return TakedownRequest(articles=articles, ids=wanted, offset=sent.offset, ends=ends)


def wait(settings: Settings, asked: TakedownRequest, seconds: float) -> bool:
    """Wait until what was asked for is done; returns whether it was, after so long at most."""
    deadline = time.monotonic() + seconds
    if not asked.ids:
        return _wait_until_read(settings, asked.offset, deadline)
    left = set(asked.ids)
    with clients.consumer(settings) as consumer:
        consumer.assign(list(asked.ends))
        for partition, end in asked.ends.items():
            consumer.seek(partition, end)
        while left and time.monotonic() < deadline:
            for batch in consumer.poll(timeout_ms=POLL_MS).values():
                left -= {_key(record) for record in batch if record.value is None}
    return not left


def _wait_until_read(settings: Settings, offset: int, deadline: float) -> bool:
    """Wait until one shard after the other has it: each tells the next before it commits."""
    group, topic = app_id(settings, "dedupe"), settings.topics.candidates
    end = offset + 1
    with clients.consumer(settings) as consumer:
        for shard in range(settings.dedupe_shards):
            if shard:
                place = TopicPartition(topic, shard)
                end = consumer.end_offsets([place])[place]
            while committed(settings, group, topic).get(TopicPartition(topic, shard), 0) < end:
                if time.monotonic() > deadline:
                    return False
                time.sleep(POLL_MS / 1000)
    return True


def _is_id(target: str) -> bool:
    if _ID.fullmatch(target):
        return True
    try:
        check_url(target)
    except InvalidEvent as error:
        raise ConfigurationError(
            f"{target[:200]!r} is neither an article's id nor a URL: {error.detail}",
            "give the 32 hexadecimal digits of `id`, or the page's URL",
        ) from None
    return False


def _find(
    consumer: KafkaConsumer,
    settings: Settings,
    ids: Collection[str],
    pages: Collection[bytes],
    progress: Progress,
) -> dict[str, str]:
    """The articles that are published, by id: their URLs."""
    found: dict[str, str] = {}
    for record in records(consumer, settings.topics.clean, progress):
        article = _key(record)
        if record.value is None:
            found.pop(article, None)
        elif pages or article in ids:
            url = str(orjson.loads(record.value)["url"])
            if article in ids or url_key_of(url, article) in pages:
                found[article] = url
    return found


def _key(record: Any) -> str:  # noqa: ANN401 - untyped library
    key: bytes = record.key or b""
    return key.decode("utf-8", "replace")
