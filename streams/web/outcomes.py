"""One record of an outcome topic, as the view shows it.

Invariant: any record is either read or raises `ValueError`, whatever program wrote it. No field of
a record is trusted, and no page body is kept.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from cleanwire.urls import site_of
from streams.kafka.headers import PREFIX
from streams.kafka.outcome_topics import KINDS, OTHER, OutcomeTopic
from streams.web.state import OutcomeView

MAX_TEXT = 240
"""Characters of a title or URL that are kept."""

MAX_PAGE = 256 * 1024
"""Size in bytes up to which a rejected page is parsed for its URL."""


def seen(
    outcome: OutcomeTopic, value: bytes | None, headers: Sequence[tuple[str, bytes]], at: float
) -> OutcomeView:
    """Read a record of an outcome topic.

    Args:
        outcome: the topic that it is on.
        value: the record's value.
        headers: the record's headers, in their order.
        at: the record's time, in seconds since the epoch.

    Raises:
        ValueError: the record is not an outcome of this kind; a tombstone is none either.
    """
    if outcome == "rejected":
        return _rejected(value, headers, at)
    event = _object(value)
    return _clean(event, at) if outcome == "clean" else _duplicate(event, at)


def _clean(event: dict[str, Any], at: float) -> OutcomeView:
    url = _text(event, "url")
    revision, words = event.get("revision"), event.get("word_count")
    if url is None or not isinstance(revision, int) or not isinstance(words, int):
        raise ValueError("no clean article")
    return OutcomeView(
        at=at,
        outcome="clean",
        kind="revision" if revision > 1 else "new",
        title=_text(event, "title") or url,
        url=url,
        site=_text(event, "site"),
        detail=f"{words:,} words, {_text(event, 'language') or 'language unknown'}",
    )


def _duplicate(event: dict[str, Any], at: float) -> OutcomeView:
    url, kind, similarity = _text(event, "url"), event.get("kind"), event.get("similarity")
    if url is None or not isinstance(similarity, int | float):
        raise ValueError("no duplicate article")
    return OutcomeView(
        at=at,
        outcome="duplicate",
        kind=_kind("duplicate", kind),
        title=url,
        url=url,
        site=site_of(url),
        similarity=min(max(similarity, 0.0), 1.0),
        copy_of=_text(event, "duplicate_of_url"),
    )


def _rejected(value: bytes | None, headers: Sequence[tuple[str, bytes]], at: float) -> OutcomeView:
    # A page that was rejected before brings such headers along. The last one of each name is from
    # this rejection.
    ours = {name: text for name, text in headers if name.startswith(PREFIX)}
    if PREFIX + "reason" not in ours:
        raise ValueError("no rejected page")
    added = {
        name.removeprefix(PREFIX): (text or b"").decode(errors="replace")[:MAX_TEXT]
        for name, text in ours.items()
    }
    url = _url(value)
    place = f"{added.get('source.partition', '?')}:{added.get('source.offset', '?')}"
    return OutcomeView(
        at=at,
        outcome="rejected",
        kind=_kind("rejected", added["reason"]),
        title=url or f"raw page {place}",
        url=url,
        site=site_of(url) if url else None,
        detail=added.get("detail", ""),
    )


def _kind(outcome: OutcomeTopic, kind: object) -> str:
    return kind if isinstance(kind, str) and kind in KINDS[outcome] else OTHER


def _url(value: bytes | None) -> str | None:
    """The URL of a raw page; None if the value is too large or holds no URL."""
    if value is None or len(value) > MAX_PAGE:
        return None
    try:
        return _text(_object(value), "url")
    except ValueError:
        return None


def _object(value: bytes | None) -> dict[str, Any]:
    event = orjson.loads(value or b"")
    if not isinstance(event, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - the caller's one exception
    return event


def _text(event: dict[str, Any], name: str) -> str | None:
    text = event.get(name)
    return text[:MAX_TEXT] if isinstance(text, str) and text.strip() else None
