"""When a page was published and modified, from its elements and its URL.

Invariant: a date that its element, one around it or a word before it calls modified is never
the published one. The day in a URL is a witness of its own: of several times on the page the one
of that day is believed. What stands among comments or teasers, in a sentence of the story or in
the bar of the site is none.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.extract.dom.selectors import Written
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.date_labels import Dates, dates_in, kind_of
from cleanwire.extract.metadata.dates import DateHints, find_date
from cleanwire.extract.metadata.surroundings import (
    in_bar,
    in_prose,
    is_elsewhere,
    joined,
    words_around,
    words_of,
)
from cleanwire.extract.vocabulary import words
from cleanwire.urls import path_of

_TIMES = (
    ("", "time"),
    ("datePublished", '[itemprop~="datePublished"],[property$="datePublished"]'),
    ("dateModified", '[itemprop~="dateModified"],[property$="dateModified"]'),
    ("dateCreated", '[property$="dateCreated"]'),
    ("dt-published", ".dt-published"),
    ("dt-updated", ".dt-updated"),
    ("published", "abbr.published"),
    ("updated", "abbr.updated"),
)
_MODIFIED_ALONE = (
    ("dateModified", '[itemprop~="dateModified"],[property$="dateModified"]'),
    ("updated", "time.updated"),
    ("dt-updated", ".dt-updated"),
)
_CLASSES = (
    *(
        (part, f'[class*="{part}"]')
        for part in (*words("date_class_parts"), "timestamp", "data-", "meta", "info")
    ),
    ("date", '[id*="date"]'),
    ("data-timestamp", "[data-timestamp]"),
)
ELEMENTS = ",".join(selector for _, selector in (*_TIMES, *_CLASSES))
"""Selects every element that may tell a date."""

ATTRIBUTES = (
    "datetime", "content", "data-datetime", "data-timestamp", "data-time", "data-date",
    "data-published", "data-publish-date", "data-utc",
)  # fmt: skip
_READ = 10
_LONGEST = 140
_SECTION = 1000
_URL_DAY = re.compile(r"[/_-]((?:19|20)\d\d)[/_-]?(\d\d)[/_-]?(\d\d)(?!\d)")
_US_ELSEWHERE = frozenset("uk au nz in ie za sg hk my ke ng".split())

_MODIFIED = frozenset(words("updated_classes"))
_PUBLISHED = frozenset(words("published_classes"))
_OTHER = frozenset(words("other_date_classes"))
_AROUND = 3
_BEFORE = 60


def dates_in_tree(
    tree: LexborHTMLParser | LexborNode, written: Written, url: str | None, hints: DateHints
) -> Dates:
    """When elements or the URL say that a page was published and modified.

    Args:
        tree: the page, or a part of it.
        written: the attributes of its elements.
        url: where it was fetched.
        hints: how the page writes dates.
    """
    day = url_day(url)
    day = day if day and hints.may_be(day) else None
    published, modified = _said(tree, written.those_in(_TIMES), day, hints)
    if not published and not day:
        published, other = _said(tree, written.those_in(_CLASSES), None, hints)
        modified = modified or other
    return published or day, modified


def modified_in_tree(tree: LexborHTMLParser, written: Written, hints: DateHints) -> str | None:
    """When elements say that a page was modified, if they plainly do."""
    return _said(tree, written.those_in(_MODIFIED_ALONE), None, hints)[1]


def url_day(url: str | None) -> str | None:
    """The day in a URL's path (`/2024/05/17/`), if there is one."""
    match = _URL_DAY.search(path_of(url)[:500])
    return find_date("-".join(match.groups())) if match else None


def is_day_first(language: str | None, url: str | None) -> bool | None:
    """Whether a page writes the day before the month: all do but those of the United States.

    Args:
        language: the tag as declared (BCP 47), region included.
        url: its top-level domain speaks where the tag has no region.
    """
    if not language:
        return None
    primary, _, region = language.lower().replace("_", "-").partition("-")
    if primary != "en":
        return True
    if region:
        return region not in ("us", "ph")
    try:
        host = urlsplit(url or "").hostname or ""
    except ValueError:
        return None
    return host.rpartition(".")[2] in _US_ELSEWHERE


def _said(
    tree: LexborHTMLParser | LexborNode, selector: str, day: str | None, hints: DateHints
) -> Dates:
    """What the elements of a selector say; of those of another day than the URL's nothing."""
    published: str | None = None
    plain: str | None = None
    modified: str | None = None
    for node in tree.css(selector)[: 2 * _READ] if selector else ():
        # Of a whole section only the beginning is looked at.
        text = squeezed((node.text(deep=True, separator=" ") or "")[:_SECTION])
        (was_published, was_modified), kind = _read(node, text, hints)
        if not (was_published or was_modified) or kind == "other":
            continue
        if node.tag == "article" or is_elsewhere(node) or in_prose(node, text):
            continue
        if kind != "published" and in_bar(node):
            continue
        if kind == "modified":
            was_published, was_modified = None, was_modified or was_published
        modified = modified or was_modified
        if was_published and (day is None or was_published.startswith(day)):
            if kind == "published":
                published = published or was_published
            plain = plain or was_published
    return published or plain, modified


def _read(node: LexborNode, text: str, hints: DateHints) -> tuple[Dates, str | None]:
    """The dates of an element, of its attributes or else of its text, and what they are called.

    `published`, `modified` or `other`; None where nothing tells, or where the text names each.
    """
    attributes = node.attributes
    for name in ATTRIBUTES:
        value = attributes.get(name)
        if value and len(value) <= _LONGEST and (found := hints.find(value, coded=True)):
            kind = _kind_by_names(node) or kind_of(text[:_LONGEST])
            return (found, None), kind or _kind_around(node, text)
    if not 0 < len(text) <= _LONGEST:
        return (None, None), None
    dates = dates_in(text, hints)
    if not any(dates) or kind_of(text):
        return dates, None
    return dates, _kind_by_names(node) or _kind_around(node, text)


def _kind_by_names(node: LexborNode) -> str | None:
    """What an element's own names say of its date."""
    attributes = node.attributes
    names = [*words_of(attributes.get("itemprop")), *words_of(attributes.get("property"))]
    kind = _kind_by(joined(names)) or _kind_by(joined(words_around(node)))
    return kind or ("published" if "pubdate" in attributes else None)


def _kind_around(node: LexborNode, text: str) -> str | None:
    """What the words before an element, and the names of what holds it alone, say of its date."""
    if (kind := _kind_of_text_before(node)) is not None:
        return kind
    around = node.parent
    for _ in range(_AROUND):
        if around is None or around.tag in ("body", "article", "main", "html"):
            return None
        whole = squeezed(around.text(deep=True, separator=" ") or "")
        if len(whole) > _LONGEST:
            return None
        before = whole.partition(text)[0] if text else whole
        if kind := kind_of(before[-_BEFORE:]):
            return kind
        if len(whole) <= len(text) + _BEFORE and (kind := _kind_by(joined(words_around(around)))):
            return kind
        around = around.parent
    return None


def _kind_of_text_before(node: LexborNode) -> str | None:
    before = node.prev
    if before is None or before.is_element_node:
        return None
    return kind_of(squeezed(before.text_content or "")[-_BEFORE:])


def _kind_by(names: Iterable[str]) -> str | None:
    found = set(names)
    # hAtom marks a date that was never changed as both.
    if found & _PUBLISHED:
        return "published"
    if found & _MODIFIED:
        return "modified"
    return "other" if found & _OTHER else None
