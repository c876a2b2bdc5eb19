"""`cleanwire tail`."""

import base64
import dataclasses
import sys
import time
from typing import Any

import click
import orjson
from kafka import KafkaConsumer, TopicPartition

from streams.errors import OperationalError
from streams.kafka import clients
from streams.settings import Settings, load_settings, tell

_POLL_MS = 500
_QUIET_SECONDS = 5.0
"""After so long without a record it is looked whether a transaction holds some back, and again."""


@click.command("tail")
@click.argument("topic")
@click.option("--count", type=click.IntRange(min=1), help="Stop after this many records.")
@click.option(
    "--from-beginning", is_flag=True, help="Start with the oldest record, not at the end."
)
def command(topic: str, count: int | None, *, from_beginning: bool) -> None:
    """Print the records of TOPIC, one JSON line each, as they come.

    TOPIC is one of raw-pages, candidates, clean-articles, duplicate-articles, rejected-pages
    (the topic prefix is added), or any topic's full name. A value that is JSON is printed as
    such, any other as base64.

    \b
    Examples:
      cleanwire tail clean-articles
      cleanwire tail rejected-pages --from-beginning --count 10
    """
    settings = load_settings()
    known = dataclasses.astuple(settings.topics)
    name = (
        topic
        if topic in known or settings.topic_prefix + topic not in known
        else (settings.topic_prefix + topic)
    )
    with clients.consumer(settings) as consumer:
        numbers = consumer.partitions_for_topic(name)
        if not numbers:
            raise OperationalError(f"topic {name} does not exist", "run `cleanwire topics`")
        partitions = [TopicPartition(name, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        if from_beginning:
            consumer.seek_to_beginning(*partitions)
        else:
            consumer.seek_to_end(*partitions)
        left = count
        told: set[str] = set()
        quiet_since = time.monotonic()
        while left is None or left > 0:
            found = consumer.poll(timeout_ms=_POLL_MS, max_records=left)
            if found:
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > _QUIET_SECONDS:
                _tell_held(settings, consumer, partitions, told)
                quiet_since = time.monotonic()
            for records in found.values():
                for record in records:
                    sys.stdout.buffer.write(orjson.dumps(_shown(record)) + b"\n")
                    left = left if left is None else left - 1
            sys.stdout.flush()


def _tell_held(
    settings: Settings, consumer: KafkaConsumer, partitions: list[TopicPartition], told: set[str]
) -> None:
    """Say once which partitions an open transaction holds back: their records are not printed."""
    with clients.consumer(settings, isolation_level="read_uncommitted") as any_record:
        last = any_record.end_offsets(partitions)
    for partition, stable in consumer.end_offsets(partitions).items():
        line = (
            f"{partition.topic} partition {partition.partition} waits for the end of a transaction "
            f"that began at offset {stable}"
        )
        if last[partition] > stable and line not in told:
            told.add(line)
            tell(f"{line}; {last[partition] - stable} offsets wait", "warning")


def _shown(record: Any) -> dict[str, Any]:  # noqa: ANN401 - untyped library
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": _text(record.key),
        "headers": {name: _text(value) for name, value in record.headers},
        **_value(record.value),
    }


def _value(value: bytes | None) -> dict[str, Any]:
    try:
        return {"value": None if value is None else orjson.loads(value)}
    except orjson.JSONDecodeError:
        return {"value_base64": base64.b64encode(value or b"").decode("ascii")}


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")
