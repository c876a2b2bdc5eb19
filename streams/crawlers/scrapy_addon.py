"""The Scrapy add-on: each page that a spider meets goes to raw-pages.

Invariants:

- A spider's results wait until its page is acknowledged, so Scrapy counts the response as being
  worked on, and fetches no more once too many are.
- A spider is closed after all acknowledgements. Pages without one are counted and named.
- The spider sees every response as it would without the add-on.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator
from typing import Any, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from scrapy.settings import BaseSettings
from scrapy.utils.asyncio import is_asyncio_available
from w3lib.url import safe_download_url

from streams.crawlers.publisher import PATIENCE, Publisher, UnacknowledgedError
from streams.crawlers.response_page import Skipped, event_of
from streams.errors import ConfigurationError, OperationalError
from streams.settings import PREFIX, Settings, load_settings
from streams.spelling import nearest

UNAVAILABLE = "cleanwire_unavailable"
"""The reason for closing a spider that cannot publish from the start."""

UNACKNOWLEDGED = "cleanwire_unacknowledged"
"""The reason for closing a spider after a page that was not acknowledged."""

NEXT_TO_SPIDER = 1100
NEXT_TO_ENGINE = 10

_LOG = logging.getLogger("cleanwire.crawlers")


class CleanwireAddon:
    """Enables the two middlewares.

    A project has it with `ADDONS = {"streams.crawlers.scrapy_addon.CleanwireAddon": 500}`.
    """

    def update_settings(self, settings: BaseSettings) -> None:
        """Put the middlewares next to the spider and next to the engine."""
        settings.setdefault_in_component_priority_dict(
            "SPIDER_MIDDLEWARES", RawPagesMiddleware, NEXT_TO_SPIDER
        )
        settings.setdefault_in_component_priority_dict(
            "DOWNLOADER_MIDDLEWARES", HoldMiddleware, NEXT_TO_ENGINE
        )


class RawPagesMiddleware:
    """A spider middleware that publishes each response that reaches the spider.

    Args:
        crawler: the crawler that it belongs to.

    Attributes:
        patience: seconds without any acknowledgement after which pages are given up.
    """

    patience: float = PATIENCE

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._publisher: Publisher | None = None
        self._settings: Settings | None = None
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._is_closing = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make the middleware, and hear of the spider's beginning and end."""
        made = cls(crawler)
        crawler.signals.connect(made.opened, signal=signals.spider_opened)
        crawler.signals.connect(made.closed, signal=signals.spider_closed)
        return made

    async def opened(self, spider: Spider) -> None:
        """Connect before the first request.

        Raises:
            CloseSpider: Kafka cannot be used; the reason is logged as one line.
        """
        try:
            if not is_asyncio_available():
                raise ConfigurationError(
                    "the Scrapy setting TWISTED_REACTOR names a reactor without asyncio",
                    "remove it, or name twisted.internet.asyncioreactor.AsyncioSelectorReactor",
                )
            self._settings = settings_of(self._crawler.settings)
            publisher = Publisher(self._settings, patience=self.patience)
            await publisher.open()
        except OperationalError as error:
            _LOG.error("Cleanwire: %s", error, extra={"spider": spider})
            raise CloseSpider(UNAVAILABLE) from None
        self._publisher = publisher

    async def closed(self, spider: Spider) -> None:
        """Wait for the pages whose callbacks failed, then disconnect."""
        while self._sending:
            await asyncio.wait(list(self._sending.values()))
        if self._publisher is not None:
            await self._publisher.close()
        failed = self._stats.get_value("cleanwire/failed", 0)
        if failed:
            line = "Cleanwire: %d pages were not acknowledged and are not on %s; crawl them again"
            topic = self._settings.topics.raw if self._settings else "raw-pages"
            _LOG.error(line, failed, topic, extra={"spider": spider})

    def process_spider_input(self, response: Response) -> None:
        """Begin to publish a response."""
        key = id(response)
        # The task holds the response, so its id is not given to another one before the task ends.
        task = asyncio.get_running_loop().create_task(self._publish(response))
        self._sending[key] = task
        task.add_done_callback(lambda _: self._sending.pop(key, None))

    async def process_spider_output(
        self, response: Response, result: AsyncIterator[Any]
    ) -> AsyncIterator[Any]:
        """Hold the spider's results until its page is acknowledged."""
        task = self._sending.get(id(response))
        if task is not None:
            await asyncio.wait([task])
        async for one in result:
            yield one

    async def room(self) -> None:
        """Wait until there is room for more pages."""
        if self._publisher is not None:
            await self._publisher.room()

    @property
    def _stats(self) -> Any:  # noqa: ANN401 - a project may bring a collector of its own
        return self._crawler.stats

    async def _publish(self, response: Response) -> None:
        publisher, settings = self._publisher, self._settings
        if publisher is None or settings is None:
            # Scrapy before 2.19 fetches on although `opened` asked it to close the spider.
            self._stats.inc_value("cleanwire/failed")
            self._close(UNAVAILABLE)
            return
        try:
            value = event_of(response, dt.datetime.now(dt.UTC), settings.max_message_bytes)
        except Skipped as reason:
            self._stats.inc_value(f"cleanwire/skipped/{reason}")
            if str(reason) in {"too-large", "partial"}:
                _LOG.warning("Cleanwire: %s is not published: %s", _shown(response.url), reason)
            return
        try:
            await publisher.send(response.url.encode("utf-8", "replace"), value)
        except UnacknowledgedError as error:
            self._stats.inc_value("cleanwire/failed")
            _LOG.error("Cleanwire: %s was not acknowledged: %s", _shown(response.url), error)
            self._close(UNACKNOWLEDGED)
        else:
            self._stats.inc_value("cleanwire/published")
            self._stats.inc_value("cleanwire/bytes", len(value))

    def _close(self, reason: str) -> None:
        """Close the spider, once: it must not go on fetching pages that are lost."""
        engine = self._crawler.engine
        if self._is_closing or engine is None:
            return
        self._is_closing = True
        closing = asyncio.get_running_loop().create_task(engine.close_spider_async(reason=reason))
        _CLOSING.add(closing)
        closing.add_done_callback(_CLOSING.discard)


class HoldMiddleware:
    """A downloader middleware that holds responses while too many pages wait for Kafka.

    A callback that raises an error ends the work on its response before the page is acknowledged.
    Without this bound such a spider would fetch on while Kafka is slow.

    Args:
        crawler: the crawler that it belongs to.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make the middleware."""
        return cls(crawler)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Give the response on once there is room for its page."""
        del request
        publishes = self._crawler.get_spider_middleware(RawPagesMiddleware)
        if publishes is not None:
            await publishes.room()
        return response


_CLOSING: set[asyncio.Task[None]] = set()


def settings_of(given: BaseSettings) -> Settings:
    """Cleanwire's settings: those of Scrapy with the prefix, then the environment, then the file.

    Raises:
        ConfigurationError: a setting cannot be used, or Scrapy has one that Cleanwire has not.
    """
    known = {PREFIX + name.upper(): name for name in Settings.model_fields}
    found = {}
    for name in given:
        if not str(name).startswith(PREFIX):
            continue
        if name not in known:
            near = nearest(name, known)
            fix = f"did you mean {near}?" if near else "see `cleanwire config`"
            raise ConfigurationError(f"{name} in the Scrapy settings is no setting", fix)
        found[known[name]] = given[name]
    return load_settings(**found)


def _shown(url: str) -> str:
    """A URL for the log, without a password in it."""
    return safe_download_url(url)[:500]
