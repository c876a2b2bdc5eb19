"""How long the partitions of a lost worker stand still, on a real broker.

    python bench/failover.py                       ten times each way
    python bench/failover.py --times 3 --ways kill

Invariant: the time is what a reader of the topics sees. It runs from the moment that the worker is
lost to the first outcome of a page that was published after that moment, on a partition that the
worker had. The program ends with 1 if a partition stood still for more than `BOUND` seconds.

Two workers run with default settings. Every partition gets a page every quarter of a second. A
worker is killed (SIGKILL, including its cleaning processes), frozen (SIGSTOP), told to end
(SIGTERM), or killed and started again at once under its own name (static membership). One of the
two workers has the partition of `candidates`, so in about half of the trials the state of `dedupe`
moves as well.
"""

import argparse
import collections
import contextlib
import dataclasses
import importlib
import itertools
import json
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import orjson

from streams.kafka import clients
from streams.kafka.outcome_topics import outcome_topics
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from streams.stage import STAGES, Stage, app_id, input_topic
from streams.testing.broker import EmbeddedBroker

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "tests")]

harness: Any = importlib.import_module("helpers.harness")

BOUND = 15.0
EVERY_SECONDS = 0.25
SETTLED_SECONDS = 2.0
PATIENCE_SECONDS = 120.0
WAYS = {
    "kill": "killed",
    "freeze": "frozen",
    "stop": "told to end",
    "restart": "killed, back under its name",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Trial:
    """The loss of one worker; times are in seconds.

    Attributes:
        first: from the loss to the first new outcome on any of its partitions.
        last: from the loss until every one of its partitions has a new outcome.
        others: the longest time that a partition of the other worker had no outcome.
        memory: whether the worker had the partition of `candidates`.
    """

    first: float
    last: float
    others: float
    memory: bool


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--times", type=int, default=10, help="trials each way")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--json", type=Path, help="append the trials to this file")
    arguments = parser.parse_args()
    lines, worst = [], 0.0
    with tempfile.TemporaryDirectory() as folder, EmbeddedBroker(Path(folder) / "kafka") as broker:
        for way in arguments.ways:
            settings = Settings(
                broker=broker.address, topic_prefix=f"{way}.", data_dir=Path(folder) / way
            )
            ensure_topics(settings)
            with Pair(settings, named=way == "restart") as pair:
                trials = list(itertools.islice(pair.trials(way), arguments.times))
            lines.append(row(way, trials))
            worst = max(worst, *(trial.last for trial in trials))
            if arguments.json:
                with arguments.json.open("a", encoding="utf-8") as file:
                    file.writelines(
                        json.dumps({"way": way, **dataclasses.asdict(trial)}) + "\n"
                        for trial in trials
                    )
    print("| the worker is | trials | first page again | all partitions again | others pause |")
    print("|---|---:|---:|---:|---:|")
    print("\n".join(lines))
    if worst > BOUND:
        print(f"\na partition stood still for {worst:.1f} s, over the bound of {BOUND:g} s")
        return 1
    return 0


def row(way: str, trials: Sequence[Trial]) -> str:
    """The medians and the maxima of one way, as a line of Markdown."""
    cells = [
        f"{statistics.median(values):.1f} s, {max(values):.1f} s at most"
        for values in (
            [getattr(trial, name) for trial in trials] for name in ("first", "last", "others")
        )
    ]
    return f"| {' | '.join([WAYS[way], str(len(trials)), *cells])} |"


class Pair:
    """Two workers, and a steady trickle of pages to every partition.

    Args:
        settings: of the workers; the topics must exist.
        named: whether each worker has a name of its own (static membership).
    """

    def __init__(self, settings: Settings, *, named: bool) -> None:
        self._settings = settings
        self._named = named
        self._numbers = itertools.count()
        self._stack = contextlib.ExitStack()
        self._end = threading.Event()
        self._published: dict[tuple[int, int], float] = {}
        self._seen: list[tuple[int, int, float]] = []
        self._workers: list[Any] = []
        self._members: dict[int, dict[Stage, str]] = {}

    def __enter__(self) -> Self:
        self._admin = self._stack.enter_context(clients.admin(self._settings))
        self._reader = self._stack.enter_context(clients.consumer(self._settings))
        self._reader.assign(
            [
                harness.TopicPartition(topic, number)
                for topic in outcome_topics(self._settings)
                for number in self._reader.partitions_for_topic(topic)
            ]
        )
        self._trickle = threading.Thread(target=self._publish)
        self._trickle.start()
        for _ in range(2):
            self._add(self._new())
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._trickle.join()
        for worker in self._workers:
            worker.kill()
        self._stack.close()

    def trials(self, way: str) -> Iterator[Trial]:
        """Lose one worker after the other, for ever, and put a new one in its place."""
        while True:
            victim, other = self._workers
            time.sleep(SETTLED_SECONDS)
            lost, kept = self._partitions(victim, "extract"), self._partitions(other, "extract")
            memory = bool(self._partitions(victim, "dedupe"))
            gone = time.time()
            self._lose(victim, way)
            back = self._same_worker(victim).start() if way == "restart" else None
            first = self._first_outcomes(lost, gone)
            yield Trial(
                first=min(first.values()) - gone,
                last=max(first.values()) - gone,
                others=self._longest_pause(kept, gone, max(first.values())),
                memory=memory,
            )
            victim.kill()
            self._workers.remove(victim)
            self._add(back or self._new())

    def _lose(self, victim: Any, way: str) -> None:  # noqa: ANN401 - the tests' harness has no types
        if way in ("kill", "restart"):
            victim.kill()
        else:
            signals = {"freeze": signal.SIGSTOP, "stop": signal.SIGTERM}
            reach = os.killpg if way == "freeze" else os.kill
            reach(victim.process.pid, signals[way])

    def _new(self) -> Any:  # noqa: ANN401 - the tests' harness has no types
        name = f"worker-{next(self._numbers)}" if self._named else None
        return harness.Worker(self._settings.model_copy(update={"instance_id": name}))

    def _same_worker(self, worker: Any) -> Any:  # noqa: ANN401 - the tests' harness has no types
        """A new process of the same worker: with other settings it would be another member."""
        again = harness.Worker(worker.settings)
        again.settings, again.log = worker.settings, worker.log
        return again

    def _add(self, worker: Any) -> None:  # noqa: ANN401 - the tests' harness has no types
        if worker.process is None:
            worker.start()
        worker.wait_until_ready()
        known = {member for members in self._members.values() for member in members.values()}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = {
                stage: [member for member in self._groups(stage) if member not in known]
                for stage in STAGES
            }
            held = [set(self._groups("extract").values())]
            if all(len(new) == 1 for new in found.values()) and all(map(all, held)):
                break
            time.sleep(0.2)
        self._members[id(worker)] = {stage: new[0] for stage, new in found.items()}
        self._workers.append(worker)

    def _groups(self, stage: Stage) -> dict[str, tuple[int, ...]]:
        """The partitions of the stage's input, by member; empty while the group rebalances."""
        name = app_id(self._settings, stage)
        group = self._admin.describe_groups([name])[name]
        if group["group_state"] != "Stable":
            return {}
        source = input_topic(self._settings, stage)
        found = {}
        for member in group["members"]:
            assigned = (member["member_assignment"] or {}).get("assigned_partitions", ())
            found[member["member_id"]] = tuple(
                number
                for topic in assigned
                if topic["topic"] == source
                for number in topic["partitions"]
            )
        return found

    def _partitions(self, worker: Any, stage: Stage) -> tuple[int, ...]:  # noqa: ANN401 - the tests' harness has no types
        return self._groups(stage)[self._members[id(worker)][stage]]

    def _publish(self) -> None:
        with clients.producer(self._settings) as producer:
            while not self._end.wait(EVERY_SECONDS):
                at = time.time()
                futures = [
                    producer.send(self._settings.topics.raw, page(next(self._numbers)), partition=n)
                    for n in range(self._settings.raw_partitions)
                ]
                for future in futures:
                    record = future.get(timeout=PATIENCE_SECONDS)
                    self._published[record.partition, record.offset] = at

    def _read(self) -> None:
        for batch in self._reader.poll(timeout_ms=200).values():
            for record in batch:
                source = orjson.loads(record.value)["source"]
                self._seen.append((source["partition"], source["offset"], record.timestamp / 1000))

    def _first_outcomes(self, partitions: Sequence[int], after: float) -> dict[int, float]:
        """When each partition had its first outcome of a page that was published after a moment.

        Args:
            partitions: numbers of partitions of `raw-pages`.
            after: the moment, in seconds since the epoch; so are the results.
        """
        first: dict[int, float] = {}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(first) < len(partitions):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no outcome on {set(partitions) - first.keys()}")
            self._read()
            for partition, offset, at in self._seen:
                published = self._published.get((partition, offset), 0.0)
                if partition in partitions and published > after:
                    first[partition] = min(first.get(partition, at), at)
        return first

    def _longest_pause(self, partitions: Sequence[int], start: float, end: float) -> float:
        times = collections.defaultdict(lambda: [start, end])
        for partition, _, at in self._seen:
            if start < at < end:
                times[partition].append(at)
        return max(
            later - earlier
            for partition in partitions
            for earlier, later in itertools.pairwise(sorted(times[partition]))
        )


def page(number: int) -> bytes:
    """A short article that resembles no other, as a raw-page event."""
    words = " ".join(f"w{number}x{place} tells of{place} it." for place in range(30))
    return orjson.dumps(
        {
            "url": f"https://s{number}.example/a",
            "fetched_at": "2026-11-03T10:00:00Z",
            "body": f"<html><body><h1>Report {number}</h1><p>{words}</p></body></html>",
        }
    )


if __name__ == "__main__":
    sys.exit(main())
