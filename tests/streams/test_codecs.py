"""Compressed records of a producer that is not ours, and codecs that are missing."""

import itertools
import struct
import subprocess
import sys

import confluent_kafka
import orjson
import pytest
import snappy
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.record import default_records

from helpers.harness import (
    Worker,
    added,
    cleanwire,
    environment,
    publish,
    records,
    wait_for_outcomes,
)
from streams.errors import OperationalError
from streams.kafka import clients, compression, layout
from streams.kafka.topics import changelog, ensure_topics, specs
from streams.ops.audit import audit

CODECS = ["gzip", "snappy", "lz4", "zstd"]
CLIENTS = ["aiokafka", "kafka-python"]


def page(number, text=None, at="2026-11-03T10:00:00Z"):
    words = text or " ".join(f"w{number}x{place} tells of{place} it." for place in range(300))
    return orjson.dumps(
        {
            "url": f"https://s{number}.example/a",
            "fetched_at": at,
            "body": f"<html><body><h1>Report {number}</h1><p>{words}</p></body></html>",
        }
    )


def compress_topics(settings, codec):
    """Let the broker compress every topic, whatever its producer does."""
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, spec.name, configs={"compression.type": codec})
        for spec in specs(settings)
    ]
    with clients.admin(settings) as admin:
        admin.alter_configs(resources)


def publish_compressed(settings, codec, values):
    """Put pages on raw-pages with librdkafka, in one compressed batch."""
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": settings.broker,
            "log_level": 0,
            "compression.type": codec,
            "linger.ms": 500,
            "message.max.bytes": settings.max_message_bytes,
        }
    )
    failed = []
    for value in values:
        producer.produce(
            settings.topics.raw,
            value,
            partition=0,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
    assert producer.flush(30) == 0
    assert not failed


@pytest.fixture
def met(monkeypatch):
    """The codecs that kafka-python meets from here on."""
    seen = set()
    for codec in CODECS:
        name = f"{codec}_decode"
        decode = getattr(default_records, name)

        def counted(payload, codec=codec, decode=decode):
            seen.add(codec)
            return decode(payload)

        monkeypatch.setattr(default_records, name, counted)
    return seen


@pytest.mark.broker
@pytest.mark.timeout(240)
def test_every_reader_reads_every_codec_of_a_producer_and_of_a_topic(settings, met):
    numbers = itertools.count()
    count = 0
    with Worker(settings) as worker:
        for codec in CODECS:
            publish_compressed(settings, codec, [page(next(numbers)) for _ in range(10)])
            count += 10
        wait_for_outcomes(settings, count)
        for codec in CODECS:
            compress_topics(settings, codec)
            publish_compressed(settings, "none", [page(next(numbers)) for _ in range(10)])
            count += 10
            wait_for_outcomes(settings, count)
        assert worker.stop() == 0
    layout.write(settings, layout.wanted(settings))
    # The next worker reads the memory back, and knows the pages by it.
    with Worker(settings) as worker:
        again = [page(number, at="2026-11-04T10:00:00Z") for number in range(count)]
        publish_compressed(settings, "zstd", again)
        found = wait_for_outcomes(settings, 2 * count)
        kinds = {found[0, place][0][1].get("kind") for place in range(count, 2 * count)}
        assert kinds == {"recrawl"}
        assert "cleanwire_view_up 1.0" in worker.get("/metrics")[1]
        assert worker.stop() == 0
    several = {settings.topics.raw, settings.topics.candidates, settings.topics.clean}
    several.add(changelog(settings))
    for spec in specs(settings):
        met.clear()
        if records(settings, spec.name):
            assert met >= ({*CODECS} if spec.name in several else {"zstd"}), spec.name
    report, unreadable = audit(settings)
    assert report.holds
    assert not unreadable
    assert report.raw == 2 * count
    tailed = cleanwire(settings, "tail", "raw-pages", "--from-beginning", "--count", str(2 * count))
    assert tailed.returncode == 0, tailed.stderr
    assert len(tailed.stdout.splitlines()) == 2 * count
    checked = cleanwire(settings, "topics", "--check")
    assert checked.returncode == 0, checked.stdout


def xerial(order):
    """Blocks of snappy whose header's numbers are in a byte order."""

    def encode(payload, **_):
        block = snappy.compress(bytes(payload))
        header = b"\x82SNAPPY\x00" + struct.pack(f"{order}ii", 1, 1)
        return header + struct.pack(">i", len(block)) + block

    return encode


@pytest.mark.broker
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_xerial_header_of_either_byte_order_is_read(settings, monkeypatch, order):
    monkeypatch.setattr(default_records, "snappy_encode", xerial(order))
    with KafkaProducer(bootstrap_servers=settings.broker, compression_type="snappy") as producer:
        producer.send(settings.topics.raw, page(1), partition=0).get(timeout=30)
    with Worker(settings):
        publish(settings, [page(2)], partition=0)
        assert len(wait_for_outcomes(settings, 2)) == 2


@pytest.mark.broker
@pytest.mark.timeout(120)
def test_a_record_that_is_too_large_unpacked_costs_only_itself(settings):
    most = 1 << 20
    # On a topic that takes no larger ones. The last of these is as large as the bus takes.
    small = settings.model_copy(update={"max_message_bytes": most, "max_page_bytes": most // 2})
    ensure_topics(small := small.model_copy(update={"topic_prefix": "small." + small.topic_prefix}))
    huge = b"All of it is the same. " * (most // 20)
    cases = [
        {"value": page(1, huge.decode()), "key": b"k", "headers": [("h", b"1")]},
        {"value": page(2), "key": huge, "headers": [("h", b"1")]},
        {"value": page(3), "key": b"k", "headers": [("h", huge)]},
        {"value": huge, "key": huge, "headers": [("h", huge)] * 3},
        {"value": b"x" * (most - 100)},
    ]
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": settings.broker,
            "log_level": 0,
            "compression.type": "zstd",
            "message.max.bytes": 100 * most,
        }
    )
    for case in cases:
        producer.produce(small.topics.raw, partition=0, **case)
    assert producer.flush(30) == 0
    with Worker(small):
        publish(small, [page(4)], partition=0)
        found = wait_for_outcomes(small, len(cases) + 1)
    assert found[0, len(cases)][0][0] == "clean"
    letters = records(small, small.topics.rejected)
    # A letter without a key goes to any partition.
    letters.sort(key=lambda letter: int(added(letter)["source.offset"]))
    reasons = [added(letter)["reason"] for letter in letters]
    assert reasons == ["too-large"] * (len(cases) - 1) + ["not-json"]
    # A record without key and value cannot be sent, so an empty value stands for it.
    assert [letter.value for letter in letters[:-1]] == [None, b"", b"", b""]
    assert letters[-1].value == cases[-1]["value"]
    assert [letter.key for letter in letters] == [b"k", None, None, None, None]
    assert letters[0].headers[0] == ("h", b"1")
    assert str(len(cases[0]["value"]) + 3) in added(letters[0])["detail"]
    assert audit(small)[0].holds


MISSING = {
    "cramjam": (["lz4", "snappy", "zstd"], ["cramjam", "python-snappy"]),
    "snappy": (["snappy"], ["python-snappy"]),
    "lz4": (["lz4"], ["lz4"]),
    "zstandard": (["zstd"], ["zstandard"]),
}
"""What cannot be read without a module, and what has to be installed."""


def without(module):
    """Arguments of a Python that cannot import a module, and runs a command of ours."""
    code = (
        f"import sys; sys.modules['{module}'] = None\n"
        "from streams.cli.main import main; sys.argv[0] = 'cleanwire'; main()"
    )
    return [sys.executable, "-c", code]


@pytest.mark.broker
@pytest.mark.parametrize("arguments", [["topics", "--check"], ["worker", "--without-web"]])
@pytest.mark.parametrize("module", MISSING)
def test_a_missing_codec_is_one_line_before_anything_is_read(settings, module, arguments):
    names, packages = MISSING[module]
    done = subprocess.run(
        [*without(module), *arguments],
        env=environment(settings),
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )
    assert done.returncode == 3, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("cleanwire: records compressed with ")
    assert all(name in line for name in names)
    assert line.endswith(f"run `pip install --upgrade {' '.join(packages)}`")


@pytest.mark.broker
def test_a_reader_that_meets_a_batch_it_has_no_codec_for_says_so(settings):
    publish_compressed(settings, "zstd", [page(number) for number in range(20)])
    done = subprocess.run(
        [*without("zstandard"), "tail", "raw-pages", "--from-beginning", "--count", "1"],
        env=environment(settings),
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert "zstd" in line
    assert "pip install --upgrade zstandard" in line


def test_all_codecs_are_there():
    compression.require_codecs()


@pytest.mark.parametrize("name", compression.SAMPLES)
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("broken", [lambda _: b"other", lambda _: 1 / 0, None])
def test_a_codec_that_does_not_work_is_a_missing_one(monkeypatch, client, name, broken):
    monkeypatch.setattr(compression._CLIENTS[client], f"{name}_decode", broken)
    with pytest.raises(OperationalError, match=name) as caught:
        compression.require_codecs()
    assert compression.PACKAGES[client][name] in caught.value.fix
