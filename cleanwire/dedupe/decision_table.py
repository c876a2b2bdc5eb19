"""The decisions of one window, packed: by article id, and by the page they are of.

Invariant: a fact is never changed. What is read back equals what was put in, field by
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

import numpy as np

from cleanwire.dedupe.decision import DECISION_KINDS, Decision
from cleanwire.similarity.columns import as_bytes, grown
from cleanwire.similarity.entry_batch import chosen
from cleanwire.similarity.key_table import ID_BYTES, U64, Bools, Ints, KeyTable, key_of

FIRST_ROWS = 1024

_NO_ROW = -1
_DEAD = 255
_TEXTS = struct.Struct(">HHH")
_MOST_TEXT = 2**16 - 1
_NO_KEY = b"\0" * (ID_BYTES + 1)


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


class DecisionTable:
    """Facts by id, by page and by bucket."""

    def __init__(self) -> None:
        self._by_id = KeyTable()
        self._by_url = KeyTable()
        self._names = np.zeros((FIRST_ROWS, 2), np.uint64)
        self._url_keys = np.zeros((FIRST_ROWS, 2), np.uint64)
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
        tables = self._by_id.size + self._by_url.size
        return tables + self._rows * _ROW_BYTES + self._text_bytes

    @property
    def content(self) -> int:
        """Bytes that the facts take, with those that a chunk keeps until it is gone."""
        return self._taken * (_ROW_BYTES + _PLACES_BYTES) + self._text_bytes

    def get(self, article: str) -> Decision | None:
        """The fact of an article, if it is known."""
        row = self._by_id.find(key_of(article), self._names)
        return None if row < 0 else self._read(row)

    def of_url(self, url_key: bytes, most: int | None) -> list[Decision]:
        """The latest facts of a page (None: all), in the order of their candidates."""
        if self._by_url.find(url_key, self._url_keys) < 0:
            return []
        return [self._read(row) for row in itertools.islice(self._chain(url_key), most)][::-1]

    def add(self, decision: Decision) -> bool:
        """Take a fact in; False for one that is known already."""
        key = key_of(decision.id)
        place = self._by_id.place(key, self._names)
        if place >= 0:
            return False
        own = b"" if key.hex() == decision.id else b"\0" + _encoded(decision.id)
        packed = _texts(decision.url, decision.named, own)
        row = self._new_row()
        bucket = self._buckets.setdefault(decision.bucket, _Bucket())
        chunk = bucket.with_room()
        text = len(chunk.texts)
        chunk.texts += packed
        self._text_bytes += len(packed)
        self._name_bytes[ID_BYTES * row : ID_BYTES * (row + 1)] = key
        self._url_key_bytes[ID_BYTES * row : ID_BYTES * (row + 1)] = decision.url_key
        start = _PACKED.size * row
        self._column_bytes[start : start + _PACKED.size] = _row_of(decision, bucket.last, text)
        self._by_id.put(place, row, self._names)
        self._enchain(decision.url_key, decision.sequence, row)
        chunk.rows.append(row)
        chunk.living += 1
        self._taken += 1
        return True

    def known(self, keys: U64) -> Bools:
        """Of each of many ids, as `key_of` has them, shape (n, 2), whether its fact is known."""
        return self._by_id.known(keys, self._names)

    def add_all(self, batch: "DecisionBatch") -> None:
        """Take many facts in, whose ids are distinct and none of which is known."""
        count = len(batch.texts)
        if not count:
            return
        rows = self._new_rows(count)
        self._names[rows] = np.frombuffer(batch.names, np.uint64).reshape(count, 2)
        self._url_keys[rows] = np.frombuffer(batch.url_keys, np.uint64).reshape(count, 2)
        columns = np.frombuffer(batch.rows, _ROW).copy()
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
                chunk.texts += b"".join([batch.texts[place] for place in some.tolist()])
                self._text_bytes += len(chunk.texts) - before
                chunk.rows.extend(rows[some].tolist())
                chunk.living += len(some)
        self._columns[rows] = columns
        self._taken += count
        self._by_id.put_all(rows, self._names)
        for row in self._by_url.put_all(rows, self._url_keys).tolist():
            self._enchain(self._url_keys[row].tobytes(), int(self._columns["order"][row]), row)

    def remove(self, article: str) -> None:
        """Forget the fact of an article, if it is known."""
        key = key_of(article)
        row = self._by_id.find(key, self._names)
        if row < 0:
            return
        self._unchain(self._url_keys[row].tobytes(), row)
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

    def _read(self, row: int) -> Decision:
        digest, fetched, similarity, sequence, number, _, revision, place, text, outcome = (
            _PACKED.unpack_from(self._column_bytes, _PACKED.size * row)
        )
        chunk = self._buckets[number].chunks[place]
        texts = chunk.texts
        urls, names, _ = _TEXTS.unpack_from(texts, text)
        start = text + _TEXTS.size
        url = _decoded(texts[start : start + urls])
        named = bytes(texts[start + urls : start + urls + names])
        return Decision(
            id=self._id(row, chunk),
            url_key=self._url_keys[row].tobytes(),
            digest=digest,
            fetched=fetched,
            bucket=number,
            sequence=sequence,
            outcome=DECISION_KINDS[outcome],
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

    def _chain(self, url_key: bytes) -> Iterator[int]:
        row = self._by_url.find(url_key, self._url_keys)
        while row >= 0:
            yield row
            row = int(self._columns[row]["next"])

    def _enchain(self, url_key: bytes, sequence: int, row: int) -> None:
        """Put a row into its page's chain, which is in falling order of the candidates."""
        sequences, following = self._columns["order"], self._columns["next"]
        place = self._by_url.place(url_key, self._url_keys)
        head = _NO_ROW if place < 0 else self._by_url.find(url_key, self._url_keys)
        if head < 0 or sequences[head] < sequence:
            following[row] = head
            self._by_url.put(place, row, self._url_keys)
            return
        before = head
        while following[before] >= 0 and sequences[following[before]] > sequence:
            before = int(following[before])
        following[row] = following[before]
        following[before] = row

    def _unchain(self, url_key: bytes, row: int) -> None:
        following = int(self._columns[row]["next"])
        before = _NO_ROW
        for other in self._chain(url_key):
            if other == row:
                break
            before = other
        if before >= 0:
            self._columns["next"][before] = following
        elif following >= 0:
            place = self._by_url.place(url_key, self._url_keys)
            self._by_url.put(place, following, self._url_keys)
        else:
            self._by_url.remove(url_key, self._url_keys)

    def _look(self) -> None:
        self._name_bytes, self._url_key_bytes, self._column_bytes = map(
            as_bytes, (self._names, self._url_keys, self._columns)
        )

    def _new_row(self) -> int:
        if self._free:
            return self._free.pop()
        self._fit(self._rows + 1)
        self._rows += 1
        return self._rows - 1

    def _new_rows(self, count: int) -> Ints:
        again = [self._free.pop() for _ in range(min(count, len(self._free)))]
        fresh = count - len(again)
        self._fit(self._rows + fresh)
        self._rows += fresh
        return np.array([*again, *range(self._rows - fresh, self._rows)], np.int64)

    def _fit(self, rows: int) -> None:
        more = len(self._columns)
        while more < rows:
            more *= 2
        more -= len(self._columns)
        if more:
            self._names = grown(self._names, more)
            self._url_keys = grown(self._url_keys, more)
            self._columns = grown(self._columns, more)
            self._look()


class DecisionBatch:
    """Facts on their way into the columns: what `DecisionTable.add` takes, as bytes."""

    def __init__(self) -> None:
        self.names = bytearray()
        self.url_keys = bytearray()
        self.rows = bytearray()
        self.texts: list[bytes] = []

    def append(self, key: bytes, decision: Decision) -> None:
        """Add a fact whose id is the hexadecimal of `key`."""
        self.texts.append(_texts(decision.url, decision.named, b""))
        self.names += key
        self.url_keys += decision.url_key
        # Where its text will be is known when it is taken in.
        self.rows += _row_of(decision, 0, 0)

    def kept(self, which: Bools) -> "DecisionBatch":
        """Those facts for which `which` holds, in their order."""
        other = DecisionBatch()
        other.names = chosen(self.names, ID_BYTES, which)
        other.url_keys = chosen(self.url_keys, ID_BYTES, which)
        other.rows = chosen(self.rows, _PACKED.size, which)
        other.texts = list(itertools.compress(self.texts, which))
        return other


def _row_of(decision: Decision, chunk: int, text: int) -> bytes:
    return _PACKED.pack(
        decision.digest,
        decision.fetched,
        decision.similarity,
        decision.sequence,
        decision.bucket,
        _NO_ROW,
        decision.revision,
        chunk,
        text,
        DECISION_KINDS.index(decision.outcome),
    )


def _texts(url: str, named: str | None, own: bytes) -> bytes:
    address, other = _encoded(url), _packed(named)
    if max(len(address), len(other), len(own)) > _MOST_TEXT:
        raise ValueError(f"a URL or an id has more than {_MOST_TEXT} bytes: {url[:80]}")
    return _TEXTS.pack(len(address), len(other), len(own)) + address + other + own


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
