"""The decisions of one window in packed columns: by article id, by URL key and by bucket.

Invariant: a decision is never changed. A decision that is read back equals the decision that was
added, field by field. No decision is kept as a Python object.

A decision is one row of the columns. Its texts (the URL, the referenced id, and its own id if that
is not 32 hex digits) lie in a block of bytes that belongs to a chunk of its bucket of event time.
The texts are freed with their chunk, so nothing has to be moved. The decisions of one URL form a
linked chain, the latest first.
"""

import dataclasses
import itertools
from array import array
from collections.abc import Iterator

import numpy as np

from cleanwire.dedupe.decision import DECISION_KINDS, Decision
from cleanwire.dedupe.decision_rows import (
    NO_ROW,
    PACKED,
    ROW,
    TEXT_LENGTHS,
    DecisionBatch,
    decoded,
    encoded,
    row_of,
    texts_of,
    unpacked_id,
)
from cleanwire.similarity.columns import as_bytes, grown
from cleanwire.similarity.key_table import ID_BYTES, U64, Bools, Ints, KeyTable, key_of

FIRST_ROWS = 1024

_DEAD = 255
_ROW_BYTES = ROW.itemsize + 4 * 8 + array("I").itemsize
_KEY_TABLE_BYTES = 12
"""About what a row takes in the two key tables."""


CHUNK = 1024
"""The number of decisions of one bucket that share a chunk. A chunk is freed when its last decision
is removed."""


@dataclasses.dataclass(slots=True, eq=False)
class _Chunk:
    """Decisions of one bucket of event time, in the order in which they were added."""

    rows: "array[int]" = dataclasses.field(default_factory=lambda: array("I"))
    texts: bytearray = dataclasses.field(default_factory=bytearray)
    alive: int = 0
    first: int = 0
    """The index in `rows` of the first live row, or of a row before it."""


@dataclasses.dataclass(slots=True, eq=False)
class _Bucket:
    """The chunks of one bucket, by their numbers, in order."""

    chunks: dict[int, _Chunk] = dataclasses.field(default_factory=dict)
    last: int = 0

    def with_room(self) -> _Chunk:
        """The last chunk, or a new one if the last is full."""
        chunk = self.chunks.get(self.last)
        if chunk is None or len(chunk.rows) >= CHUNK:
            self.last += 1
            chunk = self.chunks[self.last] = _Chunk()
        return chunk


class DecisionTable:
    """Decisions by article id, by URL key and by bucket."""

    def __init__(self) -> None:
        self._by_id = KeyTable()
        self._by_url = KeyTable()
        self._id_keys = np.zeros((FIRST_ROWS, 2), np.uint64)
        self._url_keys = np.zeros((FIRST_ROWS, 2), np.uint64)
        self._columns = np.zeros(FIRST_ROWS, ROW)
        self._refresh_views()
        self._rows = 0
        self._free: array[int] = array("I")
        self._buckets: dict[int, _Bucket] = {}
        self._rows_held = 0
        self._text_bytes = 0

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def size(self) -> int:
        """Bytes of the key tables, of all rows that were ever in use, and of the texts."""
        tables = self._by_id.size + self._by_url.size
        return tables + self._rows * _ROW_BYTES + self._text_bytes

    @property
    def content(self) -> int:
        """Bytes that the decisions take, removed ones included until their chunk is freed."""
        return self._rows_held * (_ROW_BYTES + _KEY_TABLE_BYTES) + self._text_bytes

    def get(self, article: str) -> Decision | None:
        """The decision on an article, or None if there is none."""
        row = self._by_id.find(key_of(article), self._id_keys)
        return None if row < 0 else self._read(row)

    def of_url(self, url_key: bytes, most: int | None) -> list[Decision]:
        """The latest decisions on a URL, in the order of their sequences.

        Args:
            url_key: 16 bytes.
            most: how many at most; None for all.
        """
        if self._by_url.find(url_key, self._url_keys) < 0:
            return []
        return [self._read(row) for row in itertools.islice(self._chain(url_key), most)][::-1]

    def add(self, decision: Decision) -> bool:
        """Add a decision.

        Returns:
            False if there is a decision on this article already; it is kept and the new one is
            ignored.

        Raises:
            ValueError: a URL or an id has more than 65,535 bytes.
        """
        key = key_of(decision.id)
        slot = self._by_id.slot(key, self._id_keys)
        if slot >= 0:
            return False
        own = b"" if key.hex() == decision.id else b"\0" + encoded(decision.id)
        packed = texts_of(decision.url, decision.referenced_id, own)
        row = self._new_row()
        bucket = self._buckets.setdefault(decision.bucket, _Bucket())
        chunk = bucket.with_room()
        text = len(chunk.texts)
        chunk.texts += packed
        self._text_bytes += len(packed)
        self._id_key_bytes[ID_BYTES * row : ID_BYTES * (row + 1)] = key
        self._url_key_bytes[ID_BYTES * row : ID_BYTES * (row + 1)] = decision.url_key
        start = PACKED.size * row
        self._column_bytes[start : start + PACKED.size] = row_of(decision, bucket.last, text)
        self._by_id.put(slot, row, self._id_keys)
        self._insert_in_chain(decision.url_key, decision.sequence, row)
        chunk.rows.append(row)
        chunk.alive += 1
        self._rows_held += 1
        return True

    def known(self, keys: U64) -> Bools:
        """Whether there is a decision on each of many articles.

        Args:
            keys: ids as `key_of` gives them, uint64, shape (n, 2).

        Returns:
            Booleans, shape (n,).
        """
        return self._by_id.known(keys, self._id_keys)

    def add_all(self, batch: "DecisionBatch") -> None:
        """Add many decisions. Their ids must be distinct, and none of them may be in the table."""
        count = len(batch.texts)
        if not count:
            return
        rows = self._new_rows(count)
        self._id_keys[rows] = np.frombuffer(batch.id_keys, np.uint64).reshape(count, 2)
        self._url_keys[rows] = np.frombuffer(batch.url_keys, np.uint64).reshape(count, 2)
        columns = np.frombuffer(batch.rows, ROW).copy()
        sizes = np.array([len(text) for text in batch.texts])
        for number in np.unique(columns["bucket"]).tolist():
            members = np.flatnonzero(columns["bucket"] == number)
            bucket = self._buckets.setdefault(number, _Bucket())
            while len(members):
                chunk = bucket.with_room()
                some, members = np.split(members, [CHUNK - len(chunk.rows)])
                starts = len(chunk.texts) + np.cumsum(sizes[some]) - sizes[some]
                columns["chunk"][some], columns["text"][some] = bucket.last, starts
                before = len(chunk.texts)
                chunk.texts += b"".join([batch.texts[member] for member in some.tolist()])
                self._text_bytes += len(chunk.texts) - before
                chunk.rows.extend(rows[some].tolist())
                chunk.alive += len(some)
        self._columns[rows] = columns
        self._rows_held += count
        self._by_id.put_all(rows, self._id_keys)
        for row in self._by_url.put_all(rows, self._url_keys).tolist():
            self._insert_in_chain(
                self._url_keys[row].tobytes(), int(self._columns["order"][row]), row
            )

    def remove(self, article: str) -> None:
        """Remove the decision on an article, if there is one."""
        key = key_of(article)
        row = self._by_id.find(key, self._id_keys)
        if row < 0:
            return
        self._remove_from_chain(self._url_keys[row].tobytes(), row)
        self._by_id.remove(key, self._id_keys)
        self._columns["outcome"][row] = _DEAD
        number, chunk_number = int(self._columns["bucket"][row]), int(self._columns["chunk"][row])
        bucket = self._buckets[number]
        chunk = bucket.chunks[chunk_number]
        chunk.alive -= 1
        if not chunk.alive:
            self._free += chunk.rows
            self._rows_held -= len(chunk.rows)
            self._text_bytes -= len(chunk.texts)
            del bucket.chunks[chunk_number]
            if not bucket.chunks:
                del self._buckets[number]

    def in_order(self, before: int | None = None) -> Iterator[str]:
        """The ids of the decisions by ascending bucket, and within a bucket in the order of adding.

        Args:
            before: only of the buckets before this one; None for all.
        """
        outcomes = self._columns["outcome"]
        for number in sorted(self._buckets):
            if before is not None and number >= before:
                return
            for chunk in list(self._buckets[number].chunks.values()):
                while outcomes[chunk.rows[chunk.first]] == _DEAD:
                    chunk.first += 1
                for index in range(chunk.first, len(chunk.rows)):
                    row = chunk.rows[index]
                    if outcomes[row] != _DEAD:
                        yield self._id(row, chunk)

    def _read(self, row: int) -> Decision:
        """The decision in a live row."""
        digest, fetched, similarity, sequence, number, _, revision, chunk_number, text, outcome = (
            PACKED.unpack_from(self._column_bytes, PACKED.size * row)
        )
        chunk = self._buckets[number].chunks[chunk_number]
        texts = chunk.texts
        url_length, id_length, _ = TEXT_LENGTHS.unpack_from(texts, text)
        start = text + TEXT_LENGTHS.size
        url = decoded(texts[start : start + url_length])
        start += url_length
        referenced_id = bytes(texts[start : start + id_length])
        return Decision(
            id=self._id(row, chunk),
            url_key=self._url_keys[row].tobytes(),
            digest=digest,
            fetched=fetched,
            bucket=number,
            sequence=sequence,
            outcome=DECISION_KINDS[outcome],
            revision=revision,
            referenced_id=unpacked_id(referenced_id),
            url=url,
            similarity=similarity,
        )

    def _id(self, row: int, chunk: _Chunk) -> str:
        """The article id of a live row: its 16 key bytes in hex, or the text in its chunk."""
        text = int(self._columns["text"][row])
        url_length, id_length, own_length = TEXT_LENGTHS.unpack_from(chunk.texts, text)
        if not own_length:
            key: bytes = self._id_keys[row].tobytes()
            return key.hex()
        start = text + TEXT_LENGTHS.size + url_length + id_length
        return decoded(chunk.texts[start + 1 : start + own_length])

    def _chain(self, url_key: bytes) -> Iterator[int]:
        """The rows of a URL, from the latest sequence to the earliest."""
        row = self._by_url.find(url_key, self._url_keys)
        while row >= 0:
            yield row
            row = int(self._columns[row]["next"])

    def _insert_in_chain(self, url_key: bytes, sequence: int, row: int) -> None:
        """Insert a row into the chain of its URL, which descends by sequence."""
        sequences, following = self._columns["order"], self._columns["next"]
        slot = self._by_url.slot(url_key, self._url_keys)
        head = NO_ROW if slot < 0 else self._by_url.find(url_key, self._url_keys)
        if head < 0 or sequences[head] < sequence:
            following[row] = head
            self._by_url.put(slot, row, self._url_keys)
            return
        before = head
        while following[before] >= 0 and sequences[following[before]] > sequence:
            before = int(following[before])
        following[row] = following[before]
        following[before] = row

    def _remove_from_chain(self, url_key: bytes, row: int) -> None:
        """Unlink a row from the chain of its URL; remove the URL key with its last row."""
        following = int(self._columns[row]["next"])
        before = NO_ROW
        for other in self._chain(url_key):
            if other == row:
                break
            before = other
        if before >= 0:
            self._columns["next"][before] = following
        elif following >= 0:
            slot = self._by_url.slot(url_key, self._url_keys)
            self._by_url.put(slot, following, self._url_keys)
        else:
            self._by_url.remove(url_key, self._url_keys)

    def _refresh_views(self) -> None:
        """Take new memoryviews of the columns; the old ones show the arrays from before growth."""
        self._id_key_bytes, self._url_key_bytes, self._column_bytes = map(
            as_bytes, (self._id_keys, self._url_keys, self._columns)
        )

    def _new_row(self) -> int:
        """The number of a free row; the columns grow if there is none."""
        if self._free:
            return self._free.pop()
        self._reserve_rows(self._rows + 1)
        self._rows += 1
        return self._rows - 1

    def _new_rows(self, count: int) -> Ints:
        """The numbers of many free rows; the columns grow if there are too few."""
        again = [self._free.pop() for _ in range(min(count, len(self._free)))]
        fresh = count - len(again)
        self._reserve_rows(self._rows + fresh)
        self._rows += fresh
        return np.array([*again, *range(self._rows - fresh, self._rows)], np.int64)

    def _reserve_rows(self, rows: int) -> None:
        """Double the columns until they have this many rows."""
        more = len(self._columns)
        while more < rows:
            more *= 2
        more -= len(self._columns)
        if more:
            self._id_keys = grown(self._id_keys, more)
            self._url_keys = grown(self._url_keys, more)
            self._columns = grown(self._columns, more)
            self._refresh_views()
