"""The steps that lead a database to the current version of the tables.

Invariants:

- A step that was released never changes. A change of the tables is another step at the end.
- All steps that are missing are done in one transaction, or none.
- A database that a later version made is left alone.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from streams.errors import OperationalError
from streams.sink.tables import Tables

_TYPES: Mapping[str, Mapping[str, str]] = {
    "postgresql": {
        "instant": "timestamp with time zone",
        "texts": "text[]",
        "json": "jsonb",
        "bytes": "bytea",
        "real": "double precision",
        # A hash index takes a URL of any length; a row of a B-tree has at most 2,704 bytes.
        "by_url": "USING hash (url)",
    },
    "sqlite": {
        "instant": "text",
        "texts": "text",
        "json": "text",
        "bytes": "blob",
        "real": "real",
        "by_url": "(url)",
    },
}

_PLACE = "topic text NOT NULL, topic_id text NOT NULL, partition_number bigint NOT NULL"

_FIRST: Sequence[str] = (
    """
    CREATE TABLE {p}article (
        id text NOT NULL PRIMARY KEY,
        url text NOT NULL,
        canonical_url text,
        site text,
        site_name text,
        title text,
        authors {texts} NOT NULL,
        published_at text,
        published_date date,
        published_instant {instant},
        modified_at text,
        modified_date date,
        modified_instant {instant},
        language text,
        declared_language text,
        text text NOT NULL,
        word_count bigint NOT NULL,
        image text,
        section text,
        tags {texts} NOT NULL,
        paywalled boolean,
        robots {texts} NOT NULL,
        fetched_at {instant} NOT NULL,
        revision bigint NOT NULL,
        supersedes text,
        superseded_by text,
        cleaner text,
        source_topic text NOT NULL,
        source_partition bigint NOT NULL,
        source_offset bigint NOT NULL,
        extra {json} NOT NULL,
        written_at {instant} NOT NULL
    )
    """,
    "CREATE INDEX {p}article_url ON {p}article {by_url}",
    "CREATE INDEX {p}article_fetched ON {p}article (fetched_at)",
    "CREATE INDEX {p}article_published ON {p}article (published_date)",
    "CREATE INDEX {p}article_written ON {p}article (written_at)",
    "CREATE INDEX {p}article_supersedes ON {p}article (supersedes) WHERE supersedes IS NOT NULL",
    "CREATE VIEW {p}current_article AS SELECT * FROM {p}article WHERE superseded_by IS NULL",
    """
    CREATE TABLE {p}duplicate (
        id text NOT NULL PRIMARY KEY,
        url text NOT NULL,
        title text,
        kind text NOT NULL,
        duplicate_of text NOT NULL,
        duplicate_of_url text,
        similarity {real} NOT NULL,
        fetched_at {instant} NOT NULL,
        source_topic text NOT NULL,
        source_partition bigint NOT NULL,
        source_offset bigint NOT NULL,
        extra {json} NOT NULL,
        written_at {instant} NOT NULL
    )
    """,
    "CREATE INDEX {p}duplicate_original ON {p}duplicate (duplicate_of)",
    """
    CREATE TABLE {p}takedown (
        id text NOT NULL PRIMARY KEY,
        taken_down_at {instant} NOT NULL,
        supersedes text
    )
    """,
    "CREATE INDEX {p}takedown_supersedes ON {p}takedown (supersedes) WHERE supersedes IS NOT NULL",
    """
    CREATE TABLE {p}dead_letter (
        {place},
        record_offset bigint NOT NULL,
        record_at {instant} NOT NULL,
        key {bytes},
        value {bytes},
        reason text NOT NULL,
        written_at {instant} NOT NULL,
        PRIMARY KEY (topic, topic_id, partition_number, record_offset)
    )
    """,
    """
    CREATE TABLE {p}kafka_offset (
        {place},
        next_offset bigint NOT NULL,
        read_at {instant} NOT NULL,
        PRIMARY KEY (topic, topic_id, partition_number)
    )
    """,
)

STEPS: tuple[Sequence[str], ...] = (_FIRST,)
"""The statements that lead from each version to the next, from an empty database on."""


def migrate(connection: sa.Connection, tables: Tables, where: str) -> None:
    """Bring the tables to the current version; the caller's transaction holds all of it.

    Args:
        connection: inside a transaction.
        tables: the tables.
        where: the database, as it may be shown.

    Raises:
        OperationalError: a later version of Cleanwire made the tables, or they are not the sink's.
        sqlalchemy.exc.DBAPIError: the database refuses.
    """
    known = sa.inspect(connection)
    version = 0
    if known.has_table(tables.sink_version.name):
        version = connection.scalar(sa.select(tables.sink_version.c.version)) or 0
    elif known.has_table(tables.article.name):
        raise OperationalError(
            f"{where} has a table {tables.article.name} that is not the sink's",
            "give a --table-prefix",
        )
    if version > len(STEPS):
        raise OperationalError(
            f"a newer Cleanwire made the tables in {where} (version {version}; this one has "
            f"{len(STEPS)})",
            "upgrade Cleanwire, or give a --table-prefix",
        )
    if version == len(STEPS):
        return
    words = {**_TYPES[connection.dialect.name], "p": tables.prefix, "place": _PLACE}
    if not version:
        connection.execute(
            sa.text(f"CREATE TABLE {tables.prefix}sink_version (version integer NOT NULL)")
        )
        connection.execute(sa.insert(tables.sink_version).values(version=0))
    for step in STEPS[version:]:
        for statement in step:
            connection.execute(sa.text(statement.format(**words)))
    connection.execute(sa.update(tables.sink_version).values(version=len(STEPS)))
