"""Writes the file of a day: what stays of the file before, and what is new.

Invariants:

- The file is written aside, flushed to the disk and renamed, so that it is whole at any moment.
- Memory holds one row group at a time, however many articles a day has.
"""

import contextlib
import os
from collections.abc import Generator, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from streams.consuming.published import ArticleRow, Record, article_of
from streams.errors import OperationalError
from streams.export.folder_index import FolderIndex

NAME = "articles.parquet"
ASIDE = "writing"
"""Where a file is before it is renamed. The `*` of DuckDB's patterns takes folders that begin with
a dot, so a name that ends like a file of articles would be read half written."""

FORMAT = "1"
"""The version of the columns, in each file's metadata as `cleanwire.export`."""

GROUP_BYTES = 32 << 20
"""Bytes of a row group, uncompressed."""

GROUP_ROWS = 20_000
BATCH_ROWS = 256
"""Rows that are read at a time."""

_ANEW = "restore the file, or name an empty folder to export everything anew"

_MOMENT = pa.timestamp("us", tz="UTC")
_TEXTS = pa.list_(pa.string())

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("canonical_url", pa.string()),
        pa.field("site", pa.string()),
        pa.field("site_name", pa.string()),
        pa.field("title", pa.string()),
        pa.field("authors", _TEXTS),
        pa.field("published_at", pa.string()),
        pa.field("published_date", pa.date32()),
        pa.field("published_instant", _MOMENT),
        pa.field("modified_at", pa.string()),
        pa.field("modified_date", pa.date32()),
        pa.field("modified_instant", _MOMENT),
        pa.field("language", pa.string()),
        pa.field("declared_language", pa.string()),
        # One batch may hold more than the 2 GiB that offsets of 32 bits reach.
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("word_count", pa.int64(), nullable=False),
        pa.field("image", pa.string()),
        pa.field("section", pa.string()),
        pa.field("tags", _TEXTS),
        pa.field("paywalled", pa.bool_()),
        pa.field("robots", _TEXTS),
        pa.field("fetched_at", _MOMENT, nullable=False),
        pa.field("revision", pa.int64(), nullable=False),
        pa.field("supersedes", pa.string()),
        pa.field("superseded_by", pa.string()),
        pa.field("cleaner", pa.string()),
        pa.field("source_topic", pa.string(), nullable=False),
        pa.field("source_partition", pa.int64(), nullable=False),
        pa.field("source_offset", pa.int64(), nullable=False),
        pa.field("extra", pa.large_string(), nullable=False),
    ]
)


def write_day(folder: Path, aside: Path, index: FolderIndex, day: str) -> int:
    """Write the file of a day anew; a day without articles has none.

    Args:
        folder: the folder of the export.
        aside: where the file is written before it is renamed; on the same file system.
        index: what the file has to hold.
        day: as `YYYY-MM-DD`.

    Returns:
        How many articles the file has.

    Raises:
        OperationalError: the file before is damaged, or lacks articles that it had.
        OSError: the disk is full, or the folder cannot be written to.
    """
    place = folder / f"day={day}"
    target = place / NAME
    count = 0
    schema = SCHEMA.with_metadata(
        {"cleanwire.export": FORMAT, "cleanwire.version": version("cleanwire")}
    )
    try:
        with pq.ParquetWriter(aside, schema, compression="zstd") as writer:
            for table in _groups(_kept(target, index, day), _new(index, day)):
                writer.write_table(table.cast(schema), row_group_size=table.num_rows)
                count += table.num_rows
        wanted = index.count(day)
        if count != wanted:
            raise OperationalError(
                f"{target} has {count} of the {wanted} articles that this export wrote there",
                _ANEW,
            )
        if count:
            place.mkdir(exist_ok=True)
            _flush(aside)
            aside.replace(target)
            _flush(place)
        else:
            target.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                place.rmdir()
        _flush(folder)
    finally:
        aside.unlink(missing_ok=True)
    return count


def _groups(*sources: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches, as tables of about a row group each."""
    group: list[pa.RecordBatch] = []
    size = rows = 0
    for source in sources:
        for batch in source:
            group.append(batch)
            size, rows = size + batch.nbytes, rows + batch.num_rows
            if size >= GROUP_BYTES or rows >= GROUP_ROWS:
                yield pa.Table.from_batches(group)
                group, size, rows = [], 0, 0
    if group:
        yield pa.Table.from_batches(group)


def _kept(target: Path, index: FolderIndex, day: str) -> Iterator[pa.RecordBatch]:
    """What stays of the file before."""
    if not target.exists():
        return
    with contextlib.closing(_batches(target)) as batches:
        for batch in batches:
            ids = batch.column("id").to_pylist()
            staying = index.in_file(day, ids)
            later = index.superseded(ids)
            if not staying:
                continue
            columns = {
                # A file of an earlier version lacks columns that came later.
                field.name: batch.column(field.name)
                if field.name in batch.schema.names
                else pa.nulls(batch.num_rows, field.type)
                for field in SCHEMA
            }
            columns["superseded_by"] = pa.array([later.get(one) for one in ids], pa.string())
            whole = pa.RecordBatch.from_arrays(list(columns.values()), schema=SCHEMA)
            yield whole.filter(pa.array([one in staying for one in ids]))


def _batches(target: Path) -> Generator[pa.RecordBatch, None, None]:
    """The rows of a file.

    Raises:
        OperationalError: the file is damaged, or was not written by an export.
    """
    try:
        with pq.ParquetFile(target) as before:
            if "id" not in before.schema_arrow.names:
                raise OperationalError(f"{target} has no articles", _ANEW)
            yield from before.iter_batches(batch_size=BATCH_ROWS)
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise OperationalError(f"{target} cannot be read: {reason}", _ANEW) from None


def _new(index: FolderIndex, day: str) -> Iterator[pa.RecordBatch]:
    """The articles that wait for the file."""
    rows: list[ArticleRow] = []
    size = 0
    for key, value in index.waiting_of(day):
        record = Record(
            topic="", topic_id="", partition=0, offset=0, key=key, value=value, at=0
        )  # fmt: skip
        row = article_of(record)
        if isinstance(row, ArticleRow):
            rows.append(row)
        size += len(value)
        if size >= GROUP_BYTES or len(rows) >= BATCH_ROWS:
            yield _batch(index, rows)
            rows, size = [], 0
    if rows:
        yield _batch(index, rows)


def _batch(index: FolderIndex, rows: list[ArticleRow]) -> pa.RecordBatch:
    later = index.superseded([row.id for row in rows])

    def column(name: str) -> list[Any]:
        if name == "superseded_by":
            return [later.get(row.id) for row in rows]
        if name == "extra":
            return [orjson.dumps(row.extra).decode() for row in rows]
        return [getattr(row, name) for row in rows]

    arrays = [pa.array(column(field.name), field.type) for field in SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
