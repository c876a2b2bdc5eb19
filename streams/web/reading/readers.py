"""The clients that the view reads Kafka with.

Invariant: they have no consumer group and commit nothing, so they can never take a partition from
a stage.
"""

import asyncio
import contextlib

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from streams.kafka.auth import login
from streams.settings import Settings


async def clients(
    settings: Settings, stack: contextlib.AsyncExitStack
) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
    """An admin client and a consumer, both started.

    The stack closes each of them, even if it fails to start.
    """
    common = {"bootstrap_servers": settings.broker.split(",")}
    common |= login(settings)
    admin = AIOKafkaAdminClient(**common)
    stack.push_async_callback(admin.close)
    await admin.start()
    return admin, await consumer(settings, stack)


async def consumer(
    settings: Settings,
    stack: contextlib.AsyncExitStack,
    *,
    isolation_level: str = "read_committed",
    answer_bytes: int = 1 << 20,
) -> AIOKafkaConsumer:
    """A consumer, started; the stack closes it, even if it fails to start.

    Args:
        settings: the brokers, and how to log in.
        stack: closes the consumer.
        isolation_level: which records it reads, as Kafka names it.
        answer_bytes: about how many bytes of records it reads at a time.
    """
    made = AIOKafkaConsumer(
        bootstrap_servers=settings.broker.split(","),
        **login(settings),
        isolation_level=isolation_level,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # The broker collects so many bytes, or half a second (`fetch_max_wait_ms`) of records,
        # before it answers, instead of answering once for every record.
        fetch_min_bytes=answer_bytes,
        # A larger batch of records still comes, in an answer of its own.
        max_partition_fetch_bytes=answer_bytes,
        fetch_max_bytes=8 * answer_bytes,
    )
    stack.push_async_callback(made.stop)
    await made.start()
    # A task of the client that has not run yet when it is stopped raises CancelledError there.
    await asyncio.sleep(0)
    return made


async def partitions_of(admin: AIOKafkaAdminClient, topics: list[str]) -> list[TopicPartition]:
    """The partitions of topics.

    Raises:
        KafkaError: a topic cannot be described, as on a broker that has just started.
    """
    described = await admin.describe_topics(topics)
    for topic in described:
        if topic["error_code"]:
            raise for_code(topic["error_code"])(topic["topic"])
    return sorted(
        TopicPartition(topic["topic"], entry["partition"])
        for topic in described
        for entry in topic["partitions"]
    )
