"""What pages gave, as a few numbers each, so that a million of them fit into memory.

Invariant: nothing of a page is kept but its place, its article's id, and hashes of what was
published of it.
"""

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson

from cleanwire.errors import PageRejected
from cleanwire.page.formats.format_names import RawFormat
from cleanwire.page.formats.record_page import read_page, told_by
from cleanwire.similarity.columns import grown
from cleanwire.urls import article_id
from streams.kafka.headers import Original, original_of
from streams.kafka.outcome_topics import OutcomeTopic
from streams.kafka.raw_records import raw_record
from streams.ops.ledger import OVERRIDDEN
from streams.runtime.dead_letters import added_to

NONE = "no outcome"
"""The label of a page that has no outcome yet."""

_FIRST_ROWS = 1024
_ROW = np.dtype(
    [
        ("label", "u1"),
        ("article", "V16"),
        ("text", "u8"),
        ("title", "u8"),
        ("rest", "u8"),
        ("is_published", "?"),
        ("version", "i8"),
        ("sent", "i8"),
        ("chosen", "?"),
        ("done", "?"),
    ]
)
_NO_VERSION = -2
_OFFSET_BITS = 40
_PARTITION_BITS = 20
_NO_FACT = frozenset({"text", "title", "source", "revision", "supersedes"})
_ID = re.compile(r"[0-9a-f]{32}")
_IS_REJECTED = "rejected "


class Facts(NamedTuple):
    """What a page gave, in numbers.

    Attributes:
        label: `clean`, `duplicate`, `rejected REASON`, or `NONE`.
        article: the id of its article; empty if there is none.
        text: a hash of the published text; of a duplicate, of the id that it names.
        title: a hash of the published title.
        rest: a hash of the other fields that the page tells.
        is_published: whether the page gave a published article at some time.
    """

    label: str = NONE
    article: str = ""
    text: int = 0
    title: int = 0
    rest: int = 0
    is_published: bool = False

    @property
    def reason(self) -> str | None:
        """Why the page was rejected; None if it was not."""
        is_rejected = self.label.startswith(_IS_REJECTED)
        return self.label.removeprefix(_IS_REJECTED) if is_rejected else None

    def difference(self, after: "Facts") -> str:
        """What differs between two outcomes of one label, in words; empty if nothing does."""
        if self.text != after.text:
            return "another original" if after.label == "duplicate" else "text changed"
        if self.title != after.title:
            return "title changed"
        return "details changed" if self.rest != after.rest else ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PageOutcome:
    """A record of an outcome topic, as a replay needs it.

    Attributes:
        source: the raw record that it names.
        original: the first original of that raw record; the raw record itself if it is no replay.
        facts: what the page gave.
        url: the page's URL, cut to `LONGEST_URL`; empty if it is not known.
    """

    source: Original
    original: Original
    facts: Facts
    url: str


LONGEST_URL = 2048
MOST_PARSED = 256 * 1024
"""Bytes of a rejected page that is parsed for its URL."""


def read_outcome(kind: OutcomeTopic, record: Any) -> PageOutcome:  # noqa: ANN401 - untyped library
    """Read a record of an outcome topic.

    Args:
        kind: what the topic's records say.
        record: a record of kafka-python. It is no tombstone.

    Raises:
        KeyError: a field or a header is missing.
        TypeError: a field is not of its type.
        ValueError: the record has not the format of its topic.
    """
    added = added_to(record.headers)
    topic_id = added.get("source.topic-id", "")
    if kind == "rejected":
        reason = added["reason"]
        source = Original(topic_id, int(added["source.partition"]), int(added["source.offset"]))
        facts = Facts(label=f"{_IS_REJECTED}{reason}", article=_id(added.get("article")))
        url = url_of(record)
    else:
        event = orjson.loads(record.value)
        named = event["source"]
        source = Original(topic_id, int(named["partition"]), int(named["offset"]))
        facts = _clean(event) if kind == "clean" else _duplicate(event)
        url = str(event["url"])
    original = original_of(record.headers) or source
    return PageOutcome(source=source, original=original, facts=facts, url=url[:LONGEST_URL])


def url_of(record: Any, unmarked: RawFormat = "event") -> str:  # noqa: ANN401 - untyped library
    """The URL that a raw page or its dead letter says; empty if none, or if the page is large.

    Args:
        record: a record of kafka-python.
        unmarked: the format of a record whose headers say none.
    """
    raw = raw_record(record.value, key=record.key, headers=record.headers, unmarked=unmarked)
    return (told_by(raw, MOST_PARSED).url or "")[:LONGEST_URL]


def article_of(record: Any, unmarked: RawFormat = "event") -> str:  # noqa: ANN401 - untyped library
    """The id of the article that a raw page or its dead letter gives; empty if it is no page.

    Args:
        record: a record of kafka-python.
        unmarked: the format of a record whose headers say none.
    """
    raw = raw_record(
        record.value,
        key=record.key,
        headers=record.headers,
        timestamp=record.timestamp / 1000,
        unmarked=unmarked,
    )
    try:
        page = read_page(raw)
    except PageRejected:
        return ""
    return article_id(page.url or "", page.fetched_at or "", page.body)


def _clean(event: Mapping[str, Any]) -> Facts:
    rest = {name: value for name, value in event.items() if name not in _NO_FACT}
    return Facts(
        label="clean",
        article=_id(event["id"]),
        text=_hash(event["text"]),
        title=_hash(event.get("title")),
        rest=_hash(rest),
        is_published=True,
    )


def _duplicate(event: Mapping[str, Any]) -> Facts:
    return Facts(label="duplicate", article=_id(event["id"]), text=_hash(event["duplicate_of"]))


def _id(text: object) -> str:
    return text if isinstance(text, str) and _ID.fullmatch(text) else ""


def _hash(value: object) -> int:
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


class TakenDown:
    """The ids of the articles whose last record on `clean-articles` is a tombstone.

    The topic bounds how many there are: it drops a tombstone some time after the article's page is
    gone. An id takes 16 bytes and its place in a set.
    """

    def __init__(self) -> None:
        self._ids: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, article: str) -> bool:
        return bool(self._ids) and bytes.fromhex(_id(article)) in self._ids

    def enter(self, record: Any) -> None:  # noqa: ANN401 - untyped library
        """Enter a record of `clean-articles`; the records of a partition come in their order."""
        article = _id((record.key or b"").decode("ascii", "replace"))
        if not article:
            return
        change = self._ids.add if record.value is None else self._ids.discard
        change(bytes.fromhex(article))


def _packed(article: str) -> np.void:
    return np.void(bytes.fromhex(article).ljust(16, b"\0"))


class Pages:
    """Pages by their first originals: what each gave last, and how far its replay is."""

    def __init__(self) -> None:
        self._rows: dict[int, int] = {}
        self._columns = np.zeros(_FIRST_ROWS, _ROW)
        self._topics: dict[str, int] = {}
        self._labels: list[str] = [NONE]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def size(self) -> int:
        """Bytes of the columns."""
        return self._columns.nbytes

    def find(self, original: Original) -> int | None:
        """The row of a page; None if there is none."""
        return self._rows.get(self._key(original))

    def add(self, original: Original) -> int:
        """The row of a page, made if there is none."""
        key = self._key(original)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = len(self._rows)
            if row == len(self._columns):
                self._columns = grown(self._columns, len(self._columns))
            self._columns["version"][row] = _NO_VERSION
        return row

    def enter(self, row: int, outcome: PageOutcome) -> None:
        """Enter what a page gave, unless something later is entered already.

        The outcome of a later replay counts. Of one raw record, a rejection that depends on the
        moment does not count beside another outcome. The id of an article that the page gave stays
        known.
        """
        version = -1 if outcome.source == outcome.original else outcome.source.offset
        known = int(self._columns["version"][row])
        label, article, text, title, rest, is_published = outcome.facts
        before = self.facts(row)
        article, is_published = article or before.article, is_published or before.is_published
        self._columns["article"][row] = _packed(article)
        self._columns["is_published"][row] = is_published
        if version < known or (version == known and outcome.facts.reason in OVERRIDDEN):
            return
        if label not in self._labels:
            self._labels.append(label)
        self._columns[row] = (
            self._labels.index(label),
            _packed(article),
            text,
            title,
            rest,
            is_published,
            version,
            *self._columns[row].item()[7:],
        )

    def facts(self, row: int) -> Facts:
        """What a page gave last."""
        label, article, text, title, rest, is_published, *_ = self._columns[row].item()
        name = article.hex() if any(article) else ""
        return Facts(self._labels[label], name, text, title, rest, is_published)

    def choose(self, row: int) -> bool:
        """Note that a page is run again; returns False if it was chosen before."""
        if self._columns["chosen"][row]:
            return False
        self._columns["chosen"][row] = True
        return True

    def note_sent(self, row: int, partition: int, offset: int) -> None:
        """Note where the replay of a page is on `raw-pages`."""
        self._columns["sent"][row] = 1 + (partition << _OFFSET_BITS) + offset

    def is_of_this_run(self, row: int, source: Original) -> bool:
        """Whether a raw record is the replay that was appended of the page."""
        return bool(
            self._columns["sent"][row] == 1 + (source.partition << _OFFSET_BITS) + source.offset
        )

    def finish(self, row: int) -> bool:
        """Note that the replay of a page has its outcome; returns False if it had one before."""
        if self._columns["done"][row]:
            return False
        self._columns["done"][row] = True
        return True

    def _key(self, original: Original) -> int:
        topic = self._topics.setdefault(original.topic_id, len(self._topics))
        place = (topic << _PARTITION_BITS) + original.partition
        return (place << _OFFSET_BITS) + original.offset
