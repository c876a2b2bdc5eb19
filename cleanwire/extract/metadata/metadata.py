"""What a page says of itself: title, authors, dates, canonical URL, language, site.

Invariant: the page's own data is a witness, not the truth. Several witnesses are heard
for each field, in the order of how often they are right, and what none of them tells is None.
Its data are read before the walk, its elements after it, from the same tree.
"""

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.events import PageDetails
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.selectors import Written
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.bylines import authors_in_tree, authors_said
from cleanwire.extract.metadata.dates import DateHints
from cleanwire.extract.metadata.jsonld import as_list, is_article, read_jsonld, text_of, types
from cleanwire.extract.metadata.owner import own_articles
from cleanwire.extract.metadata.published import dates_in_tree, is_day_first, modified_in_tree
from cleanwire.extract.metadata.stories import story_of
from cleanwire.extract.metadata.surroundings import margins
from cleanwire.extract.metadata.titles import choose_title
from cleanwire.urls import host_of

MAX_METAS = 300
MAX_VALUE = 2000
MAX_TAGS = 30
WITNESSES = (
    'meta[content],script[type="application/ld+json"],link[rel~="canonical"][href],'
    ":not(svg) > title,h1,h2"
)
"""Selects what every page is asked for."""


_PUBLISHED = (
    "article:published_time article:published og:published_time datepublished date.published "
    "parsely-pub-date sailthru.date dc.date.issued dcterms.created dcterms.issued dc.date "
    "dcterms.date pubdate publishdate publish-date publish_date publication_date "
    "article.published cxenseparse:recs:publishtime rnews:datepublished date "
    "citation_publication_date "
    "citation_online_date citation_date published_time og:article:published_time date_published "
    "published publishedat published_at article:post_date dc.date.created vr:published_time "
    "created-date"
).split()
_MODIFIED = (
    "article:modified_time article:modified og:updated_time datemodified last-modified "
    "dcterms.modified dc.date.modified article.updated lastmod revised date.modified "
    "og:article:modified_time modified_time date_modified modified-date"
).split()
_PICTURES = frozenset({"img", "source", "picture", "path"})
_LANGUAGES = ("content-language", "language", "dc.language", "og:locale")
_SITE_NAMES = ("og:site_name", "application-name", "publisher", "dc.publisher")
_TITLES = ("og:title", "twitter:title")
_IMAGES = ("og:image", "og:image:url", "og:image:secure_url", "twitter:image")
_SECTIONS = ("article:section", "parsely-section", "section")
METAS: Mapping[str, Sequence[str]] = {
    "title": _TITLES,
    "published_at": _PUBLISHED,
    "modified_at": _MODIFIED,
    "language": _LANGUAGES,
    "canonical_url": ("og:url",),
    "site_name": _SITE_NAMES,
    "image": _IMAGES,
    "section": _SECTIONS,
    "tags": ("article:tag", "news_keywords", "keywords"),
    "paywalled": ("article:content_tier",),
}
"""The names of the meta tags that are witnesses, by field, the surest first. Those for authors are
`bylines.METAS`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metadata(PageDetails):
    """What a page says of itself: the details of its article, and witnesses for the other fields.

    `headings` are its first-level headings, `document_title` its `<title>`, `keywords` the
    meta tag's: they are witnesses for the title. `organisations` are agencies and publishers
    that its data name as authors, where they name no person. `margin` is what the story's own
    `footer` and `nav` tell, which are gone from the tree later: authors, dates of publication and
    of modification. `is_live` tells that it is a live blog whose entries stand in its data.
    """

    title: str | None
    document_title: str | None
    headings: tuple[str, ...]
    keywords: str | None
    authors: tuple[str, ...]
    organisations: tuple[str, ...]
    published_at: str | None
    modified_at: str | None
    language: str | None
    article_body: str | None
    is_live: bool
    description: str | None
    types: frozenset[str]
    og_type: str | None
    dates: DateHints
    margin: tuple[tuple[str, ...], str | None, str | None]


def read_metadata(
    tree: LexborHTMLParser,
    url: str | None,
    *,
    latest: dt.datetime | None = None,
    nodes: Mapping[str, Sequence[LexborNode]] | None = None,
) -> Metadata:
    """The metadata that a page's data tell.

    Args:
        tree: the page.
        url: where it was fetched.
        latest: what is later is no date of the page.
        nodes: what `WITNESSES` select, `nav` and `footer`, by tag; where they are known, a search
            is saved.
    """
    if nodes is None:
        nodes = by_tag(tree.css(f"{WITNESSES},nav,footer"))
    metas = _metas(nodes["meta"])
    linked = read_jsonld(nodes["script"])
    site_name = _first(metas, _SITE_NAMES) or _publisher(linked)
    headings = _headings(nodes["h1"][:10])
    document_title = _clean(nodes["title"][0].text(deep=True)) if nodes["title"] else None
    declared = _declared(tree, metas)
    canonical = _canonical(nodes["link"], metas, url)
    stories = [node for node in linked if is_article(node)]
    articles = own_articles(
        stories,
        urls=(canonical, _first(metas, ("og:url",)), url),
        titles=(*headings, *_all(metas, _TITLES), document_title),
    )
    if len(articles) < len(stories):
        linked = articles + [node for node in linked if not is_article(node)]
    dates = DateHints(
        day_first=is_day_first(declared, url), language=_language(declared), latest=latest
    )
    title = choose_title(
        headline=_clean(text_of(_field(articles, "headline") or _field(articles, "name"))),
        social=_first(metas, _TITLES),
        headings=headings + _headings(nodes["h2"][:6]),
        document_title=document_title,
        site_names=(site_name, host_of(url)),
    )
    others = (_publisher(linked), _first(metas, ("publisher", "dc.publisher", "copyright")))
    said = metas, articles, linked, (site_name, title, host_of(url))
    authors = authors_said(*said[:3], (*said[3], *others), language=dates.language)
    published_at = _published(metas, articles, linked, dates)
    return Metadata(
        title=title,
        document_title=document_title,
        headings=headings,
        keywords=_first(metas, ("keywords",)),
        authors=authors,
        # Of a page by nobody else even the one whom the site is named after.
        organisations=()
        if authors
        else authors_said(*said, organisations=True) or authors_said(*said[:3], (title,)),
        published_at=published_at,
        dates=dates,
        modified_at=_date(_field(articles, "dateModified"), dates)
        or _meta_date(metas, _MODIFIED, dates),
        canonical_url=canonical,
        language=_language(
            declared,
            text_of(_field(articles, "inLanguage")),
            _first(metas, _LANGUAGES),
        ),
        site_name=site_name,
        article_body=next((body for node in articles if (body := story_of(node))), None),
        is_live=any(node.get("liveBlogUpdate") for node in articles),
        types=frozenset(kind for node in linked for kind in types(node)),
        image=_image(metas, articles, url),
        section=_clean(text_of(_field(articles, "articleSection"))) or _first(metas, _SECTIONS),
        tags=_tags(metas, articles),
        paywalled=_paywalled(metas, articles),
        og_type=(_first(metas, ("og:type",)) or "").lower() or None,
        description=_first(metas, ("og:description", "description", "twitter:description")),
        margin=((), None, None)
        if authors and published_at
        else _margin([*nodes["nav"], *nodes["footer"]], said[3], dates),
    )


def with_elements(
    metadata: Metadata, tree: LexborHTMLParser, page: BlockList, url: str | None
) -> Metadata:
    """The metadata with authors and date from elements, where the page's data tell none.

    Args:
        metadata: what the data tell.
        tree: the page, without what is never visible: comments' and menus' dates are none.
        page: its blocks.
        url: where it was fetched.
    """
    if metadata.authors and metadata.published_at:
        return metadata
    margin_authors, margin_published, margin_modified = metadata.margin
    # Most elements of a page are written as others are, and each selector searches all of it.
    written = Written("".join({token[2] for token in page.tokens if token[1] not in _PICTURES}))
    published, modified = metadata.published_at, metadata.modified_at
    if not published:
        published, modified = dates_in_tree(tree, written, url, metadata.dates)
    elif not modified:
        modified = modified_in_tree(tree, written, metadata.dates)
    return dataclasses.replace(
        metadata,
        authors=metadata.authors
        or authors_in_tree(
            tree,
            written,
            (metadata.site_name, metadata.title, host_of(url)),
            language=metadata.dates.language,
        )
        or margin_authors,
        published_at=published or margin_published,
        modified_at=metadata.modified_at or modified or margin_modified,
    )


def _margin(
    navigation: Sequence[LexborNode], not_names: tuple[str | None, ...], dates: DateHints
) -> tuple[tuple[str, ...], str | None, str | None]:
    """Authors and dates in the story's own `footer` and `nav`, the first that tells each."""
    authors: tuple[str, ...] = ()
    published = modified = None
    for node in margins(navigation):
        written = Written(node.html or "")
        authors = authors or authors_in_tree(node, written, not_names, language=dates.language)
        said = dates_in_tree(node, written, None, dates)
        published, modified = published or said[0], modified or said[1]
    return authors, published, modified


def by_tag(nodes: Iterable[LexborNode]) -> Mapping[str, list[LexborNode]]:
    """Elements by their tag, each in document order; an empty list where there are none."""
    found: dict[str, list[LexborNode]] = collections.defaultdict(list)
    for node in nodes:
        found[node.tag or ""].append(node)
    return found


def _headings(nodes: Sequence[LexborNode]) -> tuple[str, ...]:
    return tuple(text for node in nodes if (text := squeezed(node.text(deep=True) or "")))


def _metas(nodes: Sequence[LexborNode]) -> dict[str, list[str]]:
    metas: dict[str, list[str]] = {}
    for node in nodes[:MAX_METAS]:
        attributes = node.attributes
        value = squeezed((attributes.get("content") or "")[:MAX_VALUE])
        if not value:
            continue
        for key in ("property", "name", "itemprop", "http-equiv"):
            name = attributes.get(key)
            if name:
                metas.setdefault(name.strip().lower(), []).append(value)
    return metas


def _first(metas: dict[str, list[str]], keys: tuple[str, ...] | list[str]) -> str | None:
    return next((metas[key][0] for key in keys if key in metas), None)


def _all(metas: dict[str, list[str]], keys: tuple[str, ...]) -> list[str]:
    return [value for key in keys for value in metas.get(key, ())]


def _clean(text: str | None) -> str | None:
    return squeezed(text[:MAX_VALUE]) or None if text else None


def _field(nodes: list[dict[str, Any]], name: str) -> Any:  # noqa: ANN401 - any JSON
    return next((node[name] for node in nodes if node.get(name)), None)


def _publisher(nodes: list[dict[str, Any]]) -> str | None:
    for node in nodes:
        for publisher in as_list(node.get("publisher")):
            name = text_of(publisher.get("name")) if isinstance(publisher, dict) else None
            if name:
                return _clean(name)
    return None


def _published(
    metas: dict[str, list[str]],
    articles: list[dict[str, Any]],
    linked: list[dict[str, Any]],
    dates: DateHints,
) -> str | None:
    return (
        _date(_field(articles, "datePublished"), dates)
        or _date(_field(articles, "dateCreated"), dates)
        or _meta_date(metas, _PUBLISHED, dates)
        or _date(_field(linked, "datePublished"), dates)
    )


def _meta_date(metas: dict[str, list[str]], keys: list[str], dates: DateHints) -> str | None:
    for key in keys:
        for value in metas.get(key, ()):
            if found := dates.find_coded(value):
                return found
    return None


def _date(value: object, dates: DateHints) -> str | None:
    text = str(value) if type(value) in (int, float) else text_of(value)
    return dates.find_coded(text) if text else None


def _image(
    metas: dict[str, list[str]], articles: list[dict[str, Any]], url: str | None
) -> str | None:
    said = _first(metas, _IMAGES)
    if said is None:
        for image in as_list(_field(articles, "image")):
            said = text_of(image.get("url") if isinstance(image, dict) else image)
            if said:
                break
    return _absolute(said, url)


def _tags(metas: dict[str, list[str]], articles: list[dict[str, Any]]) -> tuple[str, ...]:
    said = metas.get("article:tag") or as_list(_field(articles, "keywords"))
    if not said:
        said = metas.get("news_keywords") or metas.get("keywords") or []
    parts = [part for text in said if isinstance(text, str) for part in text[:MAX_VALUE].split(",")]
    return tuple(dict.fromkeys(tag for part in parts if (tag := squeezed(part))))[:MAX_TAGS]


def _paywalled(metas: dict[str, list[str]], articles: list[dict[str, Any]]) -> bool | None:
    free = next(
        (node["isAccessibleForFree"] for node in articles if "isAccessibleForFree" in node), None
    )
    # Whatever else stands there, a list in a thousand lists among it, cannot even be printed.
    said = str(free).rpartition("/")[2].lower() if isinstance(free, bool | str) else ""
    if said in ("true", "false"):
        return said == "false"
    tier = (_first(metas, ("article:content_tier",)) or "").lower()
    return tier in ("locked", "metered") if tier in ("locked", "metered", "free") else None


def _absolute(said: str | None, url: str | None) -> str | None:
    said = (said or "")[: MAX_VALUE + 1].strip()
    # A lone surrogate, as JSON-LD may have one, could not even be written down.
    if not said or len(said) > MAX_VALUE or said != squeezed(said):
        return None
    try:
        absolute = urljoin(url or "", said)
        parts = urlsplit(absolute)
        if parts.scheme in ("http", "https") and parts.hostname:
            return absolute
    except ValueError:
        pass
    return None


def _canonical(
    links: Sequence[LexborNode], metas: dict[str, list[str]], url: str | None
) -> str | None:
    said = (links[0].attributes.get("href") if links else None) or _first(metas, ("og:url",))
    return _absolute(said, url)


def _declared(tree: LexborHTMLParser, metas: dict[str, list[str]]) -> str | None:
    """The language tag as the page declares it, region included."""
    root = tree.root
    attributes = root.attributes if root is not None else {}
    said = attributes.get("lang") or attributes.get("xml:lang")
    return said or _first(metas, _LANGUAGES)


def _language(*said: str | None) -> str | None:
    for value in said:
        tag = (value or "").strip().lower().replace("_", "-").partition("-")[0]
        if tag.isascii() and tag.isalpha() and len(tag) in (2, 3):
            return tag
    return None
