"""The events, frozen, as `schemas/` defines them.

Invariant: the fields of a type are the properties of its schema, in the same order. Nothing here
knows Kafka. Times are ISO 8601 strings as the page or the crawler gave them; a time without a zone
stays without one.
"""

import dataclasses
import functools
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class PageDetails:
    """What a page says of itself, and no later step changes.

    The extraction reads these fields once (`extract/metadata/metadata.py`); its results and the
    events inherit them.

    Attributes:
        canonical_url: the URL that the page gives itself; it is no identity.
        site_name: the site's name, as the page gives it.
        image: the absolute URL of the main picture.
        section: the section of the site.
        tags: keywords.
        paywalled: whether the page is behind a paywall; None if the page does not tell.
        robots: what its publisher does not want crawlers to do with it, such as `noindex`.
    """

    canonical_url: str | None = None
    site_name: str | None = None
    image: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    paywalled: bool | None = None
    robots: tuple[str, ...] = ()


def details_of(page: PageDetails) -> dict[str, Any]:
    """The fields of `PageDetails` by name, to make the next result of."""
    return {name: getattr(page, name) for name in _DETAILS}


_DETAILS = tuple(field.name for field in dataclasses.fields(PageDetails))


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Cleaned:
    """The fields of an article that cleaning makes; a base, so that they come before the details.

    Attributes:
        id: 32 hex digits (`cleanwire.urls.article_id`).
        url: where the page was fetched.
        site: the registrable domain of `url`.
        title: the headline, without site name and glued brand.
        authors: names of people; of organisations if there are none.
        published_at: RFC 3339, or ISO 8601 without what the page does not tell (zone, time).
        modified_at: the same.
        language: the primary subtag (BCP 47) of the detected language or, for a short text, of the
            declared one.
        declared_language: the language that the page declares.
        text: the paragraphs of the body, with a blank line between them.
        word_count: words of `text`.
        fetched_at: when the page was fetched, RFC 3339.
        signature: a packed signature of `cleanwire.similarity.minhash`.
        removed: how many blocks or passages were stripped, by kind.
        cleaner: the version that made the article.
    """

    id: str
    url: str
    site: str | None
    title: str | None
    authors: tuple[str, ...]
    published_at: str | None
    modified_at: str | None
    language: str | None
    declared_language: str | None = None
    text: str
    word_count: int
    fetched_at: str
    signature: str
    removed: Mapping[str, int]
    cleaner: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Article(PageDetails, _Cleaned):
    """What cleaning makes of one page, before anything is known of other pages.

    Attributes:
        blocks: the paragraphs of `text` with their kinds.
    """

    blocks: tuple[TextBlock, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class CleanArticle(Article):
    """A published article.

    Attributes:
        source: where its raw page is.
        revision: counts from 1.
        supersedes: the id of the revision before.
    """

    source: Source
    revision: int
    supersedes: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDetails:
    """What a published article has besides its text, where that is published apart from it.

    The fields are those of its `CleanArticle` of the same names.
    """

    id: str
    url: str
    fetched_at: str
    revision: int
    signature: str
    blocks: tuple[TextBlock, ...]
    source: Source


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateArticle:
    """A page that repeats a published article.

    `title` is the page's own headline, None if it has none; `similarity` is 0 to 1.
    """

    id: str
    url: str
    title: str | None = None
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


def from_json(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members of an article as JSON has them -> as its type has them.

    A list becomes a tuple, and each member of `blocks` a `TextBlock`. Members of a block that this
    version does not know are left out.

    Raises:
        TypeError: `blocks` is no list of blocks.
    """
    typed = {
        name: tuple(value) if isinstance(value, list) else value for name, value in members.items()
    }
    typed["blocks"] = tuple(
        TextBlock(**known(TextBlock, block)) for block in members.get("blocks", ())
    )
    return typed


def known(kind: type, members: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the members that a type has fields for; a later version may have added others.

    Raises:
        TypeError: it is no mapping.
    """
    if not isinstance(members, Mapping):
        raise TypeError(f"no {kind.__name__}: {type(members).__name__}")
    names = _names(kind)
    return {name: value for name, value in members.items() if name in names}


@functools.cache
def _names(kind: type) -> frozenset[str]:
    return frozenset(field.name for field in dataclasses.fields(kind))


def to_dict(event: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the events above
    """The event as plain JSON types, its fields in the order of the schema."""
    return dataclasses.asdict(event)
