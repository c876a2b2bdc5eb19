"""A record of `clean-articles` or `duplicate-articles` -> the row that a consumer keeps of it.

Invariant: any record is either read or raises `ValueError` with a reason, whatever program wrote
it. A member of an event that has no field here is in `extra`, so that nothing of an event is lost.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import orjson

LAST_MOMENT = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
"""Readers in all time zones can show it."""

_ID = re.compile(r"[0-9a-f]{32}")
_LEAP_SECOND = re.compile(r"(T\d{2}:\d{2}):60(?!\d)")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it is on its topic.

    Attributes:
        topic: the name of its topic.
        topic_id: the id of its topic (KIP-516); empty where the brokers give none.
        partition: the number of its partition.
        offset: its offset.
        key: its key.
        value: its value.
        at: its timestamp, in milliseconds since the epoch.
    """

    topic: str
    topic_id: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    at: int

    @property
    def named(self) -> str:
        """The key as text."""
        return (self.key or b"").decode("utf-8", "replace")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRow:
    """A published article, a field a column.

    What a page says of its times has three fields: the text as the page gave it (`published_at`),
    its date (`published_date`), and the moment, which is known only if the page named a zone
    (`published_instant`). Times of day without a zone and dates without a time are no moments.
    """

    id: str
    url: str
    canonical_url: str | None
    site: str | None
    site_name: str | None
    title: str | None
    authors: tuple[str, ...]
    published_at: str | None
    published_date: dt.date | None
    published_instant: dt.datetime | None
    modified_at: str | None
    modified_date: dt.date | None
    modified_instant: dt.datetime | None
    language: str | None
    declared_language: str | None
    text: str
    word_count: int
    image: str | None
    section: str | None
    tags: tuple[str, ...]
    paywalled: bool | None
    robots: tuple[str, ...]
    fetched_at: dt.datetime
    revision: int
    supersedes: str | None
    cleaner: str | None
    source_topic: str
    source_partition: int
    source_offset: int
    extra: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateRow:
    """A page that repeats a published article, a field a column."""

    id: str
    url: str
    title: str | None
    kind: str
    duplicate_of: str
    duplicate_of_url: str | None
    similarity: float
    fetched_at: dt.datetime
    source_topic: str
    source_partition: int
    source_offset: int
    extra: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A takedown: the article's id, and when its record was written."""

    id: str
    at: dt.datetime


def article_of(record: Record) -> ArticleRow | Withdrawal:
    """Read a record of `clean-articles`.

    Raises:
        ValueError: the record is neither an article nor a takedown; the text says why.
    """
    if record.value is None:
        if not _ID.fullmatch(record.named):
            raise ValueError("a record without a value whose key is no article's id")
        return Withdrawal(id=record.named, at=moment(record.at))
    event = _Members(record)
    published, modified = event.text("published_at"), event.text("modified_at")
    return ArticleRow(
        id=event.key(),
        url=event.needed_text("url"),
        canonical_url=event.text("canonical_url"),
        site=event.text("site"),
        site_name=event.text("site_name"),
        title=event.text("title"),
        authors=event.texts("authors"),
        published_at=published,
        published_date=date_of(published),
        published_instant=instant_of(published),
        modified_at=modified,
        modified_date=date_of(modified),
        modified_instant=instant_of(modified),
        language=event.text("language"),
        declared_language=event.text("declared_language"),
        text=event.needed_text("text"),
        word_count=event.number("word_count"),
        image=event.text("image"),
        section=event.text("section"),
        tags=event.texts("tags"),
        paywalled=event.flag("paywalled"),
        robots=event.texts("robots"),
        fetched_at=event.instant("fetched_at"),
        revision=event.number("revision"),
        supersedes=event.id("supersedes"),
        cleaner=event.text("cleaner"),
        **event.source(),
        extra=event.rest(),
    )


def duplicate_of(record: Record) -> DuplicateRow:
    """Read a record of `duplicate-articles`.

    Raises:
        ValueError: the record is no duplicate; the text says why.
    """
    if record.value is None:
        raise ValueError("a record without a value, which only clean-articles has")
    event = _Members(record)
    original = event.id("duplicate_of")
    if original is None:
        raise ValueError("duplicate_of is missing")
    return DuplicateRow(
        id=event.key(),
        url=event.needed_text("url"),
        title=event.text("title"),
        kind=event.needed_text("kind"),
        duplicate_of=original,
        duplicate_of_url=event.text("duplicate_of_url"),
        similarity=event.share("similarity"),
        fetched_at=event.instant("fetched_at"),
        **event.source(),
        extra=event.rest(),
    )


def moment(milliseconds: int) -> dt.datetime:
    """A record's timestamp, in milliseconds since the epoch, as a time in UTC.

    A time that is past `LAST_MOMENT` is that moment: a program that gives microseconds or
    nanoseconds by mistake names years that no date can have.
    """
    epoch = dt.datetime.fromtimestamp(0, dt.UTC)
    try:
        return min(epoch + dt.timedelta(milliseconds=max(milliseconds, 0)), LAST_MOMENT)
    except OverflowError:
        return LAST_MOMENT


def date_of(text: str | None) -> dt.date | None:
    """The calendar date that a page gave, in the page's own zone; None if it is no date."""
    try:
        return None if text is None else dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def instant_of(text: str | None) -> dt.datetime | None:
    """The moment that a time names, in UTC; None if it names no zone, or is no time.

    Fractions of a second are cut to microseconds. A leap second is the second before it.
    """
    if text is None:
        return None
    try:
        found = dt.datetime.fromisoformat(_LEAP_SECOND.sub(r"\1:59", text.upper()))
        return None if found.tzinfo is None else found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


class _Members:
    """Takes the members of an event one by one; `rest` has those that nobody took."""

    def __init__(self, record: Record) -> None:
        try:
            event = orjson.loads(record.value or b"")
        except orjson.JSONDecodeError:
            raise ValueError("the value is no JSON") from None
        if not isinstance(event, dict):
            raise ValueError("the value is no JSON object")  # noqa: TRY004 - the one exception of this module
        self._left: dict[str, Any] = event
        self._key = record.key

    def text(self, name: str) -> str | None:
        value = self._left.pop(name, None)
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{name} is no text")
        return value

    def needed_text(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise ValueError(f"{name} is missing")
        return value

    def id(self, name: str) -> str | None:
        value = self.text(name)
        if value is not None and not _ID.fullmatch(value):
            raise ValueError(f"{name} is no article's id")
        return value

    def key(self) -> str:
        value = self.id("id")
        if value is None:
            raise ValueError("id is missing")
        # A takedown names its article by the key alone.
        if self._key is not None and self._key != value.encode():
            raise ValueError("the record's key is not the article's id")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._left.pop(name, None)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError(f"{name} is no list of texts")
        return tuple(value)

    def number(self, name: str) -> int:
        value = self._left.pop(name, None)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"{name} is no whole number")  # noqa: TRY004 - the one exception of this module
        return value

    def share(self, name: str) -> float:
        value = self._left.pop(name, None)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} is no number")  # noqa: TRY004 - the one exception of this module
        return float(value)

    def flag(self, name: str) -> bool | None:
        value = self._left.pop(name, None)
        if value is not None and not isinstance(value, bool):
            raise ValueError(f"{name} is neither true nor false")
        return value

    def instant(self, name: str) -> dt.datetime:
        found = instant_of(self.needed_text(name))
        if found is None:
            raise ValueError(f"{name} is no time with a zone")
        return found

    def source(self) -> dict[str, Any]:
        value = self._left.pop("source", None)
        if not isinstance(value, dict):
            raise ValueError("source is missing")  # noqa: TRY004 - the one exception of this module
        topic, partition, offset = (value.get(one) for one in ("topic", "partition", "offset"))
        if not isinstance(topic, str) or type(partition) is not int or type(offset) is not int:
            raise ValueError("source names no record")
        return {"source_topic": topic, "source_partition": partition, "source_offset": offset}

    def rest(self) -> dict[str, Any]:
        return self._left
