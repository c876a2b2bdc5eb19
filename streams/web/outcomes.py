"""One record of an outcome topic, as the view shows it.

Invariant: a record that somebody else wrote, or wrote otherwise, is either read or refused
with `ValueError`; nothing of it is trusted, and no page's body is kept.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from cleanwire.urls import site_of
from streams.kafka.headers import PREFIX
from streams.web.state import KINDS, OTHER, OutcomeTopic, OutcomeView

MAX_TEXT = 240
"""Characters of a title or URL that are kept."""

MAX_PAGE = 256 * 1024
"""Bytes up to which a rejected page is parsed for its URL."""


def seen(
    outcome: OutcomeTopic, value: bytes | None, headers: Sequence[tuple[str, bytes]], at: float
) -> OutcomeView:
    """Read a record.

    Args:
        outcome: which topic it stood on.
        value: the record's value.
        headers: the record's headers, in their order.
        at: the record's time, in seconds since the epoch.

    Raises:
        ValueError: it is no such event.
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
    # The last header of a name is ours; the original's come before it.
    ours = {name: text for name, text in headers if name.startswith(PREFIX)}
    if PREFIX + "reason" not in ours:
        raise ValueError("no rejected page")
    said = {
        name.removeprefix(PREFIX): (text or b"").decode(errors="replace")[:MAX_TEXT]
        for name, text in ours.items()
    }
    url = _url(value)
    place = f"{said.get('source.partition', '?')}:{said.get('source.offset', '?')}"
    return OutcomeView(
        at=at,
        outcome="rejected",
        kind=_kind("rejected", said["reason"]),
        title=url or f"raw page {place}",
        url=url,
        site=site_of(url) if url else None,
        detail=said.get("detail", ""),
    )


def _kind(outcome: OutcomeTopic, kind: object) -> str:
    return kind if isinstance(kind, str) and kind in KINDS[outcome] else OTHER


def _url(value: bytes | None) -> str | None:
    """The URL of a raw page that may be anything."""
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
