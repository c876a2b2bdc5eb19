"""Prometheus' own programs, where they are installed."""

import json
import os
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from streams.testing.ports import free_port


def binary(name):
    """The path of `prometheus` or `promtool`; skips the test where there is none."""
    found = shutil.which(name, path=os.environ.get("PROMETHEUS_BIN")) or shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} in the folder of PROMETHEUS_BIN or on PATH (Debian: prometheus)")
    return found


def promtool(*arguments, text=None, cwd=None):
    """Run promtool; returns its exit code and all that it says."""
    done = subprocess.run(
        [binary("promtool"), *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )
    return done.returncode, done.stdout + done.stderr


class Prometheus:
    """A server that scrapes some ports of this host every second."""

    def __init__(self, folder, ports):
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        targets = json.dumps([f"127.0.0.1:{port}" for port in ports])
        config = folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            "scrape_configs:\n"
            f"  - {{job_name: cleanwire, static_configs: [{{targets: {targets}}}]}}\n"
        )
        self.log = folder / "prometheus.log"
        self.command = [
            binary("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]

    def __enter__(self):
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def ask(self, query, at=None):
        """The values of a query, by the labels of each series."""
        fields = {"query": query} | ({} if at is None else {"time": repr(at)})
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{urllib.parse.urlencode(fields)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                result = json.load(answer)["data"]["result"]
        except OSError:
            assert self.process.poll() is None, self.log.read_text()
            return {}
        return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in result}

    def value(self, query, at=None):
        """The one value of a query; None where there is no series."""
        return next(iter(self.ask(query, at).values()), None)

    def wait_for(self, query, value, seconds=60):
        deadline = time.monotonic() + seconds
        while (found := self.value(query)) != value:
            assert time.monotonic() < deadline, f"{query} is {found}, not {value}"
            time.sleep(0.3)
