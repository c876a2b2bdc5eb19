"""The ids of topics, which tell a topic from one that was made again under its name (KIP-516).

The rule here: no answer is no news. Only brokers that answered can say that a topic is another
one, or is not there; and a question never holds up the event loop.
"""

import asyncio
import base64
import contextlib
import logging
import uuid
from collections.abc import Mapping, Sequence

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, UnknownTopicOrPartitionError

from streams import kafka
from streams.faults import OperationError
from streams.settings import Settings

AGAIN_SECONDS = 0.5

CLOSE_SECONDS = 2.0
"""A client that is not closed by then goes with the process."""

log = logging.getLogger(__name__)

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

    Args:
        settings: where the bus is.
        topics: their names; the first is the one that is read.
    """

    def __init__(self, settings: Settings, topics: Sequence[str]) -> None:
        self._settings = settings
        self.topics = tuple(topics)
        self._lock = asyncio.Lock()
        self._stack = contextlib.ExitStack()
        self._client: KafkaAdminClient | None = None

    async def ask(self) -> Ids | None:
        """The ids of the topics that are there; None, and a line, while the brokers do not say."""
        async with self._lock:
            try:
                return await asyncio.to_thread(self._ask)
            except (KafkaError, OperationError, OSError) as error:
                log.warning("the brokers do not say which topics there are: %r", error)
                await asyncio.to_thread(self._forget)
                return None

    async def wait(self) -> Ids:
        """As `ask`, again and again until all topics are there."""
        while True:
            found = await self.ask()
            if found is not None and all(topic in found for topic in self.topics):
                return found
            await asyncio.sleep(AGAIN_SECONDS)

    async def close(self) -> None:
        """Close the client; it is made anew when it is needed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS), self._lock:
                await asyncio.to_thread(self._forget)

    def _ask(self) -> dict[str, str]:
        if self._client is None:
            self._client = self._stack.enter_context(kafka.admin(self._settings))
        return ids_of(self._client, self.topics)

    def _forget(self) -> None:
        self._client = None
        with contextlib.suppress(KafkaError, OperationError, OSError):
            self._stack.close()
