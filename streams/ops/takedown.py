"""Takedown: withdraws published articles, by id or by URL.

Invariant: `dedupe` alone decides what is withdrawn, and at which sequence. The request goes
through its input topic, as everything does that changes its state. The takedown reads
`clean-articles` first, because that topic keeps articles for longer than `dedupe` does.
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
        articles: the URLs of the articles that were found on `clean-articles`, by article id.
        ids: the ids of those articles, and the ids that the operator gave.
        offset: the offset of the request on the first partition of `candidates`.
        ends: the offset after the last record of each partition of `clean-articles`, before the
            request was sent.
    """

    articles: Mapping[str, str]
    ids: Collection[str]
    offset: int
    ends: Mapping[TopicPartition, int]


def ask(
    settings: Settings, targets: Collection[str], progress: Progress = lambda *_: None
) -> TakedownRequest:
    """Ask `dedupe` to withdraw articles.

    The request is on `candidates`, acknowledged, when this returns. `wait` waits for its effect.

    Args:
        settings: the brokers and the topics.
        targets: ids of articles (32 hexadecimal digits each) and URLs of pages.
        progress: called with a topic, how many of its records are read, and how many there are.

    Returns:
        The request. An id that was given is in it even if `clean-articles` does not have it.

    Raises:
        ConfigurationError: a target is neither an id nor a URL.
        OperationalError: Kafka is away, the topics are not as the settings have them, an open
            transaction holds back `clean-articles`, or its end cannot be reached.
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
    """Wait until `dedupe` has done what it was asked for.

    Args:
        settings: the brokers and the topics.
        asked: what `ask` returned.
        seconds: how long to wait at most.

    Returns:
        Whether every article has its tombstone on `clean-articles`; if there is no article to
        withdraw, whether every shard has committed past the request.

    Raises:
        OperationalError: Kafka is away.
    """
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
    """Wait until every shard, in their order, has committed past the request.

    A shard forwards the request to the next shard before it commits. When a shard has committed,
    the end of the next shard's partition therefore is after the request.
    """
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
    """The URLs of the published articles that the ids or the pages name, by article id.

    Args:
        consumer: reads `clean-articles`; it is assigned its partitions.
        settings: the name of the topic.
        ids: ids of articles.
        pages: `url_key`s of pages.
        progress: called as the reading goes on.
    """
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
