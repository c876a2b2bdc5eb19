"""Sends raw-page events from an event loop, and waits for their acknowledgements.

Invariant: `send` returns after all replicas have the event, or says why they do not. A page may be
written twice, because an attempt whose answer is lost is repeated; its id is the same.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    ProducerClosed,
)

from streams.errors import OperationalError
from streams.kafka.auth import login
from streams.kafka.clients import require_topic
from streams.kafka.raw_records import EVENT
from streams.settings import Settings
from streams.stage import RECORD_OVERHEAD

PATIENCE = 120.0
"""Seconds without any acknowledgement, while pages wait for one, after which they are given up."""

WAITING_BYTES = 16 << 20
"""Bytes of pages that may wait for their acknowledgement before the crawl is held."""

_ATTEMPT_MS = 20_000
_RETRY_SECONDS = 1.0
_BATCH_BYTES = 1 << 20
_NOTICE_SECONDS = 10.0
_LOG = logging.getLogger("cleanwire.crawlers")


class UnacknowledgedError(Exception):
    """A page that the brokers did not acknowledge; the text is one line that says why."""


class Publisher:
    """Sends events to raw-pages; belongs to one event loop.

    Args:
        settings: the brokers, the topic and the largest record.
        patience: seconds without an acknowledgement after which pages are given up.
        waiting_bytes: bytes that may wait before `room` holds.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        patience: float = PATIENCE,
        waiting_bytes: int = WAITING_BYTES,
    ) -> None:
        self._settings = settings
        self._topic = settings.topics.raw
        self._patience = patience
        self._most = waiting_bytes
        self._producer: AIOKafkaProducer | None = None
        self._held = 0
        self._waiting = 0
        self._since = 0.0
        self._told = 0.0
        self._lost = ""
        self._changed = asyncio.Condition()

    async def open(self) -> None:
        """Connect.

        Raises:
            OperationalError: the brokers are away or refuse, or there is no topic.
        """
        # The client logs every attempt that fails; what matters is an error or a line of ours.
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        await asyncio.to_thread(require_topic, self._settings, self._topic)
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.broker.split(","),
            client_id="cleanwire-crawler",
            **login(self._settings),
            acks="all",
            linger_ms=5,
            max_batch_size=_BATCH_BYTES,
            max_request_size=self._settings.max_message_bytes + RECORD_OVERHEAD,
            request_timeout_ms=_ATTEMPT_MS,
        )
        try:
            await producer.start()
        except (KafkaError, OSError) as error:
            await producer.stop()
            raise OperationalError(
                f"no producer can start at {self._settings.broker}: {type(error).__name__}",
                "check the brokers, and compare `cleanwire topics --check`",
            ) from None
        self._producer = producer

    async def close(self) -> None:
        """Disconnect. Nothing may wait any more."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def room(self) -> None:
        """Wait until there is room for more pages."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._held < self._most)

    async def send(self, key: bytes, value: bytes) -> None:
        """Send an event, and wait until all replicas have it.

        Args:
            key: the record's key.
            value: the event.

        Raises:
            UnacknowledgedError: the brokers refuse the record, or acknowledge nothing for as long
                as the patience lasts.
        """
        async with self._counted(len(value)):
            while True:
                if self._lost:
                    raise UnacknowledgedError(self._lost)
                try:
                    await self._attempt(key, value)
                except (KafkaTimeoutError, TimeoutError) as error:
                    self._check_patience(error)
                except ProducerClosed:
                    raise UnacknowledgedError("the producer was closed") from None
                except MessageSizeTooLargeError:
                    raise UnacknowledgedError(
                        f"the brokers take no record of {len(value)} bytes"
                    ) from None
                except KafkaError as error:
                    if not error.retriable:
                        raise UnacknowledgedError(type(error).__name__) from None
                    self._check_patience(error)
                else:
                    self._since = asyncio.get_running_loop().time()
                    return
                await asyncio.sleep(_RETRY_SECONDS)

    async def _attempt(self, key: bytes, value: bytes) -> None:
        if self._producer is None:
            raise ProducerClosed
        left = self._since + self._patience - asyncio.get_running_loop().time()
        async with asyncio.timeout(max(left, 0.1)):
            await self._producer.send_and_wait(self._topic, value, key=key, headers=EVENT)

    def _check_patience(self, error: Exception) -> None:
        """Give up if the brokers have acknowledged nothing for too long.

        Raises:
            UnacknowledgedError: they have not.
        """
        now = asyncio.get_running_loop().time()
        silent = now - self._since
        if silent >= self._patience:
            self._lost = f"the brokers acknowledged nothing for {silent:.0f} s"
            raise UnacknowledgedError(self._lost) from None
        if now - self._told >= _NOTICE_SECONDS:
            self._told = now
            _LOG.warning(
                "Cleanwire: %d pages wait for the brokers at %s for %.0f s now (%s); "
                "the crawl is held",
                self._waiting,
                self._settings.broker,
                silent,
                type(error).__name__,
            )

    @asynccontextmanager
    async def _counted(self, size: int) -> AsyncIterator[None]:
        if not self._waiting:
            self._since = asyncio.get_running_loop().time()
        self._held += size
        self._waiting += 1
        try:
            yield
        finally:
            self._held -= size
            self._waiting -= 1
            async with self._changed:
                self._changed.notify_all()
