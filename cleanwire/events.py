"""The events, frozen, as `schemas/` defines them.

Invariant: the fields of a type are the properties of its schema, in the same order. Nothing here
knows Kafka. Times are ISO 8601 strings as the page or the crawler gave them; a time without a zone
stays without one.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

DuplicateKind = Literal["recrawl", "exact", "near", "excerpt"]
"""The kinds of `DuplicateArticle`. A revision, the fifth relation, is published instead."""


BlockKind = Literal["paragraph", "heading", "list-item", "quote", "code", "table-row"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TextBlock:
    """A block of an article's body.

    Attributes:
        kind: what the block is.
        level: of a heading, 1 to 6; else 0.
        text: one line, except for `code`, which keeps its lines. ` | ` separates the cells of a
            table row.
    """

    kind: BlockKind
    level: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a raw page came from: its record in Kafka, or its position in a file."""

    topic: str
    partition: int
    offset: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RawPage:
    """A page as the crawler fetched it.

    `body` is text if the event had `body`, and bytes if it had `body_base64`.
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

    `id` is 32 hex digits (`cleanwire.urls.article_id`). A blank line separates the paragraphs of
    `text`; `blocks` has the same paragraphs with their kinds. `language` is the detected language
    or, for a short text, the declared one. `signature` is a packed signature of
    `cleanwire.similarity.minhash`. `removed` counts the stripped blocks by kind. `cleaner` is the
    version that made the article.
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
    """A published article: `revision` counts from 1, `supersedes` is the id of the one before."""

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
    """A page that repeats a published article; `similarity` is 0 to 1."""

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
    """Why a raw page was rejected; the page itself travels beside it, unchanged."""

    reason: str
    detail: str
    source: Source


def to_dict(event: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the events above
    """The event as plain JSON types, its fields in the order of the schema."""
    return dataclasses.asdict(event)
