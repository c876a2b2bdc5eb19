"""One run: publish under faults, wait for the end of the stream, check.

Invariant: publishing and faults go together. The next fault waits for its share of the events and
for the stream to move, and the publishers wait for the faults. There is therefore always a page
under way that can be lost.
"""

import dataclasses
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from faultrun.check import Checker
from faultrun.fleet import COMMAND, Fleet
from faultrun.gather import gather
from faultrun.load import MAX_PAGE_BYTES, Load
from faultrun.nemesis import WEIGHTS, Entry, Fault, Nemesis
from faultrun.observe import Flow, Rebalances, lag
from faultrun.publish import Publishers
from faultrun.takedowns import Takedowns
from faultrun.terms import Verdict
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from streams.testing.broker import EmbeddedBroker

AHEAD = 0.15
"""How far the publishers may be ahead of the faults, as a share of all events."""

MOST_BEHIND = 5000
"""The stream is at most about so many records behind. An event that comes twice is recognised
within the replay horizon: a machine that is too slow for the load must not look like a loss. All
partitions of a worker get on equally fast, so a hot one would come to lag by more than that."""

MOVED = 0.25
"""How far the stream moves between two faults, as a share of the events published between them."""

STUCK_SECONDS = 25.0
"""After this time the next fault comes even if the stream has not moved."""

SLOW_SECONDS = 90.0
"""The same, where the publishers wait for a stream that is behind."""

READY_SECONDS = 120.0
SAY_SECONDS = 10.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The size of a run. It goes on until its minima are reached.

    Attributes:
        events: how many events are published.
        partitions: how many partitions `raw-pages` has.
        workers: how many workers run from the beginning to the end; more come and go.
        shards: how many shards `dedupe` has.
        rate: events a second.
        faults: how many faults are planned, without those of brokers.
        sigkills: the minimum of SIGKILLs to workers.
        broker_restarts: the minimum of restarts of brokers, if brokers may be killed.
        rebalances: the minimum of rebalances, of both groups together.
        takedowns: how many takedowns are asked for, evenly over the faults.
        seconds: the most that the stream may take from the last event to its end.
    """

    events: int
    partitions: int
    workers: int = 3
    shards: int = 1
    rate: float
    faults: int
    sigkills: int
    broker_restarts: int
    rebalances: int
    takedowns: int = 0
    seconds: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run did, and what the check found.

    Attributes:
        seed: of the load and the faults.
        size: the size of the run.
        brokers: how many brokers there were.
        faults: the faults that were done, in order.
        counts: how often each fault was done.
        sigkills: how many workers were killed.
        rebalances: how many rebalances there were, of both groups together.
        ends: how many workers ended in which way.
        seconds: how long each phase took.
        verdict: what the check found.
    """

    seed: int
    size: Size
    brokers: int
    faults: list[Entry]
    counts: dict[Fault, int]
    sigkills: int
    rebalances: int
    ends: dict[str, int]
    seconds: dict[str, float]
    verdict: Verdict


def run(  # noqa: PLR0913 - what a run is made of
    size: Size,
    *,
    seed: int,
    address: str,
    root: Path,
    brokers: Sequence[EmbeddedBroker] = (),
    replication_factor: int = 1,
    command: Sequence[str] = COMMAND,
    mounts: bool = False,
    only: Sequence[Fault] = tuple(WEIGHTS),
) -> Result:
    """Do a run on topics of its own.

    Args:
        size: the size of the run.
        seed: the load and the faults follow from it.
        address: the brokers' addresses, comma-separated.
        root: a folder for everything that is written.
        brokers: the brokers that may be killed.
        replication_factor: how many copies all topics have.
        command: the arguments for Python that run a worker.
        mounts: whether data folders should be file systems of their own, if that is permitted.
        only: the faults that are drawn.

    Raises:
        RuntimeError: the workers do not come up, or a publisher died.
        OperationalError: Kafka is away when the topics are made or read.
    """
    settings = Settings(
        broker=address,
        topic_prefix=f"f{uuid.uuid4().hex[:8]}.",
        raw_partitions=size.partitions,
        replication_factor=replication_factor,
        max_message_bytes=1 << 20,
        max_page_bytes=MAX_PAGE_BYTES,
        clean_processes=1,
        dedupe_shards=size.shards,
        dedupe_window="10d",
        replay_horizon="30d",
        session_timeout=6,
        data_dir=root,
    )
    ensure_topics(settings)
    load = Load(seed=seed, events=size.events, partitions=size.partitions, ends=int(time.time()))
    checker, clock = Checker(events=load.events), _Clock()
    with (
        Publishers(settings, load, size.rate, root) as publishers,
        Fleet(settings, root, size.workers, command=command, mounts=mounts) as fleet,
        Flow(settings) as flow,
    ):
        nemesis = Nemesis(seed, fleet, brokers, settings, only)
        takedowns = Takedowns(settings, load, seed)
        run_of = _Run(size, settings, fleet, publishers, nemesis, flow, takedowns)
        clock.phase("start")
        if not fleet.wait(fleet.ready, READY_SECONDS):
            raise RuntimeError(f"the workers do not come up, see {root}")
        clock.phase("faults")
        run_of.hurt()
        clock.phase("drain")
        left = run_of.drain()
        if left:
            checker.violation("not at its end", f"{left} after {size.seconds:g} s")
        rebalances = run_of.rebalances.count()
        clock.phase("check")
        fleet.stop()
        for event, place in publishers.places():
            checker.acknowledged(place, event)
        checker.unknown(publishers.unknown)
        checker.stopped(nemesis.counts["zombie"] * settings.clean_processes)
        gather(settings, load, checker)
        verdict = checker.verdict()
        clock.phase("")
        return Result(
            seed=seed,
            size=size,
            brokers=max(1, len(address.split(","))),
            faults=run_of.nemesis.log,
            counts=dict(run_of.nemesis.counts),
            sigkills=fleet.kills,
            rebalances=rebalances,
            ends=dict(sorted(fleet.ends.items())),
            seconds=clock.seconds,
            verdict=verdict,
        )


class _Run:
    """The middle of a run: publishing, the faults, and the wait for the stream's end."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a run
        self,
        size: Size,
        settings: Settings,
        fleet: Fleet,
        publishers: Publishers,
        nemesis: Nemesis,
        flow: Flow,
        takedowns: Takedowns,
    ) -> None:
        self._takedowns = takedowns
        self._size = size
        self._settings = settings
        self._fleet = fleet
        self._publishers = publishers
        self.nemesis = nemesis
        self._flow = flow
        self.rebalances = Rebalances(settings)
        self._said = 0.0

    def hurt(self) -> None:
        """Publish all events, and do all faults meanwhile."""
        size = self._size
        plan = self.nemesis.plan(size.faults, size.broker_restarts)
        for done, fault in enumerate(plan):
            share = done / len(plan)
            due = 0.95 * share * size.events
            planned = int(size.events * (AHEAD + share))
            self._fleet.wait(lambda due=due, to=planned: self._release(to) >= due, SLOW_SECONDS, 1)
            self._strike(fault)
            while self._takedowns.asked < size.takedowns * (done + 1) // len(plan):
                self._takedowns.ask(self._published)
        while more := self._lacking():
            self._release(size.events)
            self._strike(more)
        while not self._publishers.are_done or not self._fleet.is_settled:
            self._release(size.events)
            self._fleet.sleep(0.5)
            self._say()

    def drain(self) -> str:
        """Wait until everything is committed; returns what is left after `seconds`, or nothing."""
        deadline = time.monotonic() + self._size.seconds
        while (left := self._left()) != 0:
            if time.monotonic() > deadline:
                return f"{'?' if left is None else left} records are not committed"
            self._say(f", {left} behind")
            self._fleet.sleep(1.0)
        return ""

    def _left(self) -> int | None:
        """How many records are not committed; 0 only if two looks, a second apart, found none."""
        left = lag(self._settings)
        if left == 0:
            self._fleet.sleep(1.0)
            left = lag(self._settings)
        return left

    def _release(self, to: int) -> int:
        """Let events up to a number be published, as far as the stream follows.

        Returns:
            How many are published.
        """
        if (behind := lag(self._settings)) is not None:
            published = self._published
            self._publishers.release(min(to, published + max(0, MOST_BEHIND - behind)))
        return self._published

    @property
    def _published(self) -> int:
        return self._publishers.acknowledged

    def _strike(self, fault: Fault) -> None:
        before = self._flow.count()
        enough = min(
            MOVED * self._size.events / self._size.faults,
            # Every published event may have its outcome already.
            self._published - before,
        )
        self._fleet.wait(lambda: self._flow.count() - before >= enough, STUCK_SECONDS, 0.3)
        self._fleet.sleep(self.nemesis.pause())
        self.nemesis.strike(fault)
        self._say()

    def _lacking(self) -> Fault | None:
        """A fault towards a minimum that is not reached yet; None if all are."""
        size, counts = self._size, self.nemesis.counts
        if self._fleet.kills < size.sigkills:
            return "burst" if "burst" in self.nemesis.only else "kill"
        if self.nemesis.brokers and counts["broker"] < size.broker_restarts:
            return "broker"
        return "join" if self.rebalances.count() < size.rebalances else None

    def _say(self, more: str = "") -> None:
        if time.monotonic() - self._said < SAY_SECONDS:
            return
        self._said = time.monotonic()
        print(
            f"{self._published} of {self._size.events} events published, "
            f"{len(self.nemesis.log)} faults, {self._fleet.kills} workers killed{more}",
            file=sys.stderr,
        )


class _Clock:
    """How long each phase takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._phase, self._since = "", 0.0

    def phase(self, name: str) -> None:
        """End the current phase and begin another one; an empty name begins none."""
        now = time.monotonic()
        if self._phase:
            self.seconds[self._phase] = round(now - self._since, 1)
        self._phase, self._since = name, now
