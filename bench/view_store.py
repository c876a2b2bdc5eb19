"""What the view's store costs: CPU and bytes an outcome, and the time of each query.

    python bench/view_store.py [--outcomes 100000] [--batch 200] [--bytes N] [--tokenizers]

Invariant: every record is made as the topics have it, with events of 7 kB, and takes the way of
the feed: parsed, entered, trimmed. Only Kafka's client is left out.
"""

import argparse
import datetime as dt
import itertools
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from streams.kafka.headers import ARRIVED, PREFIX, SOURCE_ID
from streams.kafka.outcome_topics import OutcomeTopic
from streams.web.store import damage, queries, search
from streams.web.store.bounds import Bounds
from streams.web.store.model import Filter, Place, Tombstone
from streams.web.store.record import read_record
from streams.web.store.words import index_text
from streams.web.store.writer import Entry, Writer, now_ms

DAY = 86_400_000
SYLLABLES = [a + b for a in "bcdfghjklmnprstvw" for b in "aeiou"]
HAN = "".join(map(chr, range(0x4E00, 0x4E00 + 2500)))

SHARES = (6, 3, 1)
"""Of clean articles, duplicates and rejected pages."""

Record = tuple[OutcomeTopic, bytes | None, bytes | None, list[tuple[str, bytes]], int]


class Corpus:
    """Records of the three topics over one day: 60 % clean, 30 % duplicates, 10 % rejected."""

    def __init__(self, seed: int, many: int) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - a corpus, drawn from its seed
        self._words = ["".join(self._draw.choices(SYLLABLES, k=k % 4 + 1)) for k in range(40_000)]
        self._weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(40_000)))
        self._sites = [f"{self._draw.choice(self._words)}{n}.example" for n in range(3000)]
        self._site_weights = list(itertools.accumulate(1 / (rank + 5) for rank in range(3000)))
        self._rest = self.text(400)
        self._published: list[tuple[str, str]] = []
        self._many = many
        self._start = now_ms() - DAY

    def text(self, words: int) -> str:
        """Words of a language whose frequent words are as frequent as in a natural one."""
        return " ".join(self._draw.choices(self._words, cum_weights=self._weights, k=words))

    def records(self) -> Iterator[Record]:
        """All records, in the order of time."""
        for number in range(self._many):
            at = self._start + number * DAY // self._many
            make = self._draw.choices((self._clean, self._duplicate, self._rejected), SHARES)[0]
            yield make(number, at)

    def _url(self, number: int) -> tuple[str, str]:
        (site,) = self._draw.choices(self._sites, cum_weights=self._site_weights)
        slug = "-".join(self._draw.choices(self._words[:5000], k=6))
        # A third of the URLs comes with what a feed adds to them.
        query = "" if number % 3 else "?utm_source=rss"
        return site, f"https://www.{site}/news/2026/11/{slug}-{number}.html{query}"

    def _headers(self, at: int) -> list[tuple[str, bytes]]:
        return [
            ("ce_specversion", b"1.0"),
            ("ce_type", b"cleanwire.clean-article.v1"),
            (SOURCE_ID, b"q1Zx0c9wTz2v3b4n5m6a7s"),
            (ARRIVED, str(at - self._draw.randint(50, 5000)).encode()),
        ]

    def _fetched(self, at: int) -> str:
        return dt.datetime.fromtimestamp((at - 20_000) / 1000, dt.UTC).isoformat()

    def _clean(self, number: int, at: int) -> Record:
        site, url = self._url(number)
        is_cjk = number % 10 == 0
        article = f"{self._draw.getrandbits(128):032x}"
        # Only the beginning is kept of a text, so the rest may be the same for all.
        lead = "".join(self._draw.choices(HAN, k=260)) if is_cjk else self.text(50)
        text = lead + (HAN[:700] if is_cjk else self._rest)
        title = text[:30] if is_cjk else self.text(9)
        self._published.append((article, url))
        event = {
            "id": article,
            "url": url,
            "canonical_url": url,
            "site": site,
            "title": title,
            "authors": ["Ann Example"],
            "published_at": "2026-11-03T10:00:00Z",
            "modified_at": None,
            "language": "zh" if is_cjk else "en",
            "text": text,
            "word_count": 400,
            "fetched_at": self._fetched(at),
            "source": {"topic": "raw-pages", "partition": number % 4, "offset": number // 4},
            "revision": 1 if number % 20 else 2,
            "supersedes": None,
            "signature": "A" * 700,
            "removed": {"navigation": 12, "advert": 3},
            "cleaner": "cleanwire/0.1.0",
            "tags": ["one", "two"],
            "blocks": [{"kind": "paragraph", "level": 0, "text": text}],
        }
        return "clean", article.encode(), orjson.dumps(event), self._headers(at), at

    def _duplicate(self, number: int, at: int) -> Record:
        if not self._published:
            return self._clean(number, at)
        _, url = self._url(number)
        # Few stories have most of the copies.
        place = int(len(self._published) * self._draw.random() ** 6)
        original, original_url = self._published[-1 - place]
        article = f"{self._draw.getrandbits(128):032x}"
        event = {
            "id": article,
            "url": url,
            "kind": self._draw.choice(["recrawl", "exact", "near", "near", "excerpt"]),
            "duplicate_of": original,
            "duplicate_of_url": original_url,
            "similarity": 0.9,
            "fetched_at": self._fetched(at),
            "source": {"topic": "raw-pages", "partition": number % 4, "offset": number // 4},
        }
        return "duplicate", article.encode(), orjson.dumps(event), self._headers(at), at

    def _rejected(self, number: int, at: int) -> Record:
        _, url = self._url(number)
        page = {"url": url, "fetched_at": self._fetched(at), "body": "<p>" * 8000}
        headers = [
            (f"{PREFIX}reason", self._draw.choice([b"no-article", b"http-error"])),
            (f"{PREFIX}detail", b"the page is no article: a list of links"),
            (f"{PREFIX}source.topic", b"raw-pages"),
            (f"{PREFIX}source.partition", str(number % 4).encode()),
            (f"{PREFIX}source.offset", str(number // 4).encode()),
            *self._headers(at),
        ]
        return "rejected", None, orjson.dumps(page), headers, at


def fill(writer: Writer, many: int, batch: int, seed: int = 7) -> tuple[float, float]:
    """Enter outcomes; returns the CPU seconds of parsing and of the store."""
    offsets = dict.fromkeys(("clean", "duplicate", "rejected"), 0)
    parsing = storing = 0.0
    records = Corpus(seed, many).records()
    while part := list(itertools.islice(records, batch)):
        began = time.process_time()
        entries: list[Entry] = []
        for outcome, key, value, headers, at in part:
            place = Place(topic=outcome, topic_id="id", partition=0, offset=offsets[outcome])
            offsets[outcome] += 1
            entries.append(read_record(outcome, place, key, value, headers, at))
        parsed = time.process_time()
        ends = [Place(topic=t, topic_id="id", partition=0, offset=n) for t, n in offsets.items()]
        writer.enter(entries, ends)
        writer.trim()
        done = time.process_time()
        parsing += parsed - began
        storing += done - parsed
    return parsing, storing


def timed(what: str, query: Callable[[], object], times: int = 5) -> None:
    """Print how long a query takes: the median and the longest of several runs."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        query()
        took.append(1000 * (time.perf_counter() - began))
    print(f"  {what:<44} {statistics.median(took):9.2f} ms   longest {max(took):9.2f} ms")


def ask_everything(folder: Path) -> None:
    """Print the times of all queries."""
    reader = damage.connect_to_read(folder)
    (row, article, url, source, offset) = reader.execute(
        "SELECT row, article, url, source, source_offset FROM outcome WHERE article IS NOT NULL "
        "ORDER BY row LIMIT 1 OFFSET 777"
    ).fetchone()
    del source
    (site,) = reader.execute(
        "SELECT name FROM site WHERE number = (SELECT site FROM outcome WHERE site IS NOT NULL "
        "GROUP BY site ORDER BY count(*) DESC LIMIT 1)"
    ).fetchone()
    (copied,) = reader.execute(
        "SELECT copy_of FROM outcome WHERE copy_of IS NOT NULL GROUP BY copy_of "
        "ORDER BY count(*) DESC LIMIT 1"
    ).fetchone()
    draw = Corpus(7, 0)
    common, rare = draw.text(400).split()[0], draw._words[-1]  # noqa: SLF001 - the corpus is this file's
    now = now_ms()
    place = Place(topic="raw-pages", partition=0, offset=offset)
    kinds = frozenset({"excerpt", "recrawl"})
    hour = Filter(since=now - 3_600_000, until=now)
    cases: dict[str, Filter] = {
        "newest": Filter(),
        "by URL": Filter(url=url),
        "by article": Filter(article=article.hex()),
        "by raw record": Filter(source=place),
        f"words: {common} (common)": Filter(words=common),
        f"words: {rare} (rare)": Filter(words=rare),
        "words: beginning ba*": Filter(words="ba*"),
        "words: two Han characters": Filter(words=HAN[5:7]),
        "words and a kind": Filter(words=common, kinds=kinds),
        "words and a site": Filter(words=common, site=site),
        "site": Filter(site=site),
        "site and kinds": Filter(site=site, kinds=kinds),
        "kinds": Filter(kinds=kinds),
        "last hour": hour,
    }
    for name, wanted in cases.items():
        timed(f"search, {name}", lambda wanted=wanted: search.search(reader, wanted))  # type: ignore[misc]
        timed(f"count, {name}", lambda wanted=wanted: search.count(reader, wanted))  # type: ignore[misc]
    deep = search.search(reader, Filter(), before=row)
    timed("search, newest, at the far end", lambda: search.search(reader, Filter(), before=row))
    print(f"  ({len(deep.items)} outcomes there)")
    timed("one page", lambda: queries.page(reader, url))
    timed("copies of the most copied article", lambda: queries.copies(reader, copied.hex()))
    timed("count of its copies", lambda: queries.count_copies(reader, copied.hex()))
    timed("sites", lambda: queries.sites(reader))
    timed("the largest site", lambda: queries.site(reader, site))
    timed("stories of a day", lambda: queries.stories(reader, now - DAY, now))
    timed("stories of an hour", lambda: queries.stories(reader, now - 3_600_000, now))
    timed(
        "series, an hour of minutes", lambda: queries.series(reader, now - 3_600_000, now, 60_000)
    )
    timed("series, a day of quarters", lambda: queries.series(reader, now - DAY, now, 900_000))
    timed("extent", lambda: queries.extent(reader, 0))
    reader.close()


def compare_tokenizers(many: int) -> None:
    """Print what the full-text index costs with each tokenizer."""
    texts = []
    for outcome, key, value, headers, at in Corpus(7, many).records():
        place = Place(topic=outcome, partition=0, offset=0)
        record = read_record(outcome, place, key, value, headers, at)
        if not isinstance(record, Tombstone):
            texts.append((record.title or "", record.lead or "", record.url or ""))
    for name, options in (
        ("unicode61, a word a character where no blanks are", "unicode61 remove_diacritics 2"),
        ("trigram", "trigram"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            connection = sqlite3.connect(Path(folder) / "t.db", isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(
                "CREATE VIRTUAL TABLE words USING fts5 (title, lead, url, content='', "
                f"columnsize=0, tokenize='{options}')"
            )
            began = time.process_time()
            for start in range(0, many, 200):
                rows = [
                    (16 * (start + n) * 100, *(map(index_text, row) if name != "trigram" else row))
                    for n, row in enumerate(texts[start : start + 200])
                ]
                connection.execute("BEGIN")
                connection.executemany(
                    "INSERT INTO words (rowid, title, lead, url) VALUES (?, ?, ?, ?)", rows
                )
                connection.execute("COMMIT")
            took = time.process_time() - began
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
            connection.close()
            print(
                f"{name}: {1e6 * took / many:.0f} us and {4096 * (pages - free) / many:.0f} bytes "
                "an outcome"
            )


def main() -> None:
    """Fill a store and print what it costs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--outcomes", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--bytes", type=int, default=8 << 30, help="the store's bound")
    parser.add_argument("--tokenizers", action="store_true")
    parser.add_argument("--folder", type=Path, help="where to make the store")
    asked = parser.parse_args()
    if asked.tokenizers:
        compare_tokenizers(asked.outcomes)
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as made:
        folder = Path(made)
        connection = damage.connect(folder)
        limits = Bounds(most_bytes=asked.bytes, age=dt.timedelta(days=30))
        writer = Writer(connection, limits)
        parsing, storing = fill(writer, asked.outcomes, asked.batch)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        size = sum(path.stat().st_size for path in folder.iterdir())
        (rows,) = connection.execute("SELECT count(*) FROM outcome").fetchone()
        print(
            f"{asked.outcomes:,} outcomes in batches of {asked.batch}: "
            f"{1000 * parsing / asked.outcomes:.3f} ms to parse and "
            f"{1000 * storing / asked.outcomes:.3f} ms to store, CPU an outcome; "
            f"{rows:,} rows of {size / rows:,.0f} bytes"
        )
        ask_everything(folder)
        (article, at) = connection.execute(
            "SELECT article, at FROM outcome WHERE article IS NOT NULL LIMIT 1"
        ).fetchone()
        began, cpu = time.perf_counter(), time.process_time()
        writer.enter([Tombstone(article=article.hex(), at=at)], [])
        writer.purge()
        print(
            f"  a takedown takes {time.perf_counter() - began:.2f} s, "
            f"{time.process_time() - cpu:.2f} s of CPU"
        )
        connection.close()


if __name__ == "__main__":
    main()
