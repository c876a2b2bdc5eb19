"""Restore a shard from many records at a time: the bulk form of `Shard.apply`.

Invariant: a shard that was fed records by `apply_all` decides as a shard that was fed them one by
one, as long as no sample hash is shared by more articles than the index's cap. Only the order may
differ in which decisions of one bucket are evicted.

Of each key only the latest record counts: what came before it under its key is replaced, here and
by `Shard.apply`. A record goes the one-by-one way, and goes first, if it
is more than a plain new article: the clock, a denial, a deletion, or an article that the shard
knows already.

Reading (`read`) and applying (`apply_all`) are two functions, so that two threads can run them:
reading is mostly Python, applying is mostly compiled loops.
"""

import binascii
import dataclasses
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from cleanwire.dedupe.decision_rows import DecisionBatch
from cleanwire.dedupe.records import VERSION, bucket_of, decision_of, unpack_record
from cleanwire.dedupe.shard import Shard
from cleanwire.similarity.entry_batch import EntryBatch
from cleanwire.similarity.key_table import ID_BYTES
from cleanwire.similarity.minhash import VERSION as SIGNATURE

_PLAIN = frozenset({"v", "fact", "entry", "signature", "tentative"})
"""The fields of a plain record: one that holds a decision or an entry of an article, and no
more."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Records of a shard in columns, the latest record of each key.

    Attributes:
        special: keys and values of the records that are applied one by one; a value of None is a
            deletion.
        plain: keys and values of the plain records.
        id_keys: the ids of the plain records, in the order of `plain`, 16 bytes each, as `key_of`
            gives them.
        decisions: the decisions of the plain records.
        entries: the index entries of the plain records.
    """

    special: list[tuple[bytes, bytes | None]]
    plain: dict[bytes, bytes]
    id_keys: bytearray
    decisions: DecisionBatch
    entries: EntryBatch


def read(records: Iterable[tuple[bytes, bytes | None]], width: float) -> Records:
    """Read records that a shard wrote.

    Args:
        records: keys and values, in the order of writing, as `pack_record` made them.
        width: the width of a bucket, in seconds of event time.

    Returns:
        The latest record of each key. An entry is left out if its signature is of another version.

    Raises:
        ValueError: a plain record is not JSON.
    """
    special: list[tuple[bytes, bytes | None]] = []
    plain: dict[bytes, bytes] = {}
    # Never modified. It is a bytearray because the compiled loops reject read-only buffers.
    id_keys = bytearray()
    decisions, entries = DecisionBatch(), EntryBatch()
    for name, value in dict(records).items():
        key = _packed_id(name)
        fields: Any = None if value is None or key is None else orjson.loads(value)
        if value is None or key is None or not _is_plain(fields):
            special.append((name, value))
            continue
        plain[name] = value
        id_keys += key
        entry, decision = fields.get("entry"), fields.get("fact")
        if entry is not None and fields["signature"] == SIGNATURE:
            bucket = bucket_of(entry["since"], width)
            entries.append(key, bucket, entry, tentative=fields.get("tentative", False))
        if decision is not None:
            decisions.append(key, decision_of(name.decode(), decision, width))
    return Records(special, plain, id_keys, decisions, entries)


def apply_all(shard: Shard, records: Records, width: float) -> None:
    """Apply what `read` returned to a shard.

    Args:
        shard: the shard that wrote the records.
        records: the next records, in the order of writing.
        width: the width of a bucket, in seconds of event time; the same as for `read`.

    Raises:
        ValueError: a record is not of this version.
    """
    for key, value in records.special:
        _apply(shard, key, value, width)
    decisions, entries = records.decisions, records.entries
    known = shard.known(np.frombuffer(records.id_keys, np.uint64).reshape(-1, 2))
    if known.any():
        for key, value in itertools.compress(records.plain.items(), known):
            _apply(shard, key, value, width)
        old = _id_key_column(records.id_keys)[known]
        decisions = decisions.kept(~np.isin(_id_key_column(decisions.id_keys), old))
        entries = entries.kept(~np.isin(_id_key_column(entries.id_keys), old))
    is_open = {bucket: shard.is_open(bucket) for bucket in set(entries.buckets)}
    if not all(is_open.values()):
        entries = entries.kept(np.array([is_open[bucket] for bucket in entries.buckets], np.bool_))
    shard.add_all(decisions, entries)


def _id_key_column(id_keys: bytearray) -> NDArray[np.bytes_]:
    """The 16-byte keys as one array of byte strings, which `np.isin` can compare."""
    return np.frombuffer(id_keys, f"S{ID_BYTES}")


def _packed_id(key: bytes) -> bytes | None:
    """The 16 bytes that an id of 32 hex digits spells; None for any other record key."""
    if len(key) != 2 * ID_BYTES:
        return None
    try:
        packed = binascii.unhexlify(key)
    except ValueError:
        return None
    return packed if binascii.hexlify(packed) == key else None


def _is_plain(fields: Any) -> bool:  # noqa: ANN401 - whatever JSON can be
    """Whether a record is of this version and has no fields but those of a plain record."""
    return isinstance(fields, dict) and fields.get("v") == VERSION and _PLAIN.issuperset(fields)


def _apply(shard: Shard, key: bytes, value: bytes | None, width: float) -> None:
    name = key.decode()
    shard.apply(name, None if value is None else unpack_record(name, value, width))
