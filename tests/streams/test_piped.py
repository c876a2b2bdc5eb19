"""What a command writes into a pipe is never broken to a width."""

import json
import subprocess
import sys

import orjson
import pytest

from helpers.harness import Worker, cleanwire, environment, publish, wait_for_outcomes
from streams.kafka.topics import specs
from streams.settings import Settings

LONG = "https://paper.example/" + "a-very-long-path/" * 40 + "[brackets]:smile:"


@pytest.mark.parametrize("columns", ["20", "80"])
def test_config_is_a_line_a_setting_whatever_the_width(tmp_path, columns):
    settings = Settings(data_dir=tmp_path / ("long-" * 40))
    done = cleanwire(settings, "config", env={"COLUMNS": columns})
    lines = done.stdout.decode().splitlines()
    assert len(lines) == len(Settings.model_fields)
    assert all(line.startswith("CLEANWIRE_") for line in lines)
    assert f"CLEANWIRE_DATA_DIR={settings.data_dir}  # " in done.stdout.decode()
    assert "\x1b" not in done.stdout.decode()


@pytest.mark.broker
def test_topics_tail_and_audit_break_no_line(bare_settings):
    settings = bare_settings.model_copy(
        update={"topic_prefix": "long." * 19 + bare_settings.topic_prefix[-5:]}
    )
    narrow = {"COLUMNS": "20"}
    made = cleanwire(settings, "topics", env=narrow).stdout.decode().splitlines()
    assert len(made) == len(specs(settings))
    assert all(line.startswith(f"created {settings.topic_prefix}") for line in made)
    more = settings.model_copy(update={"raw_partitions": 9})
    for arguments in (("topics", "--check"), ("topics", "--grow")):
        for line in cleanwire(more, *arguments, env=narrow).stdout.decode().splitlines():
            assert line.startswith((settings.topic_prefix, "`cleanwire", "nothing was changed"))
    value = {"url": LONG, "fetched_at": "2026-11-03T10:00:00Z", "body": "x " * 3000}
    publish(settings, [orjson.dumps(value)], partition=0)
    # A real pipe, as of `cleanwire tail | cat`.
    command = [
        sys.executable,
        "-m",
        "streams.cli.main",
        "tail",
        "raw-pages",
        "--from-beginning",
        "--count",
        "1",
    ]
    env = environment(settings) | narrow
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as tail:
        cat = ["/bin/cat"]
        piped = subprocess.run(cat, stdin=tail.stdout, capture_output=True, check=True, timeout=60)
    (line,) = piped.stdout.splitlines()
    assert json.loads(line)["value"] == value
    with Worker(settings):
        wait_for_outcomes(settings, 1)
    audited = cleanwire(settings, "audit", env=narrow)
    assert audited.returncode == 0, audited.stderr
    lines = audited.stdout.decode().splitlines()
    assert lines[-1] == "the law holds"
    assert max(map(len, lines)) > 20
    wide = cleanwire(settings, "audit", env={"COLUMNS": "500"})
    assert wide.stdout == audited.stdout
