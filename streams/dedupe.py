"""The second stage: candidates in, clean and duplicate articles out.

Invariant: candidates of a partition are taken one after the other, in their order; what
one leads to (its outcome or its way to the next shard, and what is remembered of it) is sent
together, and the candidate is acked after all of it was acknowledged. So a redelivered
candidate finds either nothing, or what it left, and leads to the same outcome.

A partition of `candidates` is the way into one shard. An article goes through all of them, in
their order. Its sequence is its offset in the first one, and is carried along
(`kafka/sequences.py`). What it carries stands in headers, and its value is passed on as it came.
A takedown goes the same way, so that it has a sequence too; the last shard carries it out.

`faust -A streams.dedupe worker` runs it alone.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import faust
import orjson
from faust.types import EventT, Message, StreamT

from cleanwire.dedupe.decision import Decision
from cleanwire.dedupe.deduper import candidate, outcome_event
from cleanwire.dedupe.policy import Candidate
from cleanwire.dedupe.records import (
    CandidateRecord,
    pack_matches,
    unpack_candidate,
    unpack_matches,
    unpack_takedown,
)
from cleanwire.dedupe.shard import Shard, ShardResult, home
from cleanwire.dedupe.shard_chain import TAKEN_DOWN
from cleanwire.errors import InvalidEvent, Withdrawn
from cleanwire.events import Source
from streams.kafka.headers import DROP, MATCHES, ORDER, SOURCE_ID, TAKEDOWN
from streams.kafka.sequences import Sequences
from streams.kafka.topic_ids import TopicIds
from streams.kafka.topics import partitions_of
from streams.policy import thresholds, window
from streams.runtime.app_factory import make_app
from streams.runtime.cloudevents import headers
from streams.runtime.dead_letters import rejected, withdrawn
from streams.runtime.delivery import Delivery, Headers, Produce, raw_events
from streams.settings import Settings
from streams.stage import BUFFERING
from streams.state.fullness import Fullness
from streams.state.table import StateTable, add_table
from streams.supervision.standalone import standalone

LOOK_SECONDS = 10.0
"""Between two looks at how full the shards are."""

_ID = re.compile(r"[0-9a-f]{32}")
_MOST_SEQUENCE = 2**62


def build(settings: Settings, *, web: bool = True, partitions: int | None = None) -> faust.App:
    """The stage's Faust app.

    Args:
        settings: where the bus is, and all limits.
        web: whether this app serves the web view.
        partitions: of `candidates`; there may be more than there are shards.
    """
    partitions = partitions or settings.dedupe_shards
    app = make_app(settings, "dedupe", web=web, partitions=partitions)
    candidates = app.topic(settings.topics.candidates, key_type=bytes, value_type=bytes)
    table = add_table(
        app,
        settings,
        partitions=partitions,
        width=window(settings).width,
        new_state=lambda partition: new_shard(settings, partition),
    )
    sequences = Sequences(settings)
    app.topic_ids = TopicIds(settings, (settings.topics.candidates,))
    app.before_reading = sequences.require
    buffering = BUFFERING["dedupe"]
    fullness = Fullness()

    @app.timer(LOOK_SECONDS)  # type: ignore[untyped-decorator] # Faust's
    async def look() -> None:
        fullness.look(table.store.states)

    @app.agent(candidates, name="dedupe")
    async def dedupe(stream: StreamT[bytes]) -> None:
        async with Delivery(
            app, limit=buffering.in_flight, limit_bytes=buffering.in_flight_bytes
        ) as delivery:
            async for event in raw_events(stream):
                await delivery.put(event, list(_take(settings, table, sequences, event)))

    return app


def new_shard(settings: Settings, number: int) -> Shard:
    """An empty shard with the window, the thresholds and the bound that are set."""
    return Shard(
        number=number,
        shards=settings.dedupe_shards,
        window=window(settings),
        thresholds=thresholds(settings),
        most_bytes=settings.dedupe_memory,
    )


def _take(
    settings: Settings, table: StateTable, sequences: Sequences, event: EventT[Any]
) -> Iterator[Produce]:
    message = event.message
    number = message.partition
    carried = dict(message.headers or ())
    is_on_its_way = not number or bool(carried.keys() & {ORDER, DROP})
    if not is_on_its_way or number >= settings.dedupe_shards:
        # It starts at the first shard; anew, if there were more shards once. Then a note concerns
        # nobody.
        if DROP not in carried:
            kept = [(name, carried[name]) for name in (TAKEDOWN, SOURCE_ID) if name in carried]
            yield _send(settings, message, 0, kept)
        return
    if not number:
        carried[ORDER] = str(sequences.of(message.offset)).encode()
    try:
        if DROP in carried:
            article, until = (message.key or b"").decode(), _sequence(carried[DROP])
            writes = table.store.state_of(number).drop(article, until)
            yield from (table.write(number, key, record) for key, record in writes)
        elif TAKEDOWN in carried:
            yield from _takedown(settings, table, message, carried)
        else:
            yield from _article(settings, table, message, carried)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Not ours: something else writes to the internal topic. Kept, and said.
        place = Source(topic=message.topic, partition=number, offset=message.offset)
        yield rejected(
            settings.topics.rejected,
            message,
            InvalidEvent(str(error)),
            place,
            sequences.topic_id,
            largest=settings.max_message_bytes,
        )


def _takedown(
    settings: Settings, table: StateTable, message: Message, carried: Mapping[str, bytes]
) -> Iterator[Produce]:
    number = message.partition
    sequence = _sequence(carried[ORDER])
    asked = carried[TAKEDOWN] or str(round(1000 * message.timestamp)).encode()
    wanted = unpack_takedown(message.value or b"", at=_sequence(asked) / 1000, sequence=sequence)
    if number + 1 < settings.dedupe_shards:
        on = [(ORDER, str(sequence).encode()), (TAKEDOWN, asked)]
        yield _send(settings, message, number + 1, on)
        return
    done = table.store.state_of(number).withdraw(wanted)
    yield from (_tombstone(settings, article) for article in done.ids)
    yield from (table.write(number, key, record) for key, record in done.writes)
    yield from (_note(settings, article, sequence) for article in done.dropped)


def _article(
    settings: Settings, table: StateTable, message: Message, carried: Mapping[str, bytes]
) -> Iterator[Produce]:
    number = message.partition
    arrived = unpack_candidate(message.value or b"")
    sequence = _sequence(carried[ORDER])
    matches = unpack_matches(carried[MATCHES]) if number else []
    step = table.store.state_of(number).take(_candidate(arrived, sequence), matches)
    source_id = (carried.get(SOURCE_ID) or b"").decode("utf-8", "replace")
    yield from _leads_to(settings, message, arrived, sequence, step, source_id)
    yield from (table.write(number, key, record) for key, record in step.writes)
    yield from (_note(settings, article, sequence) for article in step.dropped)


def _leads_to(  # noqa: PLR0913, PLR0917 - what an article came with, and what became of it
    settings: Settings,
    message: Message,
    arrived: CandidateRecord,
    sequence: int,
    step: ShardResult,
    source_id: str,
) -> Iterator[Produce]:
    if step.is_withdrawn:
        # Whoever decided on it before it was taken down may have published it after.
        yield _tombstone(settings, arrived.article.id)
        error = Withdrawn(TAKEN_DOWN)
        article = arrived.article.id
        yield withdrawn(settings.topics.rejected, article, error, arrived.source, source_id)
    elif step.decision is not None:
        yield _outcome(settings, arrived, step.decision, source_id)
    else:
        on = [
            (ORDER, str(sequence).encode()),
            (MATCHES, pack_matches(step.matches)),
            (SOURCE_ID, source_id.encode()),
        ]
        yield _send(settings, message, message.partition + 1, on)


def _candidate(arrived: CandidateRecord, sequence: int) -> Candidate:
    if not _ID.fullmatch(arrived.article.id):
        raise ValueError("its id is none of Cleanwire's")
    return candidate(arrived.article, event_time=arrived.event_time, sequence=sequence)


def _sequence(text: bytes) -> int:
    sequence = int(text)
    if not 0 <= sequence < _MOST_SEQUENCE:
        raise ValueError(f"no sequence: {sequence}")
    return sequence


def _send(settings: Settings, message: Message, number: int, carried: Headers = ()) -> Produce:
    return Produce(
        topic=settings.topics.candidates,
        key=message.key,
        value=message.value,
        headers=carried,
        partition=number,
    )


def _note(settings: Settings, article: str, sequence: int) -> Produce:
    return Produce(
        topic=settings.topics.candidates,
        key=article.encode(),
        value=None,
        headers=[(DROP, str(sequence).encode())],
        partition=home(article, settings.dedupe_shards),
    )


def _tombstone(settings: Settings, article: str) -> Produce:
    return Produce(topic=settings.topics.clean, key=article.encode(), value=None)


def _outcome(
    settings: Settings, arrived: CandidateRecord, decision: Decision, source_id: str
) -> Produce:
    happened = outcome_event(arrived.article, arrived.source, decision)
    topics = settings.topics
    return Produce(
        topic=topics.clean if decision.outcome == "clean" else topics.duplicates,
        key=decision.id.encode(),
        value=orjson.dumps(happened),
        headers=[*headers(happened), (SOURCE_ID, source_id.encode())],
    )


def __getattr__(name: str) -> faust.App:
    if name == "app":
        return standalone(
            lambda settings: build(
                settings, partitions=partitions_of(settings, settings.topics.candidates)
            )
        )
    raise AttributeError(name)
