"""The first stage: raw pages in, candidates and rejected pages out.

Invariant: every record of `raw-pages` leads to exactly one record, either on `candidates` or on
`rejected-pages`. A rejected record is copied unchanged, unless it is too large for the bus.

The stage keeps no state, so it scales with the partitions of `raw-pages`.
`faust -A streams.extract worker` runs this stage alone.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import faust
from faust.types import EventT, StreamT

from cleanwire.errors import PageRejected, TooLarge
from cleanwire.events import Source
from streams import policy
from streams.kafka.headers import ARRIVED, SOURCE_ID, original_of, replay_header
from streams.kafka.raw_records import arrival, raw_record
from streams.kafka.topic_ids import TopicIds
from streams.runtime.app_factory import make_app
from streams.runtime.dead_letters import headers_of, record_size, rejected
from streams.runtime.delivery import Delivery, Produce, raw_events
from streams.runtime.pool import CleaningPool
from streams.runtime.trace_context import trace_context
from streams.settings import Settings
from streams.stage import buffering_of
from streams.supervision.standalone import standalone

if TYPE_CHECKING:
    from streams.cleaning.page_cleaning import Cleaned


def build(settings: Settings, *, web: bool = True) -> faust.App:
    """Build the stage's Faust app.

    Args:
        settings: where the bus is, and all limits.
        web: whether this app serves the web view.
    """
    app = make_app(settings, "extract", web=web)
    app.missing = "its cleaning processes are starting"
    topics = settings.topics
    # Both topics: if `candidates` is deleted, its candidates are lost. The raw pages that led to
    # them have to be read again, so commits name the id of that topic too.
    app.topic_ids = TopicIds(settings, (topics.raw, topics.candidates))
    raw_pages = app.topic(topics.raw, key_type=bytes, value_type=bytes)
    limits = policy.limits(settings)
    buffering = buffering_of("extract")

    async def outcome(pool: CleaningPool, event: EventT[Any], topic_id: str) -> Sequence[Produce]:
        message = event.message
        source = Source(topic=message.topic, partition=message.partition, offset=message.offset)
        size = record_size(message)
        if size > limits.message_bytes:
            # The brokers bound the compressed size of a record, so only a record that was sent
            # compressed can be larger than the limit.
            result: Cleaned | PageRejected = TooLarge(
                f"the record is {size} bytes unpacked, over the limit of {limits.message_bytes}; "
                "only the topic that it came from has its value"
            )
        else:
            record = raw_record(
                message.value,
                key=message.key,
                headers=headers_of(message),
                timestamp=message.timestamp,
                unmarked=settings.raw_format,
            )
            result = await pool.clean(record, source, message.timestamp)
        if isinstance(result, PageRejected):
            return [
                rejected(
                    topics.rejected,
                    message,
                    result,
                    source,
                    topic_id,
                    largest=limits.message_bytes,
                    arrived=message.timestamp,
                    unmarked=settings.raw_format,
                )
            ]
        return [
            Produce(
                topic=topics.candidates,
                key=result.id.encode(),
                value=result.candidate,
                headers=[
                    (SOURCE_ID, topic_id.encode()),
                    (ARRIVED, arrival(message.timestamp)),
                    *trace_context(message.headers),
                    *replay_header(original_of(message.headers)),
                ],
                partition=0,
            )
        ]

    @app.agent(raw_pages, name="extract")
    async def extract(stream: StreamT[bytes]) -> None:
        with CleaningPool(settings.clean_processes, limits) as pool:
            # The first page starts the processes, which takes seconds. Start them before this
            # worker reports that it is ready: a rolling update ends another worker then, and the
            # pages of that worker would wait.
            await pool.clean(None, Source(topic="", partition=0, offset=0), received_at=0.0)
            app.missing = ""
            pool.cleaned = app.instruments.cleaned
            async with Delivery(
                app,
                limit=buffering.in_flight,
                limit_bytes=buffering.in_flight_bytes,
                instruments=app.instruments,
                acked=app.tally.note,
            ) as delivery:
                async for event in raw_events(stream):
                    # The coroutine is not awaited here on purpose: `put` starts it as a task and
                    # returns while it runs. This is the stage's whole parallelism: 256 pages at a
                    # time (`in_flight`), as far as `in_flight_bytes` allows. So all cleaning
                    # processes have work while earlier pages wait for their acknowledgements. An
                    # `await` here would clean one page at a time. `Delivery` still sends and acks
                    # in the order of the events.
                    await delivery.put(event, outcome(pool, event, app.id_of(topics.raw)))

    return app


def __getattr__(name: str) -> faust.App:
    if name == "app":
        return standalone(build)
    raise AttributeError(name)
