"""A stage's Faust app: it watches its topics, and holds its input back until the seek is done.

Invariants:

- No record is read from a topic whose id is not known, unless the brokers give no ids.
- A topic that was deleted and made again is read from its beginning. The app then gives its
  partitions up and takes them anew, so that `consumer.py` seeks them.
- A worker ends when a topic of `written` was deleted or made again. Its next start checks the
  topics. Nothing is acked whose records were not written.
- Nothing of the input is handed over between a rebalance and the seek. `consumer.py` says what
  Faust would lose otherwise.
"""

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, cast

import faust
from faust.types import AgentT
from faust.types.transports import ConsumerT

from streams.errors import OperationalError
from streams.kafka.offsets import Note
from streams.runtime.consumer import Consumer
from streams.runtime.flow_control import Queue
from streams.runtime.instruments import Instruments
from streams.runtime.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streams.kafka.topic_ids import Ids, TopicIds

LOOK_SECONDS = 5.0
"""Seconds between two checks of whether the topics are still the same."""

log = logging.getLogger(__name__)


class App(faust.App):
    """A Faust app whose partitions continue at the right offset after every rebalance.

    Attributes:
        at_start: functions that the app calls in its event loop before it starts any service.
        at_stop: functions that it calls after all its services have stopped.
        tally: counts the outcomes of its events.
        missing: what the stage itself still waits for; empty when it waits for nothing.
        displaced: why the partitions are being taken anew, or are missing; empty otherwise.
        topic_ids: asks for the ids of the app's topics, which tell a topic from another one of the
            same name; None where no topic is read.
        written: the same for the topics that the stage writes to if the settings ask for them;
            None where there is none.
        keep_seconds: how long a commit names records that were deleted before they were read.
        before_reading: awaited with the ids of the topics, before their partitions are read.
        instruments: what the app's stage counts.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Faust's own
        super().__init__(*arguments, **options)
        self.at_start: list[Callable[[], None]] = []
        self.at_stop: list[Callable[[], None]] = []
        self.tally = Tally("extract", "")
        self.missing = ""
        self.displaced = ""
        self.topic_ids: TopicIds | None = None
        self.written: TopicIds | None = None
        self.keep_seconds = 0.0
        self.before_reading: Callable[[Ids], Awaitable[None]] | None = None
        self.instruments = Instruments("")
        self._ids_read: Ids = {}
        self._ids_seen: Ids = {}
        self._ids_written: Ids = {}
        self._topic_is_absent = False
        self._topic_watch: asyncio.Task[None] | None = None
        self.on_partitions_revoked.connect(_forget_positions, weak=False)
        self.on_rebalance_complete.connect(_hold_until_sought, weak=False)

    async def on_first_start(self) -> None:
        """Start what belongs to the app, and then the app itself."""
        for call in self.at_start:
            call()
        if self.topic_ids is not None:
            self._topic_watch = asyncio.create_task(self._watch_topics(self.topic_ids))
        await super().on_first_start()

    async def on_stop(self) -> None:
        """Stop the app, and what belongs to it."""
        if self._topic_watch is not None:
            self._topic_watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._topic_watch
        try:
            await super().on_stop()
            for ids in (self.topic_ids, self.written):
                if ids is not None:
                    await ids.close()
        finally:
            # Also where a worker that ends cancels what is left of its stop.
            for call in self.at_stop:
                call()

    def on_rebalance_end(self) -> None:
        """Note that the partitions are assigned and sought."""
        super().on_rebalance_end()
        if not self._topic_is_absent:
            self.displaced = ""

    async def current(self) -> Note:
        """Wait until all topics exist, and return the ids of those that are read from now on.

        Raises:
            OperationalError: the topics must not be read; the app has crashed then.
        """
        if self.topic_ids is None:
            return Note()
        ids = await self.topic_ids.wait()
        if self.before_reading is not None:
            try:
                await self.before_reading(ids)
            except Exception as error:
                log.critical("%s", error)
                await self.crash(error)
                raise
        self._ids_read, self._ids_seen, self._topic_is_absent = ids, ids, False
        topic, *onto = self.topic_ids.topics
        return Note(topic=ids[topic], onto="".join(ids[name] for name in onto))

    def id_of(self, topic: str) -> str:
        """The id of a topic whose partitions are read; empty where the brokers give none."""
        return self._ids_read.get(topic, "")

    def FlowControlQueue(  # noqa: N802 - Faust's name
        self, maxsize: int | None = None, *, clear_on_resume: bool = False
    ) -> Queue:
        """Make a queue of events that is bounded by bytes too."""
        return Queue(
            maxsize=maxsize or 0, flow_control=self.flow_control, clear_on_resume=clear_on_resume
        )

    async def _on_agent_error(self, _: AgentT[Any], exc: BaseException) -> None:
        # Faust would start the agent again, except where it failed before Faust had noted its
        # start: that worker would stay, and read nothing. A fault outlives a new start in the same
        # process anyway, so the whole worker ends, which its supervisor sees. What Faust does here,
        # a commit, is a part of the end, and would wait for a broker that is away.
        if not self.crashed:
            log.critical("%s cannot work; the worker ends: %r", self.conf.id, exc)
            await self.crash(exc)

    def _new_consumer(self) -> ConsumerT:
        self.transport.Consumer = Consumer  # type: ignore[misc] # of this app's transport alone
        return super()._new_consumer()

    async def _watch_topics(self, topic_ids: "TopicIds") -> None:
        """Take the partitions anew when a topic was made again, or is back after it was missing."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.written is not None and await self._ends_without(self.written):
                return
            found = await topic_ids.ask()
            if found is None or self.rebalancing or not self.rebalancing_count:
                continue
            absent = [topic for topic in topic_ids.topics if topic not in found]
            changed = [t for t in found if t in self._ids_seen and found[t] != self._ids_seen[t]]
            if absent:
                self._topic_is_absent, self.displaced = True, f"topic {absent[0]} is not there"
            elif changed or self._topic_is_absent:
                again = (changed or topic_ids.topics)[0]
                self._topic_is_absent, self.displaced = False, f"topic {again} was made again"
                log.warning("%s; its partitions are taken anew", self.displaced)
                # Set here too: a worker without partitions never seeks, so `current` would not set
                # it, and the worker would log the same change at every check.
                self._ids_seen = found
                await cast("Consumer", self.consumer).take_anew()

    async def _ends_without(self, written: "TopicIds") -> bool:
        """End the worker if a topic that it writes to is not the one that it was."""
        found = await written.ask()
        if found is None:
            return False
        before = self._ids_written = {**found, **self._ids_written}
        for topic in written.topics:
            if topic not in found or found[topic] != before[topic]:
                # A client would wait for a topic that is missing, without a word.
                what = "made again" if topic in found else "deleted"
                error = OperationalError(
                    f"topic {topic} was {what} while {self.conf.id} wrote to it",
                    "run `cleanwire topics` and start the worker again, "
                    "then `cleanwire replay` puts back what was on the topic",
                )
                log.critical("%s", error)
                await self.crash(error)
                return True
        return False


async def _forget_positions(app: Any, /, *_: Any, **__: Any) -> None:  # noqa: ANN401 - Faust's signals have no types
    app.consumer._read_offset.clear()  # noqa: SLF001 - Faust has no public access
    # The notes and the acks stay: what is in flight is still acked and committed after this.
    app.consumer.placed = frozenset()


async def _hold_until_sought(app: Any, /, *_: Any, **__: Any) -> None:  # noqa: ANN401 - Faust's signals have no types
    # Faust itself resumes the flow after the seek.
    app.consumer.stop_flow()
