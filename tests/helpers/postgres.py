"""A real PostgreSQL server on loopback, as a context manager.

Invariant: the server runs as a user that is not root, in a folder of its own that goes with it.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from streams.testing.broker import die_with_parent
from streams.testing.ports import free_port

START_SECONDS = 60
NAME = "cleanwire"
"""The server's one user; it may log in without a password."""


def binaries():
    """The folder of the newest server on this machine; skips the test where there is none."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    return pytest.skip("PostgreSQL is not on this machine (Debian's package postgresql)")


def _user():
    """Whom the server runs as: PostgreSQL refuses root."""
    if os.geteuid():
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    return {"user": "postgres" if "postgres" in names else "nobody", "extra_groups": []}


class Postgres:
    """A server with the database `postgres`; `stop` and `start` keep what is in it."""

    def __init__(self, folder):
        self.folder, self.port, self._process = folder, free_port(), None
        self._run_as = _user()
        if self._run_as:
            shutil.chown(folder, self._run_as["user"])
        command = [
            binaries() / "initdb",
            "-D",
            folder / "data",
            "-U",
            NAME,
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        subprocess.run(
            [*command, "--no-locale", "-N"],
            check=True,
            capture_output=True,
            cwd="/",
            **self._run_as,
        )

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "fsync": "off",
            "unix_socket_directories": "",
        }
        log = self.folder / "postgres.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    binaries() / "postgres",
                    "-D",
                    self.folder / "data",
                    *(f"--{k}={v}" for k, v in options.items()),
                ],
                stdout=output,
                stderr=output,
                cwd="/",
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one system call
                **self._run_as,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(Exception):
                self.rows("SELECT 1")
                return
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

    def stop(self):
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
            self._process = None

    def rows(self, query, *values):
        """What a query gives, each row as a mapping; an empty list for what gives no rows."""
        psycopg = pytest.importorskip("psycopg")
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=NAME, dbname="postgres", autocommit=True,
            row_factory=psycopg.rows.dict_row, connect_timeout=5,
        ) as connection:  # fmt: skip
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def postgres():
    """A running server; what is in it goes at the end."""
    # Not below pytest's folder: only its owner may look into that.
    with tempfile.TemporaryDirectory(
        prefix="cleanwire-postgres-", ignore_cleanup_errors=True
    ) as folder:
        server = Postgres(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
