"""The ids of topics, which tell a topic from a new one of the same name (KIP-516).

Invariants:

- A topic counts as changed or missing only if the brokers have said so. No answer changes nothing.
- A question to the brokers never blocks the event loop.
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
"""Seconds between two questions while a topic is missing."""

ANSWER_SECONDS = 20.0
"""Seconds that an answer may take. The client has deadlines of its own, but may not keep them."""

CLOSE_SECONDS = 2.0
"""Seconds that closing the client may take. A client that takes longer ends with the process."""

log = logging.getLogger(__name__)

T = TypeVar("T")

Ids = Mapping[str, str]
"""The id of each topic that exists, by the topic's name; empty where the brokers give none."""


def ids_of(client: KafkaAdminClient, topics: Sequence[str]) -> dict[str, str]:
    """The ids of those of the topics that exist.

    Raises:
        KafkaError: the brokers gave no answer about a topic.
    """
    found = {}
    for described in client.describe_topics(list(topics)):
        code = described.get("error_code", 0)
        if code == UnknownTopicOrPartitionError.errno:
            continue
        if code:
            raise KafkaError(f"topic {described['name']}: error {code}")
        found[described["name"]] = _id_text(described.get("topic_id"))
    return found


def _id_text(given: uuid.UUID | str | None) -> str:
    """An id as Kafka's own tools write it; empty if there is none."""
    value = uuid.UUID(str(given)) if given else uuid.UUID(int=0)
    return base64.urlsafe_b64encode(value.bytes).decode().rstrip("=") if value.int else ""


class TopicIds:
    """Asks the brokers for the ids of a stage's topics, with a client of its own.

    The client can be used by one thread at a time, so it has one question at a time. A caller that
    asks meanwhile gets the same answer. If a caller stops waiting, the question goes on to its end.

    Args:
        settings: where the bus is.
        topics: the names of the topics; the first one is the stage's input.
    """

    def __init__(self, settings: Settings, topics: Sequence[str]) -> None:
        self._settings = settings
        self.topics = tuple(topics)
        self._question: asyncio.Future[Ids] | None = None
        self._client = _Client(settings)

    async def ask(self) -> Ids | None:
        """Ask for the ids of the topics that exist.

        Returns:
            The ids by topic; None if there was no answer within `ANSWER_SECONDS`. This is logged.
        """
        if self._question is None or self._question.done():
            self._question = _in_daemon_thread(functools.partial(self._client.ask, self.topics))
        question = self._question
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.shield(question)
        except Exception as error:  # noqa: BLE001 - after any error there is no answer
            log.warning("the brokers do not say which topics there are: %r", error)
            if self._question is question:
                # The client may never answer. Leave it to its thread, and ask a new client next.
                self._question, self._client = None, _Client(self._settings)
            return None

    async def wait(self) -> Ids:
        """Ask every `AGAIN_SECONDS` until all topics exist; returns their ids."""
        while True:
            found = await self.ask()
            if found is not None and all(topic in found for topic in self.topics):
                return found
            await asyncio.sleep(AGAIN_SECONDS)

    async def close(self) -> None:
        """Close the client, unless it still has a question: then it ends with the process."""
        if self._question is None or self._question.done():
            with contextlib.suppress(Exception):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await _in_daemon_thread(self._client.close)


class _Client:
    """An admin client that is made when it is needed, and again after an error."""

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


def _in_daemon_thread(call: Callable[[], T]) -> asyncio.Future[T]:
    """Make a call in a daemon thread, which does not keep the process from ending.

    Returns:
        A future of the call's result; it belongs to the running event loop.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    # Mark an error as seen, because the caller may have stopped waiting.
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
