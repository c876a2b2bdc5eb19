"""The ids of topics, which tell a topic from one that was made again under its name (KIP-516).

Invariant: no answer is no news. Only brokers that answered can say that a topic is another
one, or is not there; and a question never holds up the event loop.
"""

import asyncio
import base64
import contextlib
import functools
import logging
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, UnknownTopicOrPartitionError

from streams.kafka import clients
from streams.settings import Settings

AGAIN_SECONDS = 0.5

ANSWER_SECONDS = 20.0
"""The client has deadlines of its own; it is not relied on that it keeps them."""

CLOSE_SECONDS = 2.0
"""A client that is not closed by then goes with the process."""

log = logging.getLogger(__name__)

T = TypeVar("T")

Ids = Mapping[str, str]
"""The id of each topic that is there, by its name; empty where the brokers give none."""


def ids_of(client: KafkaAdminClient, topics: Sequence[str]) -> dict[str, str]:
    """The ids of those topics that are there.

    Raises:
        KafkaError: the brokers did not say.
    """
    found = {}
    for described in client.describe_topics(list(topics)):
        code = described.get("error_code", 0)
        if code == UnknownTopicOrPartitionError.errno:
            continue
        if code:
            raise KafkaError(f"topic {described['name']}: error {code}")
        found[described["name"]] = _text(described.get("topic_id"))
    return found


def _text(given: uuid.UUID | str | None) -> str:
    """An id as Kafka's own tools write it."""
    value = uuid.UUID(str(given)) if given else uuid.UUID(int=0)
    return base64.urlsafe_b64encode(value.bytes).decode().rstrip("=") if value.int else ""


class TopicIds:
    """Asks the brokers for the ids of a stage's topics, by a client of its own.

    One question at a time is with the client, which knows one thread at a time: whoever asks
    meanwhile is told the same, and whoever does not wait any more leaves it to its end.

    Args:
        settings: where the bus is.
        topics: their names; the first is the one that is read.
    """

    def __init__(self, settings: Settings, topics: Sequence[str]) -> None:
        self._settings = settings
        self.topics = tuple(topics)
        self._asking: asyncio.Future[Ids] | None = None
        self._client = _Client(settings)

    async def ask(self) -> Ids | None:
        """The ids of the topics that are there; None, and a line, while the brokers do not say."""
        if self._asking is None or self._asking.done():
            self._asking = _in_thread(functools.partial(self._client.ask, self.topics))
        asking = self._asking
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.shield(asking)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no answer
            log.warning("the brokers do not say which topics there are: %r", error)
            if self._asking is asking:
                # One that never answers is left to itself.
                self._asking, self._client = None, _Client(self._settings)
            return None

    async def wait(self) -> Ids:
        """As `ask`, again and again until all topics are there."""
        while True:
            found = await self.ask()
            if found is not None and all(topic in found for topic in self.topics):
                return found
            await asyncio.sleep(AGAIN_SECONDS)

    async def close(self) -> None:
        """Close the client, unless it is still being asked: then it goes with the process."""
        if self._asking is None or self._asking.done():
            with contextlib.suppress(Exception):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await _in_thread(self._client.close)


class _Client:
    """An admin client, which is made when it is needed, and not used again after a fault."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = contextlib.ExitStack()
        self._admin: KafkaAdminClient | None = None

    def ask(self, topics: Sequence[str]) -> Ids:
        try:
            if self._admin is None:
                self._admin = self._stack.enter_context(clients.admin(self._settings))
            return ids_of(self._admin, topics)
        except Exception:
            with contextlib.suppress(Exception):
                self.close()
            raise

    def close(self) -> None:
        self._stack.close()


def _in_thread(call: Callable[[], T]) -> asyncio.Future[T]:
    """The result of a call in a thread that nobody has to wait for, not even the process's end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    # A fault that nobody waits for any more is no news.
    future.add_done_callback(lambda done: done.cancelled() or done.exception())

    def run() -> None:
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - it is raised where the future is awaited
            tell(future.set_exception, error)
        else:
            tell(future.set_result, result)

    def tell(setter: Callable[..., None], value: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(lambda: None if future.done() else setter(value))

    threading.Thread(target=run, name="topic-ids", daemon=True).start()
    return future
