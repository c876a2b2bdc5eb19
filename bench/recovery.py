"""How long a worker takes to be ready again with a full state of `dedupe`.

    python bench/recovery.py                            1,000,000 articles, no copies
    python bench/recovery.py --articles 100000 --copies 1.5 --shards 2

Invariant: the worker is a process that is killed, and it restores the state from a real broker. It
has to find a copy of the oldest article of that state, or the program ends with 1.

The changelog is written as `dedupe` writes it, for a window of 30 days: one record for each
article, with a sample of the usual size (96 to 119 hashes), and `--copies` records for its copies.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import psutil

from cleanwire.clean import clean_event
from cleanwire.dedupe.decision import Decision
from cleanwire.dedupe.deduper import url_key_of
from cleanwire.dedupe.policy import DAY
from cleanwire.dedupe.records import pack_record
from cleanwire.dedupe.shard import home
from cleanwire.dedupe.shard_record import CLOCK, Record
from cleanwire.similarity.index import Entry
from cleanwire.similarity.key_table import hash_of
from cleanwire.similarity.minhash import Signature
from streams.kafka import clients
from streams.kafka.topics import changelog, ensure_topics
from streams.policy import window
from streams.settings import Settings
from streams.testing.broker import EmbeddedBroker

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests")]

from helpers import harness  # noqa: E402 - found by the line above

NOW = 1_790_000_000.0
DAYS = 30
FIELDS = 2000

Row = tuple[int, str, bytes]


def main() -> int:
    """Measure, and print a line for each run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--copies", type=float, default=0.0, help="copies an article")
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3, help="how often the worker is killed")
    parser.add_argument("--limit", type=float, help="seconds; exit 1 where a run takes longer")
    parser.add_argument("--json", type=Path, help="append the rows to this file")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedBroker(Path(folder) / "kafka") as broker,
    ):
        settings = Settings(
            broker=broker.address,
            data_dir=Path(folder) / "data",
            dedupe_shards=arguments.shards,
            session_timeout=6,
        )
        ensure_topics(settings)
        began = time.monotonic()
        count, size = fill(settings, arguments.articles, arguments.copies)
        print(f"wrote {count:,} records, {size >> 20} MiB, in {time.monotonic() - began:.0f} s")
        worst = 0.0
        for number in range(arguments.runs):
            row = measure(settings, number)
            worst = max(worst, row["ready_seconds"])
            row |= {"articles": arguments.articles, "records": count, "shards": arguments.shards}
            print(
                f"ready after {row['ready_seconds']:.1f} s, {row['rss_bytes'] >> 20} MiB; "
                f"the copy is {row['copy']}"
            )
            if arguments.json:
                with arguments.json.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
            if row["copy"] != "exact" and number == 0:
                return 1
    return int(arguments.limit is not None and worst > arguments.limit)


def measure(settings: Settings, number: int) -> dict[str, Any]:
    """Start a worker on the state, let it decide on a copy, and kill it."""
    began = time.monotonic()
    worker = harness.Worker(settings).start()
    try:
        worker.wait_until_ready(600)
        seconds = time.monotonic() - began
        harness.publish(settings, [story(f"https://copy{number}.example/")], partition=0)
        found = harness.wait_for_outcomes(settings, number + 1)
        ((_, event),) = found[0, number]
        rss = psutil.Process(worker.process.pid).memory_info().rss
    finally:
        worker.kill()
    return {"ready_seconds": seconds, "rss_bytes": rss, "copy": event.get("kind", "clean")}


def story(url: str) -> bytes:
    """A page with the only text of the state; all other articles are signatures without a text."""
    draw = random.Random(1)  # noqa: S311 - a text, no secret
    words = " ".join(
        "".join(draw.choices("abcdefghijklmnopqrst", k=draw.randint(2, 9))) for _ in range(300)
    )
    body = f"<html><body><h1>The oldest story</h1><p>{words}.</p></body></html>"
    return orjson.dumps({"url": url, "fetched_at": "2026-09-21T00:00:00Z", "body": body})


def fill(settings: Settings, articles: int, copies: float) -> tuple[int, int]:
    """Write the changelog; returns how many records and how many bytes that are."""
    count = size = 0
    waiting: list[Any] = []
    with clients.producer(settings) as producer:
        for shard, key, value in rows(settings, articles, copies):
            waiting.append(
                producer.send(changelog(settings), value, key=key.encode(), partition=shard)
            )
            count += 1
            size += len(key) + len(value)
            if len(waiting) > FIELDS:
                waiting.pop(0).get(timeout=60)
        for future in waiting:
            future.get(timeout=60)
    return count, size


def rows(settings: Settings, articles: int, copies: float) -> Iterator[Row]:
    """The records of a state: shard, key, value."""
    width, last = window(settings).width, settings.dedupe_shards - 1
    draw = np.random.default_rng(1)
    first = clean_event(story("https://first.example/"), require_article=False)
    signatures = [Signature.unpack(first.signature)]
    # The sequence of the first candidate is 0, so everything in the state is earlier.
    owed, sequence = 0.0, -int(articles * (1 + copies)) - 1
    for number in range(articles):
        at = NOW - DAYS * DAY * (1 - (number + 1) / articles) + width
        signed = signatures.pop() if signatures else _signature(draw)
        named = _decided(sequence, at, signed.digest, width)
        entry = Entry.of(signed, article=named.id, sequence=sequence, bucket=named.bucket)
        yield from _split(settings, named, entry, width)
        sequence += 1
        owed += copies
        while owed >= 1:
            copy = _decided(sequence, at, draw.bytes(8), width, named=named)
            yield last, copy.id, pack_record(Record(decision=copy), width)
            sequence, owed = sequence + 1, owed - 1
    for shard in range(last + 1):
        open_from = int((NOW - DAYS * DAY + width) // width)
        yield shard, CLOCK, pack_record(Record(open_from=open_from), width)


def _split(settings: Settings, decision: Decision, entry: Entry, width: float) -> Iterator[Row]:
    last, place = settings.dedupe_shards - 1, home(decision.id, settings.dedupe_shards)
    if place == last:
        yield last, decision.id, pack_record(Record(decision=decision, entry=entry), width)
        return
    yield place, decision.id, pack_record(Record(entry=entry), width)
    yield last, decision.id, pack_record(Record(decision=decision), width)


def _signature(draw: np.random.Generator) -> Signature:
    count = int(draw.integers(96, 120))
    hashes = np.sort(draw.integers(0, 2**62, count, dtype=np.uint64))
    figures = np.sort(draw.integers(0, 2**62, 6, dtype=np.uint64))
    places = draw.permutation(count)
    return Signature(draw.bytes(8), 4 * count, int(hashes[-1]), hashes, places, figures)


def _decided(
    sequence: int, at: float, digest: bytes, width: float, *, named: Decision | None = None
) -> Decision:
    url = f"https://news-site-{sequence % 997}.example/2026/09/the-headline-of-a-story-{sequence}"
    url += ".html"
    return Decision(
        id=hash_of(f"{sequence}").hex(),
        url_key=url_key_of(url, ""),
        digest=digest,
        fetched=at,
        bucket=int(at // width),
        sequence=sequence,
        outcome="near" if named else "clean",
        referenced_id=named.id if named else None,
        url=named.url if named else url,
        similarity=0.9 if named else 1.0,
    )


if __name__ == "__main__":
    sys.exit(main())
