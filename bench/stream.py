"""The stream end to end on a real broker, next to the batch mode and to a homemade script.

    python bench/stream.py                      1, 2 and 4 partitions, 2,000 pages each
    python bench/stream.py --partitions 1 --pages 500 --json rows.jsonl

Invariant: only the work on the pages is measured. Every process has cleaned some pages before its
clock starts, and no two events are the same. If a page has no outcome, or if the audit does not
hold, the run does not count and the program ends with 1.

`stream_pages.py` makes the events, `clocked_run.py` measures the CPU time, `stream_tables.py` makes
the tables. Latency runs from the broker's time on `raw-pages` to the producer's time on
`clean-articles`. Needs psutil, and for the script trafilatura and datasketch. Without crc32c,
kafka-python spends most of its time on checksums.
"""

import argparse
import importlib
import importlib.util
import itertools
import json
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from clocked_run import NotAccountedForError, run
from stream_pages import SHARED, WARM, batch_mode, raw_pages
from stream_tables import HOMEMADE, tables

from streams.kafka import clients
from streams.kafka.outcome_topics import outcome_topics
from streams.kafka.topics import ensure_topics
from streams.ops.audit import audit
from streams.settings import Settings
from streams.testing.broker import EmbeddedBroker

HERE = Path(__file__).resolve().parent

sys.path[:0] = [str(HERE.parent / "tests")]

harness: Any = importlib.import_module("helpers.harness")


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
    settings = with_own_topics(base, partitions)
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
    settings = with_own_topics(base, 1)
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


def with_own_topics(base: Settings, partitions: int) -> Settings:
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


if __name__ == "__main__":
    sys.exit(main())
