"""What the pages ask the store, apart from searches: pages, copies, sites, stories, series.

Invariants:

- Every answer is bounded.
- An answer is as of one moment: a query of several statements reads one snapshot.
"""

import collections
import contextlib
import sqlite3
from collections.abc import Iterator

from streams.web.store import figures, words
from streams.web.store.model import (
    Copying,
    Count,
    Extent,
    Filter,
    Interval,
    Part,
    Site,
    SiteCount,
    Stored,
    Story,
)
from streams.web.store.schema import SLOTS
from streams.web.store.search import (
    MOST_ITEMS,
    kind_counts,
    kinds,
    search,
    stored_by,
)

HOUR = 3_600_000
MOST_INTERVALS = 3_000
"""Intervals of one answer; two days of minutes are fewer."""

MOST_SKIPPED = 1_000_000
"""Sites that can be left out before the first one of an answer."""

_COPIES = "kind IN (SELECT number FROM kind WHERE outcome = 'duplicate' AND name != 'recrawl')"
"""A recrawl repeats the article of its own URL, and is no copy of it."""


@contextlib.contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Let all statements within read the same moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def outcome(connection: sqlite3.Connection, key: int) -> Stored | None:
    """The outcome with a key; None if the store does not have it (any more)."""
    return next(iter(stored_by(connection, "row = ?", (key,), 1)), None)


def article(connection: sqlite3.Connection, name: str) -> Stored | None:
    """The published article with an id; None if the store does not have it (any more)."""
    found = search(connection, Filter(article=name, outcomes=frozenset({"clean"})), limit=1)
    return next(iter(found.items), None)


def page(
    connection: sqlite3.Connection, url: str, *, limit: int = 50, before: int | None = None
) -> Part[Stored]:
    """All outcomes of a URL over time, the newest first."""
    return search(connection, Filter(url=url), limit=limit, before=before)


def copies(
    connection: sqlite3.Connection, name: str, *, limit: int = 50, before: int | None = None
) -> Part[Stored]:
    """The copies of an article, by its id; the newest first. Recrawls are none."""
    limit = min(max(limit, 1), MOST_ITEMS)
    found = stored_by(
        connection,
        f"copy_of = ? AND row < ? AND {_COPIES}",
        (_id(name), 2**62 if before is None else before),
        limit + 1,
    )
    following = found[limit - 1].key if len(found) > limit else None
    return Part(items=tuple(found[:limit]), following=following)


def count_copies(connection: sqlite3.Connection, name: str, most: int = 10_000) -> Count:
    """How many copies an article has, counted up to `most`."""
    (found,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM outcome WHERE copy_of = ? AND {_COPIES} LIMIT ?)",  # noqa: S608 - literals
        (_id(name), most + 1),
    ).fetchone()
    return Count(number=min(found, most), more=found > most)


def sites(
    connection: sqlite3.Connection, *, limit: int = 100, skip: int = 0, containing: str = ""
) -> tuple[SiteCount, ...]:
    """The sites with the most outcomes, and how many they have of each kind.

    Args:
        connection: an open store.
        limit: how many at most, up to `MOST_ITEMS`.
        skip: how many sites with more outcomes are left out.
        containing: what stands in the name, in upper or lower case; an empty text is in all.
    """
    named = ""
    if containing:
        named = "AND site IN (SELECT number FROM site WHERE instr(lower(name), ?))"
    wanted = (words.clean(containing).lower(),) if containing else ()
    found = connection.execute(
        "SELECT site, count(*) AS many FROM outcome INDEXED BY outcome_site "  # noqa: S608 - literals
        f"WHERE site IS NOT NULL {named} GROUP BY site ORDER BY many DESC, site LIMIT ? OFFSET ?",
        (*wanted, min(max(limit, 1), MOST_ITEMS), min(max(skip, 0), MOST_SKIPPED)),
    ).fetchall()
    known = kinds(connection)
    return tuple(
        SiteCount(
            site=_site_name(connection, number),
            count=many,
            kinds=kind_counts(
                known,
                connection.execute(
                    "SELECT kind, count(*) FROM outcome WHERE site = ? GROUP BY kind", (number,)
                ).fetchall(),
            ),
        )
        for number, many in found
    )


def copyings(connection: sqlite3.Connection, *, limit: int = 12) -> tuple[Copying, ...]:
    """Who copies whom: the sites that copy most, and the sites that are copied most.

    Args:
        connection: an open store.
        limit: how many sites of either sort, at most.

    Returns:
        The copies among them, the most first. A site can copy itself, under other URLs.
    """
    limit = min(max(limit, 1), MOST_ITEMS)
    found = connection.execute(
        "WITH pair AS MATERIALIZED ("  # noqa: S608 - literals
        "SELECT site, copy_of_site AS original, count(*) AS many "
        "FROM outcome INDEXED BY outcome_copied WHERE copy_of_site IS NOT NULL "
        f"AND site IS NOT NULL AND {_COPIES} GROUP BY copy_of_site, site) "
        "SELECT a.name, b.name, many FROM pair "
        "JOIN site a ON a.number = site JOIN site b ON b.number = original "
        "WHERE site IN (SELECT site FROM pair GROUP BY site ORDER BY sum(many) DESC, site LIMIT ?) "
        "AND original IN (SELECT original FROM pair GROUP BY original "
        "ORDER BY sum(many) DESC, original LIMIT ?) ORDER BY many DESC, a.name, b.name",
        (limit, limit),
    )
    return tuple(Copying(site=site, original=other, count=many) for site, other, many in found)


def site(connection: sqlite3.Connection, name: str, *, limit: int = 50) -> Site | None:
    """One site; None if it has no outcome.

    Args:
        connection: an open store.
        name: the site's name.
        limit: how many sites that it copies, and that copy it, at most.
    """
    found = connection.execute("SELECT number FROM site WHERE name = ?", (name,)).fetchone()
    if found is None:
        return None
    (number,) = found
    limit = min(max(limit, 1), MOST_ITEMS)
    counts, first, last = [], 2**62, 0
    for kind, many, low, high in connection.execute(
        "SELECT kind, count(*), min(row), max(row) FROM outcome WHERE site = ? GROUP BY kind",
        (number,),
    ):
        counts.append((kind, many))
        first, last = min(first, low), max(last, high)
    if not counts:
        return None
    counted = SiteCount(
        site=name, count=sum(n for _, n in counts), kinds=kind_counts(kinds(connection), counts)
    )
    copied = connection.execute(
        f"SELECT b.name, count(*) AS many FROM outcome JOIN site b ON b.number = copy_of_site "  # noqa: S608 - literals
        f"WHERE site = ? AND {_COPIES} GROUP BY b.name ORDER BY many DESC, b.name LIMIT ?",
        (number, limit),
    ).fetchall()
    copying = connection.execute(
        f"SELECT a.name, count(*) AS many FROM outcome JOIN site a ON a.number = site "  # noqa: S608 - literals
        f"WHERE copy_of_site = ? AND {_COPIES} GROUP BY a.name ORDER BY many DESC, a.name LIMIT ?",
        (number, limit),
    ).fetchall()
    return Site(
        counts=counted,
        first=_at(connection, first),
        last=_at(connection, last),
        copies=tuple(Copying(site=name, original=other, count=n) for other, n in copied),
        copied_by=tuple(Copying(site=other, original=name, count=n) for other, n in copying),
    )


def stories(
    connection: sqlite3.Connection, since: int, until: int, *, limit: int = 20, width: int = HOUR
) -> tuple[Story, ...]:
    """The articles with the most copies in a time range, the most copied first.

    Args:
        connection: an open store.
        since: when the range begins.
        until: when it ends.
        limit: how many at most, up to `MOST_ITEMS`.
        width: the length of the intervals that copies are counted in, in milliseconds.
    """
    span = (SLOTS * since, SLOTS * until)
    found = connection.execute(
        "SELECT copy_of, count(*) AS many, count(DISTINCT site) FROM outcome "  # noqa: S608 - literals
        f"INDEXED BY outcome_copy WHERE copy_of IS NOT NULL AND {_COPIES} "
        "AND row >= ? AND row < ? GROUP BY copy_of ORDER BY many DESC, copy_of LIMIT ?",
        (*span, min(max(limit, 1), MOST_ITEMS)),
    ).fetchall()
    return tuple(
        Story(
            article=name.hex(),
            original=article(connection, name.hex()),
            copies=many,
            sites=spread,
            hours=tuple(
                connection.execute(
                    "SELECT row / ? * ? AS start, count(*) FROM outcome "  # noqa: S608 - literals
                    f"WHERE copy_of = ? AND {_COPIES} AND row >= ? AND row < ? "
                    "GROUP BY start ORDER BY start",
                    (SLOTS * width, width, name, *span),
                )
            ),
        )
        for name, many, spread in found
    )


def series(
    connection: sqlite3.Connection, since: int, until: int, width: int, *, latencies: bool = True
) -> tuple[Interval, ...]:
    """What was written in each interval of a time range, in order.

    Args:
        connection: an open store.
        since: in the first interval.
        until: the last interval begins before this time.
        width: the length of an interval in milliseconds: a multiple of one of `figures.WIDTHS`.
        latencies: whether the latencies are asked for, which are many times as many rows as the
            counts; if not, they are None.

    Returns:
        The intervals in which something was written, at most `MOST_INTERVALS`.

    Raises:
        ValueError: the width is none that the store has.
    """
    fine = max((one for one in figures.WIDTHS if width > 0 and width % one == 0), default=None)
    if fine is None:
        raise ValueError(f"{width} ms is no multiple of a minute")
    span = (fine, since - since % width, until)
    counts: dict[int, collections.Counter[int]] = collections.defaultdict(collections.Counter)
    for start, kind, many in connection.execute(
        "SELECT start, kind, count FROM series WHERE width = ? AND start >= ? AND start < ?", span
    ):
        counts[start - start % width][kind] += many
    waits: dict[tuple[int, int], collections.Counter[int]] = collections.defaultdict(
        collections.Counter
    )
    if latencies:
        for start, measure, bucket, many in connection.execute(
            "SELECT start, measure, bucket, count FROM latency "
            "WHERE width = ? AND start >= ? AND start < ?",
            span,
        ):
            waits[start - start % width, measure][bucket] += many
    named = kinds(connection)
    fetch, arrival = (figures.MEASURES.index(measure) for measure in ("fetch", "arrival"))
    return tuple(
        Interval(
            start=start,
            counts=kind_counts(named, list(counts[start].items())),
            fetch=figures.quantiles(waits[start, fetch]),
            arrival=figures.quantiles(waits[start, arrival]),
        )
        for start in sorted(counts)[-MOST_INTERVALS:]
    )


def extent(connection: sqlite3.Connection, size: int) -> Extent:
    """How much the store holds; `size` is the bytes of its files."""
    # Every outcome has one kind, and this index is the smallest.
    (outcomes,) = connection.execute("SELECT count(*) FROM outcome").fetchone()
    found = connection.execute("SELECT at FROM outcome ORDER BY row LIMIT 1").fetchone()
    return Extent(outcomes=outcomes, size=size, oldest=None if found is None else found[0])


def _id(name: str) -> bytes:
    try:
        return bytes.fromhex(name)
    except ValueError:
        return b""


def _at(connection: sqlite3.Connection, key: int) -> int:
    (at,) = connection.execute("SELECT at FROM outcome WHERE row = ?", (key,)).fetchone()
    return int(at)


def _site_name(connection: sqlite3.Connection, number: int) -> str:
    (name,) = connection.execute("SELECT name FROM site WHERE number = ?", (number,)).fetchone()
    return str(name)
