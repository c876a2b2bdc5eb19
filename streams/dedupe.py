"""The second stage: candidates in, clean and duplicate articles out.

The rule here: candidates of a partition are decided one after the other, in their order;
a decision's outcome and its fact are sent together, and the candidate is acked after both
were acknowledged. So a redelivered candidate finds either nothing, or its own fact, and
leads to the same outcome.

`faust -A streams.dedupe worker` runs it alone.
"""

from collections.abc import Iterator
from typing import Any

import faust
import orjson
from faust.types import EventT, StreamT

from cleanwire.decide import Decided, Memory, Window
from cleanwire.dedupe import candidate, outcome_event
from cleanwire.errors import InvalidEvent
from cleanwire.events import Source
from cleanwire.index import Thresholds
from cleanwire.wire import CandidateArticle, unpack_candidate
from streams.apps import BUFFERING, make_app
from streams.cloudevents import headers
from streams.delivery import Delivery, Produce, raw_events
from streams.rejected import rejected
from streams.settings import Settings
from streams.standalone import standalone
from streams.store import FactsTable, add_table


def build(settings: Settings, *, web: bool = True) -> faust.App:
    """The stage's Faust app."""
    app = make_app(settings, "dedupe", web=web)
    candidates = app.topic(settings.topics.candidates, key_type=bytes, value_type=bytes)
    table = add_table(
        app, partitions=settings.dedupe_shards, new_memory=lambda: new_memory(settings)
    )
    buffering = BUFFERING["dedupe"]

    @app.agent(candidates, name="dedupe")
    async def dedupe(stream: StreamT[bytes]) -> None:
        async with Delivery(
            app, limit=buffering.in_flight, limit_bytes=buffering.in_flight_bytes
        ) as delivery:
            async for event in raw_events(stream):
                await delivery.put(event, list(_decide(settings, table, event)))

    return app


def new_memory(settings: Settings) -> Memory:
    """An empty memory with the window and the thresholds that are set."""
    return Memory(window=window(settings), thresholds=thresholds(settings))


def window(settings: Settings) -> Window:
    """For how long pages are remembered."""
    return Window(
        length=settings.dedupe_window.total_seconds(),
        replay=settings.replay_horizon.total_seconds(),
    )


def thresholds(settings: Settings) -> Thresholds:
    """When two texts are one story."""
    return Thresholds(near=settings.near_threshold, excerpt=settings.containment_threshold)


def _decide(settings: Settings, table: FactsTable, event: EventT[Any]) -> Iterator[Produce]:
    message = event.message
    try:
        arrived = unpack_candidate(message.value or b"")
    except ValueError as error:
        # Not ours: something else writes to the internal topic. Kept, and said.
        place = Source(topic=message.topic, partition=message.partition, offset=message.offset)
        yield rejected(settings.topics.rejected, message, InvalidEvent(str(error)), place)
        return
    memory = table.facts.memory(message.partition)
    fact = memory.decide(
        candidate(arrived.article, event_time=arrived.event_time, order=message.offset)
    )
    yield _outcome(settings, arrived, fact)
    yield table.record(message.partition, fact)
    memory.remember(fact)
    for expired in (*memory.expire(), *memory.overflow(fact.url_key)):
        yield table.tombstone(message.partition, expired)
        memory.forget(expired)


def _outcome(settings: Settings, arrived: CandidateArticle, fact: Decided) -> Produce:
    happened = outcome_event(arrived.article, arrived.source, fact)
    topics = settings.topics
    return Produce(
        topic=topics.clean if fact.outcome == "clean" else topics.duplicates,
        key=fact.id.encode(),
        value=orjson.dumps(happened),
        headers=headers(happened),
    )


def __getattr__(name: str) -> faust.App:
    if name == "app":
        return standalone(build)
    raise AttributeError(name)
