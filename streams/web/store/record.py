"""A record of an outcome topic -> what the store and the view keep of it.

Invariant: any record is either read or raises `ValueError`, whatever program wrote it. No field of
a record is trusted. Of an article's text only the lead is kept, and of a rejected page only its
URL and the time of its fetch.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from cleanwire.dedupe.deduper import event_time_of
from cleanwire.page.formats.raw_record import Told
from cleanwire.page.formats.record_page import told_by
from cleanwire.urls import host_of, site_of
from streams.kafka.headers import ARRIVED, PREFIX, SOURCE_ID
from streams.kafka.outcome_topics import KINDS, OTHER, OutcomeTopic
from streams.kafka.raw_records import raw_record
from streams.web.store.model import OutcomeRecord, Place, Tombstone
from streams.web.store.words import clean

MAX_TEXT = 240
"""Characters of a title, a lead or a detail that are kept."""

MAX_URL = 2048
"""Characters of a URL that are kept."""

MAX_PAGE = 256 * 1024
"""Size in bytes up to which a rejected page is parsed as JSON for its URL."""

MOST = 2**62
"""Numbers of this size and above are none of Cleanwire's; SQLite takes no larger ones than 2^63."""

Headers = Sequence[tuple[str, bytes]]

_ID = re.compile(r"[0-9a-f]{32}")


def read_record(  # noqa: PLR0913, PLR0917 - the parts of a record
    outcome: OutcomeTopic,
    place: Place,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    at: int,
) -> OutcomeRecord | Tombstone:
    """Read a record of an outcome topic.

    Args:
        outcome: the topic that it is on.
        place: the record's place.
        key: the record's key.
        value: the record's value.
        headers: the record's headers, in their order.
        at: the record's timestamp, in milliseconds since the epoch.

    Raises:
        ValueError: the record is neither an outcome of this kind nor a tombstone.
    """
    if outcome == "rejected":
        return _rejected(place, key, value, headers, at)
    if value is None and outcome == "clean":
        article = (key or b"").decode("ascii", "replace")
        if not _ID.fullmatch(article):
            raise ValueError("no tombstone of an article")
        return Tombstone(article=article, at=at)
    event = _object(value)
    added = _added(headers)
    return (_clean if outcome == "clean" else _duplicate)(place, event, added, at)


def _clean(
    place: Place, event: Mapping[str, Any], added: Mapping[str, str], at: int
) -> OutcomeRecord:
    url = _text(event.get("url"), MAX_URL)
    revision, words = _number(event.get("revision")), _number(event.get("word_count"))
    if url is None or revision is None or words is None:
        raise ValueError("no clean article")
    return OutcomeRecord(
        place=place,
        at=at,
        outcome="clean",
        kind="revision" if revision > 1 else "new",
        source=_source(event.get("source"), added),
        article=_id(event.get("id")),
        url=url,
        site=_text(event.get("site"), MAX_TEXT),
        title=_text(event.get("title"), MAX_TEXT),
        lead=_lead(event.get("text")),
        language=_text(event.get("language"), 8),
        words=words,
        revision=revision,
        supersedes=_id(event.get("supersedes")),
        fetched=_fetched(event.get("fetched_at")),
        arrived=_number(added.get(ARRIVED)),
        published_at=_text(event.get("published_at"), 40),
        modified_at=_text(event.get("modified_at"), 40),
    )


def _duplicate(
    place: Place, event: Mapping[str, Any], added: Mapping[str, str], at: int
) -> OutcomeRecord:
    url, similarity = _text(event.get("url"), MAX_URL), event.get("similarity")
    if url is None or not isinstance(similarity, int | float):
        raise ValueError("no duplicate article")
    copy_of_url = _text(event.get("duplicate_of_url"), MAX_URL)
    return OutcomeRecord(
        place=place,
        at=at,
        outcome="duplicate",
        kind=_kind("duplicate", event.get("kind")),
        source=_source(event.get("source"), added),
        article=_id(event.get("id")),
        url=url,
        site=site(url),
        # No title: it mostly repeats that of the original, whose takedown leaves the rows of its
        # copies.
        similarity=float(min(max(similarity, 0.0), 1.0)),
        copy_of=_id(event.get("duplicate_of")),
        copy_of_url=copy_of_url,
        copy_of_site=site(copy_of_url),
        fetched=_fetched(event.get("fetched_at")),
        arrived=_number(added.get(ARRIVED)),
    )


def _rejected(
    place: Place, key: bytes | None, value: bytes | None, headers: Headers, at: int
) -> OutcomeRecord:
    added = _added(headers)
    reason = added.get(f"{PREFIX}reason")
    if reason is None:
        raise ValueError("no rejected page")
    told = Told()
    if value is not None:
        told = told_by(raw_record(value, key=key, headers=headers, timestamp=None), MAX_PAGE)
    url = _text(told.url, MAX_URL)
    named = {name: added.get(f"{PREFIX}source.{name}") for name in ("topic", "partition", "offset")}
    return OutcomeRecord(
        place=place,
        at=at,
        outcome="rejected",
        kind=_kind("rejected", reason),
        source=_source(named, added),
        # Only a page that was taken down has this header from Cleanwire. Another rejected page may
        # bring it along, because its own headers are copied.
        article=_id(added.get(f"{PREFIX}article")) if reason == "withdrawn" else None,
        url=url,
        site=site(url),
        detail=_text(added.get(f"{PREFIX}detail"), MAX_TEXT),
        fetched=_fetched(told.fetched_at),
        arrived=_number(added.get(ARRIVED)),
    )


def site(url: str | None) -> str | None:
    """The site of a URL; None if there is none."""
    host = host_of(url)
    return None if host is None else _site_of_host(host)


@functools.lru_cache(maxsize=8192)
def _site_of_host(host: str) -> str | None:
    found = site_of(f"http://[{host}]/" if ":" in host else f"http://{host}/")
    return _text(found, MAX_TEXT)


def _added(headers: Headers) -> dict[str, str]:
    # A page that was rejected before brings such headers along. The last one of each name is from
    # this rejection.
    return {
        name: (text or b"").decode(errors="replace")
        for name, text in headers
        if name.startswith(PREFIX)
    }


def _source(named: object, added: Mapping[str, str]) -> Place | None:
    if not isinstance(named, Mapping):
        return None
    topic = _text(named.get("topic"), MAX_TEXT)
    partition, offset = _number(named.get("partition")), _number(named.get("offset"))
    if topic is None or partition is None or offset is None:
        return None
    topic_id = added.get(SOURCE_ID, "")[:MAX_TEXT].replace("\0", " ")
    return Place(topic=topic, topic_id=topic_id, partition=partition, offset=offset)


def _kind(outcome: OutcomeTopic, kind: object) -> str:
    return kind if isinstance(kind, str) and kind in KINDS[outcome] else OTHER


def _fetched(text: object) -> int | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        seconds = event_time_of(text, None)
    except (ValueError, OverflowError):
        return None
    return None if seconds is None or seconds < 0 else round(1000 * seconds)


def _lead(text: object) -> str | None:
    if not isinstance(text, str):
        return None
    return " ".join(clean(text[: 2 * MAX_TEXT]).split())[:MAX_TEXT] or None


def _object(value: bytes | None) -> dict[str, Any]:
    event = orjson.loads(value or b"")
    if not isinstance(event, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - the caller's one exception
    return event


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _text(value: object, most: int) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    text = value[:most]
    return text.replace("\0", " ") if "\0" in text else text


def _number(value: object) -> int | None:
    if isinstance(value, str):
        # `int` takes other scripts' digits, underscores and signs too.
        value = int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None  # noqa: PLR2004 - digits of 2^62
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < MOST else None
