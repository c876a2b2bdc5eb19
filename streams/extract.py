"""The first stage: raw pages in, candidates and rejected pages out.

Invariant: every record of `raw-pages` leads to exactly one record, on `candidates` or,
untouched if it fits, on `rejected-pages`. The stage keeps nothing, so it scales with the
partitions.

`faust -A streams.extract worker` runs it alone.
"""

from collections.abc import Sequence
from typing import Any

import faust
from faust.types import EventT, StreamT

from cleanwire.errors import PageRejected, TooLarge
from cleanwire.events import Source
from streams import policy
from streams.kafka.headers import SOURCE_ID
from streams.kafka.topic_ids import TopicIds
from streams.runtime.app_factory import make_app
from streams.runtime.dead_letters import record_size, rejected
from streams.runtime.delivery import Delivery, Produce, raw_events
from streams.runtime.pool import Cleaned, CleaningPool
from streams.settings import Settings
from streams.stage import BUFFERING
from streams.supervision.standalone import standalone


def build(settings: Settings, *, web: bool = True) -> faust.App:
    """The stage's Faust app."""
    app = make_app(settings, "extract", web=web)
    app.missing = "its cleaning processes are starting"
    topics = settings.topics
    # What led to a candidate that is gone with its topic has to be read again.
    app.topic_ids = TopicIds(settings, (topics.raw, topics.candidates))
    raw_pages = app.topic(topics.raw, key_type=bytes, value_type=bytes)
    limits = policy.limits(settings)
    buffering = BUFFERING["extract"]

    async def outcome(pool: CleaningPool, event: EventT[Any], topic_id: str) -> Sequence[Produce]:
        message = event.message
        source = Source(topic=message.topic, partition=message.partition, offset=message.offset)
        size = record_size(message)
        if size > limits.message_bytes:
            # Only a record that was compressed on its way comes here.
            result: Cleaned | PageRejected = TooLarge(
                f"the record is {size} bytes unpacked, over the limit of {limits.message_bytes}; "
                "its value stays where it came from alone"
            )
        else:
            result = await pool.clean(message.value, source, message.timestamp)
        if isinstance(result, PageRejected):
            return [
                rejected(
                    topics.rejected,
                    message,
                    result,
                    source,
                    topic_id,
                    largest=limits.message_bytes,
                )
            ]
        return [
            Produce(
                topic=topics.candidates,
                key=result.id.encode(),
                value=result.candidate,
                headers=[(SOURCE_ID, topic_id.encode())],
                partition=0,
            )
        ]

    @app.agent(raw_pages, name="extract")
    async def extract(stream: StreamT[bytes]) -> None:
        with CleaningPool(settings.clean_processes, limits) as pool:
            # Its processes start with the first page, and take seconds. A worker that is ready
            # has them, or the pages of one that leaves for it would stand still.
            await pool.clean(None, Source(topic="", partition=0, offset=0), received_at=0.0)
            app.missing = ""
            async with Delivery(
                app, limit=buffering.in_flight, limit_bytes=buffering.in_flight_bytes
            ) as delivery:
                async for event in raw_events(stream):
                    await delivery.put(event, outcome(pool, event, app.id_of(topics.raw)))

    return app


def __getattr__(name: str) -> faust.App:
    if name == "app":
        return standalone(build)
    raise AttributeError(name)
