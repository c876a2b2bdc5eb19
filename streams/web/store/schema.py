"""The tables of the store, and how an older file becomes a current one.

Invariants:

- `user_version` says which migrations a file has had. A file with a later version is left alone.
- A row's key is its time in milliseconds times `SLOTS`, plus what makes it unique. So the order of
  keys is the order of time, in every index and in the full-text index too.
- The full-text index keeps no copy of the text. A row's words are deleted from it by writing the
  same words again, so `words.index_text` may change only together with the version.
"""

import sqlite3

from streams.errors import OperationalError

APPLICATION = 0x436C7765
"""Marks a SQLite file as this store's (`PRAGMA application_id`)."""

SLOTS = 16
"""Keys that one millisecond has of its own; more outcomes in it take the next free keys."""

_FIRST = """
CREATE TABLE place (
    number INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    topic_id TEXT NOT NULL,
    partition INTEGER NOT NULL,
    following INTEGER,
    UNIQUE (topic, topic_id, partition)
);
CREATE TABLE site (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE kind (
    number INTEGER PRIMARY KEY,
    outcome TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (outcome, name)
);
CREATE TABLE outcome (
    row INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    place INTEGER NOT NULL,
    place_offset INTEGER NOT NULL,
    source INTEGER NOT NULL,
    source_offset INTEGER NOT NULL,
    article BLOB,
    url TEXT,
    url_key INTEGER,
    site INTEGER,
    title TEXT,
    lead TEXT,
    language TEXT,
    words INTEGER,
    revision INTEGER,
    supersedes BLOB,
    similarity REAL,
    copy_of BLOB,
    copy_of_url TEXT,
    copy_of_site INTEGER,
    detail TEXT,
    fetched INTEGER,
    arrived INTEGER,
    published_at TEXT,
    modified_at TEXT
);
CREATE UNIQUE INDEX outcome_source ON outcome (source, source_offset, kind);
CREATE INDEX outcome_kind ON outcome (kind);
CREATE INDEX outcome_site ON outcome (site, kind) WHERE site IS NOT NULL;
CREATE INDEX outcome_url ON outcome (url_key) WHERE url_key IS NOT NULL;
CREATE INDEX outcome_article ON outcome (article) WHERE article IS NOT NULL;
CREATE INDEX outcome_copy ON outcome (copy_of, kind, site) WHERE copy_of IS NOT NULL;
CREATE INDEX outcome_copied ON outcome (copy_of_site, kind, site) WHERE copy_of_site IS NOT NULL;
CREATE VIRTUAL TABLE words USING fts5 (
    title, lead, url, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2'
);
CREATE TABLE withdrawal (
    article BLOB PRIMARY KEY,
    at INTEGER NOT NULL,
    url_key INTEGER,
    fetched INTEGER
) WITHOUT ROWID;
CREATE INDEX withdrawal_url ON withdrawal (url_key) WHERE url_key IS NOT NULL;
CREATE TABLE series (
    width INTEGER NOT NULL,
    start INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (width, start, kind)
) WITHOUT ROWID;
CREATE TABLE latency (
    width INTEGER NOT NULL,
    start INTEGER NOT NULL,
    measure INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (width, start, measure, bucket)
) WITHOUT ROWID;
CREATE TABLE task (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)
"""The statements that lead from each version to the next, from an empty file on."""


class NewerSchemaError(OperationalError):
    """A later version of Cleanwire made the store."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to the current version, in one transaction.

    Raises:
        NewerSchemaError: a later version of Cleanwire made the file.
        sqlite3.DatabaseError: the file is damaged, or it is another program's.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if (version or tables) and application != APPLICATION:
        raise sqlite3.DatabaseError("the file is another program's database")
    if version > len(MIGRATIONS):
        raise NewerSchemaError(
            f"a newer Cleanwire made it (version {version}; this one reads {len(MIGRATIONS)})",
            "upgrade, or delete the file",
        )
    if version == len(MIGRATIONS):
        return
    statements = "".join(MIGRATIONS[version:])
    connection.executescript(
        f"BEGIN IMMEDIATE; {statements} PRAGMA application_id = {APPLICATION}; "
        f"PRAGMA user_version = {len(MIGRATIONS)}; COMMIT;"
    )
