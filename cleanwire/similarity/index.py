"""Signatures seen in the window -> which earlier articles match, and how.

Invariant: an answer depends on the entries that were added and on nothing else: not on the time of
the query, not on a seed. The index drops no entry on its own. But a key that many articles share
leads to the latest of them only (`KEY_CAP`), so that a template or a cookie wall costs no more than
a story.

Shared sample hashes give hits. Each row with enough hits is then verified: by Jaccard similarity,
by containment of the smaller text in the larger (Broder 1997), both estimated below the smaller of
the two bounds, and by what tells stories of one template apart: their figures, their leads, and
where in the text they differ (`templates`).

The index does not store the samples. The hash table leads from a sample hash to its articles, so
the hits of a query are the intersection with each sample. Columns hold what verification needs
beyond that, one row an article.
"""

import dataclasses

import numpy as np

from cleanwire.similarity.columns import Bucket, as_bytes, grown
from cleanwire.similarity.entry_batch import Entry, EntryBatch
from cleanwire.similarity.hash_table import SLOT_BYTES, HashTable
from cleanwire.similarity.hash_table_layout import MOST_ROWS
from cleanwire.similarity.key_table import ID_BYTES, U64, Bools, KeyTable, key_of
from cleanwire.similarity.match import KINDS, Match, MatchKind
from cleanwire.similarity.minhash import Signature
from cleanwire.similarity.templates import LEAD_HASHES
from cleanwire.similarity.verify import MOST_FIGURES, look_up

__all__ = ["FIRST_ROWS", "KEY_CAP", "KINDS", "Entry", "Index", "Match", "MatchKind", "Thresholds"]

MOST_ARTICLES = MOST_ROWS - 1024
"""How many articles fill an index. A few rows are left over for discarded articles that were not
swept yet."""

KEY_CAP = 4
"""A sample hash leads to this many articles at most; above it the oldest entry is evicted."""

FIRST_ROWS = 1024
_MOST_SHINGLES = 2**32 - 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When two texts are one story.

    Attributes:
        near: the least Jaccard similarity of the shingle sets, 0 to 1.
        excerpt: the least share of the smaller text's shingles that the larger text holds, 0 to 1.
        figures: the least share of the smaller set of figures that both texts hold, 0 to 1.
    """

    near: float = 0.45
    excerpt: float = 0.7
    figures: float = 0.5


class Index:
    """Articles by their signatures, packed.

    Args:
        thresholds: when two texts are one story.
        cap: how many articles one sample hash leads to at most.
    """

    def __init__(self, thresholds: Thresholds | None = None, *, cap: int = KEY_CAP) -> None:
        limits = thresholds or Thresholds()
        self._thresholds = np.array([limits.near, limits.excerpt, limits.figures])
        self._cap = cap
        self._hash_table = HashTable(cap)
        self._by_id = KeyTable()
        self._id_keys = np.zeros((FIRST_ROWS, 2), np.uint64)
        self._id_key_bytes = as_bytes(self._id_keys)
        self._sequences = np.zeros(FIRST_ROWS, np.int64)
        self._buckets = np.zeros(FIRST_ROWS, np.int32)
        self._alive = np.zeros(FIRST_ROWS, np.bool_)
        self._bounds = np.zeros(FIRST_ROWS, np.uint32)
        self._digests = np.zeros(FIRST_ROWS, np.uint64)
        self._shingle_counts = np.zeros(FIRST_ROWS, np.uint32)
        self._sample_sizes = np.zeros(FIRST_ROWS, np.uint32)
        self._seats = np.zeros(FIRST_ROWS, np.uint32)
        self._figure_counts = np.zeros(FIRST_ROWS, np.uint8)
        self._figures = np.zeros((FIRST_ROWS, MOST_FIGURES), np.uint16)
        self._lead_counts = np.zeros(FIRST_ROWS, np.uint8)
        self._leads = np.zeros((FIRST_ROWS, LEAD_HASHES), np.uint16)
        self._rows = 0
        self._free: list[int] = []
        self._dead: list[int] = []
        self._by_bucket: dict[int, Bucket] = {}
        self._hash_entries = 0
        # For rows whose article was added again: the sequence of the last time.
        self._latest_sequences: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, article: str) -> bool:
        return self._row(key_of(article)) >= 0

    @property
    def size(self) -> int:
        """Bytes of the tables, and of all rows that were ever in use."""
        return self._hash_table.size + self._by_id.size + self._rows * _ROW_BYTES

    @property
    def content(self) -> int:
        """Bytes that the present articles take, regardless of what the tables held before."""
        return len(self) * _ROW_BYTES + int(self._hash_entries * SLOT_BYTES)

    @property
    def is_full(self) -> bool:
        """Whether there is hardly a row left."""
        return len(self) >= MOST_ARTICLES

    def add(self, entry: Entry, *, tentative: bool = False) -> Entry | None:
        """Add an article.

        If the article is indexed with the same text, its row is kept with the lower sequence and
        the later bucket. Of two texts of one article the one of the higher sequence is kept.

        Args:
            entry: the article's entry.
            tentative: the article will most likely be dropped soon, so it must not evict other
                articles: a sample hash that leads to `cap` articles does not lead to this one.

        Returns:
            The entry as the index has it; None if it has a later text of the article.

        Raises:
            OverflowError: there are `MOST_ROWS` articles.
        """
        key = key_of(entry.id)
        slot = self._by_id.slot(key, self._id_keys)
        latest = 0
        if slot >= 0:
            row = self._row(key)
            if self._digests[row] == int.from_bytes(entry.digest, "big"):
                return self._merge(row, entry)
            if entry.sequence <= self._sequences[row]:
                return None
            latest = self._latest_sequences.get(row, 0)
            entry = dataclasses.replace(entry, bucket=max(entry.bucket, int(self._buckets[row])))
            self._discard(row)
            slot = self._by_id.slot(key, self._id_keys)
        row = self._new_row()
        if latest > entry.sequence:
            self._latest_sequences[row] = latest
        self._id_key_bytes[ID_BYTES * row : ID_BYTES * (row + 1)] = key
        self._by_id.put(slot, row, self._id_keys)
        self._sequences[row] = entry.sequence
        self._buckets[row] = entry.bucket
        self._alive[row] = True
        self._bounds[row] = entry.bound
        self._digests[row] = int.from_bytes(entry.digest, "big")
        self._shingle_counts[row] = min(entry.shingles, _MOST_SHINGLES)
        self._sample_sizes[row] = len(entry.keys)
        self._hash_entries += int(self._sample_sizes[row])
        count = len(entry.figures)
        self._figure_counts[row] = count
        self._figures[row, :count] = entry.figures
        count = len(entry.lead)
        self._lead_counts[row] = count
        self._leads[row, :count] = entry.lead
        self._append_to_bucket(row, entry.bucket)
        self._hash_table.put(entry.keys, row, self._alive, self._sequences, may_not_evict=tentative)
        return entry

    def known(self, keys: U64) -> Bools:
        """Whether each of many articles is in the index.

        Args:
            keys: ids as `key_of` gives them, uint64, shape (n, 2).

        Returns:
            Booleans, shape (n,).
        """
        return self._by_id.known(keys, self._id_keys)

    def add_all(self, batch: EntryBatch) -> None:
        """Add many articles. Their ids must be distinct, and none of them may be in the index.

        Raises:
            OverflowError: there are `MOST_ROWS` articles.
        """
        count = len(batch.sequences)
        if not count:
            return
        rows = np.array([self._new_row() for _ in range(count)], np.int64)
        self._id_keys[rows] = np.frombuffer(batch.id_keys, np.uint64).reshape(count, 2)
        self._sequences[rows] = batch.sequences
        self._buckets[rows] = batch.buckets
        self._alive[rows] = True
        self._bounds[rows] = batch.bounds
        self._digests[rows] = np.frombuffer(batch.digests, ">u8")
        self._shingle_counts[rows] = np.minimum(batch.shingles, _MOST_SHINGLES)
        self._sample_sizes[rows] = batch.samples
        self._figure_counts[rows] = batch.figure_counts
        self._figures[rows] = np.frombuffer(batch.figures, "<u2").reshape(count, MOST_FIGURES)
        self._lead_counts[rows] = batch.lead_counts
        self._leads[rows] = np.frombuffer(batch.leads, "<u2").reshape(count, LEAD_HASHES)
        self._by_id.put_all(rows, self._id_keys)
        self._hash_entries += sum(batch.samples)
        for row, bucket in zip(rows.tolist(), batch.buckets, strict=True):
            self._append_to_bucket(row, bucket)
        self._hash_table.put_all(
            np.frombuffer(batch.keys, "<u4").astype(np.uint32),
            np.cumsum(batch.samples, dtype=np.int64),
            rows,
            self._alive,
            self._sequences,
            np.array(batch.tentative, np.bool_),
        )

    def reserve(self, share: float) -> None:
        """Grow the hash table ahead of a restore.

        Args:
            share: the share of the articles that is in the index already, 0 to 1, not 0.
        """
        self._hash_table.reserve(int(self._hash_entries / share))

    def discard(self, article: str, *, until: int | None = None) -> bool:
        """Remove an article.

        Args:
            article: the article's id.
            until: if given, only remove an article that was last added at or before this sequence.

        Returns:
            Whether the article is not in the index any more.
        """
        row = self._row(key_of(article))
        if row < 0:
            return True
        if until is not None and self._latest_sequences.get(row, int(self._sequences[row])) > until:
            return False
        self._discard(row)
        return True

    def expire(self, before: int) -> None:
        """Remove all articles in buckets before this one; costs O(expired)."""
        for number in sorted(number for number in self._by_bucket if number < before):
            bucket = self._by_bucket.pop(number)
            for seat, row in enumerate(bucket.rows):
                if self._still_seated(row, number, seat):
                    self._discard(row)

    def oldest(self) -> str | None:
        """The first article of the oldest bucket, by the id that a match has; None if empty."""
        while self._by_bucket:
            number = min(self._by_bucket)
            bucket = self._by_bucket[number]
            for seat in range(bucket.first, len(bucket.rows)):
                row = bucket.rows[seat]
                if self._still_seated(row, number, seat):
                    bucket.first = seat
                    return str(self._id_keys[row].tobytes().hex())
            del self._by_bucket[number]
        return None

    def matches(self, signature: Signature, *, before: int | None = None) -> list[Match]:
        """All articles in the index that tell the same story.

        Args:
            signature: the signature of the text to look up.
            before: if given, only articles of a lower sequence.

        Returns:
            The matches in ascending sequence of their articles, each article once.
        """
        rows, kinds, similarities = look_up(
            self._hash_table.table,
            self._alive,
            signature.sample,
            signature.places,
            np.uint64(signature.bound),
            signature.shingles,
            np.uint64(int.from_bytes(signature.digest, "big")),
            signature.figures,
            self._thresholds,
            self._bounds,
            self._digests,
            self._shingle_counts,
            self._sample_sizes,
            self._figure_counts,
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
                    id=self._id_keys[row].tobytes().hex(),
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

    def text_of(self, article: str) -> tuple[int, bytes] | None:
        """The sequence and the digest of an article's text; None if it is not in the index."""
        row = self._row(key_of(article))
        if row < 0:
            return None
        return int(self._sequences[row]), int(self._digests[row]).to_bytes(8, "big")

    def _row(self, key: bytes) -> int:
        """The row of an id's key, or -1."""
        return self._by_id.find(key, self._id_keys)

    def _merge(self, row: int, entry: Entry) -> Entry:
        """Keep the row of a repeated article, with the lower sequence and the later bucket."""
        self._latest_sequences[row] = max(
            entry.sequence, self._latest_sequences.get(row, int(self._sequences[row]))
        )
        sequence = min(entry.sequence, int(self._sequences[row]))
        bucket = max(entry.bucket, int(self._buckets[row]))
        self._sequences[row] = sequence
        if bucket != self._buckets[row]:
            self._buckets[row] = bucket
            self._append_to_bucket(row, bucket)
        return dataclasses.replace(entry, sequence=sequence, bucket=bucket)

    def _append_to_bucket(self, row: int, number: int) -> None:
        """Give a row the next seat of a bucket of event time."""
        bucket = self._by_bucket.setdefault(number, Bucket())
        self._seats[row] = len(bucket.rows)
        bucket.rows.append(row)

    def _still_seated(self, row: int, number: int, seat: int) -> bool:
        """Whether a row still belongs to the article that took this seat of this bucket."""
        return bool(self._alive[row] and self._buckets[row] == number and self._seats[row] == seat)

    def _discard(self, row: int) -> None:
        """Remove the article of a row."""
        key = self._id_keys[row].tobytes()
        self._by_id.remove(key, self._id_keys)
        self._alive[row] = False
        self._latest_sequences.pop(row, None)
        self._hash_entries -= int(self._sample_sizes[row])
        self._dead.append(row)
        # The hash table leads to a dead row until a sweep; only then the row can be used again.
        if len(self._dead) > max(FIRST_ROWS, len(self) // 4):
            self._sweep()

    def _sweep(self) -> None:
        """Remove dead rows from the hash table, and make them free."""
        self._hash_table.sweep(self._alive)
        self._free += self._dead
        self._dead = []

    def _new_row(self) -> int:
        """The number of a free row; the columns double if there is none."""
        if self._free:
            return self._free.pop()
        row = self._rows
        if row == MOST_ROWS and self._dead:
            self._sweep()
            return self._free.pop()
        if row == MOST_ROWS:
            raise OverflowError(f"an index holds {MOST_ROWS} articles; use more shards")
        self._rows += 1
        if row == len(self._alive):
            for name in _COLUMNS:
                column = getattr(self, name)
                setattr(self, name, grown(column, len(column)))
            self._id_key_bytes = as_bytes(self._id_keys)
        return row


_COLUMNS = (
    "_id_keys _sequences _buckets _alive _bounds _digests _shingle_counts _sample_sizes _seats "
    "_figure_counts _figures _lead_counts _leads"
).split()
"""The columns that grow together, by their attributes."""
_ROW_BYTES = 16 + 8 + 4 + 1 + 4 + 8 + 4 + 4 + 4 + 1 + 2 * MOST_FIGURES + 1 + 2 * LEAD_HASHES + 4 + 6
"""The bytes an article takes in the columns, in its bucket and in the key table."""
