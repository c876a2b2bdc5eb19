import base64
import json
import os
import signal
import subprocess
import sys
import time

import click
import orjson
import pytest
from click.testing import CliRunner

from helpers.harness import cleanwire, environment, free_port, publish
from streams.cli import main as cli
from streams.errors import OperationalError
from streams.kafka.topics import specs
from streams.settings import Settings

TOPICS = len(specs(Settings()))

PAGE = "<title>Ferry</title><p>The ferry of Velmora sails again from today, said its owner.</p>"
EVENT = {"url": "https://a.example/1", "fetched_at": "2026-11-03T10:00:00Z", "body": PAGE}


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_explains_itself_with_examples(name):
    done = CliRunner().invoke(cli.cleanwire, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert "Examples:" in done.output
    assert f"cleanwire {name}" in done.output


def test_help_names_every_command_and_the_exit_codes():
    done = CliRunner().invoke(cli.cleanwire, ["--help"])
    for name in cli.COMMANDS:
        assert name in done.output
    assert "Exit codes" in done.output


def test_help_imports_no_command():
    code = (
        "import sys; from streams.cli.main import run; run(['--help'])\n"
        "assert not {'faust', 'kafka', 'pydantic'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [["nonsense"], ["tail"], ["tail", "x", "--count", "0"]])
def test_bad_usage_is_2(arguments, capsys):
    assert cli.run(arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_bad_setting_is_2_in_one_line(monkeypatch, capsys):
    monkeypatch.setenv("CLEANWIRE_WEB_PORT", "x")
    assert cli.run(["config"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cleanwire: CLEANWIRE_WEB_PORT=x")


def test_config_masks_secrets_and_says_where_a_value_is_from(tmp_path, monkeypatch, capsys):
    (tmp_path / "cleanwire.toml").write_text("web_port = 7001\n")
    monkeypatch.setenv("CLEANWIRE_SASL_PASSWORD", "opensesame")
    monkeypatch.setenv("CLEANWIRE_WEB_TOKEN", "opensesame-opensesame")
    monkeypatch.setenv("CLEANWIRE_SASL_USERNAME", "me")
    assert cli.run(["config"]) == 0
    lines = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    assert set(lines) == {f"CLEANWIRE_{name.upper()}" for name in Settings.model_fields}
    assert "opensesame" not in str(lines)
    assert "(cleanwire.toml)" in lines["CLEANWIRE_WEB_PORT"]
    assert "(environment)" in lines["CLEANWIRE_SASL_USERNAME"]
    assert "(default)" in lines["CLEANWIRE_BROKER"]


@pytest.mark.parametrize("value", ["[/]", "[red]", "[bold]me[/bold]"])
def test_config_prints_a_value_as_it_is(monkeypatch, capsys, value):
    monkeypatch.setenv("CLEANWIRE_SASL_USERNAME", value)
    monkeypatch.setenv("CLEANWIRE_BROKER", "[fe80::1]:9092")
    assert cli.run(["config"]) == 0
    out = capsys.readouterr().out
    assert f"CLEANWIRE_SASL_USERNAME={value} " in out
    assert "CLEANWIRE_BROKER=[fe80::1]:9092 " in out


def test_a_folder_as_the_settings_file_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CLEANWIRE_CONFIG", str(tmp_path))
    assert cli.run(["config"]) == 2
    assert f"CLEANWIRE_CONFIG names {tmp_path}" in capsys.readouterr().err


def test_a_fault_is_one_line_whatever_it_is_made_of():
    assert str(OperationalError("first\nsecond", "third\nfourth")) == "first second; third fourth"


@pytest.mark.parametrize("raised", [KeyboardInterrupt, click.Abort])
def test_an_interrupt_is_130(monkeypatch, raised, capsys):
    def interrupted(**_):
        raise raised

    monkeypatch.setattr(cli.cleanwire, "main", interrupted)
    assert cli.run(["config"]) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["topics"], ["publish", "-"], ["tail", "raw-pages"]])
def test_no_broker_is_3_in_one_line(arguments, tmp_path):
    settings = Settings(broker=f"127.0.0.1:{free_port()}", data_dir=tmp_path)
    begun = time.monotonic()
    done = cleanwire(settings, *arguments, input=b"")
    assert time.monotonic() - begun < 45
    assert done.returncode == 3
    (line,) = done.stderr.decode().splitlines()
    assert settings.broker in line
    assert "CLEANWIRE_BROKER" in line


@pytest.mark.broker
def test_topics_says_what_it_did_and_what_differs(bare_settings):
    missing = cleanwire(bare_settings, "topics", "--check")
    assert missing.returncode == 1
    assert missing.stdout.decode().count(" is missing\n") == TOPICS
    made = cleanwire(bare_settings, "topics")
    assert made.returncode == 0, made.stderr
    assert made.stdout.decode().count("created ") == TOPICS
    same = cleanwire(bare_settings, "topics", "--check")
    assert (same.returncode, same.stdout.decode()) == (
        0,
        f"all {TOPICS} topics are as the settings have them\n",
    )


@pytest.mark.broker
def test_a_difference_is_one_line_however_long_its_names(bare_settings):
    long = bare_settings.model_copy(update={"topic_prefix": "x" * 90 + "."})
    done = cleanwire(long, "topics", "--check")
    assert len(done.stdout.splitlines()) == TOPICS


@pytest.mark.broker
def test_what_is_published_can_be_tailed(settings, tmp_path):
    lines = [{**EVENT, "url": f"https://a.example/{number}"} for number in range(5)]
    (tmp_path / "in.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    done = cleanwire(settings, "publish", str(tmp_path / "in.jsonl"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().startswith("5 pages published to ")
    tailed = cleanwire(settings, "tail", "raw-pages", "--from-beginning", "--count", "5")
    assert tailed.returncode == 0, tailed.stderr
    found = [json.loads(line) for line in tailed.stdout.splitlines()]
    assert sorted(record["value"]["url"] for record in found) == [line["url"] for line in lines]
    assert {record["topic"] for record in found} == {settings.topics.raw}


@pytest.mark.broker
def test_tail_prints_what_is_no_json_too(settings):
    values = [b"\xff\x00", b"", b"{", orjson.dumps({"a": 1})]
    headers = [("reason", b"caf\xc3\xa9"), ("raw", b"\xff")]
    publish(settings, values, partition=0, key=b"\xfek", headers=headers)
    done = cleanwire(settings, "tail", "raw-pages", "--from-beginning", "--count", "4")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [base64.b64decode(record["value_base64"]) for record in found[:3]] == values[:3]
    assert found[3]["value"] == {"a": 1}
    assert [record["offset"] for record in found] == [0, 1, 2, 3]
    assert found[0]["key"] == "\\xfek"
    assert found[0]["headers"] == {"reason": "café", "raw": "\\xff"}
    assert found[0]["timestamp"] > 0


@pytest.mark.broker
def test_tail_stops_at_an_interrupt_and_at_a_closed_pipe(settings):
    publish(settings, [orjson.dumps(EVENT)] * 3, partition=0)
    command = [sys.executable, "-m", "streams.cli.main", "tail", "raw-pages", "--from-beginning"]
    for end, code in (("interrupt", 130), ("close", 0)):
        process = subprocess.Popen(
            command, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert json.loads(process.stdout.readline())["value"] == EVENT
        if end == "interrupt":
            process.send_signal(signal.SIGINT)
        else:
            process.stdout.close()
            # Enough to fill what is buffered on the way.
            publish(settings, [orjson.dumps(EVENT)] * 300, partition=0)
        err = process.stderr.read()
        process.wait(30)
        process.stdout.close()
        process.stderr.close()
        # After an interrupt click ends the terminal's line, and that is all.
        assert (process.returncode, err.strip()) == (code, b"")


@pytest.mark.broker
def test_a_page_over_the_limit_is_refused_and_the_others_are_sent(settings, tmp_path):
    small = settings.model_copy(update={"max_message_bytes": 2 << 20, "max_page_bytes": 1 << 20})
    (tmp_path / "a[bold].html").write_bytes(b"x" * (3 << 20))
    (tmp_path / "b.html").write_text(PAGE)
    paths = [str(tmp_path / name) for name in ("a[bold].html", "b.html")]
    done = cleanwire(small, "publish", *paths)
    assert done.returncode == 1
    assert done.stdout.decode().startswith("1 pages published to ")
    line, account = done.stderr.decode().splitlines()
    assert account == "2 records, 2 pages, 0 skipped, 0 faults"
    assert "a[bold].html" in line
    assert "too-large" in line


@pytest.mark.broker
def test_a_page_that_the_brokers_refuse_is_counted(settings, tmp_path):
    # The settings of the producer allow more than the topic does.
    large = settings.model_copy(
        update={"max_message_bytes": settings.max_message_bytes + (8 << 20)}
    )
    body = base64.b64encode(os.urandom(settings.max_message_bytes * 3 // 4)).decode()
    events = [EVENT, {**EVENT, "body": body}, EVENT]
    (tmp_path / "in.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in events))
    done = cleanwire(large, "publish", str(tmp_path / "in.jsonl"))
    assert done.returncode == 1, done.stderr
    line, account = done.stderr.decode().splitlines()
    assert account == "3 records, 3 pages, 0 skipped, 0 faults"
    assert "MessageSizeTooLarge" in line
    # A small page that travels in one batch with the large one is refused with it.
    published, lost = int(done.stdout.split()[0]), int(line.split()[0])
    assert lost >= 1
    assert published + lost == 3


@pytest.mark.broker
@pytest.mark.parametrize("arguments", [["publish", "-"], ["tail", "raw-pages"]])
def test_a_missing_topic_is_3_with_the_command_that_makes_it(bare_settings, arguments):
    done = cleanwire(bare_settings, *arguments, input=orjson.dumps(EVENT))
    assert done.returncode == 3
    (line,) = done.stderr.decode().splitlines()
    assert bare_settings.topics.raw in line
    assert "cleanwire topics" in line


@pytest.mark.slow
def test_publish_of_a_path_that_is_not_there(broker_free_settings, tmp_path):
    done = cleanwire(broker_free_settings, "publish", str(tmp_path / "absent"))
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr


@pytest.fixture
def broker_free_settings(tmp_path):
    return Settings(broker=f"127.0.0.1:{free_port()}", data_dir=tmp_path)
