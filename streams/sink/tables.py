"""The tables as SQLAlchemy has them, for the statements that read and write rows.

Invariant: `schema_steps` makes exactly these tables and columns; a test holds the two together.
"""

import dataclasses
import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from streams.consuming.published import ArticleRow, DuplicateRow


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """A moment: `timestamptz` in PostgreSQL, ISO 8601 in UTC of one length in SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """The type of the column."""
        own = sa.Text() if dialect.name == "sqlite" else sa.DateTime(timezone=True)
        return dialect.type_descriptor(own)

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> Any:  # noqa: ANN401 - as the dialect has it
        """What is sent to the database."""
        if value is None or dialect.name != "sqlite":
            return value
        utc = value.astimezone(dt.UTC).replace(tzinfo=None)
        return utc.isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> dt.datetime | None:  # noqa: ANN401 - as the dialect has it
        """What is read, in UTC."""
        del dialect
        if isinstance(value, str):
            value = dt.datetime.fromisoformat(value)
        return None if value is None else value.astimezone(dt.UTC)


_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_TEXTS = sa.JSON().with_variant(postgresql.ARRAY(sa.Text()), "postgresql")


class Tables:
    """The tables of one sink.

    Args:
        prefix: comes before every name.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        made = sa.MetaData()
        self.article = sa.Table(
            f"{prefix}article",
            made,
            sa.Column("id", sa.Text, primary_key=True),
            sa.Column("url", sa.Text, nullable=False),
            sa.Column("canonical_url", sa.Text),
            sa.Column("site", sa.Text),
            sa.Column("site_name", sa.Text),
            sa.Column("title", sa.Text),
            sa.Column("authors", _TEXTS, nullable=False),
            sa.Column("published_at", sa.Text),
            sa.Column("published_date", sa.Date),
            sa.Column("published_instant", Instant),
            sa.Column("modified_at", sa.Text),
            sa.Column("modified_date", sa.Date),
            sa.Column("modified_instant", Instant),
            sa.Column("language", sa.Text),
            sa.Column("declared_language", sa.Text),
            sa.Column("text", sa.Text, nullable=False),
            sa.Column("word_count", sa.BigInteger, nullable=False),
            sa.Column("image", sa.Text),
            sa.Column("section", sa.Text),
            sa.Column("tags", _TEXTS, nullable=False),
            sa.Column("paywalled", sa.Boolean),
            sa.Column("robots", _TEXTS, nullable=False),
            sa.Column("fetched_at", Instant, nullable=False),
            sa.Column("revision", sa.BigInteger, nullable=False),
            sa.Column("supersedes", sa.Text),
            sa.Column("superseded_by", sa.Text),
            sa.Column("cleaner", sa.Text),
            sa.Column("source_topic", sa.Text, nullable=False),
            sa.Column("source_partition", sa.BigInteger, nullable=False),
            sa.Column("source_offset", sa.BigInteger, nullable=False),
            sa.Column("extra", _JSON, nullable=False),
            sa.Column("written_at", Instant, nullable=False),
        )
        self.duplicate = sa.Table(
            f"{prefix}duplicate",
            made,
            sa.Column("id", sa.Text, primary_key=True),
            sa.Column("url", sa.Text, nullable=False),
            sa.Column("title", sa.Text),
            sa.Column("kind", sa.Text, nullable=False),
            sa.Column("duplicate_of", sa.Text, nullable=False),
            sa.Column("duplicate_of_url", sa.Text),
            sa.Column("similarity", sa.Double, nullable=False),
            sa.Column("fetched_at", Instant, nullable=False),
            sa.Column("source_topic", sa.Text, nullable=False),
            sa.Column("source_partition", sa.BigInteger, nullable=False),
            sa.Column("source_offset", sa.BigInteger, nullable=False),
            sa.Column("extra", _JSON, nullable=False),
            sa.Column("written_at", Instant, nullable=False),
        )
        self.takedown = sa.Table(
            f"{prefix}takedown",
            made,
            sa.Column("id", sa.Text, primary_key=True),
            sa.Column("taken_down_at", Instant, nullable=False),
            sa.Column("supersedes", sa.Text),
        )
        self.dead_letter = sa.Table(
            f"{prefix}dead_letter",
            made,
            *_place(),
            sa.Column("record_offset", sa.BigInteger, primary_key=True),
            sa.Column("record_at", Instant, nullable=False),
            sa.Column("key", sa.LargeBinary),
            sa.Column("value", sa.LargeBinary),
            sa.Column("reason", sa.Text, nullable=False),
            sa.Column("written_at", Instant, nullable=False),
        )
        self.kafka_offset = sa.Table(
            f"{prefix}kafka_offset",
            made,
            *_place(),
            sa.Column("next_offset", sa.BigInteger, nullable=False),
            sa.Column("read_at", Instant, nullable=False),
        )
        self.sink_version = sa.Table(
            f"{prefix}sink_version", made, sa.Column("version", sa.Integer, nullable=False)
        )
        self.all = made


def _place() -> list[sa.Column[Any]]:
    return [
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("topic_id", sa.Text, primary_key=True),
        sa.Column("partition_number", sa.BigInteger, primary_key=True, autoincrement=False),
    ]


ARTICLE_FIELDS = tuple(field.name for field in dataclasses.fields(ArticleRow))
DUPLICATE_FIELDS = tuple(field.name for field in dataclasses.fields(DuplicateRow))


def values_of(row: ArticleRow | DuplicateRow) -> dict[str, Any]:
    """A row's values by the names of its columns."""
    fields = ARTICLE_FIELDS if isinstance(row, ArticleRow) else DUPLICATE_FIELDS
    values = {name: getattr(row, name) for name in fields}
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }
