"""The decisions of one window, packed: by article id, and by the page they are of.

The rule here: a fact is never changed. What is read back equals what was put in, field by
field; nothing of it is a Python object while it waits.

A fact is a row of columns. Its texts (the URL, and an id that is none of ours) stand one after
the other in a block of bytes that belongs to a chunk of its bucket of event time, so that they go
when the chunk goes and nothing has to be moved. The facts of one page are a chain, the latest
first.
"""

import dataclasses
import itertools
import struct
from array import array
from collections.abc import Iterator
from typing import Literal

import numpy as np

from cleanwire.events import DuplicateKind
from cleanwire.index import as_bytes, grown
from cleanwire.keys import ID_BYTES, KeyTable, key_of

Outcome = Literal["clean"] | DuplicateKind
OUTCOMES: tuple[Outcome, ...] = ("clean", "recrawl", "exact", "near", "excerpt")

FIRST_ROWS = 1024

_NO_ROW = -1
_DEAD = 255
_TEXTS = struct.Struct(">HHH")
_MOST_TEXT = 2**16 - 1
_NO_KEY = b"\0" * (ID_BYTES + 1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The fact of one decision.

    Attributes:
        id: the article's.
        page: 16 bytes that stand for its normalised URL.
        digest: of its words.
        fetched: seconds since the epoch.
        bucket: of event time, in which it is remembered.
        order: its place in the order of all candidates.
        outcome: "clean" for a published one, else the kind of duplicate.
        revision: counts a page's published texts from 1.
        named: the published article that it supersedes, if it is published, or duplicates.
        url: of the published article: its own, or that of the one it duplicates.
        similarity: 0..1, of duplicates.
    """

    id: str
    page: bytes
    digest: bytes
    fetched: float
    bucket: int
    order: int
    outcome: Outcome
    revision: int = 1
    named: str | None = None
    url: str = ""
    similarity: float = 1.0

    @property
    def is_published(self) -> bool:
        """Whether the article was published."""
        return self.outcome == "clean"

    @property
    def supersedes(self) -> str | None:
        """The published article that this one replaces."""
        return self.named if self.is_published else None

    @property
    def duplicate_of(self) -> str | None:
        """The published article that this one repeats."""
        return None if self.is_published else self.named

    @property
    def duplicate_of_url(self) -> str | None:
        """The URL of the published article that this one repeats."""
        return None if self.is_published else self.url


_ROW = np.dtype(
    [
        ("digest", "S8"),
        ("fetched", np.float64),
        ("similarity", np.float64),
        ("order", np.int64),
        ("bucket", np.int32),
        ("next", np.int32),
        ("revision", np.uint32),
        ("chunk", np.uint32),
        ("text", np.uint32),
        ("outcome", np.uint8),
    ]
)


_PACKED = struct.Struct("=8s2dq2i3IB")
"""The same as `struct` writes and reads it, at a third of the cost."""

_ROW_BYTES = _ROW.itemsize + 4 * 8 + array("I").itemsize
_PLACES_BYTES = 12
"""About what the two tables of keys take."""


CHUNK = 1024
"""So many facts of a bucket share their memory, which is free when the last of them is gone."""


@dataclasses.dataclass(slots=True, eq=False)
class _Chunk:
    """Facts of one bucket of event time, in the order in which they came."""

    rows: "array[int]" = dataclasses.field(default_factory=lambda: array("I"))
    texts: bytearray = dataclasses.field(default_factory=bytearray)
    living: int = 0
    first: int = 0
    """Where the first living row stands in `rows`, or somewhere before it."""


@dataclasses.dataclass(slots=True, eq=False)
class _Bucket:
    """The chunks of one bucket by their numbers, in their order."""

    chunks: dict[int, _Chunk] = dataclasses.field(default_factory=dict)
    last: int = 0

    def with_room(self) -> _Chunk:
        """The chunk that has room."""
        chunk = self.chunks.get(self.last)
        if chunk is None or len(chunk.rows) >= CHUNK:
            self.last += 1
            chunk = self.chunks[self.last] = _Chunk()
        return chunk


class Facts:
    """Facts by id, by page and by bucket."""

    def __init__(self) -> None:
        self._by_id = KeyTable()
        self._by_page = KeyTable()
        self._names = np.zeros((FIRST_ROWS, 2), np.uint64)
        self._pages = np.zeros((FIRST_ROWS, 2), np.uint64)
        self._columns = np.zeros(FIRST_ROWS, _ROW)
        self._look()
        self._rows = 0
        self._free: array[int] = array("I")
        self._buckets: dict[int, _Bucket] = {}
        self._taken = 0
        self._text_bytes = 0

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def size(self) -> int:
        """Bytes of the tables, of the rows that were ever in use, and of the texts."""
        tables = self._by_id.size + self._by_page.size
        return tables + self._rows * _ROW_BYTES + self._text_bytes

    @property
    def content(self) -> int:
        """Bytes that the facts take, with those that a chunk keeps until it is gone."""
        return self._taken * (_ROW_BYTES + _PLACES_BYTES) + self._text_bytes

    def get(self, article: str) -> Decided | None:
        """The fact of an article, if it is known."""
        row = self._by_id.find(key_of(article), self._names)
        return None if row < 0 else self._read(row)

    def of_page(self, page: bytes, most: int | None) -> list[Decided]:
        """The latest facts of a page (None: all), in the order of their candidates."""
        if self._by_page.find(page, self._pages) < 0:
            return []
        return [self._read(row) for row in itertools.islice(self._chain(page), most)][::-1]

    def add(self, fact: Decided) -> bool:
        """Take a fact in; False for one that is known already."""
        key = key_of(fact.id)
        place = self._by_id.place(key, self._names)
        if place >= 0:
            return False
        own = b"" if key.hex() == fact.id else b"\0" + _encoded(fact.id)
        parts = (_encoded(fact.url), _packed(fact.named), own)
        if max(map(len, parts)) > _MOST_TEXT:
            raise ValueError(f"a URL or an id has more than {_MOST_TEXT} bytes: {fact.id[:80]}")
        row = self._free.pop() if self._free else self._new_row()
        bucket = self._buckets.setdefault(fact.bucket, _Bucket())
        chunk = bucket.with_room()
        text = len(chunk.texts)
        chunk.texts += _TEXTS.pack(*map(len, parts)) + b"".join(parts)
        self._text_bytes += len(chunk.texts) - text
        self._name_bytes[ID_BYTES * row : ID_BYTES * (row + 1)] = key
        self._page_bytes[ID_BYTES * row : ID_BYTES * (row + 1)] = fact.page
        _PACKED.pack_into(
            self._column_bytes,
            _PACKED.size * row,
            fact.digest,
            fact.fetched,
            fact.similarity,
            fact.order,
            fact.bucket,
            _NO_ROW,
            fact.revision,
            bucket.last,
            text,
            OUTCOMES.index(fact.outcome),
        )
        self._by_id.put(place, row, self._names)
        self._enchain(fact, row)
        chunk.rows.append(row)
        chunk.living += 1
        self._taken += 1
        return True

    def remove(self, article: str) -> None:
        """Forget the fact of an article, if it is known."""
        key = key_of(article)
        row = self._by_id.find(key, self._names)
        if row < 0:
            return
        self._unchain(self._pages[row].tobytes(), row)
        self._by_id.remove(key, self._names)
        self._columns["outcome"][row] = _DEAD
        number, place = int(self._columns["bucket"][row]), int(self._columns["chunk"][row])
        bucket = self._buckets[number]
        chunk = bucket.chunks[place]
        chunk.living -= 1
        if not chunk.living:
            self._free += chunk.rows
            self._taken -= len(chunk.rows)
            self._text_bytes -= len(chunk.texts)
            del bucket.chunks[place]
            if not bucket.chunks:
                del self._buckets[number]

    def in_order(self, before: int | None = None) -> Iterator[str]:
        """The ids of the facts by bucket, in each the first that came first.

        Args:
            before: only of buckets before this one.
        """
        outcomes = self._columns["outcome"]
        for number in sorted(self._buckets):
            if before is not None and number >= before:
                return
            for chunk in list(self._buckets[number].chunks.values()):
                while outcomes[chunk.rows[chunk.first]] == _DEAD:
                    chunk.first += 1
                for place in range(chunk.first, len(chunk.rows)):
                    row = chunk.rows[place]
                    if outcomes[row] != _DEAD:
                        yield self._id(row, chunk)

    def _read(self, row: int) -> Decided:
        digest, fetched, similarity, order, number, _, revision, place, text, outcome = (
            _PACKED.unpack_from(self._column_bytes, _PACKED.size * row)
        )
        chunk = self._buckets[number].chunks[place]
        texts = chunk.texts
        urls, names, _ = _TEXTS.unpack_from(texts, text)
        start = text + _TEXTS.size
        url = _decoded(texts[start : start + urls])
        named = bytes(texts[start + urls : start + urls + names])
        return Decided(
            id=self._id(row, chunk),
            page=self._pages[row].tobytes(),
            digest=digest,
            fetched=fetched,
            bucket=number,
            order=order,
            outcome=OUTCOMES[outcome],
            revision=revision,
            named=_unpacked(named),
            url=url,
            similarity=similarity,
        )

    def _id(self, row: int, chunk: _Chunk) -> str:
        text = int(self._columns["text"][row])
        urls, names, own = _TEXTS.unpack_from(chunk.texts, text)
        if not own:
            name: bytes = self._names[row].tobytes()
            return name.hex()
        start = text + _TEXTS.size + urls + names
        return _decoded(chunk.texts[start + 1 : start + own])

    def _chain(self, page: bytes) -> Iterator[int]:
        row = self._by_page.find(page, self._pages)
        while row >= 0:
            yield row
            row = int(self._columns[row]["next"])

    def _enchain(self, fact: Decided, row: int) -> None:
        """Put a row into its page's chain, which is in falling order of the candidates."""
        orders, following = self._columns["order"], self._columns["next"]
        place = self._by_page.place(fact.page, self._pages)
        head = _NO_ROW if place < 0 else self._by_page.find(fact.page, self._pages)
        if head < 0 or orders[head] < fact.order:
            following[row] = head
            self._by_page.put(place, row, self._pages)
            return
        before = head
        while following[before] >= 0 and orders[following[before]] > fact.order:
            before = int(following[before])
        following[row] = following[before]
        following[before] = row

    def _unchain(self, page: bytes, row: int) -> None:
        following = int(self._columns[row]["next"])
        before = _NO_ROW
        for other in self._chain(page):
            if other == row:
                break
            before = other
        if before >= 0:
            self._columns["next"][before] = following
        elif following >= 0:
            place = self._by_page.place(page, self._pages)
            self._by_page.put(place, following, self._pages)
        else:
            self._by_page.remove(page, self._pages)

    def _look(self) -> None:
        self._name_bytes, self._page_bytes, self._column_bytes = map(
            as_bytes, (self._names, self._pages, self._columns)
        )

    def _new_row(self) -> int:
        row = self._rows
        self._rows += 1
        if row == len(self._columns):
            self._names = grown(self._names, row)
            self._pages = grown(self._pages, row)
            self._columns = grown(self._columns, row)
            self._look()
        return row


def _packed(named: str | None) -> bytes:
    """A named id as bytes: 16 of them, or after one more zero than that its text."""
    if named is None:
        return b""
    key = key_of(named)
    return key if key.hex() == named else _NO_KEY + _encoded(named)


def _unpacked(named: bytes) -> str | None:
    if not named:
        return None
    return named.hex() if len(named) == ID_BYTES else _decoded(named[len(_NO_KEY) :])


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decoded(text: bytes | bytearray) -> str:
    return text.decode("utf-8", "surrogatepass")
