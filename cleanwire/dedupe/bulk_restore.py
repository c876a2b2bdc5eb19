"""Many records at a time: what `Shard.apply` does one by one, for a memory that is read back.

Invariant: a shard that was fed records by `apply_all` decides as one that was
fed them one by one, where no sample hash is shared by more articles than it may lead to. So of a
key only the latest counts, and whatever is not plainly new (time, a denial, what is forgotten or
known already) goes the ordinary way, and first.

Reading records and taking them in are two functions, for two threads: the first is Python, the
second mostly compiled loops.
"""

import binascii
import dataclasses
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from cleanwire.dedupe.decision_table import DecisionBatch
from cleanwire.dedupe.records import VERSION, bucket_of, decision_of, unpack_record
from cleanwire.dedupe.shard import Shard
from cleanwire.similarity.entry_batch import EntryBatch
from cleanwire.similarity.key_table import ID_BYTES
from cleanwire.similarity.minhash import VERSION as SIGNATURE

_PLAIN = frozenset({"v", "fact", "entry", "signature", "tentative"})
"""The fields of a record that says something of an article, and nothing else."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Records of a shard, the latest of each key, in columns.

    Attributes:
        special: keys and values of those that have to go the ordinary way.
        plain: of the others, which say something of an article and nothing else.
        names: the keys of these in their order, as `key_of` has them.
        facts: what they say of decisions.
        entries: what they say of signatures.
    """

    special: list[tuple[bytes, bytes | None]]
    plain: dict[bytes, bytes]
    names: bytearray
    decisions: DecisionBatch
    entries: EntryBatch


def read(records: Iterable[tuple[bytes, bytes | None]], width: float) -> Records:
    """Read what a shard wrote.

    Args:
        records: keys and values, in their order, as `pack_record` made them.
        width: seconds of event time in a bucket.

    Raises:
        ValueError: a record is not of this version.
    """
    special: list[tuple[bytes, bytes | None]] = []
    plain: dict[bytes, bytes] = {}
    # Written to by nobody; but compiled loops take no buffer that nobody may write to.
    names = bytearray()
    decisions, entries = DecisionBatch(), EntryBatch()
    for name, value in dict(records).items():
        key = _packed_id(name)
        fields: Any = None if value is None or key is None else orjson.loads(value)
        if value is None or key is None or not _is_plain(fields):
            special.append((name, value))
            continue
        plain[name] = value
        names += key
        entry, decision = fields.get("entry"), fields.get("fact")
        if entry is not None and fields["signature"] == SIGNATURE:
            bucket = bucket_of(entry["since"], width)
            entries.append(key, bucket, entry, tentative=fields.get("tentative", False))
        if decision is not None:
            decisions.append(key, decision_of(name.decode(), decision, width))
    return Records(special, plain, names, decisions, entries)


def apply_all(shard: Shard, records: Records, width: float) -> None:
    """Take in what was read.

    Args:
        shard: whose records they are.
        records: the next ones in their order.
        width: seconds of event time in a bucket.

    Raises:
        ValueError: a record is not of this version.
    """
    for key, value in records.special:
        _apply(shard, key, value, width)
    decisions, entries = records.decisions, records.entries
    known = shard.known(np.frombuffer(records.names, np.uint64).reshape(-1, 2))
    if known.any():
        for key, value in itertools.compress(records.plain.items(), known):
            _apply(shard, key, value, width)
        old = _names(records.names)[known]
        decisions = decisions.kept(~np.isin(_names(decisions.names), old))
        entries = entries.kept(~np.isin(_names(entries.names), old))
    is_open = {bucket: shard.is_open(bucket) for bucket in set(entries.buckets)}
    if not all(is_open.values()):
        entries = entries.kept(np.array([is_open[bucket] for bucket in entries.buckets], np.bool_))
    shard.add_all(decisions, entries)


def _names(names: bytearray) -> NDArray[np.bytes_]:
    """Keys as values that can be looked up in one another."""
    return np.frombuffer(names, f"S{ID_BYTES}")


def _packed_id(key: bytes) -> bytes | None:
    """The 16 bytes that an id spells; None for a key that is none."""
    if len(key) != 2 * ID_BYTES:
        return None
    try:
        packed = binascii.unhexlify(key)
    except ValueError:
        return None
    return packed if binascii.hexlify(packed) == key else None


def _is_plain(fields: Any) -> bool:  # noqa: ANN401 - whatever JSON can be
    return isinstance(fields, dict) and fields.get("v") == VERSION and _PLAIN.issuperset(fields)


def _apply(shard: Shard, key: bytes, value: bytes | None, width: float) -> None:
    name = key.decode()
    shard.apply(name, None if value is None else unpack_record(name, value, width))
