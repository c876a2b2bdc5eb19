"""When a page was published, from its elements and its URL, where its data do not say.

The rule here: the day in a URL is a witness of its own: of several times on the page the one of
that day is believed. What stands among comments or teasers is none.
"""

import re
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract.bylines import is_elsewhere, those_in
from cleanwire.extract.dates import find_date
from cleanwire.urls import path_of

_TIMES = (
    ("", "time"),
    ("datePublished", '[itemprop="datePublished"],[property$="datePublished"]'),
    ("dateCreated", '[property$="dateCreated"]'),
    ("dt-published", ".dt-published"),
    ("published", "abbr.published"),
)
_CLASSES = (
    *(
        (part, f'[class*="{part}"]')
        for part in (
            "date Date publish posted datum fecha timestamp data- tarih meta byline info"
        ).split()
    ),
    ("date", '[id*="date"]'),
)
_READ = 10
_LONGEST = 140
_URL_DAY = re.compile(r"[/_-]((?:19|20)\d\d)[/_-]?(\d\d)[/_-]?(\d\d)(?!\d)")
_US_ELSEWHERE = frozenset("uk au nz in ie za sg hk my ke ng".split())


def published_in_tree(
    tree: LexborHTMLParser, written: str, url: str | None, *, day_first: bool | None
) -> str | None:
    """The date that elements or the URL tell, or None.

    Args:
        tree: the page.
        written: the attributes of its elements.
        url: where it was fetched.
        day_first: what 04/09/2025 means on this page; None if that is unknown.
    """
    day = url_day(url)
    found = _first(tree, those_in(written, _TIMES), day, day_first=day_first)
    if found or day:
        return found or day
    return _first(tree, those_in(written, _CLASSES), None, day_first=day_first)


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


def _first(
    tree: LexborHTMLParser, selector: str, day: str | None, *, day_first: bool | None
) -> str | None:
    for node in tree.css(selector)[:_READ] if selector else ():
        attributes = node.attributes
        text = node.text(deep=True, separator=" ")
        for value in (attributes.get("datetime"), attributes.get("content"), text):
            if not value or len(value) > _LONGEST:
                continue
            found = find_date(value, day_first=day_first)
            if found and (day is None or found.startswith(day)) and not is_elsewhere(node):
                return found
    return None
