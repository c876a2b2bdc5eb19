"""Audit, demo and the commands' faults, on the real broker."""

import json
import subprocess
import sys

import orjson
import pytest
from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from helpers.harness import cleanwire, environment, publish
from streams.kafka import clients
from streams.testing.samples import sample_pages

pytestmark = pytest.mark.broker


def test_publish_tail_and_audit(settings, tmp_path):
    file = tmp_path / "pages.jsonl"
    values = [sample.value for sample in sample_pages()]
    file.write_bytes(b"\n".join(values))
    done = cleanwire(settings, "publish", str(file))
    assert done.returncode == 0, done.stderr
    assert f"{len(values)} pages published" in done.stdout.decode().replace("\n", " ")
    done = cleanwire(settings, "tail", "raw-pages", "--from-beginning", "--count", str(len(values)))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == len(values)
    assert {line["topic"] for line in lines} == {settings.topics.raw}
    assert sum("value_base64" in line for line in lines) == 3
    done = cleanwire(settings, "audit")
    assert done.returncode == 0
    assert f"waiting {len(values)}" in done.stdout.decode()


def test_the_audit_finds_what_is_missing_double_and_dangling(settings):
    publish(settings, [b"x", b"y", b"z"], partition=0)
    headers = {"reason": "not-json", "detail": "d", "source.topic": settings.topics.raw,
               "source.partition": "0"}  # fmt: skip

    def letter(offset, reason="not-json"):
        added = {**headers, "reason": reason, "source.offset": str(offset)}
        return [(f"cleanwire.{name}", value.encode()) for name, value in added.items()]

    topic = settings.topics.rejected
    publish(settings, [b"x"], topic=topic, headers=letter(0))
    publish(settings, [b"x"], topic=topic, headers=letter(0, "no-article"))
    source = {"topic": settings.topics.raw, "partition": 0, "offset": 1}
    copy = {"id": "c", "kind": "near", "duplicate_of": "nowhere", "source": source}
    publish(settings, [orjson.dumps(copy), b"no json"], topic=settings.topics.duplicates)
    with clients.admin(settings) as admin:
        admin.alter_group_offsets(
            f"{settings.topic_prefix}cleanwire-extract",
            {TopicPartition(settings.topics.raw, 0): OffsetAndMetadata(3, "", -1)},
        )
    done = cleanwire(settings, "audit")
    assert done.returncode == 1
    said = done.stdout.decode()
    assert "missing: raw page at partition 0 offset 2" in said
    assert "double: raw page at partition 0 offset 0" in said
    assert "dangling: the page at partition 0 offset 1 names nowhere" in said.replace("\n", " ")
    assert "unreadable" in said
    assert "the law is broken" in said


def test_faults_of_the_surroundings_are_one_line_with_a_fix(settings, tmp_path):
    (tmp_path / "file").touch()
    taken = int(settings.broker.rpartition(":")[2])
    cases = [
        ({"broker": "127.0.0.1:1"}, "worker", "no broker answers at 127.0.0.1:1"),
        ({"broker": "127.0.0.1:1"}, "audit", "no broker answers"),
        ({"topic_prefix": "nothing."}, "worker", "run `cleanwire topics`"),
        ({"topic_prefix": "nothing."}, "audit", "run `cleanwire topics`"),
        ({"web_port": taken}, "worker", "CLEANWIRE_WEB_PORT"),
        ({"data_dir": tmp_path / "file" / "x"}, "worker", "CLEANWIRE_DATA_DIR"),
        (
            {"replication_factor": 3, "topic_prefix": "r3."},
            "topics",
            "CLEANWIRE_REPLICATION_FACTOR",
        ),
    ]
    for change, command, said in cases:
        done = cleanwire(settings.model_copy(update=change), command)
        error = done.stderr.decode().strip()
        assert done.returncode == 3, (change, error)
        assert error.startswith("cleanwire: ")
        assert "\n" not in error
        assert said in error


def test_the_demo_holds(bare_settings):
    done = cleanwire(bare_settings, "demo", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.decode()
    assert "the law holds" in said
    assert said.count("duplicate/") >= 7
    assert "too-large 1" in said


def test_a_stage_under_fausts_command_refuses_to_start_without_topics(bare_settings):
    done = subprocess.run(
        [sys.executable, "-m", "faust", "-A", "streams.extract", "worker"],
        env=environment(bare_settings),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    said = done.stderr.decode().strip().splitlines()[-1]
    assert said.startswith("cleanwire: the topics are not as the settings have them")
    assert said.endswith("run `cleanwire topics`")
