"""The memory of a worker and of the batch mode while more pages wait than they can hold.

    python bench/memory.py                              both, 2,000 MB of pages of 1 MB and of 10 MB
    python bench/memory.py --megabytes 300 --sizes 1    less of it
    python bench/memory.py --partitions 4 8 64          what the partitions add

Invariant: the program measures the resident memory of real processes every `PIECE_SECONDS`, while
the whole backlog waits on a real broker or in a file. It ends with 1 if a run cleaned nothing or
exceeded the bound of docs/scale.md.

Half of the pages are articles in a page full of scripts. The other half are articles as long as
their page, whose candidates are as large as the page. A run ends after `--seconds`: memory that
grows with the backlog has grown by then. Needs psutil.
"""

import argparse
import contextlib
import dataclasses
import importlib
import itertools
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import psutil

from streams.kafka import clients
from streams.kafka.outcome_topics import outcome_topics
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from streams.testing.broker import EmbeddedBroker

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "tests")]

harness: Any = importlib.import_module("helpers.harness")

MIB = 1 << 20
MODES = ("stream", "batch")
PIECE_SECONDS = 0.1
MAIN_BASE, MAIN_RECORDS = 544 * MIB, 16
"""The bound of the main process in bytes: the base, and this many times the largest record."""

CLEANING_BASE, CLEANING_PAGES = 224 * MIB, 32
"""The bound of a cleaning process in bytes: the base, and this many times the largest page."""


@dataclasses.dataclass(slots=True)
class Peak:
    """The largest resident memory, in bytes.

    Attributes:
        main: the peak of the main process.
        cleaning: the peak of any cleaning process.
        samples: the resident memory of the main process, over time.
    """

    main: int = 0
    cleaning: int = 0
    samples: list[int] = dataclasses.field(default_factory=list)

    def look(self, pid: int) -> None:
        """Take a sample of a process and its children."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            self.samples.append(process.memory_info().rss)
            self.main = max(self.main, self.samples[-1])
            for child in process.children(recursive=True):
                self.cleaning = max(self.cleaning, child.memory_info().rss)

    def holds(self, size: float) -> bool:
        """Whether the bounds for records of `size` MB were kept."""
        return self.main <= main_bound(size) and self.cleaning <= cleaning_bound(size)


def main() -> int:
    """Measure, and print the table; returns 1 if a run broke its bound."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--megabytes", type=int, default=2000, help="pages that wait")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10], help="MB of a page")
    parser.add_argument("--partitions", type=int, nargs="+", default=[8])
    parser.add_argument("--processes", type=int, default=2, help="cleaning processes")
    parser.add_argument("--seconds", type=float, default=60.0, help="of a run, at most")
    parser.add_argument(
        "--modes", nargs="+", choices=("stream", "batch"), default=["stream", "batch"]
    )
    arguments = parser.parse_args()
    print("| mode | page | waiting | partitions | done | main, peak | median | cleaning process |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    bad = 0
    for size, run, peak, done in measure(arguments):
        amounts = (peak.main, statistics.median(peak.samples), peak.cleaning)
        cells = [*map(str, run), str(done), *(f"{amount / MIB:.0f} MiB" for amount in amounts)]
        print(f"| {' | '.join(cells)} |", flush=True)
        bad += not done or not peak.holds(size)
    if bad:
        print(f"\n{bad} runs did nothing, or broke the bound of {main_bound(1) // MIB} MiB for")
        print(f"records of 1 MB and {main_bound(10) // MIB} MiB for 10 MB")
    return int(bool(bad))


def main_bound(size: float) -> int:
    """The bound of the main process, in bytes, with records of `size` MB."""
    return MAIN_BASE + int(MAIN_RECORDS * size * 1_000_000)


def cleaning_bound(size: float) -> int:
    """The bound of a cleaning process, in bytes, with pages of `size` MB."""
    return CLEANING_BASE + int(CLEANING_PAGES * size * 1_000_000)


def measure(arguments: argparse.Namespace) -> Iterator[tuple[int, Sequence[object], Peak, int]]:
    """Each run: the size of its pages in MB, its name, its peak and how many pages were done."""
    with tempfile.TemporaryDirectory() as folder:
        for size in arguments.sizes:
            count = arguments.megabytes // size
            what = f"{size} MB", f"{arguments.megabytes:,} MB"
            if "stream" in arguments.modes:
                for partitions in arguments.partitions:
                    with EmbeddedBroker(Path(folder) / uuid.uuid4().hex) as broker:
                        settings = Settings(
                            broker=broker.address,
                            raw_partitions=partitions,
                            clean_processes=arguments.processes,
                            data_dir=Path(folder) / "data",
                        )
                        peak, done = stream(settings, size, count, arguments.seconds)
                    yield size, ("stream", *what, partitions), peak, done
            if "batch" in arguments.modes:
                settings = Settings(clean_processes=arguments.processes)
                peak, done = batch(settings, Path(folder), size, count, arguments.seconds)
                yield size, ("batch", *what, ""), peak, done


def stream(settings: Settings, size: int, count: int, seconds: float) -> tuple[Peak, int]:
    """Run one worker with both stages, on topics that are full before it starts."""
    ensure_topics(settings)
    with clients.producer(settings) as producer:
        for number, value in enumerate(pages(size, count)):
            producer.send(
                settings.topics.raw, value, partition=number % settings.raw_partitions
            ).get(timeout=60)
    peak = Peak()
    with clients.consumer(settings) as consumer:
        outcomes = [
            harness.TopicPartition(topic, number)
            for topic in outcome_topics(settings)
            for number in consumer.partitions_for_topic(topic)
        ]
        worker = harness.Worker(settings).start()
        try:
            done, deadline = 0, time.monotonic() + seconds
            while done < count and time.monotonic() < deadline and worker.process.poll() is None:
                for _ in range(10):
                    peak.look(worker.process.pid)
                    time.sleep(PIECE_SECONDS)
                done = sum(consumer.end_offsets(outcomes).values())
        finally:
            worker.kill()
    return peak, done


def batch(
    settings: Settings, folder: Path, size: int, count: int, seconds: float
) -> tuple[Peak, int]:
    """Run `cleanwire clean` on one file of events."""
    file, answers = folder / "pages.jsonl", folder / "answers.jsonl"
    with file.open("wb") as output:
        output.writelines(value + b"\n" for value in pages(size, count))
    peak = Peak()
    command = [sys.executable, "-m", "streams.cli.main", "clean", str(file)]
    with (
        answers.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - our own command
            command, env=harness.environment(settings), stdout=output, start_new_session=True
        ) as process,
    ):
        deadline = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < deadline:
            peak.look(process.pid)
            time.sleep(PIECE_SECONDS)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    with answers.open("rb") as lines:
        done = sum(1 for _ in lines)
    file.unlink()
    answers.unlink()
    return peak, done


def pages(size: int, count: int) -> Iterator[bytes]:
    """`count` events of `size` MB; in every second one the article is as long as the page."""
    for number in itertools.islice(itertools.count(), count):
        long = number % 2 == 1
        length = size * 1_000_000 - 4_000
        text, filler = [], ""
        if long:
            text = [paragraph(number, place) for place in range(length // 400)]
        else:
            text = [paragraph(number, place) for place in range(10)]
            filler = "<script>" + "0123456789abcdef" * ((length - 4_000) // 16) + "</script>"
        body = "".join(f"<p>{part}</p>" for part in text)
        yield orjson.dumps(
            {
                "url": f"https://s{number}.example/a",
                "fetched_at": "2026-11-03T10:00:00Z",
                "body": f"<html><body>{filler}<h1>Report {number}</h1>{body}</body></html>",
            }
        )


def paragraph(number: int, place: int) -> str:
    """390 characters that occur in no other paragraph."""
    words = " ".join(f"w{number}x{place}y{at} tells of it." for at in range(30))
    return words[:390]


if __name__ == "__main__":
    sys.exit(main())
