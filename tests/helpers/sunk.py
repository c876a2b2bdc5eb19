"""Sinks for tests: their databases, records made up for them, and what their tables hold."""

import contextlib
import sqlite3

import orjson
import psycopg
import sqlalchemy as sa

from helpers import schemas
from streams.consuming.follower import PartitionId
from streams.consuming.published import Record, article_of, duplicate_of
from streams.sink.database import Database
from streams.sink.entering import Item, Unreadable
from streams.sink.sinking import enter_batch
from streams.sink.tables import Tables

CLEAN, DUPLICATES = "clean-articles", "duplicate-articles"


def id_of(number):
    return f"{number:032x}"


def article(number, **changes):
    """An article's event."""
    event = schemas.example("clean-article") | {
        "id": id_of(number),
        "url": f"https://s.example/{number}",
    }
    return event | changes


def duplicate(number, original, **changes):
    event = schemas.example("duplicate-article") | {
        "id": id_of(number),
        "url": f"https://copy.example/{number}",
        "duplicate_of": id_of(original),
        "duplicate_of_url": f"https://s.example/{original}",
    }
    return event | changes


def record(event, offset, *, topic=CLEAN, key=None, partition=0):
    """A record; an event that is a number is the takedown of its id, and bytes are a value."""
    value = event
    if isinstance(event, int):
        key, value = id_of(event).encode(), None
    elif isinstance(event, dict):
        key, value = key or event["id"].encode(), orjson.dumps(event)
    return Record(
        topic=topic, topic_id="T", partition=partition, offset=offset, key=key, value=value,
        at=1_760_000_000_000 + offset,
    )  # fmt: skip


def item(one):
    try:
        row = (article_of if one.topic == CLEAN else duplicate_of)(one)
    except ValueError as error:
        row = Unreadable(reason=str(error))
    return Item(record=one, row=row)


def enter(database, records, before, after):
    """Enter records of one partition of one topic, as a sink does."""
    place = PartitionId(records[0].topic, "T", records[0].partition)
    items = [item(one) for one in records]
    return database.run(
        lambda connection: enter_batch(connection, database, items, {place: before}, {place: after})
    )


@contextlib.contextmanager
def opened(url, prefix=""):
    with Database(url, Tables(prefix)) as database:
        yield database


def rows(database, table, *names):
    """A table's rows as the driver of its own gives them, ordered."""
    columns = ", ".join(names)
    statement = f"SELECT {columns} FROM {table} ORDER BY {columns}"  # noqa: S608 - of the tests
    return query(database, statement)


def query(database, statement):
    """What another program reads."""
    with contextlib.closing(raw(database)) as connection:
        return [tuple(row) for row in connection.execute(statement).fetchall()]


def do(database, *statements):
    with contextlib.closing(raw(database)) as connection:
        for statement in statements:
            connection.execute(statement)


def raw(database):
    url = database if isinstance(database, str) else database._url.render_as_string(False)
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return sqlite3.connect(parsed.database, isolation_level=None, timeout=30)
    plain = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)
