"""The stream end to end on a real broker, next to the batch mode and to a homemade script.

    python bench/stream.py                      1, 2 and 4 partitions, 2,000 pages each
    python bench/stream.py --partitions 1 --pages 500 --json rows.jsonl

Invariant: only the work on the pages is measured. Every process has cleaned some pages before its
clock starts, and no two events are the same. If a page has no outcome, or if the audit does not
hold, the run does not count and the program ends with 1.

The pages are those of ../shared/data/extraction. A page that is used again comes from another host,
so it is a copy to be found. CPU time is that of a process and all its children, including those
that have ended; the broker's CPU time is shown apart. Latency runs from the broker's time on
`raw-pages` to the producer's time on `clean-articles`. Needs psutil, and for the script trafilatura
and datasketch. Without crc32c, kafka-python spends most of its time on checksums.
"""

import argparse
import contextlib
import dataclasses
import datetime as dt
import importlib
import importlib.util
import itertools
import json
import multiprocessing
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import psutil
from markdown_tables import table

from cleanwire.events import Source
from cleanwire.pipeline import Pipeline
from streams.kafka import clients
from streams.kafka.outcome_topics import outcome_topics
from streams.kafka.topics import ensure_topics
from streams.ops.audit import audit
from streams.settings import Settings
from streams.testing.broker import EmbeddedBroker

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
SETS = ("aeb", "fundus", "wcxb", "snippets")
FIRST_FETCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
WARM = 48
"""Pages before the clock starts: after them, tables are read and the cleaning processes run."""

HOMEMADE = "homemade script"
SILENCE_SECONDS = 60.0
PIECE_SECONDS = 0.05

sys.path[:0] = [str(HERE.parent / "tests"), str(SHARED / "bench" / "extraction")]

harness: Any = importlib.import_module("helpers.harness")


class NotAccountedForError(Exception):
    """A page has no outcome, or two, so the measurement is void."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cpu:
    """CPU seconds of a process, of all its children, and of the broker."""

    own: float
    children: float
    broker: float

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.own - other.own, self.children - other.children, self.broker - other.broker)


def main() -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--pages", type=int, default=2000, help="pages of a run")
    parser.add_argument("--partitions", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--processes", type=int, default=2, help="cleaning processes")
    parser.add_argument("--load", type=float, default=0.5, help="share of the rate, when paced")
    parser.add_argument("--paced-pages", type=int, default=1000, help="pages of a paced run")
    parser.add_argument("--seed", type=int, default=0, help="of the pages' order")
    parser.add_argument("--json", type=Path, help="append the rows to this file")
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"nothing to measure: {SHARED.name} is not beside the repository")
        return 0
    try:
        rows = list(measure(arguments))
    except NotAccountedForError as error:
        print(error)
        return 1
    if arguments.json:
        with arguments.json.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    print(tables(rows))
    return 0


def measure(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A row for each mode and number of partitions.

    The batch mode runs again before each run of the stream, because the speed of a shared machine
    varies. It runs in one process, and in as many processes as clean pages in the stream: these
    slow each other down, which is no cost of Kafka.
    """
    events = list(itertools.islice(raw_pages(arguments.seed), WARM + arguments.pages))
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedBroker(Path(folder) / "kafka") as broker,
    ):
        base = Settings(
            broker=broker.address, clean_processes=arguments.processes, data_dir=Path(folder)
        )
        same = {"pages": arguments.pages, "seed": arguments.seed, "at": time.time()}
        for partitions in arguments.partitions:
            print(f"{partitions} partitions ...", file=sys.stderr)
            alone, beside = (
                batch_mode(arguments.seed, arguments.pages, processes)
                for processes in (1, arguments.processes)
            )
            full = stream(base, partitions, events)
            paced = stream(
                base,
                partitions,
                events[: WARM + arguments.paced_pages],
                rate=arguments.load * full["pages_per_second"],
            )
            yield {
                **same,
                "mode": "stream",
                "partitions": partitions,
                "processes": arguments.processes,
                "load": arguments.load,
                **full,
                **{f"paced_{name}": value for name, value in paced.items()},
                "batch_cpu_ms": alone,
                "batch_beside_cpu_ms": beside,
            }
            yield {**same, "mode": "batch", "cpu_ms": alone}
        if all(importlib.util.find_spec(name) for name in ("trafilatura", "datasketch")):
            print("the homemade script ...", file=sys.stderr)
            yield {**same, "mode": HOMEMADE, **homemade(base, events)}


def raw_pages(seed: int) -> Iterator[bytes]:
    """Events without end: the pages in one random order, repeated from other hosts each time."""
    corpus = importlib.import_module("corpus")
    pages = [
        page
        for name in SETS
        for page in corpus.read_dataset(SHARED / "data" / "extraction" / name)
        if urlsplit(page.url).scheme in ("http", "https") and not re.search(r"\s", page.url)
    ]
    random.Random(seed).shuffle(pages)  # noqa: S311 - an order, no secret
    seconds = itertools.count()
    for again in itertools.count():
        for page in pages:
            url = page.url.replace("://", f"://copy{again}.", 1) if again else page.url
            yield orjson.dumps(
                {
                    "url": url,
                    "fetched_at": (FIRST_FETCH + dt.timedelta(seconds=next(seconds))).isoformat(),
                    "status": 200,
                    "content_type": "text/html; charset=utf-8",
                    "body": page.html,
                }
            )


def batch_mode(seed: int, pages: int, processes: int) -> float:
    """CPU milliseconds for a page of the same steps without Kafka, in `processes` at a time."""
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        return statistics.fmean(pool.map(one_batch, [seed] * processes, [pages] * processes))


def one_batch(seed: int, pages: int) -> float:
    """CPU milliseconds for a page of the batch mode, in this process."""
    events = list(itertools.islice(raw_pages(seed), WARM + pages))
    pipeline = Pipeline()
    start = 0.0
    for place, value in enumerate(events):
        if place == WARM:
            start = time.process_time()
        pipeline.process(value, Source(topic="", partition=0, offset=place))
    return 1000 * (time.process_time() - start) / pages


def stream(
    base: Settings, partitions: int, events: Sequence[bytes], *, rate: float | None = None
) -> dict[str, Any]:
    """Run one worker on topics of its own.

    Args:
        base: the settings, whose topics are replaced.
        partitions: of every topic.
        events: raw-page events; the first `WARM` of them are not measured.
        rate: pages a second to publish; None is as fast as possible.

    Raises:
        NotAccountedForError: a page is missing, or the audit does not hold.
    """
    settings = fresh(base, partitions)
    topics = settings.topics
    with clients.consumer(settings) as consumer:
        outcomes = [
            harness.TopicPartition(topic, n)
            for topic in outcome_topics(settings)
            for n in consumer.partitions_for_topic(topic)
        ]

        def done() -> int:
            return sum(consumer.end_offsets(outcomes).values())

        with harness.Worker(settings) as worker:
            began, placed, cpu = run(settings, worker.process.pid, events, done, rate)
    report, unreadable = audit(settings)
    if not report.holds or unreadable or report.raw != len(events) or report.in_flight:
        raise NotAccountedForError(f"the account does not hold: {report} {unreadable}")
    ended, latencies = 0.0, []
    for topic in outcome_topics(settings):
        for record in harness.records(settings, topic):
            ended = max(ended, record.timestamp / 1000)
            if topic == topics.clean:
                source = orjson.loads(record.value)["source"]
                arrived = placed.get((source["partition"], source["offset"]))
                if arrived is not None:
                    latencies.append(record.timestamp / 1000 - arrived)
    latencies.sort()
    count = len(placed)
    return {
        "pages_per_second": count / (ended - began),
        "cpu_ms": 1000 * (cpu.own + cpu.children) / count,
        "main_ms": 1000 * cpu.own / count,
        "cleaning_ms": 1000 * cpu.children / count,
        "broker_ms": 1000 * cpu.broker / count,
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[int(len(latencies) * 0.99)],
        "outcomes": report.outcomes,
    }


def homemade(base: Settings, events: Sequence[bytes]) -> dict[str, Any]:
    """Run the script on the same events, on one partition.

    Raises:
        NotAccountedForError: it does not come to the end of its topic.
    """
    settings = fresh(base, 1)
    topics, group = settings.topics, f"{settings.topic_prefix}homemade"
    command = [sys.executable, str(HERE / "homemade.py")]
    command += [settings.broker, topics.raw, topics.clean, group]
    with clients.admin(settings) as admin:

        def done() -> int:
            offsets = admin.list_group_offsets([group]).get(group, {}).values()
            return sum(max(entry.offset, 0) for entry in offsets)

        script = subprocess.Popen(command)  # noqa: S603 - our own program
        try:
            began, placed, cpu = run(settings, script.pid, events, done, None)
            seconds = time.time() - began
        finally:
            script.terminate()
            script.wait()
    published = len(harness.records(settings, topics.clean))
    return {
        "pages_per_second": len(placed) / seconds,
        "cpu_ms": 1000 * (cpu.own + cpu.children) / len(placed),
        "outcomes": {"clean": published},
    }


def fresh(base: Settings, partitions: int) -> Settings:
    """The settings with new topics of their own, which are created."""
    prefix = f"s{uuid.uuid4().hex[:8]}."
    settings = base.model_copy(
        update={
            "topic_prefix": prefix,
            "raw_partitions": partitions,
            "data_dir": base.data_dir / prefix,
        }
    )
    ensure_topics(settings)
    return settings


def run(
    settings: Settings,
    pid: int,
    events: Sequence[bytes],
    done: Callable[[], int],
    rate: float | None,
) -> tuple[float, dict[tuple[int, int], float], Cpu]:
    """Publish all events to a process and wait until they are done.

    Returns:
        When the publishing began, in seconds since the epoch; the broker's time of each record by
        partition and offset; the CPU time from then to the end. All without the warm-up.
    """
    publish(settings, events[:WARM])
    wait(pid, done, WARM)
    before = spent(pid)
    began = time.time()
    placed = publish(settings, events[WARM:], rate)
    wait(pid, done, len(events))
    return began, placed, spent(pid) - before


def publish(
    settings: Settings, events: Sequence[bytes], rate: float | None = None
) -> dict[tuple[int, int], float]:
    """Put events on `raw-pages`; returns the broker's time of each by partition and offset."""
    start = time.monotonic()
    futures = []
    with clients.producer(settings) as producer:
        for place, value in enumerate(events):
            if rate:
                time.sleep(max(0.0, start + place / rate - time.monotonic()))
            partition = place % settings.raw_partitions
            futures.append(producer.send(settings.topics.raw, value, partition=partition))
        sent = [future.get(timeout=SILENCE_SECONDS) for future in futures]
    return {(record.partition, record.offset): record.timestamp / 1000 for record in sent}


def wait(pid: int, done: Callable[[], int], count: int) -> None:
    """Wait until a process is done with `count` pages.

    Raises:
        NotAccountedForError: the process has ended, or has made no progress for `SILENCE_SECONDS`.
    """
    so_far, moved = done(), time.monotonic()
    while so_far < count:
        time.sleep(PIECE_SECONDS)
        before, so_far = so_far, done()
        if so_far != before:
            moved = time.monotonic()
        elif time.monotonic() - moved > SILENCE_SECONDS or not runs(pid):
            raise NotAccountedForError(f"{so_far} of {count} pages have an outcome")


def runs(pid: int) -> bool:
    """Whether a child process has not ended."""
    return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def spent(pid: int) -> Cpu:
    """The CPU time that a process, its children and the broker have used so far."""
    process = psutil.Process(pid)
    times = process.cpu_times()
    children = times.children_user + times.children_system
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            children += sum(child.cpu_times()[:4])
    broker = 0.0
    for child in psutil.Process().children():
        if child.name() == "java":
            broker += sum(child.cpu_times()[:2])
    return Cpu(times.user + times.system, children, broker)


def tables(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as Markdown."""
    streams = [row for row in rows if row["mode"] == "stream"]
    batch = [row["cpu_ms"] for row in rows if row["mode"] == "batch"]
    load = f"at {100 * streams[0]['load']:.0f} %"
    head = ["partitions", "pages/s", "CPU ms/page", "main process", "cleaning", "broker apart"]
    head += ["batch mode", f"{streams[0]['processes']} at a time", "Kafka costs", "share"]
    head += [f"{load}: CPU ms/page", "p50 s", "p99 s"]
    lines = []
    for row in streams:
        cost = row["cpu_ms"] - row["batch_cpu_ms"]
        names: tuple[str, ...] = ("cpu_ms", "main_ms", "cleaning_ms", "broker_ms")
        names += ("batch_cpu_ms", "batch_beside_cpu_ms")
        lines.append(
            [
                str(row["partitions"]),
                f"{row['pages_per_second']:.0f}",
                *(f"{row[name]:.2f}" for name in names),
                f"{cost:.2f}",
                f"{100 * cost / row['cpu_ms']:.0f} %",
                *(f"{row[f'paced_{name}']:.2f}" for name in ("cpu_ms", "p50", "p99")),
            ]
        )
    modes = {
        "batch mode": sum(batch) / len(batch),
        **{f"stream, {row['partitions']} partitions": row["cpu_ms"] for row in streams},
    }
    modes.update((HOMEMADE, row["cpu_ms"]) for row in rows if row["mode"] == HOMEMADE)
    least = modes.get(HOMEMADE, modes["batch mode"])
    against = "times the script" if HOMEMADE in modes else "times batch"
    compared = [
        [name, f"{cost:.2f}", f"{1000 / cost:.0f}", f"{least / cost:.2f}"]
        for name, cost in modes.items()
    ]
    return "\n\n".join(
        [
            table(head, lines),
            table(["", "CPU ms/page", "pages per CPU second", against], compared),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
