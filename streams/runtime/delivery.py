"""In-order acks after acknowledged produces: the only place that acks.

Invariant: an event is acked after every record that it led to was acknowledged by the
broker, and after every event before it in the queue. Nothing else acks: streams are read
with `noack()`. So a crash at any point repeats events and never loses one.

One queue holds what is being worked on, in order. One task takes the outcomes from its head
and sends them; a second awaits the acknowledgements and acks. Both go on when no event comes
in. When partitions are revoked the queue gets a moment to empty, and what is left then is
dropped unacked: whoever owns the partition next starts at the committed offset.

A fault of the broker is nobody's page: it stops the app, with nothing acked.
"""

import asyncio
import collections
import contextlib
import dataclasses
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Self

import faust
from faust.types import EventT, StreamT

DRAIN_SECONDS = 3.0
"""How long the queue may empty itself when partitions are revoked or the worker stops."""

log = logging.getLogger(__name__)

Headers = Sequence[tuple[str, bytes]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Produce:
    """One record to send.

    `partition` None lets the key choose. `acknowledged` is called with partition and offset
    once the broker has the record and every record before it in the queue.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None
    acknowledged: Callable[[int, int], None] | None = None


@dataclasses.dataclass(slots=True, eq=False)
class _Item:
    event: EventT[Any]
    outcome: asyncio.Future[Sequence[Produce]]
    size: int
    sent: Sequence[asyncio.Future[Any]] | None = None


class Delivery:
    """The queue of one stage's agent; use as an async context manager around its loop.

    Args:
        app: the stage's app.
        limit: at most so many events are in the queue.
        limit_bytes: at most so many bytes of values are in the queue, or one event.
    """

    def __init__(self, app: faust.App, *, limit: int, limit_bytes: int) -> None:
        self._app = app
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._working: collections.deque[_Item] = collections.deque()
        self._acking: collections.deque[_Item] = collections.deque()
        self._size = 0
        self._count = 0
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        self._epoch = 0

    async def __aenter__(self) -> Self:
        self._app.on_partitions_revoked.connect(self._on_revoked, weak=False)
        self._tasks = [
            asyncio.create_task(self._guarded(self._send())),
            asyncio.create_task(self._guarded(self._ack())),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._app.on_partitions_revoked.disconnect(self._on_revoked)
        self._closed = True
        if isinstance(error, Exception):
            # The agent would be started anew with the next event, and this one be skipped.
            await self._fail(error)
        with contextlib.suppress(asyncio.CancelledError):
            await self.drain()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._drop()

    @property
    def in_flight(self) -> int:
        """How many events are in the queue."""
        return self._count

    async def put(
        self, event: EventT[Any], outcome: Awaitable[Sequence[Produce]] | Sequence[Produce]
    ) -> None:
        """Queue an event with what becomes, or will become, of it; waits for room."""
        epoch = self._epoch
        size = len(event.message.value or b"")
        if isinstance(outcome, Sequence):
            decided = asyncio.get_running_loop().create_future()
            decided.set_result(outcome)
        else:
            decided = asyncio.ensure_future(outcome)
        item = _Item(event, decided, size)
        async with self._changed:
            await self._changed.wait_for(lambda: self._has_room(size))
            if self._closed or epoch != self._epoch:
                item.outcome.cancel()
                return
            self._count += 1
            self._size += size
            self._working.append(item)
            self._changed.notify_all()

    async def drain(self) -> None:
        """Let the queue empty itself, commit, and drop what is left after `DRAIN_SECONDS`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS), self._changed:
                await self._changed.wait_for(lambda: not self._count)
        async with self._changed:
            self._drop()
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        if not self._count or self._closed:
            return True
        return self._count < self._limit and self._size + size <= self._limit_bytes

    async def _on_revoked(self, *_: object, **__: object) -> None:
        await self.drain()
        await self._app.consumer.commit()

    def _drop(self) -> None:
        for item in (*self._working, *self._acking):
            item.outcome.cancel()
        if self._count:
            log.info("dropped %d events in flight; they will be delivered again", self._count)
        self._working.clear()
        self._acking.clear()
        self._count = self._size = 0
        # An event that still waits for room was read before the drop: it comes again too.
        self._epoch += 1

    async def _head(self, queue: collections.deque[_Item]) -> _Item:
        async with self._changed:
            await self._changed.wait_for(lambda: len(queue) > 0)
            return queue[0]

    async def _send(self) -> None:
        while True:
            item = await self._head(self._working)
            if not item.outcome.done():
                # Not awaited itself: cancelling this task must not cancel the outcome.
                await asyncio.wait([item.outcome])
            if item.outcome.cancelled():
                continue
            produces = item.outcome.result()
            sent = [asyncio.ensure_future(await self._produce(produce)) for produce in produces]
            for record in sent:
                record.add_done_callback(_retrieve)
            item.sent = sent
            async with self._changed:
                if self._working and self._working[0] is item:
                    self._working.popleft()
                    self._acking.append(item)
                    self._changed.notify_all()

    async def _produce(self, produce: Produce) -> Awaitable[Any]:
        # aiokafka refuses a record that has neither key nor value, which Kafka takes.
        is_void = produce.key is None and produce.value is None
        return await self._app.producer.send(
            produce.topic,
            key=produce.key,
            value=b"" if is_void else produce.value,
            partition=produce.partition,
            timestamp=None,
            headers=list(produce.headers),
        )

    async def _ack(self) -> None:
        while True:
            item = await self._head(self._acking)
            sent = item.sent
            if sent is None:
                raise RuntimeError("an event was queued for its ack before it was sent")
            if not all(record.done() for record in sent):
                await asyncio.wait(sent)
            placed = [record.result() for record in sent]
            async with self._changed:
                if self._acking and self._acking[0] is item:
                    for produce, place in zip(item.outcome.result(), placed, strict=True):
                        if produce.acknowledged is not None:
                            produce.acknowledged(place.partition, place.offset)
                    self._acking.popleft()
                    self._count -= 1
                    self._size -= item.size
                    item.event.ack()
                    self._changed.notify_all()

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, going on would lose pages
            await self._fail(error)

    async def _fail(self, error: BaseException) -> None:
        log.error("delivery stopped, with nothing acked: %r", error)
        await self._app.crash(error)


def raw_events(stream: StreamT[bytes]) -> AsyncIterator[EventT[Any]]:
    """The events of a stage's input, which Faust then does not ack."""
    if not isinstance(stream, faust.Stream):
        raise TypeError(f"no stream of Faust's: {type(stream).__name__}")
    events: AsyncIterator[EventT[Any]] = stream.noack().events()
    return events


def _retrieve(sent: asyncio.Future[Any]) -> None:
    """Mark the error of a dropped event's sending as seen; nobody awaits it any more."""
    if not sent.cancelled():
        sent.exception()
