"""The internal records as JSON bytes: candidates between the stages, state in the changelog.

Invariant: what is unpacked equals what was packed, field by field. A format that changes gets a new
version in its `v`, because a changelog outlives the code that wrote it.
"""

import base64
import binascii
import dataclasses
import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import orjson

from cleanwire.dedupe.decision import Decision
from cleanwire.dedupe.denylist import Denial, Takedown
from cleanwire.dedupe.policy import BUCKETS
from cleanwire.dedupe.shard_record import Record
from cleanwire.events import Article, Source, from_json, known
from cleanwire.similarity.index import KINDS, Entry, Match, MatchKind
from cleanwire.similarity.minhash import VERSION as SIGNATURE

VERSION = 2

_WRITTEN = {"sequence": "order", "url_key": "page", "referenced_id": "named"}
"""Fields that are written under another name: a changelog outlives the names in the code."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRecord:
    """A cleaned article on its way to `dedupe`; `event_time` is in seconds since the epoch."""

    article: Article
    source: Source
    event_time: float


def pack_candidate(candidate: CandidateRecord) -> bytes:
    """A candidate as JSON bytes."""
    fields = dataclasses.fields(candidate)
    return orjson.dumps(
        {"v": VERSION, **{field.name: getattr(candidate, field.name) for field in fields}}
    )


def unpack_candidate(value: bytes) -> CandidateRecord:
    """The inverse of `pack_candidate`.

    Members that this version does not know are left out: in a rolling upgrade the next version of
    `extract` may already write them. A member that an earlier version did not write gets its
    default.

    Raises:
        ValueError: the value is not a candidate of this version.
    """
    record = _record(value, "candidate")
    try:
        return CandidateRecord(
            article=Article(**from_json(known(Article, record["article"]))),
            source=Source(**known(Source, record["source"])),
            event_time=float(record["event_time"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a candidate: {error}") from None


def pack_record(record: Record, width: float) -> bytes:
    """A record of a shard's state as JSON bytes. Fields with their default values are left out.

    Args:
        record: the record.
        width: the width of a bucket, in seconds of event time. A bucket is written as the time at
            which it begins, so that a reader with another width understands it.
    """
    packed: dict[str, Any] = {"v": VERSION}
    for name, part in (("fact", record.decision), ("entry", record.entry)):
        if part is not None:
            packed[name] = {
                _WRITTEN.get(field.name, field.name): _plain(getattr(part, field.name))
                for field in dataclasses.fields(part)
                if field.name not in ("id", "bucket")
                and getattr(part, field.name) is not field.default
            } | {"since": part.bucket * width}
    if record.open_from is not None:
        # The latest event time, or a little less: a reader with another window can convert it.
        packed["latest"] = (record.open_from + BUCKETS - 1) * width
    if record.entry is not None:
        packed["signature"] = SIGNATURE
    if record.tentative:
        packed["tentative"] = True
    if record.denial is not None:
        packed["denial"] = {
            "order": record.denial.sequence,
            "until": record.denial.until,
            "since": record.denial.since,
        }
    return orjson.dumps(packed)


def unpack_record(key: str, value: bytes, width: float) -> Record:
    """The inverse of `pack_record`.

    Args:
        key: the key the record was written by; for a decision or an entry, the id of its article.
        value: the packed record.
        width: the width of a bucket, in seconds of event time.

    Raises:
        ValueError: the value is not a record of this version.
    """
    record = _record(value, "record")
    try:
        decision, entry, latest = (record.get(name) for name in ("fact", "entry", "latest"))
        denial = record.get("denial")
        if entry is not None and record["signature"] != SIGNATURE:
            # Either a later record replaces this entry, or the worker refuses to start with this
            # state.
            entry = None
        return Record(
            decision=None if decision is None else decision_of(key, decision, width),
            entry=None if entry is None else _entry(key, entry, width),
            open_from=None if latest is None else bucket_of(latest, width) - BUCKETS + 1,
            tentative=record.get("tentative", False),
            denial=None if denial is None else Denial(sequence=denial.pop("order"), **denial),
        )
    except (KeyError, TypeError, binascii.Error) as error:
        raise ValueError(f"not a record: {error!r}") from None


def decision_of(key: str, fields: dict[str, Any], width: float) -> Decision:
    """The decision in the fields of a record.

    Args:
        key: the id of the article.
        fields: the fields as they were written; the call consumes them.
        width: the width of a bucket, in seconds of event time.

    Raises:
        KeyError: a field is missing.
        TypeError: there is a field that a decision does not have.
        binascii.Error: a field is no base64.
    """
    # `a2b_base64` is what `b64decode` calls, without its checks: a restore decodes millions.
    fields["url_key"] = binascii.a2b_base64(fields.pop("page"))
    fields["sequence"] = fields.pop("order")
    fields["digest"] = binascii.a2b_base64(fields["digest"])
    return Decision(
        id=key,
        bucket=bucket_of(fields.pop("since"), width),
        referenced_id=fields.pop("named", None),
        **fields,
    )


def _entry(key: str, fields: dict[str, Any], width: float) -> Entry:
    """The index entry in the fields of a record, which are consumed."""
    fields["sequence"] = fields.pop("order")
    fields["digest"] = base64.b64decode(fields["digest"])
    # The arrays are written little-endian on every machine.
    fields["keys"] = np.frombuffer(base64.b64decode(fields["keys"]), "<u4").astype(np.uint32)
    for name in ("figures", "lead"):
        fields[name] = np.frombuffer(base64.b64decode(fields[name]), "<u2").astype(np.uint16)
    return Entry(id=key, bucket=bucket_of(fields.pop("since"), width), **fields)


def bucket_of(since: float, width: float) -> int:
    """The bucket that begins at this time, in seconds since the epoch."""
    # Multiplying by the width and dividing again may give a little less than the whole number.
    return math.floor(since / width + 1e-6)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a field holds
    """A field as JSON takes it: bytes and arrays as base64, arrays little-endian."""
    if isinstance(value, np.ndarray):
        value = value.astype(value.dtype.newbyteorder("<")).tobytes()
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def pack_takedown(ids: Collection[str], url_keys: Collection[bytes]) -> bytes:
    """A takedown as JSON bytes. Its time and its sequence come from the Kafka record."""
    return orjson.dumps(
        {"v": VERSION, "ids": list(ids), "pages": [url_key.hex() for url_key in url_keys]}
    )


def unpack_takedown(value: bytes, *, at: float, sequence: int) -> Takedown:
    """The inverse of `pack_takedown`.

    Args:
        value: the packed takedown.
        at: when Kafka received the takedown, in seconds since the epoch.
        sequence: the takedown's position among all candidates.

    Raises:
        ValueError: the value is not a takedown of this version.
    """
    record = _record(value, "takedown")
    try:
        ids = [str(article) for article in record["ids"]]
        url_keys = [bytes.fromhex(url_key) for url_key in record["pages"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a takedown: {error!r}") from None
    return Takedown(ids=ids, url_keys=url_keys, at=at, sequence=sequence)


def pack_matches(matches: Sequence[Match]) -> bytes:
    """The matches that an article carries from shard to shard, as JSON bytes."""
    return orjson.dumps([[match.id, match.kind, match.similarity] for match in matches])


def unpack_matches(value: bytes) -> list[Match]:
    """The inverse of `pack_matches`.

    Raises:
        ValueError: the value is no list of matches.
    """
    try:
        return [
            Match(id=str(article), kind=_KIND[kind], similarity=float(similarity))
            for article, kind, similarity in orjson.loads(value)
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(f"no matches: {error!r}") from None


_KIND: dict[str, MatchKind] = {kind: kind for kind in KINDS}


def _record(value: bytes, what: str) -> dict[str, Any]:
    """The fields of a JSON object of this version, without its `v`."""
    record = orjson.loads(value)
    version = record.pop("v", None) if isinstance(record, dict) else None
    if version != VERSION:
        raise ValueError(f"not a {what} of version {VERSION}: version {version!r}")
    return dict(record)
