"""The embedded real Kafka: a KRaft node on loopback, from pip packages alone.

Invariants:

- The process is Apache Kafka itself, so the demo and the tests run on the broker of production.
- The child process ends with its parent.
- Its data stays in the folder that it is given.
"""

import atexit
import ctypes
import dataclasses
import signal
import subprocess
import sys
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams.errors import OperationalError
from streams.kafka import clients
from streams.testing.artifacts import java_and_kafka
from streams.testing.ports import free_port, is_free

START_SECONDS = 60.0
STOP_SECONDS = 20.0
HEAP = "512m"

_INT32_MAX = (1 << 31) - 1
_PR_SET_PDEATHSIG = 1
# Loaded at import: a child between fork and exec must not wait for the loader's lock.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

_LOG4J = """\
status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = {log}
appender.file.append = true
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c: %m%n
rootLogger.level = {level}
rootLogger.appenderRef.file.ref = file
"""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One broker of a cluster.

    Attributes:
        cluster: the id that all brokers of the cluster share.
        node: the broker's own id.
        controllers: the port of each controller's listener, by node id, including this broker's.
    """

    cluster: str
    node: int
    controllers: Mapping[int, int]


class EmbeddedBroker:
    """A Kafka broker as a child process; use as a context manager, or `start` and `stop`.

    Args:
        data_dir: the folder for the log segments, the configuration and the broker's own log.
        port: the port on 127.0.0.1; 0 takes a free one and keeps it over restarts.
        max_message_bytes: the broker's own limit in bytes; topics may set a lower one.
        heap: the most memory for Java's objects, as `java -Xmx` takes it.
        member: the broker's part in a cluster; None for a broker that is a cluster by itself.
        properties: further lines of `server.properties`; they override those made here.
        say: called with a line for people when something takes long.
    """

    def __init__(  # noqa: PLR0913 - a broker's settings
        self,
        data_dir: Path,
        *,
        port: int = 0,
        max_message_bytes: int = 64 << 20,
        heap: str = HEAP,
        member: Member | None = None,
        properties: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.data_dir = data_dir
        self._port = port
        self._max_message_bytes = min(max_message_bytes, _INT32_MAX)
        self._heap = heap
        self._member = member
        self._properties = dict(properties or {})
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """The broker's address as host:port, for `CLEANWIRE_BROKER`."""
        return f"127.0.0.1:{self._port}"

    @property
    def log_file(self) -> Path:
        """The broker's own log."""
        return self.data_dir / "kafka.log"

    def start(self) -> None:
        """Start the broker and wait until it answers.

        Raises:
            OperationalError: a package is missing, the port is taken, the folder cannot be
                written, the download failed, or Kafka did not come up.
        """
        if self.launch():
            self.wait_until_up()

    def launch(self) -> bool:
        """Start the broker without waiting until it answers.

        Returns:
            Whether it was started; False if it was running already.

        Raises:
            OperationalError: a package is missing, the port is taken, the folder cannot be
                written, or the download failed.
        """
        if self._process is not None and self._process.poll() is None:
            return False
        java, class_path = java_and_kafka(self._say)
        self._make_folder()
        if not self._port:
            self._port = free_port()
        elif not is_free(self._port):
            raise OperationalError(
                f"port {self._port} on 127.0.0.1 is taken", "choose another with --port"
            )
        config = self._configure()
        if not (self.data_dir / "log" / "meta.properties").exists():
            tool = [java, "-cp", class_path, "kafka.tools.StorageTool", "format", "-c", str(config)]
            # The controllers of a cluster find each other by their configuration, so only a broker
            # that is alone is formatted with `--standalone`.
            alone = ["-t", cluster_id(), "--standalone"]
            self._run_tool(tool + (["-t", self._member.cluster] if self._member else alone))
        log4j = self.data_dir / "log4j2.properties"
        log4j.write_text(_LOG4J.format(log=self.log_file, level="warn"))
        with (self.data_dir / "stdout.log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                [
                    java,
                    f"-Xmx{self._heap}",
                    f"-Dlog4j2.configurationFile={log4j}",
                    "-XX:+UseSerialGC",
                    "-cp",
                    class_path,
                    "kafka.Kafka",
                    str(config),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one system call, before any thread of the child
            )
        atexit.register(self.kill)
        return True

    def stop(self) -> None:
        """Stop the broker in order; kill it if it takes too long."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._forget()

    def kill(self) -> None:
        """End the broker at once (SIGKILL), as a crash would; `start` brings it back."""
        process = self._process
        if process is None:
            return
        process.kill()
        process.wait()
        self._forget()

    def wait(self) -> int:
        """Wait until the broker ends; returns its exit code."""
        return 0 if self._process is None else self._process.wait()

    def _forget(self) -> None:
        self._process = None
        atexit.unregister(self.kill)

    def _make_folder(self) -> None:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            (self.data_dir / ".writable").touch()
        except OSError as error:
            raise OperationalError(
                f"the data folder {self.data_dir} cannot be written: {error.strerror}",
                "choose another with --data",
            ) from None

    def _configure(self) -> Path:
        member = self._member or Member(cluster="", node=1, controllers={1: free_port()})
        controller = member.controllers[member.node]
        copies = str(min(3, len(member.controllers)))
        lines = {
            "process.roles": "broker,controller",
            "node.id": str(member.node),
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.listener.names": "CONTROLLER",
            **_quorum(member),
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.data_dir / "log"),
            "num.partitions": "1",
            "auto.create.topics.enable": "false",
            "default.replication.factor": copies,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "message.max.bytes": str(self._max_message_bytes),
            "socket.request.max.bytes": str(
                min(max(100 << 20, 2 * self._max_message_bytes), _INT32_MAX)
            ),
            "replica.fetch.max.bytes": str(self._max_message_bytes),
        }
        path = self.data_dir / "server.properties"
        merged = {**lines, **self._properties}
        path.write_text("".join(f"{name}={value}\n" for name, value in merged.items()))
        return path

    def _run_tool(self, command: list[str]) -> None:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own command line
        if done.returncode:
            lines = (done.stderr or done.stdout).decode(errors="replace").splitlines()
            # The line of a Java exception comes before its stack, whose lines are left out.
            output = [line for line in lines if line.strip() and not line.startswith("\tat ")]
            raise OperationalError(
                f"Kafka's storage could not be formatted: {output[-1] if output else 'no output'}",
                f"empty {self.data_dir} or choose another with --data",
            )

    def wait_until_up(self) -> None:
        """Wait until the broker answers, for `START_SECONDS` at most.

        Raises:
            OperationalError: the broker ended, or did not answer in time and was killed.
        """
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                code = None if self._process is None else self._process.returncode
                self._forget()
                raise OperationalError(
                    f"Kafka ended at its start (exit code {code}): {self._last_words()}",
                    f"see {self.log_file} and {self.data_dir / 'stdout.log'}",
                )
            if self.answers():
                return
            time.sleep(0.1)
        self.kill()
        raise OperationalError(
            f"Kafka did not answer within {START_SECONDS:g} s: {self._last_words()}",
            f"see {self.log_file}",
        )

    def answers(self) -> bool:
        """Whether the broker is up and knows its cluster."""
        if not self._port or is_free(self._port):
            return False
        try:
            with clients.made(
                KafkaAdminClient, bootstrap_servers=self.address, request_timeout_ms=3000
            ) as admin:
                return bool(admin.describe_cluster()["brokers"])
        except (KafkaError, OSError):
            return False

    def _last_words(self) -> str:
        for path in (self.log_file, self.data_dir / "stdout.log"):
            if path.exists():
                lines = path.read_bytes()[-4096:].decode(errors="replace").strip().splitlines()
                if lines:
                    return lines[-1][:300]
        return "it logged nothing"


def _quorum(member: Member) -> Mapping[str, str]:
    places = {node: f"127.0.0.1:{port}" for node, port in sorted(member.controllers.items())}
    if not member.cluster:
        return {"controller.quorum.bootstrap.servers": ",".join(places.values())}
    voters = ",".join(f"{node}@{place}" for node, place in places.items())
    return {"controller.quorum.voters": voters}


def cluster_id() -> str:
    """A new cluster id in Kafka's format; never one that begins with a dash, as options do."""
    while (found := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return found


def die_with_parent() -> None:
    """Let this process end with the thread that forked it; call it between fork and exec.

    It does so on Linux only.
    """
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
