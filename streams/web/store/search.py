"""Search: a filter -> the outcomes it selects, the newest first.

Invariants:

- A part of an answer is found by an index, and begins at the key where the part before it ended.
- No search counts or reads more than its bound.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from streams.kafka.outcome_topics import OutcomeTopic
from streams.web.store.model import Count, Filter, KindCount, OutcomeRecord, Part, Place, Stored
from streams.web.store.rows import COLUMNS, url_key
from streams.web.store.schema import SLOTS
from streams.web.store.words import clean, match_expression

MOST_COUNTED = 10_000
MOST_ITEMS = 500
"""Entries of one part of an answer."""

_ID = re.compile(r"[0-9a-f]{32}")
_PLACE = re.compile(r"([A-Za-z0-9._-]{1,249}):(\d{1,9}):(\d{1,18})")

Values = tuple[Any, ...]


def filter_of(text: str) -> Filter:
    """The filter for what a person typed: an id, a URL, `topic:partition:offset`, or words."""
    text = clean(text).strip()
    if _ID.fullmatch(text.lower()):
        return Filter(article=text.lower())
    if found := _PLACE.fullmatch(text):
        place = Place(topic=found[1], partition=int(found[2]), offset=int(found[3]))
        return Filter(source=place)
    if text.lower().startswith(("http://", "https://")) and not re.search(r"\s", text):
        return Filter(url=text)
    return Filter(words=text)


def search(
    connection: sqlite3.Connection, wanted: Filter, *, limit: int = 50, before: int | None = None
) -> Part[Stored]:
    """The outcomes that a filter selects, the newest first.

    Args:
        connection: an open store.
        wanted: the filter; an empty one selects all outcomes.
        limit: how many at most, up to `MOST_ITEMS`.
        before: `following` of the part before this one.
    """
    limit = min(max(limit, 1), MOST_ITEMS)
    keys = [key for (key,) in _keys(connection, wanted, limit + 1, before)]
    items = tuple(_stored(connection, keys[:limit]))
    return Part(items=items, following=keys[limit - 1] if len(keys) > limit else None)


def count(connection: sqlite3.Connection, wanted: Filter, most: int = MOST_COUNTED) -> Count:
    """How many outcomes a filter selects, counted up to `most`."""
    most = min(max(most, 1), MOST_COUNTED)
    found = sum(1 for _ in _keys(connection, wanted, most + 1, None, ordered=False))
    return Count(number=min(found, most), more=found > most)


def kinds(connection: sqlite3.Connection) -> dict[int, tuple[OutcomeTopic, str]]:
    """Outcome and kind by the number that rows have in their place."""
    return {
        number: (outcome, name)
        for number, outcome, name in connection.execute("SELECT number, outcome, name FROM kind")
    }


def kind_counts(
    known: dict[int, tuple[OutcomeTopic, str]], counts: Sequence[tuple[int, int]]
) -> tuple[KindCount, ...]:
    """Counts by kind, from the numbers of the kinds."""
    return tuple(
        KindCount(outcome=known[number][0], kind=known[number][1], count=many)
        for number, many in sorted(counts, key=lambda entry: (-entry[1], known[entry[0]]))
    )


def stored_by(
    connection: sqlite3.Connection, where: str, values: Values, limit: int
) -> list[Stored]:
    """The outcomes of a condition on the table, the newest first."""
    keys = [
        key
        for (key,) in connection.execute(
            f"SELECT row FROM outcome WHERE {where} ORDER BY row DESC LIMIT ?",  # noqa: S608 - `where` is a literal of a caller
            (*values, limit),
        )
    ]
    return list(_stored(connection, keys))


def _keys(
    connection: sqlite3.Connection,
    wanted: Filter,
    limit: int,
    before: int | None,
    *,
    ordered: bool = True,
) -> Iterator[tuple[int]]:
    high = 2**62 if wanted.until is None else SLOTS * wanted.until
    span = (
        0 if wanted.since is None else SLOTS * wanted.since,
        high if before is None else min(high, before),
    )
    numbers = _kind_numbers(connection, wanted)
    conditions, values = _conditions(connection, wanted)
    if conditions is None or numbers == []:
        return iter(())
    if wanted.words is not None:
        return _by_words(connection, wanted.words, numbers, conditions, (span, values, limit))
    is_narrow = not (wanted.url is None and wanted.article is None and wanted.source is None)
    if numbers is None and wanted.site is not None and not is_narrow:
        numbers = list(kinds(connection))
    order = "ORDER BY row DESC" if ordered else ""
    if numbers is None or is_narrow:
        if numbers is not None:
            # The plus keeps the index of kinds, which selects many rows, out of it.
            conditions.append(f"+kind IN ({', '.join(map(str, numbers))})")
        where = " AND ".join([*conditions, "row >= ? AND row < ?"])
        return connection.execute(
            f"SELECT row FROM outcome WHERE {where} {order} LIMIT ?",  # noqa: S608 - literals and numbers
            (*values, *span, limit),
        )
    # The rows of one kind are in the order of time in an index, so the newest of each are merged.
    where = " AND ".join(["kind = ?", *conditions, "row >= ? AND row < ?"])
    each = f"SELECT row FROM (SELECT row FROM outcome WHERE {where} {order} LIMIT ?)"  # noqa: S608 - literals
    parts: list[Any] = []
    for number in numbers:
        parts += [number, *values, *span, limit]
    every = " UNION ALL ".join([each] * len(numbers))
    return connection.execute(f"{every} {order} LIMIT ?", (*parts, limit))


def _by_words(
    connection: sqlite3.Connection,
    words: str,
    numbers: list[int] | None,
    conditions: list[str],
    parameters: tuple[tuple[int, int], Values, int],
) -> Iterator[tuple[int]]:
    """The keys of the rows that have all words, the newest first.

    Args:
        connection: an open store.
        words: what a person searches for.
        numbers: the kinds that are wanted; None if all are.
        conditions: on the table.
        parameters: the lowest key and the key after the highest, the values of the conditions, and
            the bound.
    """
    span, values, limit = parameters
    expression = match_expression(words)
    if expression is None:
        return iter(())
    if numbers is not None:
        conditions = [*conditions, f"kind IN ({', '.join(map(str, numbers))})"]
    narrow = " AND ".join(["row = words.rowid", *conditions])
    also = f"AND EXISTS (SELECT 1 FROM outcome WHERE {narrow})" if conditions else ""  # noqa: S608 - literals and numbers
    return connection.execute(
        "SELECT rowid FROM words WHERE words MATCH ? AND rowid >= ? AND rowid < ? "  # noqa: S608 - likewise
        f"{also} ORDER BY rowid DESC LIMIT ?",
        (expression, *span, *values, limit),
    )


def _kind_numbers(connection: sqlite3.Connection, wanted: Filter) -> list[int] | None:
    """The numbers of the kinds that are wanted; None if all are."""
    if not wanted.outcomes and not wanted.kinds:
        return None
    return [
        number
        for number, (outcome, name) in kinds(connection).items()
        if (not wanted.outcomes or outcome in wanted.outcomes)
        and (not wanted.kinds or name in wanted.kinds)
    ]


def _conditions(connection: sqlite3.Connection, wanted: Filter) -> tuple[list[str] | None, Values]:
    """Conditions on the table and their values; None if nothing can fulfil them."""
    conditions: list[str] = []
    values: list[Any] = []
    if wanted.url is not None:
        conditions.append("url_key = ?")
        values.append(url_key(clean(wanted.url)))
    if wanted.article is not None:
        if not _ID.fullmatch(wanted.article):
            return None, ()
        conditions.append("article = ?")
        values.append(bytes.fromhex(wanted.article))
    if wanted.source is not None:
        if not 0 <= wanted.source.partition < 2**31 or not 0 <= wanted.source.offset < 2**62:
            return None, ()
        conditions.append(
            "source IN (SELECT number FROM place WHERE topic = ? AND partition = ? "
            "AND ? IN ('', topic_id)) AND source_offset = ?"
        )
        source = wanted.source
        values += [clean(source.topic), source.partition, source.topic_id, source.offset]
    if wanted.site is not None:
        found = connection.execute(
            "SELECT number FROM site WHERE name = ?", (clean(wanted.site),)
        ).fetchone()
        if found is None:
            return None, ()
        conditions.append("site = ?")
        values.append(found[0])
    return conditions, tuple(values)


def _stored(connection: sqlite3.Connection, keys: Sequence[int]) -> Iterator[Stored]:
    """The outcomes of some keys, in the order of the keys; a key without a row is left out."""
    columns = ", ".join(f"o.{name.strip()}" for name in COLUMNS.split(","))
    for key in keys:
        row = connection.execute(
            f"SELECT {columns}, p.topic, p.topic_id, p.partition, s.topic, s.topic_id, "  # noqa: S608 - literals
            "s.partition, k.outcome, k.name, a.name, b.name FROM outcome o "
            "JOIN place p ON p.number = o.place JOIN place s ON s.number = o.source "
            "JOIN kind k ON k.number = o.kind LEFT JOIN site a ON a.number = o.site "
            "LEFT JOIN site b ON b.number = o.copy_of_site WHERE o.row = ?",
            (key,),
        ).fetchone()
        if row is not None:
            yield Stored(key=row[0], record=_record(row))


def _record(row: Values) -> OutcomeRecord:
    (topic, topic_id, partition, raw, raw_id, raw_partition, outcome, kind, site, original) = row[
        26:
    ]
    return OutcomeRecord(
        place=Place(topic=topic, topic_id=topic_id, partition=partition, offset=row[4]),
        at=row[1],
        outcome=outcome,
        kind=kind,
        source=Place(topic=raw, topic_id=raw_id, partition=raw_partition, offset=row[6]),
        article=_hex(row[7]),
        url=row[8],
        site=site,
        title=row[11],
        lead=row[12],
        language=row[13],
        words=row[14],
        revision=row[15],
        supersedes=_hex(row[16]),
        similarity=row[17],
        copy_of=_hex(row[18]),
        copy_of_url=row[19],
        copy_of_site=original,
        detail=row[21],
        fetched=row[22],
        arrived=row[23],
        published_at=row[24],
        modified_at=row[25],
    )


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
