"""The demo: a broker, a worker and the sample pages on this machine.

Invariant: the broker and the worker are the real ones, each in a process of its own. Their data is
deleted afterwards. Everything that the demo shows is read from the topics.
"""

import contextlib
import dataclasses
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from kafka import TopicPartition

from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.outcome_topics import outcome_topics
from streams.kafka.raw_records import EVENT
from streams.kafka.topics import ensure_topics
from streams.runtime.dead_letters import added_to
from streams.settings import Settings, load_settings
from streams.testing.broker import EmbeddedBroker
from streams.testing.ports import free_port, is_free
from streams.testing.samples import Sample
from streams.testing.samples.newsroom import newsroom

READY_SECONDS = 180.0
OUTCOME_SECONDS = 60.0
STOP_SECONDS = 15.0
PAGE_SECONDS = 0.5
"""The time between two pages of made-up news."""

SEED = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a sample page.

    Attributes:
        sample: the page.
        outcome: `clean`, or `duplicate/` and the kind, or `rejected/` and the reason.
        detail: one line more, for people.
    """

    sample: Sample
    outcome: str
    detail: str


@contextlib.contextmanager
def stage(say: Callable[[str], None]) -> Iterator[Settings]:
    """Run a broker and a worker; both end with the `with` block.

    Args:
        say: called with a line for people on every step.

    Yields:
        The settings to reach both, once the worker is ready.

    Raises:
        OperationalError: the broker or the worker does not come up.
    """
    base = load_settings()
    with tempfile.TemporaryDirectory(prefix="cleanwire-demo-") as folder:
        broker = EmbeddedBroker(
            Path(folder) / "broker", max_message_bytes=2 * base.max_message_bytes, say=say
        )
        with broker:
            say(f"Kafka answers at {broker.address}")
            settings = base.model_copy(
                update={
                    "broker": broker.address,
                    "data_dir": Path(folder),
                    "web_bind": "127.0.0.1",
                    "web_port": base.web_port if is_free(base.web_port) else free_port(),
                    # The settings of a real cluster do not apply to this broker.
                    "sasl_mechanism": None,
                    "tls": False,
                    "replication_factor": 1,
                    "topic_prefix": "",
                }
            )
            ensure_topics(settings)
            with _worker(settings, Path(folder) / "worker.log", say):
                yield settings


def publish(settings: Settings, samples: list[Sample]) -> None:
    """Put the samples on one partition, so that they are processed in their order."""
    with clients.producer(settings) as producer:
        for future in [
            producer.send(settings.topics.raw, sample.value, headers=EVENT, partition=0)
            for sample in samples
        ]:
            future.get(timeout=OUTCOME_SECONDS)


@contextlib.contextmanager
def keep_publishing(settings: Settings) -> Iterator[None]:
    """Publish made-up news, a page every `PAGE_SECONDS`, in a thread until the block ends."""
    ended = threading.Event()
    every = dt.timedelta(seconds=PAGE_SECONDS)

    def work() -> None:
        with clients.producer(settings) as producer:
            for value in newsroom(SEED, start=dt.datetime.now(dt.UTC), every=every):
                producer.send(settings.topics.raw, value, headers=EVENT)
                if ended.wait(PAGE_SECONDS):
                    return

    thread = threading.Thread(target=work, name="newsroom")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def results(settings: Settings, samples: list[Sample]) -> Iterator[Result]:
    """Yield what becomes of each sample, as it happens.

    Raises:
        OperationalError: not all have an outcome after `OUTCOME_SECONDS`.
    """
    names = outcome_topics(settings)
    with clients.consumer(settings) as consumer:
        partitions = [
            TopicPartition(topic, number)
            for topic in names
            for number in sorted(consumer.partitions_for_topic(topic) or ())
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        left = set(range(len(samples)))
        deadline = time.monotonic() + OUTCOME_SECONDS
        while left:
            if time.monotonic() > deadline:
                raise OperationalError(
                    f"{len(left)} pages have no outcome after {OUTCOME_SECONDS:g} s",
                    "run `cleanwire worker` by hand and read its log",
                )
            for records in consumer.poll(timeout_ms=200).values():
                for record in records:
                    place, outcome, detail = _read(record, names[record.topic])
                    if place in left:
                        left.discard(place)
                        yield Result(sample=samples[place], outcome=outcome, detail=detail)


def _read(record: Any, outcome: str) -> tuple[int, str, str]:  # noqa: ANN401 - untyped library
    if outcome == "rejected":
        ours = added_to(record.headers)
        return int(ours["source.offset"]), f"rejected/{ours['reason']}", ours["detail"]
    event = orjson.loads(record.value)
    place = int(event["source"]["offset"])
    if outcome == "duplicate":
        detail = f"{event['similarity']:.0%} of {event['duplicate_of_url']}"
        return place, f"duplicate/{event['kind']}", detail
    more = f", revision {event['revision']}" if event["revision"] > 1 else ""
    return (
        place,
        "clean",
        f"{event['title']} ({event['language']}, {event['word_count']} words{more})",
    )


@contextlib.contextmanager
def _worker(settings: Settings, log: Path, say: Callable[[str], None]) -> Iterator[None]:
    environment = {
        **os.environ,
        "CLEANWIRE_BROKER": settings.broker,
        "CLEANWIRE_DATA_DIR": str(settings.data_dir),
        "CLEANWIRE_WEB_BIND": settings.web_bind,
        "CLEANWIRE_WEB_PORT": str(settings.web_port),
        "CLEANWIRE_TOPIC_PREFIX": "",
        "CLEANWIRE_REPLICATION_FACTOR": "1",
        "CLEANWIRE_TLS": "false",
    }
    environment.pop("CLEANWIRE_SASL_MECHANISM", None)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli.main", "worker"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C must reach the demo only, which then stops the worker in order.
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, settings, log)
        say(f"worker ready, web view on http://127.0.0.1:{settings.web_port}/")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], settings: Settings, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    why: Mapping[str, str] | str = "it does not answer"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            lines = log.read_text(errors="replace").strip().splitlines()
            last = lines[-1] if lines else "no output"
            raise OperationalError(
                f"the worker ended with {process.returncode}: {last}",
                "run `cleanwire worker` by hand and read its log",
            )
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{settings.web_port}/readyz", timeout=2):
                return
        except urllib.error.HTTPError as error:
            why = json.loads(error.read()).get("missing", "")
        except OSError:
            pass
        time.sleep(0.2)
    raise OperationalError(
        f"the worker is not ready after {READY_SECONDS:g} s: {why}",
        "run `cleanwire worker` by hand and read its log",
    )
