"""A real PostgreSQL server for the tests, of the system or of the package pgserver.

The programs are looked for in the folder of `PG_BIN`, on PATH, in Debian's folders, and last in the
package pgserver. PostgreSQL does not run as root: root starts it as the user `postgres`, or as
`nobody`.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import psycopg

from streams.testing.broker import die_with_parent
from streams.testing.ports import free_port

USER = "cleanwire"
PASSWORD = "s3cret-of-the-database"  # noqa: S105 - of a server that lives as long as the tests


def binaries():
    """The folder with `postgres` and `initdb`; None if there is none."""
    candidates = [Path(os.environ["PG_BIN"])] if "PG_BIN" in os.environ else []
    found = shutil.which("initdb")
    candidates += [Path(found).resolve().parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    # The package itself cannot be imported everywhere; its programs are all that is needed.
    spec = importlib.util.find_spec("pgserver")
    if spec is not None and spec.submodule_search_locations:
        candidates += [Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"]
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


class Postgres:
    """A server with one superuser; it is killed and started again as tests need."""

    def __init__(self, programs, folder):
        self.programs = programs
        self.folder = folder
        self.port = free_port()
        self.process = None
        self._as = _another_user()

    def make(self):
        """Make the cluster, in the encoding of the tests."""
        if self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run(
            "initdb", "--no-sync", "--username", USER, "--pwfile", secret, "--auth", "scram-sha-256",
            "--encoding", "UTF8", "--no-locale", "--pgdata", self.folder / "data",
        )  # fmt: skip

    def start(self):
        """Start the server, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port),
                    "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                    "-c", "fsync=off", "-c", "max_connections=50",
                ],
                stdout=log, stderr=log, cwd=self.folder, preexec_fn=die_with_parent,  # noqa: PLW1509 - as for the embedded broker
                **self._as,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            try:
                self.connect("postgres").close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self, how=signal.SIGINT):
        """Stop the server; SIGINT ends all sessions, SIGQUIT is a crash."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)

    def url(self, database, *, password=PASSWORD):
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database):
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def rows(self, query, *values):
        """What a query of the database `postgres` gives, each row as a mapping."""
        with contextlib.closing(self.connect("postgres")) as connection:
            connection.row_factory = psycopg.rows.dict_row
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def new_database(self, encoding="UTF8"):
        """The name of a database of its own for a test."""
        name = f"t{uuid.uuid4().hex[:12]}"
        with contextlib.closing(self.connect("postgres")) as connection:
            connection.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"
            )
        return name

    def _run(self, program, *arguments):
        done = subprocess.run(
            [self.programs / program, *arguments],
            capture_output=True, text=True, check=False, cwd=self.folder, **self._as,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def server():
    """A server in a folder that its user can reach; None if there are no programs."""
    programs = binaries()
    if programs is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="cleanwire-pg-") as folder:
        found = Postgres(programs, Path(folder))
        found.make()
        found.start()
        try:
            yield found
        finally:
            found.stop()


def _another_user():
    if os.geteuid():
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return {}
