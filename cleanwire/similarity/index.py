"""Signatures seen in the window -> which earlier articles match, and how.

Invariant: an answer depends on what was added and on nothing else: not on the time of
asking, not on a seed. The index drops no entry on its own, but a key that many articles share
leads to the latest of them (`KEY_CAP`), so that a template or a cookie wall costs no more than
a story does.

Candidates come from shared sample hashes; each is then verified: by Jaccard similarity,
by containment of the smaller text in the larger (Broder 1997), both estimated below the
smaller of the two bounds, and by what tells stories of one template apart: their figures, their
leads, and where in the text they differ (`templates`).

The samples are not kept: what leads from their hashes to an article is its sample, so that the
hits of a query are the size of the intersection. What a verification needs beside it stands in
columns, a row an article.
"""

import dataclasses
from array import array
from typing import Literal

import numpy as np

from cleanwire.similarity.columns import as_bytes, grown
from cleanwire.similarity.entry_batch import Entry, EntryBatch
from cleanwire.similarity.hash_table import SLOT_BYTES, HashTable
from cleanwire.similarity.hash_table_kernels import MOST_ROWS
from cleanwire.similarity.key_table import ID_BYTES, U64, Bools, KeyTable, key_of
from cleanwire.similarity.minhash import Signature
from cleanwire.similarity.templates import LEAD_HASHES
from cleanwire.similarity.verify import MOST_FIGURES, look_up

__all__ = ["FIRST_ROWS", "KEY_CAP", "KINDS", "Entry", "Index", "Match", "MatchKind", "Thresholds"]

MOST_ARTICLES = MOST_ROWS - 1024
"""So many articles fill an index: a few of its rows are left for what is discarded, not swept."""

KEY_CAP = 4
"""A sample hash leads to at most so many articles; the oldest entry makes room."""

FIRST_ROWS = 1024
_MOST_SHINGLES = 2**32 - 1

MatchKind = Literal["exact", "near", "excerpt"]
KINDS: tuple[MatchKind, ...] = ("exact", "near", "excerpt")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When two texts are one story.

    Attributes:
        near: least Jaccard similarity of the shingle sets, 0..1.
        excerpt: least share of the smaller text's shingles that the larger holds, 0..1.
        figures: least share of the smaller set of figures that both hold, 0..1.
    """

    near: float = 0.45
    excerpt: float = 0.7
    figures: float = 0.5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An earlier article that tells the same story.

    `id` is the article's, or the hash that stands for it (`keys.key_of`); whoever has its fact
    knows it by both. `similarity` is the Jaccard estimate for `near`, the containment estimate for
    `excerpt`, and 1 for `exact`.
    """

    id: str
    kind: MatchKind
    similarity: float


@dataclasses.dataclass(slots=True, eq=False)
class _Bucket:
    """The rows of one bucket of event time, in the order in which they came."""

    rows: "array[int]" = dataclasses.field(default_factory=lambda: array("I"))
    first: int = 0
    """Where the first row that still counts stands, or somewhere before it."""


class Index:
    """Articles by their signatures, packed."""

    def __init__(self, thresholds: Thresholds | None = None, *, cap: int = KEY_CAP) -> None:
        limits = thresholds or Thresholds()
        self._limits = np.array([limits.near, limits.excerpt, limits.figures])
        self._cap = cap
        self._slots = HashTable(cap)
        self._by_id = KeyTable()
        self._names = np.zeros((FIRST_ROWS, 2), np.uint64)
        self._name_bytes = as_bytes(self._names)
        self._sequences = np.zeros(FIRST_ROWS, np.int64)
        self._buckets = np.zeros(FIRST_ROWS, np.int32)
        self._living = np.zeros(FIRST_ROWS, np.bool_)
        self._bounds = np.zeros(FIRST_ROWS, np.uint32)
        self._digests = np.zeros(FIRST_ROWS, np.uint64)
        self._lengths = np.zeros(FIRST_ROWS, np.uint32)
        self._samples = np.zeros(FIRST_ROWS, np.uint32)
        self._seats = np.zeros(FIRST_ROWS, np.uint32)
        self._counts = np.zeros(FIRST_ROWS, np.uint8)
        self._figures = np.zeros((FIRST_ROWS, MOST_FIGURES), np.uint16)
        self._lead_counts = np.zeros(FIRST_ROWS, np.uint8)
        self._leads = np.zeros((FIRST_ROWS, LEAD_HASHES), np.uint16)
        self._rows = 0
        self._free: list[int] = []
        self._dead: list[int] = []
        self._by_bucket: dict[int, _Bucket] = {}
        self._entries = 0
        # Of rows whose article was added again: when, in the order of candidates.
        self._later: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, article: str) -> bool:
        return self._row(key_of(article)) >= 0

    @property
    def size(self) -> int:
        """Bytes of the tables, and of the rows that were ever in use."""
        return self._slots.size + self._by_id.size + self._rows * _ROW_BYTES

    @property
    def content(self) -> int:
        """Bytes that the articles take, whatever stood there before them."""
        return len(self) * _ROW_BYTES + int(self._entries * SLOT_BYTES)

    @property
    def is_full(self) -> bool:
        """Whether there is hardly a row left."""
        return len(self) >= MOST_ARTICLES

    def add(self, entry: Entry, *, tentative: bool = False) -> Entry:
        """Remember an article.

        One that is known already stays, by the earlier of the two orders and in the later of the
        two buckets.

        Args:
            entry: the article's.
            tentative: it will most likely be discarded soon, and must not make others go.

        Returns:
            The entry as it is remembered.

        Raises:
            OverflowError: there are `MOST_ROWS` articles.
        """
        key = key_of(entry.id)
        place = self._by_id.place(key, self._names)
        if place >= 0:
            return self._again(self._row(key), entry)
        row = self._new_row()
        self._name_bytes[ID_BYTES * row : ID_BYTES * (row + 1)] = key
        self._by_id.put(place, row, self._names)
        self._sequences[row] = entry.sequence
        self._buckets[row] = entry.bucket
        self._living[row] = True
        self._bounds[row] = entry.bound
        self._digests[row] = int.from_bytes(entry.digest, "big")
        self._lengths[row] = min(entry.shingles, _MOST_SHINGLES)
        self._samples[row] = len(entry.keys)
        self._entries += int(self._samples[row])
        count = len(entry.figures)
        self._counts[row] = count
        self._figures[row, :count] = entry.figures
        count = len(entry.lead)
        self._lead_counts[row] = count
        self._leads[row, :count] = entry.lead
        self._enter(row, entry.bucket)
        self._slots.put(entry.keys, row, self._living, self._sequences, yielding=tentative)
        return entry

    def known(self, keys: U64) -> Bools:
        """Of each of many ids, as `key_of` has them, shape (n, 2), whether it is remembered."""
        return self._by_id.known(keys, self._names)

    def add_all(self, batch: EntryBatch) -> None:
        """Remember many articles, whose ids are distinct and none of which is known.

        Raises:
            OverflowError: there are `MOST_ROWS` articles.
        """
        count = len(batch.sequences)
        if not count:
            return
        rows = np.array([self._new_row() for _ in range(count)], np.int64)
        self._names[rows] = np.frombuffer(batch.names, np.uint64).reshape(count, 2)
        self._sequences[rows] = batch.sequences
        self._buckets[rows] = batch.buckets
        self._living[rows] = True
        self._bounds[rows] = batch.bounds
        self._digests[rows] = np.frombuffer(batch.digests, ">u8")
        self._lengths[rows] = np.minimum(batch.lengths, _MOST_SHINGLES)
        self._samples[rows] = batch.samples
        self._counts[rows] = batch.counts
        self._figures[rows] = np.frombuffer(batch.figures, "<u2").reshape(count, MOST_FIGURES)
        self._lead_counts[rows] = batch.lead_counts
        self._leads[rows] = np.frombuffer(batch.leads, "<u2").reshape(count, LEAD_HASHES)
        self._by_id.put_all(rows, self._names)
        self._entries += sum(batch.samples)
        for row, bucket in zip(rows.tolist(), batch.buckets, strict=True):
            self._enter(row, bucket)
        self._slots.put_all(
            np.frombuffer(batch.keys, "<u4").astype(np.uint32),
            np.cumsum(batch.samples, dtype=np.int64),
            rows,
            self._living,
            self._sequences,
            np.array(batch.tentative, np.bool_),
        )

    def reserve(self, share: float) -> None:
        """Make room at once for what is to come, after so large a share of it (0..1) is there."""
        self._slots.reserve(int(self._entries / share))

    def discard(self, article: str, *, until: int | None = None) -> bool:
        """Forget an article; returns whether it is not known any more.

        Args:
            article: which one.
            until: only if it was not added again later than this, in the order of candidates.
        """
        row = self._row(key_of(article))
        if row < 0:
            return True
        if until is not None and self._later.get(row, int(self._sequences[row])) > until:
            return False
        self._discard(row)
        return True

    def expire(self, before: int) -> None:
        """Forget every article of the buckets before this one; costs O(expired)."""
        for number in sorted(number for number in self._by_bucket if number < before):
            bucket = self._by_bucket.pop(number)
            for seat, row in enumerate(bucket.rows):
                if self._sits(row, number, seat):
                    self._discard(row)

    def oldest(self) -> str | None:
        """The article that was added first to the oldest bucket, by what a match calls it."""
        while self._by_bucket:
            number = min(self._by_bucket)
            bucket = self._by_bucket[number]
            for seat in range(bucket.first, len(bucket.rows)):
                row = bucket.rows[seat]
                if self._sits(row, number, seat):
                    bucket.first = seat
                    return str(self._names[row].tobytes().hex())
            del self._by_bucket[number]
        return None

    def matches(self, signature: Signature, *, before: int | None = None) -> list[Match]:
        """Every remembered article that tells the same story, the earliest first.

        Args:
            signature: of the text that is looked up.
            before: only articles that are earlier than this in the order of candidates.
        """
        rows, kinds, similarities = look_up(
            self._slots.table,
            self._living,
            signature.sample,
            signature.places,
            np.uint64(signature.bound),
            signature.shingles,
            np.uint64(int.from_bytes(signature.digest, "big")),
            signature.figures,
            self._limits,
            self._bounds,
            self._digests,
            self._lengths,
            self._samples,
            self._counts,
            self._figures,
            self._lead_counts,
            self._leads,
            self._cap,
        )
        if not len(rows):
            return []
        found = [
            (
                int(self._sequences[row]),
                Match(
                    id=self._names[row].tobytes().hex(),
                    kind=KINDS[kind],
                    similarity=similarity,
                ),
            )
            for row, kind, similarity in zip(
                rows.tolist(), kinds.tolist(), similarities.tolist(), strict=True
            )
            if before is None or self._sequences[row] < before
        ]
        return [match for _, match in sorted(found, key=lambda pair: pair[0])]

    def _row(self, key: bytes) -> int:
        return self._by_id.find(key, self._names)

    def _again(self, row: int, entry: Entry) -> Entry:
        self._later[row] = max(entry.sequence, self._later.get(row, int(self._sequences[row])))
        sequence = min(entry.sequence, int(self._sequences[row]))
        bucket = max(entry.bucket, int(self._buckets[row]))
        self._sequences[row] = sequence
        if bucket != self._buckets[row]:
            self._buckets[row] = bucket
            self._enter(row, bucket)
        return dataclasses.replace(entry, sequence=sequence, bucket=bucket)

    def _enter(self, row: int, number: int) -> None:
        bucket = self._by_bucket.setdefault(number, _Bucket())
        self._seats[row] = len(bucket.rows)
        bucket.rows.append(row)

    def _sits(self, row: int, number: int, seat: int) -> bool:
        """Whether a row still stands for the article that took this seat of this bucket."""
        return bool(self._living[row] and self._buckets[row] == number and self._seats[row] == seat)

    def _discard(self, row: int) -> None:
        key = self._names[row].tobytes()
        self._by_id.remove(key, self._names)
        self._living[row] = False
        self._later.pop(row, None)
        self._entries -= int(self._samples[row])
        self._dead.append(row)
        # Slots lead to a dead row until they are swept; then it can be another article's.
        if len(self._dead) > max(FIRST_ROWS, len(self) // 4):
            self._sweep()

    def _sweep(self) -> None:
        self._slots.sweep(self._living)
        self._free += self._dead
        self._dead = []

    def _new_row(self) -> int:
        if self._free:
            return self._free.pop()
        row = self._rows
        if row == MOST_ROWS and self._dead:
            self._sweep()
            return self._free.pop()
        if row == MOST_ROWS:
            raise OverflowError(f"an index holds {MOST_ROWS} articles; use more shards")
        self._rows += 1
        if row == len(self._living):
            for name in _COLUMNS:
                column = getattr(self, name)
                setattr(self, name, grown(column, len(column)))
            self._name_bytes = as_bytes(self._names)
        return row


_COLUMNS = (
    "_names",
    "_sequences",
    "_buckets",
    "_living",
    "_bounds",
    "_digests",
    "_lengths",
    "_samples",
    "_seats",
    "_counts",
    "_figures",
    "_lead_counts",
    "_leads",
)
_ROW_BYTES = 16 + 8 + 4 + 1 + 4 + 8 + 4 + 4 + 4 + 1 + 2 * MOST_FIGURES + 1 + 2 * LEAD_HASHES + 4 + 6
"""What an article takes in the columns, in its bucket and in the table of ids."""
