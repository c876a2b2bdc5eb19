"""The records that an outcome is published as, and those that withdraw an article.

Invariant: no text of an article that was taken down stays on any topic of articles. A worker looks
which of these topics there are before it sends tombstones. So a takedown reaches the copies that
another worker published, even where this worker's settings ask for none.

An article is one record on `clean-articles`. By settings it is up to three. Its details are
on `article-details` (`CLEANWIRE_ARTICLE_DETAILS`). `flat-articles` has it as Kafka Connect reads it
(`CLEANWIRE_FLAT_ARTICLES`). All of them have the article's id as their key.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence

import orjson

from cleanwire.dedupe.published import details_of, without_details
from cleanwire.events import CleanArticle, DuplicateArticle
from cleanwire.flat import flat_value
from streams.kafka import clients
from streams.runtime.cloudevents import headers
from streams.runtime.delivery import Headers, Produce
from streams.runtime.instruments import CountedPage
from streams.settings import Settings

LOOK_SECONDS = 1.0
"""Seconds for which a look at the topics counts. Pages that were taken down may come in thousands,
while another worker that made a topic hands its partitions over in a longer time."""

_JSON: Headers = [("content-type", b"application/json")]


class Publication:
    """Makes the records of outcomes, as the settings have them.

    Args:
        settings: the topics, what is on them, and where the bus is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        topics = settings.topics
        self._copies = {
            topics.details: settings.article_details == "topic",
            topics.flat: settings.flat_articles,
        }
        self._there: set[str] = set()
        self._looked: float | None = None
        self._looking = asyncio.Lock()

    @property
    def wanted(self) -> list[str]:
        """The topics of copies that the settings ask for."""
        return [topic for topic, is_wanted in self._copies.items() if is_wanted]

    def is_to_look(self, produces: Iterable[Produce]) -> bool:
        """Whether some records go to a topic of which it is not known whether there is one."""
        return any(self._copies.get(produce.topic) is False for produce in produces)

    async def reaching(self, produces: Sequence[Produce]) -> list[Produce]:
        """The records without those for topics that there are not.

        Raises:
            OperationalError: the bus is away.
        """
        async with self._looking:
            if self._looked is None or time.monotonic() - self._looked > LOOK_SECONDS:
                self._there = await asyncio.to_thread(_topics_on, self._settings)
                self._looked = time.monotonic()
        return [
            produce
            for produce in produces
            if self._copies.get(produce.topic, True) or produce.topic in self._there
        ]

    def records(
        self, event: CleanArticle | DuplicateArticle, carried: Headers, page: CountedPage
    ) -> Iterator[Produce]:
        """The records of an outcome. The article comes last, so that its details are there first.

        Args:
            event: the outcome.
            carried: the headers that all records have beside those of CloudEvents.
            page: how the metrics count the outcome.

        Raises:
            TypeError: a text cannot be encoded, because it holds half of a surrogate pair.
        """
        topics = self._settings.topics
        key = event.id.encode()
        if isinstance(event, DuplicateArticle):
            yield Produce(
                topic=topics.duplicates,
                key=key,
                value=orjson.dumps(event),
                headers=[*headers(event), *carried],
                page=page,
            )
            return
        if self._copies[topics.details]:
            details = details_of(event)
            yield Produce(
                topic=topics.details,
                key=key,
                value=orjson.dumps(details),
                headers=[*headers(details), *carried],
            )
        if self._copies[topics.flat]:
            yield Produce(
                topic=topics.flat, key=key, value=flat_value(event), headers=[*_JSON, *carried]
            )
        is_apart = self._copies[topics.details]
        yield Produce(
            topic=topics.clean,
            key=key,
            value=orjson.dumps(without_details(event) if is_apart else event),
            headers=[*headers(event), *carried],
            page=page,
        )

    def tombstones(self, articles: Iterable[str]) -> Iterator[Produce]:
        """The records that withdraw articles, by their ids, from every topic that may have them."""
        for article in articles:
            for topic in (*self._copies, self._settings.topics.clean):
                yield Produce(topic=topic, key=article.encode(), value=None)


def _topics_on(settings: Settings) -> set[str]:
    # The list leaves out what this login may not see. Asking for a topic by its name would be an
    # error then, even where there is none.
    with clients.admin(settings) as admin:
        return set(admin.list_topics())
