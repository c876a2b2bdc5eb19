"""Many records at a time: what `Shard.apply` does one by one, for a memory that is read back.

What must always hold here: a shard that was fed records by `apply_all` decides as one that was
fed them one by one, where no sample hash is shared by more articles than it may lead to. So of a
key only the latest counts, and whatever is not plainly new (time, a denial, what is forgotten or
known already) goes the ordinary way, and first.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson

from cleanwire.batch import EntryBatch
from cleanwire.facts import FactBatch
from cleanwire.keys import ID_BYTES
from cleanwire.minhash import VERSION as SIGNATURE
from cleanwire.shard import Shard
from cleanwire.wire import VERSION, bucket_of, fact_of, unpack_record

_PLAIN = frozenset({"v", "fact", "entry", "signature", "tentative"})
"""The fields of a record that says something of an article, and nothing else."""


def apply_all(shard: Shard, records: Iterable[tuple[bytes, bytes | None]], width: float) -> None:
    """Take in what a shard wrote.

    Args:
        shard: what is read back.
        records: keys and values, in their order, as `pack_record` made them.
        width: seconds of event time in a bucket.

    Raises:
        ValueError: a record is not of this version.
    """
    latest = dict(records)
    fresh: list[tuple[bytes, dict[str, Any]]] = []
    for key, value in latest.items():
        packed = _packed_id(key)
        fields: Any = None if value is None or packed is None else orjson.loads(value)
        if packed is not None and isinstance(fields, dict) and _is_plain(fields):
            fresh.append((packed, fields))
        else:
            _apply(shard, key, value, width)
    # In a buffer that may be written to: compiled loops take no other.
    names = bytearray(b"".join(key for key, _ in fresh))
    keys = np.frombuffer(names, np.uint64).reshape(len(fresh), 2)
    facts, entries = FactBatch(), EntryBatch()
    for (key, fields), known in zip(fresh, shard.known(keys).tolist(), strict=True):
        if known:
            name = key.hex().encode()
            _apply(shard, name, latest[name], width)
            continue
        entry = fields.get("entry")
        if entry is not None and fields["signature"] == SIGNATURE:
            bucket = bucket_of(entry["since"], width)
            if shard.is_open(bucket):
                entries.append(key, bucket, entry, tentative=fields.get("tentative", False))
        if fields.get("fact") is not None:
            facts.append(key, fact_of(key.hex(), fields["fact"], width))
    shard.add_all(facts, entries)


def _packed_id(key: bytes) -> bytes | None:
    """The 16 bytes that an id spells; None for a key that is none."""
    if len(key) != 2 * ID_BYTES:
        return None
    try:
        packed = bytes.fromhex(key.decode("ascii"))
    except ValueError:
        return None
    return packed if packed.hex().encode() == key else None


def _is_plain(fields: dict[str, Any]) -> bool:
    return fields.get("v") == VERSION and fields.keys() <= _PLAIN


def _apply(shard: Shard, key: bytes, value: bytes | None, width: float) -> None:
    name = key.decode()
    shard.apply(name, None if value is None else unpack_record(name, value, width))
