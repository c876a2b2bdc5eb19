"""When a page was published and modified, from its elements and its URL.

Invariants:

- A date that its element, an element around it or a word before it calls modified is never taken
  for the date of publication.
- The day in a URL is a witness of its own. A date of publication on the page counts only if it is
  of that day.
- A date in comments, in teasers, in a sentence of the story or in a bar of the site does not count.
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.extract.dom.selectors import AttributeText
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.date_labels import Dates, dates_in, kind_of
from cleanwire.extract.metadata.dates import DateHints, find_date
from cleanwire.extract.metadata.surroundings import (
    in_comments_or_teaser,
    in_prose,
    in_site_bar,
    is_in_card,
    with_pairs,
    words_of,
    words_of_element,
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
        for part in (
            *words("date_class_parts"),
            "timestamp",
            "data-",
            "meta",
            "info",
        )
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
_MOST_READ = 20
"""How many elements of one kind are read at most."""

_LONGEST = 140
"""The most characters of a text or an attribute with a date."""

_SECTION_LENGTH = 1000
_URL_DAY = re.compile(r"[/_-]((?:19|20)\d\d)[/_-]?(\d\d)[/_-]?(\d\d)(?!\d)")
_URL_DAY_LAST = re.compile(r"[/_-](\d\d)[._-](\d\d)[._-]((?:19|20)\d\d)(?!\d)")
_MONTHS = 12
_DAY_FIRST_DOMAINS = frozenset("uk au nz in ie za sg hk my ke ng".split())
"""Top-level domains of countries that write English and the day before the month."""

_MODIFIED = frozenset(words("updated_classes"))
_PUBLISHED = frozenset(words("published_classes"))
_OTHER = frozenset(words("other_date_classes"))
_MOST_ANCESTORS = 3
_LABEL_LENGTH = 60
"""How many characters before a date are searched for its label."""


def dates_in_tree(
    tree: LexborHTMLParser | LexborNode,
    written: AttributeText,
    url: str | None,
    hints: DateHints,
    titles: Sequence[str] = (),
) -> Dates:
    """When a page was published and modified, by its elements and its URL.

    Args:
        tree: the page, or a part of it.
        written: the attributes of its elements.
        url: where it was fetched.
        hints: how the page writes dates.
        titles: its titles, which tell the story's own headline from those of others.

    Returns:
        Both as ISO 8601, each None if it is unknown.
    """
    day = url_day(url)
    day = day if day and hints.has_come(day) else None
    published, modified = _dates_of_elements(
        tree, written.selectors_present(_TIMES), day, hints, titles
    )
    if not published and not day:
        published, other = _dates_of_elements(
            tree, written.selectors_present(_CLASSES), None, hints, titles
        )
        modified = modified or other
    return published or day, modified


def modified_in_tree(
    tree: LexborHTMLParser, written: AttributeText, hints: DateHints
) -> str | None:
    """When a page was modified, by elements that are marked as this date and nothing else."""
    return _dates_of_elements(tree, written.selectors_present(_MODIFIED_ALONE), None, hints)[1]


def url_day(url: str | None) -> str | None:
    """The day in a URL's path (`/2024/05/17/`, `/17-05-2024`) as ISO 8601; None without one."""
    path = path_of(url)[:500]
    if match := _URL_DAY.search(path):
        return find_date("-".join(match.groups()))
    if match := _URL_DAY_LAST.search(path):
        first, second, year = match.groups()
        # 04-09-2031 can be two days.
        if int(first) > _MONTHS or first == second:
            return find_date(f"{year}-{second}-{first}")
        if int(second) > _MONTHS:
            return find_date(f"{year}-{first}-{second}")
    return None


def is_day_first(language: str | None, url: str | None) -> bool | None:
    """Whether a page writes the day before the month.

    Pages in English from the United States and the Philippines do not; all others do.

    Args:
        language: the tag (BCP 47) that the page declares, region included.
        url: where it was fetched; its top-level domain decides if an English tag has no region.

    Returns:
        None if no language is declared, or the URL cannot be read.
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
    return host.rpartition(".")[2] in _DAY_FIRST_DOMAINS


def _dates_of_elements(
    tree: LexborHTMLParser | LexborNode,
    selector: str,
    day: str | None,
    hints: DateHints,
    titles: Sequence[str] = (),
) -> Dates:
    """The dates of the elements of a selector; a date of another day than the URL's is dropped."""
    published: str | None = None
    unlabelled: str | None = None
    modified: str | None = None
    for node in tree.css(selector)[:_MOST_READ] if selector else ():
        # An element may hold a whole section; only its beginning is read.
        text = squeezed((node.text(deep=True, separator=" ") or "")[:_SECTION_LENGTH])
        (was_published, was_modified), kind = _dates_of_element(node, text, hints)
        if not (was_published or was_modified) or kind == "other":
            continue
        if node.tag == "article" or in_comments_or_teaser(node) or in_prose(node, text):
            continue
        if (kind != "published" and in_site_bar(node)) or is_in_card(node, titles):
            continue
        if kind == "modified":
            was_published, was_modified = None, was_modified or was_published
        modified = modified or was_modified
        if was_published and (day is None or was_published.startswith(day)):
            if kind == "published":
                published = published or was_published
            unlabelled = unlabelled or was_published
    return published or unlabelled, modified


def _dates_of_element(node: LexborNode, text: str, hints: DateHints) -> tuple[Dates, str | None]:
    """The dates of an element, from its attributes or else from its text.

    Returns:
        The dates, and their kind: `published`, `modified` or `other`; None if nothing tells it, or
        if the text has a label for each date.
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
    """The kind of date that the names of an element itself give."""
    attributes = node.attributes
    names = [*words_of(attributes.get("itemprop")), *words_of(attributes.get("property"))]
    kind = _kind_by(with_pairs(names)) or _kind_by(with_pairs(words_of_element(node)))
    return kind or ("published" if "pubdate" in attributes else None)


def _kind_around(node: LexborNode, text: str) -> str | None:
    """The kind of date by words before an element, or by an element that holds little else."""
    if (kind := _kind_of_text_before(node)) is not None:
        return kind
    around = node.parent
    for _ in range(_MOST_ANCESTORS):
        if around is None or around.tag in ("body", "article", "main", "html"):
            return None
        whole = squeezed(around.text(deep=True, separator=" ") or "")
        if len(whole) > _LONGEST:
            return None
        before = whole.partition(text)[0] if text else whole
        if kind := kind_of(before[-_LABEL_LENGTH:]):
            return kind
        if len(whole) <= len(text) + _LABEL_LENGTH and (
            kind := _kind_by(with_pairs(words_of_element(around)))
        ):
            return kind
        around = around.parent
    return None


def _kind_of_text_before(node: LexborNode) -> str | None:
    """The kind of date by a label in the text directly before an element."""
    before = node.prev
    if before is None or before.is_element_node:
        return None
    return kind_of(squeezed(before.text_content or "")[-_LABEL_LENGTH:])


def _kind_by(names: Iterable[str]) -> str | None:
    """The kind of date by the words of class names and ids."""
    found = set(names)
    # hAtom marks the date of a page that was never modified as both.
    if found & _PUBLISHED:
        return "published"
    if found & _MODIFIED:
        return "modified"
    return "other" if found & _OTHER else None
