"""The events, frozen, as `schemas/` has them.

Invariant: a type's fields are its schema's properties, the order
included, and nothing in here knows Kafka. Times are ISO 8601 strings as the page
or the crawler gave them; one without a zone is written without one.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

DuplicateKind = Literal["recrawl", "exact", "near", "excerpt"]
"""The kinds of `DuplicateArticle`; the fifth relation, a revision, is published."""


BlockKind = Literal["paragraph", "heading", "list-item", "quote", "code", "table-row"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """A block of an article's body; `level` is a heading's, 1 to 6, and else 0.

    `text` is one line, but for `code`, whose lines are kept; the cells of a table row are
    parted by ` | `.
    """

    kind: BlockKind
    level: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a raw page came from: the record on the bus, or a file and its place in it."""

    topic: str
    partition: int
    offset: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RawPage:
    """A page as the crawler fetched it.

    `body` is text where the event had `body`, and bytes where it had `body_base64`.
    """

    url: str
    fetched_at: str
    body: str | bytes
    content_type: str | None = None
    status: int | None = None
    headers: Mapping[str, str] | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What cleaning makes of one page, before anything is known of other pages.

    `id` is 32 hex digits (`cleanwire.urls.article_id`); `text` has its paragraphs
    parted by a blank line, `blocks` has the same with their kinds; `language` is what was
    detected or, of short texts, declared; `signature` is that of `cleanwire.similarity.minhash`,
    as text; `removed` counts the stripped blocks by kind; `cleaner` is the version that made it.
    """

    id: str
    url: str
    canonical_url: str | None
    site: str | None
    title: str | None
    authors: tuple[str, ...]
    published_at: str | None
    modified_at: str | None
    language: str | None
    text: str
    word_count: int
    fetched_at: str
    signature: str
    removed: Mapping[str, int]
    cleaner: str
    site_name: str | None = None
    image: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    paywalled: bool | None = None
    declared_language: str | None = None
    blocks: tuple[TextBlock, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CleanArticle:
    """A published article: `revision` counts from 1, `supersedes` names the one before."""

    id: str
    url: str
    canonical_url: str | None
    site: str | None
    title: str | None
    authors: tuple[str, ...]
    published_at: str | None
    modified_at: str | None
    language: str | None
    text: str
    word_count: int
    fetched_at: str
    source: Source
    revision: int
    supersedes: str | None
    signature: str
    removed: Mapping[str, int]
    cleaner: str
    site_name: str | None = None
    image: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    paywalled: bool | None = None
    declared_language: str | None = None
    blocks: tuple[TextBlock, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateArticle:
    """A page that was a copy of a published article; `similarity` is in 0..1."""

    id: str
    url: str
    kind: DuplicateKind
    duplicate_of: str
    duplicate_of_url: str
    similarity: float
    fetched_at: str
    source: Source


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a raw page was rejected; the page itself travels beside it, untouched."""

    reason: str
    detail: str
    source: Source


def to_dict(event: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the events above
    """The event as plain JSON types, its fields in the schema's order."""
    return dataclasses.asdict(event)
