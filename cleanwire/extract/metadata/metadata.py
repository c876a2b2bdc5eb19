"""What a page says of itself: title, authors, dates, canonical URL, language, site.

Invariant: a page's data are witnesses, not the truth. Several witnesses are asked for each field,
in the order of how often they are right. A field that no witness tells is None. The data are read
before `read_html` walks the tree, and the elements are read after it, from the same tree.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.events import PageDetails
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.selectors import AttributeText
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.authors.bylines import (
    AuthorElements,
    authors_in_tree,
    others_in_tree,
    site_in_tree,
)
from cleanwire.extract.metadata.authors.data_authors import (
    are_shown,
    authors_in_data,
    organisations_in_data,
)
from cleanwire.extract.metadata.dates import DateHints
from cleanwire.extract.metadata.jsonld import (
    as_list,
    first_field,
    is_article,
    publisher_of,
    read_jsonld,
    text_of,
    types,
)
from cleanwire.extract.metadata.meta_tags import (
    LANGUAGES,
    MAX_VALUE,
    absolute_declared,
    all_values,
    by_tag,
    canonical_url,
    cleaned,
    first_value,
    language_tag_of,
    primary_language,
    values_by_name,
)
from cleanwire.extract.metadata.owner import own_articles
from cleanwire.extract.metadata.published import dates_in_tree, is_day_first, modified_in_tree
from cleanwire.extract.metadata.robots import rules_in_metas
from cleanwire.extract.metadata.stories import story_of
from cleanwire.extract.metadata.surroundings import story_margins
from cleanwire.extract.metadata.titles.page_headings import page_headings
from cleanwire.extract.metadata.titles.titles import choose_title
from cleanwire.urls import host_of

MAX_TAGS = 30
WITNESSES = (
    'meta[content],script[type="application/ld+json"],link[rel~="canonical"][href],'
    ":not(svg) > title,h1,h2,h3"
)
"""The selector of the elements that are read on every page."""


PUBLISHED = (
    "article:published_time article:published og:published_time datepublished date.published "
    "parsely-pub-date sailthru.date dc.date.issued dcterms.created dcterms.issued dc.date "
    "dcterms.date pubdate publishdate publish-date publish_date publication_date "
    "article.published cxenseparse:recs:publishtime rnews:datepublished date "
    "citation_publication_date "
    "citation_online_date citation_date published_time og:article:published_time date_published "
    "published publishedat published_at article:post_date dc.date.created vr:published_time "
    "created-date"
).split()
MODIFIED = (
    "article:modified_time article:modified og:updated_time datemodified last-modified "
    "dcterms.modified dc.date.modified article.updated lastmod revised date.modified "
    "og:article:modified_time modified_time date_modified modified-date"
).split()
_DAY = len("2031-05-09")
SITE_NAMES = ("og:site_name", "application-name", "publisher", "dc.publisher")
TITLES = ("og:title", "twitter:title")
PUBLISHERS = ("publisher", "dc.publisher", "copyright")
IMAGES = ("og:image", "og:image:url", "og:image:secure_url", "twitter:image")
SECTIONS = ("article:section", "parsely-section", "section")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metadata(PageDetails):
    """What a page says of itself: the details of its article, and witnesses for the other fields.

    Attributes:
        title: the headline.
        document_title: the content of `<title>`; a witness for the headline.
        headings: the first-level headings; witnesses for the headline.
        keywords: the content of the meta tag `keywords`; a witness for a brand.
        authors: the names of people.
        are_unseen: whether only the data name them, and the page shows none of them.
        organisations: agencies, publishers, desks and pseudonyms that the page names as authors, if
            its data and its elements name no person.
        publishers: organisations, mostly the site itself, that schema.org data name as authors.
        not_names: texts that are no author's name: the site, its publisher, the title, the section.
        published_at: ISO 8601.
        modified_at: ISO 8601.
        doubtful_at: a day of publication in the data that is after the last change. It is often
            that on which the whole site was built.
        canonical_url: the URL that the page gives itself.
        language: the primary subtag (BCP 47) that the page declares.
        site_name: the name of the site.
        article_body: the text of the story in JSON-LD.
        is_live: whether the page is a live blog whose entries are in its data.
        description: the description in its meta tags.
        types: the types of all objects in its JSON-LD, in lower case.
        og_type: the OpenGraph type, in lower case.
        dates: how the page writes dates.
        image: the absolute URL of the main picture.
        section: the section of the site.
        tags: keywords, each once.
        paywalled: whether the story is behind a paywall; None if the page does not tell.
        robots: the rules for every crawler in its meta tags.
        margin: authors, date of publication and date of modification in the story's own `footer`
            and `nav`. `read_html` removes these elements.
    """

    title: str | None
    document_title: str | None
    headings: tuple[str, ...]
    keywords: str | None
    authors: tuple[str, ...]
    are_unseen: bool = False
    organisations: tuple[str, ...]
    publishers: tuple[str, ...]
    not_names: tuple[str | None, ...]
    published_at: str | None
    modified_at: str | None
    doubtful_at: str | None
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
    """The metadata in a page's data; `with_elements` adds those in its elements.

    Args:
        tree: the page, before `read_html`.
        url: where it was fetched.
        latest: the latest time that can be a date of the page; None for no bound.
        nodes: the elements that `WITNESSES` selects, `nav` and `footer`, by tag, if they are known;
            this saves a search.
    """
    if nodes is None:
        nodes = by_tag(tree.css(f"{WITNESSES},nav,footer"))
    metas = values_by_name(nodes["meta"])
    linked = read_jsonld(nodes["script"])
    site_name = first_value(metas, SITE_NAMES) or cleaned(publisher_of(linked))
    document_title = cleaned(nodes["title"][0].text(deep=True)) if nodes["title"] else None
    language_tag = language_tag_of(tree, metas)
    canonical = canonical_url(nodes["link"], metas, url)
    headings = page_headings(nodes, (url, canonical, first_value(metas, ("og:url",))))
    stories = [node for node in linked if is_article(node)]
    articles = own_articles(
        stories,
        urls=(canonical, first_value(metas, ("og:url",)), url),
        titles=(*headings.all_first, *all_values(metas, TITLES), document_title),
    )
    if len(articles) < len(stories):
        linked = articles + [node for node in linked if not is_article(node)]
    dates = DateHints(
        day_first=is_day_first(language_tag, url),
        language=primary_language(language_tag),
        latest=latest,
    )
    title = choose_title(
        headline=cleaned(
            text_of(first_field(articles, "headline") or first_field(articles, "name"))
        ),
        social=first_value(metas, TITLES),
        headings=headings,
        document_title=document_title,
        site_names=(site_name, host_of(url)),
        address=canonical or url,
    )
    section = cleaned(text_of(first_field(articles, "articleSection")))
    section = section or first_value(metas, SECTIONS)
    host = host_of(url) or ""
    data = metas, articles, linked
    publisher = cleaned(publisher_of(linked))
    sites = site_name, title, host, host.removeprefix("www.")
    not_names = *sites, section, publisher, *all_values(metas, PUBLISHERS[:2])
    authors = authors_in_data(
        *data,
        (*not_names, *host.split(".")),
        publishers=(publisher, *all_values(metas, PUBLISHERS)),
        sites=(site_name, publisher),
        language=dates.language,
    )
    published_at = _published(metas, articles, linked, dates)
    modified_at = _date(first_field(articles, "dateModified"), dates)
    modified_at = modified_at or _meta_date(metas, MODIFIED, dates)
    doubtful_at = None
    # A story that was written ahead has the time at which it came out.
    if (
        published_at
        and modified_at
        and modified_at[:_DAY] < published_at
        and "T" not in published_at
    ):
        published_at, doubtful_at = None, published_at
    return Metadata(
        title=title,
        document_title=document_title,
        headings=headings.all_first,
        keywords=first_value(metas, ("keywords",)),
        authors=authors,
        # Fallback: accept an author whose name is the site's name (personal blogs).
        organisations=()
        if authors
        else authors_in_data(*data, sites, organisations=True, sites=(site_name, publisher))
        or authors_in_data(*data, (title, section), sites=(site_name, publisher)),
        publishers=() if authors else organisations_in_data(articles, (site_name, publisher)),
        not_names=not_names,
        published_at=published_at,
        dates=dates,
        modified_at=modified_at,
        doubtful_at=doubtful_at,
        canonical_url=canonical,
        language=primary_language(
            language_tag,
            text_of(first_field(articles, "inLanguage")),
            first_value(metas, LANGUAGES),
        ),
        site_name=site_name,
        article_body=next((body for node in articles if (body := story_of(node))), None),
        is_live=any(node.get("liveBlogUpdate") for node in articles),
        types=frozenset(kind for node in linked for kind in types(node)),
        image=_image(metas, articles, url),
        section=section,
        tags=_tags(metas, articles),
        paywalled=_paywalled(metas, articles),
        robots=rules_in_metas(metas.get("robots", ())),
        og_type=(first_value(metas, ("og:type",)) or "").lower() or None,
        description=first_value(metas, ("og:description", "description", "twitter:description")),
        margin=((), None, None)
        if authors and published_at
        else _margin(
            [*nodes["nav"], *nodes["footer"]],
            not_names,
            dates,
            tuple(filter(None, (title, document_title))),
            links=not authors,
        ),
    )


def with_elements(
    metadata: Metadata, tree: LexborHTMLParser, page: BlockList, url: str | None
) -> Metadata:
    """The metadata, with authors and dates from elements if the page's data have none.

    Args:
        metadata: the metadata in the page's data.
        tree: the page after `read_html`, so without menus and other elements that it removes.
        page: its blocks.
        url: where it was fetched.
    """
    named = metadata.authors if are_shown(metadata.authors, page) else ()
    if named and metadata.published_at:
        return metadata
    margin_authors, margin_published, margin_modified = metadata.margin
    written = page.written.text() if page.written is not None else AttributeText("")
    titles = tuple(filter(None, (metadata.title, metadata.document_title)))
    published, modified = metadata.published_at, metadata.modified_at
    if not published:
        published, modified = dates_in_tree(tree, written, url, metadata.dates, titles)
    elif not modified:
        modified = modified_in_tree(tree, written, metadata.dates)
    hosts = filter(None, (host_of(url), host_of(metadata.canonical_url)))
    read = AuthorElements(tree, written, titles, tuple(hosts)), metadata.not_names
    language = metadata.dates.language
    # Prose links to people too: only a mark or a byline beats an author that only the data name.
    links = not metadata.authors
    authors = named or authors_in_tree(*read, language=language, links=links) or margin_authors
    organisations = metadata.organisations
    if not authors and not organisations and not metadata.authors:
        organisations = (
            others_in_tree(*read, language=language)
            or metadata.publishers
            or site_in_tree(read[0], (metadata.site_name, host_of(url)))
        )
    return dataclasses.replace(
        metadata,
        authors=authors or metadata.authors,
        are_unseen=not authors and bool(metadata.authors),
        organisations=organisations,
        published_at=published or margin_published,
        modified_at=metadata.modified_at or modified or margin_modified,
    )


def _margin(
    navigation: Sequence[LexborNode],
    not_names: tuple[str | None, ...],
    dates: DateHints,
    titles: tuple[str, ...],
    *,
    links: bool,
) -> tuple[tuple[str, ...], str | None, str | None]:
    """Authors and dates in the story's own `footer` and `nav`; for each the first that has it."""
    authors: tuple[str, ...] = ()
    published = modified = None
    for node in story_margins(navigation):
        written = AttributeText(node.html or "")
        authors = authors or authors_in_tree(
            AuthorElements(node, written, titles), not_names, language=dates.language, links=links
        )
        found = dates_in_tree(node, written, None, dates, titles)
        published, modified = published or found[0], modified or found[1]
    return authors, published, modified


def _published(
    metas: dict[str, list[str]],
    articles: list[dict[str, Any]],
    linked: list[dict[str, Any]],
    dates: DateHints,
) -> str | None:
    return (
        _date(first_field(articles, "datePublished"), dates)
        or _date(first_field(articles, "dateCreated"), dates)
        or _meta_date(metas, PUBLISHED, dates)
        or _date(first_field(linked, "datePublished"), dates)
    )


def _meta_date(metas: dict[str, list[str]], keys: list[str], dates: DateHints) -> str | None:
    for key in keys:
        for value in metas.get(key, ()):
            if found := dates.find_coded(value):
                return found
    return None


def _date(value: object, dates: DateHints) -> str | None:
    """The date in a value of JSON-LD: a text, or a number of seconds."""
    text = str(value) if type(value) in (int, float) else text_of(value)
    return dates.find_coded(text) if text else None


def _image(
    metas: dict[str, list[str]], articles: list[dict[str, Any]], url: str | None
) -> str | None:
    declared = first_value(metas, IMAGES)
    if declared is None:
        for image in as_list(first_field(articles, "image")):
            declared = text_of(image.get("url") if isinstance(image, dict) else image)
            if declared:
                break
    return absolute_declared(declared, url)


def _tags(metas: dict[str, list[str]], articles: list[dict[str, Any]]) -> tuple[str, ...]:
    declared = metas.get("article:tag") or as_list(first_field(articles, "keywords"))
    if not declared:
        declared = metas.get("news_keywords") or metas.get("keywords") or []
    parts = [
        part for text in declared if isinstance(text, str) for part in text[:MAX_VALUE].split(",")
    ]
    return tuple(dict.fromkeys(tag for part in parts if (tag := squeezed(part))))[:MAX_TAGS]


def _paywalled(metas: dict[str, list[str]], articles: list[dict[str, Any]]) -> bool | None:
    free = next(
        (node["isAccessibleForFree"] for node in articles if "isAccessibleForFree" in node), None
    )
    # Only texts and booleans are printed: printing a list in a thousand lists would fail.
    declared = str(free).rpartition("/")[2].lower() if isinstance(free, bool | str) else ""
    if declared in ("true", "false"):
        return declared == "false"
    tier = (first_value(metas, ("article:content_tier",)) or "").lower()
    return tier in ("locked", "metered") if tier in ("locked", "metered", "free") else None
