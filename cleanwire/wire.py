"""The internal records as bytes: candidates between the stages, facts in the changelog.

The rule here: what is unpacked equals what was packed, field by field; a format that changes
gets a new version in its `v`, because a changelog outlives the code that wrote it.
"""

import dataclasses
from typing import Any

import orjson

from cleanwire.decide import Decided
from cleanwire.events import Article, Source, TextBlock, to_dict
from cleanwire.minhash import Signature

VERSION = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CandidateArticle:
    """A cleaned article on its way to `dedupe`; `event_time` in seconds since the epoch."""

    article: Article
    source: Source
    event_time: float


def pack_candidate(candidate: CandidateArticle) -> bytes:
    """A candidate as JSON bytes."""
    return orjson.dumps({"v": VERSION, **to_dict(candidate)})


def unpack_candidate(value: bytes) -> CandidateArticle:
    """The inverse of `pack_candidate`.

    Raises:
        ValueError: not a candidate of this version.
    """
    record = _record(value, "candidate")
    try:
        article = record["article"]
        article["authors"] = tuple(article["authors"])
        article["tags"] = tuple(article.get("tags", ()))
        article["blocks"] = tuple(TextBlock(**block) for block in article.get("blocks", ()))
        return CandidateArticle(
            article=Article(**article),
            source=Source(**record["source"]),
            event_time=record["event_time"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a candidate: {error}") from None


def pack_fact(fact: Decided) -> bytes:
    """A fact as JSON bytes; what has its default value is left out."""
    record: dict[str, Any] = {"v": VERSION}
    for field in dataclasses.fields(fact):
        value = getattr(fact, field.name)
        if value != field.default:
            record[field.name] = value
    record["digest"] = fact.digest.hex()
    if fact.signature is not None:
        record["signature"] = fact.signature.pack()
    return orjson.dumps(record)


def unpack_fact(value: bytes) -> Decided:
    """The inverse of `pack_fact`.

    Raises:
        ValueError: not a fact of this version.
    """
    record = _record(value, "fact")
    try:
        record["digest"] = bytes.fromhex(record["digest"])
        if "signature" in record:
            record["signature"] = Signature.unpack(record["signature"])
        return Decided(**record)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a fact: {error}") from None


def _record(value: bytes, what: str) -> dict[str, Any]:
    record = orjson.loads(value)
    version = record.pop("v", None) if isinstance(record, dict) else None
    if version != VERSION:
        raise ValueError(f"not a {what} of version {VERSION}: version {version!r}")
    return dict(record)
