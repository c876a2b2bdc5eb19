"""The database of a sink: its URL, its one connection, and the lock that keeps others out.

Invariants:

- No password is in any text that is made here.
- One sink at a time writes to the tables of a prefix.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import orjson
import sqlalchemy as sa

from streams.errors import ConfigurationError, OperationalError
from streams.sink import faults
from streams.sink.schema_steps import migrate
from streams.sink.tables import Tables

T = TypeVar("T")

LOCK_SECONDS = 10.0
"""Seconds to wait for the sink that has the lock: it may be about to end."""

RETRY_SECONDS = 300.0
"""Seconds for which a fault of the moment is tried again."""

CONNECT_SECONDS = 10
BUSY_SECONDS = 30.0
"""Seconds to wait for another program that writes to a SQLite file."""

_OPTIONS: Mapping[str, str | int] = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "cleanwire sink",
    # A link that was cut in silence is noticed within a minute, not after two hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""What a connection to PostgreSQL has where its URL says nothing else."""

_SUPPORTED = "use postgresql://USER@HOST/DATABASE or sqlite:///FILE"
_AFTER_PASSWORD = re.compile(r"[\w+]+://[^:/]*:[^@]*@(.*)", re.DOTALL)
"""What SQLAlchemy takes for the host and all that follows it, where a URL has a password."""

_POSTGRES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})


class Database:
    """The connection of a sink; a context manager that closes it.

    Args:
        url: as SQLAlchemy reads it; `postgres` is taken for `postgresql`.
        tables: the tables of the sink.

    Raises:
        ConfigurationError: the URL cannot be used, or its database is not supported.
        OperationalError: the driver is missing.
    """

    def __init__(self, url: str, tables: Tables) -> None:
        self._url = _parsed(url)
        self.tables = tables
        self.is_postgres = self._url.get_backend_name() == "postgresql"
        self.where = shown(self._url)
        self._engine = _postgres(self._url) if self.is_postgres else _sqlite(self._url)
        self._connection: sa.Connection | None = None
        self._file_lock: int | None = None
        self.pause: Callable[[float], object] = time.sleep
        """Waits between two tries; it may return earlier."""
        self.is_asked_to_stop: Callable[[], bool] = lambda: False

    def __enter__(self) -> Self:
        """Connect, take the lock, and bring the tables to the current version.

        Raises:
            OperationalError: the database is away or refuses, another sink has the lock, or a
                newer Cleanwire made the tables.
        """
        try:
            self._connect()
        except sa.exc.DBAPIError as error:
            self.__exit__()
            raise self._unfit(error) from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection, which gives the lock back."""
        self._disconnect()
        self._engine.dispose()

    def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Do work in a transaction, and again after a fault of the moment.

        Args:
            work: gets the connection, inside a transaction. It may be done more than once, also
                after a transaction whose commit was not answered.

        Raises:
            OperationalError: the fault lasts for `RETRY_SECONDS`, or only a change of the database
                mends it.
        """
        deadline, wait = time.monotonic() + RETRY_SECONDS, 0.2
        while True:
            try:
                connection = self._connection or self._connect()
                with connection.begin():
                    return work(connection)
            except sa.exc.DBAPIError as error:
                self._disconnect()
                lasts = time.monotonic() + wait > deadline or self.is_asked_to_stop()
                if faults.about(error) != "moment" or lasts:
                    raise self._unfit(error) from None
                self.pause(wait)
                wait = min(2 * wait, 30.0)

    def _unfit(self, error: sa.exc.DBAPIError) -> OperationalError:
        cause = f"the database {self.where} cannot be used: {faults.gist(error)}"
        if faults.about(error) == "database":
            return OperationalError(cause, "check its rights, its tables and --table-prefix")
        return OperationalError(cause, "check the database and its log, and start again")

    def _connect(self) -> sa.Connection:
        connection = self._engine.connect()
        self._connection = connection
        self._lock(connection)
        with connection.begin():
            migrate(connection, self.tables, self.where)
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with contextlib.suppress(sa.exc.DBAPIError):
                connection.invalidate()
            connection.close()
        if self._file_lock is not None:
            os.close(self._file_lock)
            self._file_lock = None

    def _lock(self, connection: sa.Connection) -> None:
        take = self._advisory_lock if self.is_postgres else self._lock_of_file
        deadline = time.monotonic() + LOCK_SECONDS
        while not take(connection):
            if time.monotonic() > deadline or self.is_asked_to_stop():
                raise OperationalError(
                    f"another sink writes to these tables of {self.where}",
                    "end it, or give this one a --table-prefix",
                )
            self.pause(0.2)

    def _advisory_lock(self, connection: sa.Connection) -> bool:
        with connection.begin():
            schema = connection.scalar(sa.text("SELECT current_schema()"))
            name = f"cleanwire sink {schema}.{self.tables.prefix}"
            digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
            number = int.from_bytes(digest, "big", signed=True)
            taken = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number)))
        return bool(taken)

    def _lock_of_file(self, connection: sa.Connection) -> bool:
        del connection
        file = Path(f"{self._url.database}-{self.tables.prefix}sink.lock")
        try:
            opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise OperationalError(
                f"{file} cannot be made: {error.strerror}", "name a file in a writable folder"
            ) from None
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(opened)
            return False
        self._file_lock = opened
        return True


def shown(url: sa.URL) -> str:
    """A URL as it may be shown: without password and options."""
    bare = sa.URL.create(
        url.get_backend_name(), url.username, None, url.host, url.port, url.database
    )
    return bare.render_as_string(hide_password=True)


def _parsed(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigurationError("the URL of the database cannot be read", _SUPPORTED) from None
    if _is_split_in_password(text):
        # The rest of the password would be shown as the host, and looked up in the DNS.
        raise ConfigurationError(
            "the password in the URL of the database has an @ in it", "write %40 for that @"
        )
    if url.drivername in _POSTGRES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        if url.database in (None, "", ":memory:") or str(url.database).startswith("file:"):
            raise ConfigurationError("the URL names no file of SQLite", _SUPPORTED)
        return url.set(drivername="sqlite")
    raise ConfigurationError(f"{url.drivername} is not supported", _SUPPORTED)


def _is_split_in_password(text: str) -> bool:
    """Whether a URL has another @ after the one that ends its password."""
    found = _AFTER_PASSWORD.match(text)
    place, _, options = found[1].partition("?") if found else ("", "", "")
    # An option may have an @ in its value.
    return "@" in place or ("@" in options and "=" not in options.partition("@")[0])


def _postgres(url: sa.URL) -> sa.Engine:
    if importlib.util.find_spec("psycopg") is None:
        raise OperationalError(
            "the driver of PostgreSQL is missing", "pip install 'cleanwire[sql]'"
        )
    options = {name: value for name, value in _OPTIONS.items() if name not in url.query}
    return sa.create_engine(
        url,
        poolclass=sa.NullPool,
        json_serializer=_dumped,
        # The server of a pooler may not know a statement that another one prepared.
        connect_args=options | {"client_encoding": "utf8", "prepare_threshold": None},
    )


def _sqlite(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        poolclass=sa.NullPool,
        json_serializer=_dumped,
        # Transactions begin where SQLAlchemy says so, not before the first change.
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS},
    )

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
        # Readers read while the sink writes. A commit may be lost in a power failure, and its
        # offsets with it.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        # What is taken down leaves no bytes in the file.
        connection.execute("PRAGMA secure_delete = ON")

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _dumped(value: Any) -> str:  # noqa: ANN401 - any JSON
    return orjson.dumps(value).decode()
