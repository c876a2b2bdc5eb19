"""Every place on a page that says something of a metadata field.

Invariants:
    - A witness is a place, what stands there, and how it reads. Which of them is believed is not
      decided here: `places` compares them with the article.
    - Reading is bounded: so many elements of each kind, and so many characters of all of them.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.explain.block_fates import path_of_node
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata import published
from cleanwire.extract.metadata.authors import bylines, data_authors
from cleanwire.extract.metadata.date_labels import dates_in
from cleanwire.extract.metadata.dates import DateHints
from cleanwire.extract.metadata.jsonld import as_list, is_article, read_jsonld, text_of
from cleanwire.extract.metadata.meta_tags import LANGUAGES, MAX_METAS, MAX_VALUE
from cleanwire.extract.metadata.metadata import (
    IMAGES,
    MODIFIED,
    PUBLISHED,
    SECTIONS,
    SITE_NAMES,
    TITLES,
)
from cleanwire.extract.metadata.robots import rules_in_metas
from cleanwire.extract.metadata.surroundings import in_comments_or_teaser

MOST_ELEMENTS = 60
"""How many elements of one kind are read."""

_TEXT = 160
_READ_CHARACTERS = 2_000_000
_DATES = ("published_at", "modified_at")
_JSONLD: dict[str, tuple[str, ...]] = {
    "title": ("headline", "name", "alternativeHeadline"),
    "authors": ("author", "creator"),
    "published_at": ("datePublished", "dateCreated"),
    "modified_at": ("dateModified",),
    "language": ("inLanguage",),
    "image": ("image",),
    "section": ("articleSection",),
    "tags": ("keywords",),
    "paywalled": ("isAccessibleForFree",),
    "canonical_url": ("url", "mainEntityOfPage"),
}
_PAYWALLED = {"false": True, "locked": True, "metered": True, "true": False, "free": False}
"""What `isAccessibleForFree` and the content tier say."""
_JSONLD_ELSEWHERE: dict[str, tuple[str, ...]] = {"published_at": ("datePublished",)}
"""What is read of objects that are no article, too."""


METAS: Mapping[str, Sequence[str]] = {
    "title": TITLES,
    "published_at": PUBLISHED,
    "modified_at": MODIFIED,
    "language": LANGUAGES,
    "canonical_url": ("og:url",),
    "site_name": SITE_NAMES,
    "image": IMAGES,
    "section": SECTIONS,
    "tags": ("article:tag", "news_keywords", "keywords"),
    "paywalled": ("article:content_tier",),
    "robots": ("robots",),
}
"""The names of the meta tags that are witnesses, by field, the surest first. Those for authors are
`data_authors.METAS`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Witness:
    """One place that says something of a field.

    Attributes:
        field: the field of the article.
        where: the place.
        said: what stands there.
        read: the value in the form that the article has it; for several values a tuple. None if
            what stands there is no value.
    """

    field: str
    where: str
    said: str
    read: str | tuple[str, ...] | bool | None


def witnesses(tree: LexborHTMLParser, url: str | None, hints: DateHints) -> Iterator[Witness]:
    """The witnesses of an HTML page, those that are believed first by field in front.

    Args:
        tree: the page, shadow roots opened, before anything is taken out.
        url: where it was fetched.
        hints: how the page writes dates.
    """
    for field, where, said in _all_said(tree):
        yield Witness(field, where, said, _read(field, said, url, hints))
    yield from _in_elements(tree, hints)
    if day := published.url_day(url):
        yield Witness("published_at", "day in the URL", day, day)


def _all_said(tree: LexborHTMLParser) -> Iterator[tuple[str, str, str]]:
    for node in tree.css("h1")[:10]:
        yield "title", f"h1 ({path_of_node(node)})", node.text(deep=True) or ""
    root = tree.root
    attributes = root.attributes if root is not None else {}
    for name in ("lang", "xml:lang"):
        if said := attributes.get(name):
            yield "language", f"html {name}", said
    for node in tree.css('link[rel~="canonical"][href]')[:5]:
        yield "canonical_url", "link rel=canonical", node.attributes.get("href") or ""
    for field, where, value in _in_jsonld(tree):
        yield field, f"JSON-LD {where}", value
    yield from _in_metas(tree)
    for node in tree.css(":not(svg) > title")[:3]:
        yield "title", "title element", node.text(deep=True) or ""
    for node in tree.css("h2")[:6]:
        yield "title", f"h2 ({path_of_node(node)})", node.text(deep=True) or ""


def _in_metas(tree: LexborHTMLParser) -> Iterator[tuple[str, str, str]]:
    found: dict[str, list[str]] = {}
    for node in tree.css("meta[content]")[:MAX_METAS]:
        attributes = node.attributes
        value = squeezed((attributes.get("content") or "")[:MAX_VALUE])
        for key in ("property", "name", "itemprop", "http-equiv"):
            if value and (name := (attributes.get(key) or "").strip().lower()):
                found.setdefault(name, []).append(value)
    for field, names in {**METAS, "authors": data_authors.METAS}.items():
        for name in names:
            values = found.get(name, ())
            if field == "tags" and values:
                yield field, f"meta {name}", ",".join(values)[: MAX_VALUE * 10]
                continue
            for value in values:
                yield field, f"meta {name}", value


def _in_jsonld(tree: LexborHTMLParser) -> Iterator[tuple[str, str, str]]:
    counts: dict[str, int] = {}
    for node in read_jsonld(tree.css('script[type="application/ld+json"]')):
        kind = squeezed((text_of(node.get("@type")) or "object").rpartition("/")[2])[:40]
        counts[kind] = counts.get(kind, 0) + 1
        name = kind if counts[kind] == 1 else f"{kind} ({counts[kind]})"
        wanted = _JSONLD if is_article(node) else _JSONLD_ELSEWHERE
        for field, keys in wanted.items():
            for key in keys:
                if key in node and (value := _value_of(field, node[key])):
                    yield field, f"{name}.{key}", value
        for publisher in as_list(node.get("publisher"))[:5]:
            if isinstance(publisher, dict) and (named := text_of(publisher.get("name"))):
                yield "site_name", f"{name}.publisher.name", named


def _value_of(field: str, value: Any) -> str:  # noqa: ANN401 - any JSON
    """A value of JSON-LD as text: of many objects their names, URLs or texts."""
    if isinstance(value, bool):
        return str(value)
    said: list[str] = []
    for item in as_list(value)[:50]:
        plain: object = item
        if isinstance(item, dict):
            keys = ("url", "@id") if field in ("image", "canonical_url") else ("name", "@value")
            plain = next((text for key in keys if (text := text_of(item.get(key)))), None)
        if isinstance(plain, str | int | float):
            said.append(str(plain)[:MAX_VALUE])
    if field in ("authors", "tags"):
        return ", ".join(said)
    return said[0] if said else ""


def _read(
    field: str, said: str, url: str | None, hints: DateHints
) -> str | tuple[str, ...] | bool | None:
    """What stands at a place, in the form that the article has."""
    text = squeezed(said[: MAX_VALUE * 10])
    if field in _DATES:
        return hints.find_coded(text[:MAX_VALUE])
    if field == "tags":
        parts = (squeezed(part) for part in text.split(","))
        return tuple(dict.fromkeys(part for part in parts if part)) or None
    if field == "robots":
        return rules_in_metas([text]) or None
    if field == "paywalled":
        return _PAYWALLED.get(text.rpartition("/")[2].lower())
    return _absolute(text, url) if field in ("image", "canonical_url") else _plain(field, text)


def _plain(field: str, text: str) -> str | None:
    if field == "language":
        text = text.lower().replace("_", "-").partition("-")[0]
    return text or None


def _absolute(text: str, url: str | None) -> str | None:
    try:
        return urljoin(url or "", text) or None
    except ValueError:
        return None


def _in_elements(tree: LexborHTMLParser, hints: DateHints) -> Iterator[Witness]:
    """What elements say that call themselves an author's or a date's."""
    for node, text in _texts(tree.css(bylines.ELEMENTS)):
        yield Witness("authors", f"element {path_of_node(node)}", text, text)
    for node, text in _texts(tree.css(published.ELEMENTS)):
        where = f"element {path_of_node(node)}"
        attributes = node.attributes
        coded = False
        for name in published.ATTRIBUTES:
            value = (attributes.get(name) or "")[:_TEXT]
            if value and (date := hints.find(value, coded=True)):
                coded = True
                for field in _DATES:
                    yield Witness(field, f"{where} {name}", value, date)
        if not coded:
            for field, date_said in zip(_DATES, dates_in(text, hints), strict=True):
                if date_said:
                    yield Witness(field, where, text, date_said)


def _texts(nodes: Iterable[LexborNode]) -> Iterator[tuple[LexborNode, str]]:
    """Elements with a short text, those among comments and teasers left out."""
    found = read = 0
    for node in nodes:
        raw = node.text(deep=True, separator=" ") or ""
        read += len(raw)
        if found == MOST_ELEMENTS or read > _READ_CHARACTERS:
            return
        if len(raw) > 4 * _TEXT:
            continue
        text = squeezed(raw)
        if len(text) <= _TEXT and not in_comments_or_teaser(node):
            found += 1
            yield node, text
