"""The records that carry the details of articles, where these have a topic of their own.

Invariant: no text of an article that was taken down stays on the topic of details. Whoever gets
partitions to decide on looks first whether the topic is there. So a takedown reaches the details
that an earlier worker published, even where the setting has been `inline` again since.
"""

import asyncio
from collections.abc import Iterable, Iterator

import orjson

from cleanwire.dedupe.published import details_of, without_details
from cleanwire.events import CleanArticle, DuplicateArticle
from streams.kafka import clients
from streams.runtime.cloudevents import headers
from streams.runtime.delivery import Headers, Produce
from streams.settings import Settings


class DetailsTopic:
    """Writes details, as `CLEANWIRE_ARTICLE_DETAILS` has it.

    Args:
        settings: the setting, the topic, and where the bus is.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topics.details
        self._is_apart = settings.article_details == "topic"
        self._is_there = self._is_apart

    async def look(self) -> None:
        """Find out whether there may be details to withdraw; a worker asks before it reads.

        Raises:
            OperationalError: the bus is away.
        """
        if not self._is_apart:
            self._is_there = await asyncio.to_thread(_is_there, self._settings)

    def value(self, event: CleanArticle | DuplicateArticle) -> bytes:
        """The value of an outcome's record: without the details where these are apart."""
        if self._is_apart and isinstance(event, CleanArticle):
            return orjson.dumps(without_details(event))
        return orjson.dumps(event)

    def records(
        self, event: CleanArticle | DuplicateArticle, carried: Headers
    ) -> Iterator[Produce]:
        """The record of an article's details, if it has one.

        Args:
            event: the outcome.
            carried: the headers that the outcome has beside those of CloudEvents.
        """
        if self._is_apart and isinstance(event, CleanArticle):
            details = details_of(event)
            yield Produce(
                topic=self._topic,
                key=event.id.encode(),
                value=orjson.dumps(details),
                headers=[*headers(details), *carried],
            )

    def tombstones(self, articles: Iterable[str]) -> Iterator[Produce]:
        """The records that withdraw the details of articles, by their ids."""
        if self._is_there:
            for article in articles:
                yield Produce(topic=self._topic, key=article.encode(), value=None)


def _is_there(settings: Settings) -> bool:
    # The list leaves out what this login may not see. Asking for the topic by its name would be an
    # error then, even where there is none.
    with clients.admin(settings) as admin:
        return settings.topics.details in admin.list_topics()
