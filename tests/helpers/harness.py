"""Workers as processes, and what the topics hold."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import orjson
import pydantic
from kafka import TopicPartition

from streams.kafka import clients
from streams.runtime.dead_letters import added_to
from streams.testing.ports import free_port

HELPERS = Path(__file__).resolve().parent


def environment(settings):
    """The environment variables that make the same settings in another process."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CLEANWIRE_")}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, pydantic.SecretStr):
            value = value.get_secret_value()
        if hasattr(value, "total_seconds"):
            value = value.total_seconds()
        if value is not None:
            env[f"CLEANWIRE_{name.upper()}"] = str(value)
    return env


def cleanwire(settings, *arguments, **more):
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "streams.cli.main", *arguments],
        env=environment(settings) | more.pop("env", {}),
        capture_output=True,
        timeout=120,
        check=False,
        **more,
    )


class Worker:
    """A worker process, ready when entered, stopped in order when left."""

    def __init__(self, settings, *arguments, command=("-m", "streams.cli.main", "worker")):
        self.settings = settings.model_copy(update={"web_port": free_port()})
        self.command = [sys.executable, *command, *arguments]
        self.process = None
        self.log = settings.data_dir / f"worker-{self.settings.web_port}.log"

    def environment(self):
        return environment(self.settings)

    def start(self):
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self

    def __enter__(self):
        return self.start().wait_until_ready()

    def __exit__(self, *_):
        self.stop()

    def get(self, path, **headers):
        url = f"http://127.0.0.1:{self.settings.web_port}{path}"
        try:
            asked = urllib.request.Request(url, headers=headers)
            with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310 - http above
                return answer.status, answer.read().decode(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), dict(error.headers)

    def wait_until_ready(self, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError):
                status, body, _ = self.get("/readyz")
                if status == 200:
                    assert json.loads(body)["ready"] is True
                    return self
            time.sleep(0.1)
        raise AssertionError(f"not ready after {seconds} s:\n{self.log.read_text()}")

    def kill(self):
        """SIGKILL, to the worker and its cleaning processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"did not stop:\n{self.log.read_text()}") from None
        return self.process.returncode


def metric(worker, line):
    """The value of the first series on /metrics whose line begins so; None if there is none."""
    _, text, _ = worker.get("/metrics")
    found = [entry.rpartition(" ")[2] for entry in text.splitlines() if entry.startswith(line)]
    return float(found[0]) if found else None


def wait_for(worker, line, value):
    """Wait until that series has a value."""
    deadline = time.monotonic() + 30
    while metric(worker, line) != value:
        assert time.monotonic() < deadline, f"{line} is {metric(worker, line)}, not {value}"
        time.sleep(0.3)


def wait_until(asked, seconds=60):
    """Wait until the answer is true; returns it."""
    deadline = time.monotonic() + seconds
    while not (answer := asked()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return answer


def page(number, *, text=None, url=None, at="2026-11-03T10:00:00Z"):
    """A short article that is like no other, or one with a given text."""
    words = text or " ".join(f"w{number}x{place} tells of{place} it." for place in range(30))
    html = f"<html><body><h1>Report {number}</h1><p>{words}</p></body></html>"
    return orjson.dumps(
        {"url": url or f"https://s{number}.example/a", "fetched_at": at, "body": html}
    )


def publish(settings, values, *, partition=None, topic=None, **more):
    """Put values on a topic, acknowledged, in order."""
    with clients.producer(settings) as producer:
        futures = [
            producer.send(topic or settings.topics.raw, value, partition=partition, **more)
            for value in values
        ]
        for future in futures:
            future.get(timeout=60)


def records(settings, topic, seconds=20):
    """Every record of a topic, in the order of each partition."""
    with clients.consumer(settings) as consumer:
        partitions = partitions_of(consumer, topic)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        return read_on(consumer, partitions, seconds)


def partitions_of(consumer, topic):
    return [TopicPartition(topic, n) for n in sorted(consumer.partitions_for_topic(topic))]


def read_on(consumer, partitions, seconds=20):
    """The records from where the consumer stands to the ends that the partitions have now."""
    found = []
    ends = consumer.end_offsets(partitions)
    deadline = time.monotonic() + seconds
    while behind := [tp.topic for tp in partitions if consumer.position(tp) < ends[tp]]:
        assert time.monotonic() < deadline, f"{behind[0]} cannot be read to its end"
        for batch in consumer.poll(timeout_ms=200).values():
            found.extend(batch)
    return found


def added(record):
    """The headers that a dead letter was given."""
    return added_to(record.headers)


def outcomes(settings):
    """All outcomes by the raw record they name: {(partition, offset): [outcome, ...]}."""
    found = {}
    for topic in outcome_topics(settings):
        for record in records(settings, topic):
            enter(settings, record, found)
    return found


def outcome_topics(settings):
    return settings.topics.clean, settings.topics.duplicates, settings.topics.rejected


def enter(settings, record, found):
    """Enter the outcome that a record is, if it is one, as `outcomes` gives them."""
    if record.topic == settings.topics.rejected:
        headers = added(record)
        place = int(headers["source.partition"]), int(headers["source.offset"])
        outcome = "rejected", headers
    elif record.value is None:
        return
    else:
        event = orjson.loads(record.value)
        place = int(event["source"]["partition"]), int(event["source"]["offset"])
        outcome = ("clean" if record.topic == settings.topics.clean else "duplicate"), event
    found.setdefault(place, []).append(outcome)


def wait_for_outcomes(settings, count, seconds=90):
    """Wait until so many raw records have an outcome; returns them all.

    One client reads on and on: a new one at each look would cost more than the stream itself.
    """
    deadline = time.monotonic() + seconds
    seen = {}
    with clients.consumer(settings) as consumer:
        partitions = [
            tp for topic in outcome_topics(settings) for tp in partitions_of(consumer, topic)
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        while True:
            for record in read_on(consumer, partitions):
                enter(settings, record, seen)
            if len(seen) >= count:
                # In the order in which all tests know them: one topic after the other.
                return outcomes(settings)
            assert time.monotonic() < deadline, f"{len(seen)} of {count} pages have an outcome"
            time.sleep(0.3)
