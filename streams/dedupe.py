"""The second stage: candidates in, clean and duplicate articles out.

Invariant: the candidates of a partition are processed one after the other, in the order of their
offsets. All records that a candidate leads to are sent together: its outcome or its copy for the
next shard, and the changes of the shard's state. The candidate is acked after the brokers have
acknowledged all of them. So a redelivered candidate finds either no trace of itself or its own
complete record in the state, and leads to the same outcome.

Each partition of `candidates` is the input of one shard. An article passes all shards, from the
first to the last. Its sequence comes from its offset in the first partition and travels with it
(`kafka/sequences.py`). Headers carry the sequence and the matches; every shard passes the value on
unchanged. A takedown passes the shards in the same way, so that it has a sequence too. The last
shard carries it out.

`faust -A streams.dedupe worker` runs this stage alone.
"""

import dataclasses
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import faust
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
from streams.kafka.headers import (
    ARRIVED,
    DROP,
    MATCHES,
    ORDER,
    REPLAY_OF,
    SOURCE_ID,
    TAKEDOWN,
    original_of,
    replay_header,
)
from streams.kafka.raw_records import arrival_of
from streams.kafka.sequences import Sequences
from streams.kafka.topic_ids import TopicIds
from streams.kafka.topics import partitions_of
from streams.policy import thresholds, window
from streams.runtime.app_factory import make_app
from streams.runtime.dead_letters import rejected, withdrawn
from streams.runtime.delivery import Delivery, Headers, Produce, raw_events
from streams.runtime.instruments import CountedPage
from streams.runtime.publication import Publication
from streams.runtime.trace_context import trace_context
from streams.settings import Settings
from streams.stage import buffering_of
from streams.state.fullness import Fullness
from streams.state.table import StateTable, add_table
from streams.supervision.standalone import standalone

LOOK_SECONDS = 10.0
"""Seconds between two checks of how full the shards are."""

KEPT = (TAKEDOWN, SOURCE_ID, ARRIVED, REPLAY_OF)
"""The headers that a candidate keeps where it starts at the first shard again."""

_ID = re.compile(r"[0-9a-f]{32}")
_SEQUENCE_LIMIT = 2**62


def build(settings: Settings, *, web: bool = True, partitions: int | None = None) -> faust.App:
    """Build the stage's Faust app.

    Args:
        settings: where the bus is, and all limits.
        web: whether this app serves the web view.
        partitions: how many partitions `candidates` has; None asks Kafka. There may be more
            partitions than shards, because a topic's partitions cannot be taken back.

    Raises:
        OperationalError: Kafka is away, or `candidates` is not there.
    """
    if partitions is None:
        partitions = partitions_of(settings, settings.topics.candidates)
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
    publication = Publication(settings)
    if publication.wanted:
        app.written = TopicIds(settings, publication.wanted)
    buffering = buffering_of("dedupe")
    fullness = Fullness()

    @app.timer(LOOK_SECONDS)  # type: ignore[untyped-decorator] # Faust's
    async def report_fullness() -> None:
        fullness.look(table.store.states)

    @app.agent(candidates, name="dedupe")
    async def dedupe(stream: StreamT[bytes]) -> None:
        async with Delivery(
            app,
            limit=buffering.in_flight,
            limit_bytes=buffering.in_flight_bytes,
            instruments=app.instruments,
            acked=app.tally.note,
        ) as delivery:
            async for event in raw_events(stream):
                # `put` gets a finished list here, where `extract` gives it a coroutine. A decision
                # reads and changes the shard, so each one is complete before the next one starts.
                # Only the sending and the acknowledgements overlap.
                began = time.perf_counter()
                produces = list(_take(settings, table, sequences, publication, event))
                app.instruments.decided(time.perf_counter() - began)
                is_to_look = publication.is_to_look(produces)
                await delivery.put(
                    event, publication.reaching(produces) if is_to_look else produces
                )

    return app


def new_shard(settings: Settings, number: int) -> Shard:
    """Make an empty shard with the window, the thresholds and the memory bound of the settings."""
    return Shard(
        number=number,
        shards=settings.dedupe_shards,
        window=window(settings),
        thresholds=thresholds(settings),
        most_bytes=settings.dedupe_memory,
    )


def _take(
    settings: Settings,
    table: StateTable,
    sequences: Sequences,
    publication: Publication,
    event: EventT[Any],
) -> Iterator[Produce]:
    message = event.message
    number = message.partition
    carried = dict(message.headers or ())
    is_on_its_way = not number or bool(carried.keys() & {ORDER, DROP})
    if not is_on_its_way or number >= settings.dedupe_shards:
        # An article starts at the first shard. It starts there again if it stands in a partition
        # without a shard, which is left over from a time with more shards. A drop notice in such a
        # partition is ignored: its shard does not exist any more.
        if DROP not in carried:
            kept = [(name, carried[name]) for name in KEPT if name in carried]
            kept += trace_context(message.headers)
            yield _pass_on(settings, message, 0, kept)
        return
    if not number:
        carried[ORDER] = str(sequences.of(message.offset)).encode()
    try:
        if DROP in carried:
            article, until = (message.key or b"").decode(), _sequence(carried[DROP])
            writes = table.store.state_of(number).drop(article, until)
            yield from (table.write(number, key, record) for key, record in writes)
        elif TAKEDOWN in carried:
            yield from _takedown(settings, table, publication, message, carried)
        else:
            yield from _article(settings, table, publication, message, carried)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Another producer wrote this record to the internal topic. Reject it, so that it is kept
        # and the reason is visible.
        source = Source(topic=message.topic, partition=number, offset=message.offset)
        yield rejected(
            settings.topics.rejected,
            message,
            InvalidEvent(str(error)),
            source,
            sequences.topic_id,
            largest=settings.max_message_bytes,
        )


def _takedown(
    settings: Settings,
    table: StateTable,
    publication: Publication,
    message: Message,
    carried: Mapping[str, bytes],
) -> Iterator[Produce]:
    number = message.partition
    sequence = _sequence(carried[ORDER])
    asked = carried[TAKEDOWN] or str(round(1000 * message.timestamp)).encode()
    wanted = unpack_takedown(message.value or b"", at=_sequence(asked) / 1000, sequence=sequence)
    if number + 1 < settings.dedupe_shards:
        headers_on = [(ORDER, str(sequence).encode()), (TAKEDOWN, asked)]
        yield _pass_on(settings, message, number + 1, headers_on)
        return
    done = table.store.state_of(number).withdraw(wanted)
    yield from publication.tombstones(done.ids)
    yield from (table.write(number, key, record) for key, record in done.writes)
    yield from (_drop_notice(settings, article, sequence) for article in done.dropped)


def _article(
    settings: Settings,
    table: StateTable,
    publication: Publication,
    message: Message,
    carried: Mapping[str, bytes],
) -> Iterator[Produce]:
    number = message.partition
    arrived = unpack_candidate(message.value or b"")
    sequence = _sequence(carried[ORDER])
    matches = unpack_matches(carried[MATCHES]) if number else []
    is_replay = original_of(message.headers) is not None
    result = table.store.state_of(number).take(
        _candidate(arrived, sequence, is_replay=is_replay), matches
    )
    yield from _produces_for(settings, publication, message, arrived, sequence, result, carried)
    for key, record in result.writes:
        write = table.write(number, key, record)
        # The candidates before this one were matched with the text that goes. Once they are with
        # the next shard, a crash repeats none of them against the new text.
        yield dataclasses.replace(write, waits=True) if result.replaces_text else write
    yield from (_drop_notice(settings, article, sequence) for article in result.dropped)


def _produces_for(  # noqa: PLR0913, PLR0917 - what an article came with, and the shard's result
    settings: Settings,
    publication: Publication,
    message: Message,
    arrived: CandidateRecord,
    sequence: int,
    result: ShardResult,
    carried: Mapping[str, bytes],
) -> Iterator[Produce]:
    """The records that an article leads to, apart from the changes of the state."""
    source_id = (carried.get(SOURCE_ID) or b"").decode("utf-8", "replace")
    at = carried.get(ARRIVED) or b""
    # What every record carries on that the page leads to.
    trace = [*trace_context(message.headers), *replay_header(original_of(message.headers))]
    if result.is_withdrawn:
        # A worker that decided on the article before the takedown may have published it after the
        # takedown's tombstone. Send the tombstone again.
        yield from publication.tombstones([arrived.article.id])
        error = Withdrawn(TAKEN_DOWN)
        article = arrived.article.id
        topic = settings.topics.rejected
        seconds = arrival_of(at)
        yield withdrawn(topic, article, error, arrived.source, source_id, trace, arrived=seconds)
    elif result.decision is not None:
        yield from publication.records(
            outcome_event(arrived.article, arrived.source, result.decision),
            [(SOURCE_ID, source_id.encode()), (ARRIVED, at), *trace],
            _counted(result.decision, arrival_of(at)),
        )
    else:
        headers_on = [
            (ORDER, str(sequence).encode()),
            (MATCHES, pack_matches(result.matches)),
            (SOURCE_ID, source_id.encode()),
            (ARRIVED, at),
            *trace,
        ]
        yield _pass_on(settings, message, message.partition + 1, headers_on)


def _candidate(arrived: CandidateRecord, sequence: int, *, is_replay: bool) -> Candidate:
    if not _ID.fullmatch(arrived.article.id):
        raise ValueError("its id is not one of Cleanwire's")
    return candidate(
        arrived.article, event_time=arrived.event_time, sequence=sequence, is_replay=is_replay
    )


def _sequence(text: bytes) -> int:
    sequence = int(text)
    if not 0 <= sequence < _SEQUENCE_LIMIT:
        raise ValueError(f"not a sequence: {sequence}")
    return sequence


def _pass_on(settings: Settings, message: Message, number: int, carried: Headers = ()) -> Produce:
    """The record of a candidate, for a shard; only the headers are new."""
    return Produce(
        topic=settings.topics.candidates,
        key=message.key,
        value=message.value,
        headers=carried,
        partition=number,
    )


def _drop_notice(settings: Settings, article: str, sequence: int) -> Produce:
    """Tell the shard that remembers an article that it may drop it."""
    return Produce(
        topic=settings.topics.candidates,
        key=article.encode(),
        value=None,
        headers=[(DROP, str(sequence).encode())],
        partition=home(article, settings.dedupe_shards),
    )


def _counted(decision: Decision, arrived: float | None) -> CountedPage:
    if decision.outcome == "clean":
        kind = "revision" if decision.revision > 1 else "new"
        return CountedPage(outcome="clean", kind=kind, arrived=arrived, fetched=decision.fetched)
    return CountedPage(
        outcome="duplicate", kind=decision.outcome, arrived=arrived, fetched=decision.fetched
    )


def __getattr__(name: str) -> faust.App:
    if name == "app":
        return standalone(build)
    raise AttributeError(name)
