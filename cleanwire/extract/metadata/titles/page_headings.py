"""The headings of a page as witnesses for its headline, told apart by where they lead.

Invariant: a heading is told by its link only if the link is all of it. One that leads to a folder
above the page is the name of the site or of a section, never the headline. One that leads to the
page itself is the headline, at whatever level it stands.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborNode

from cleanwire.extract.dom.text import squeezed

_FIRST = 10
_SECOND = 6
_LINKED = 20
"""How many headings of a lower level may be the headline because they lead to the page itself."""

_THIRD = 6
_LONGEST = 2000
_DEPTH = 3
"""How many elements may be around a heading's link, inside the heading."""

_PART = re.compile(r"(?:page|p)?[-_]?\d{1,2}|page|amp|print", re.IGNORECASE)
"""A part of a path that is the number of a page, or a form of it."""

_INDEX = ("index.", "default.", "home.")
"""How the name of a folder's own page begins."""

_Place = tuple[str, str, str]
"""Host, path and query of a URL; the path of a folder ends with a slash."""


@dataclasses.dataclass(frozen=True, slots=True)
class PageHeadings:
    """The headings of a page; none is empty.

    Attributes:
        all_first: every first-level heading.
        first: the headings that may be the headline: those that lead to the page itself, and then
            the others of the first level.
        second: some of the second level.
        third: some of the third level.
        of_site: those of either of the first levels that lead to a folder above the page.
    """

    all_first: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    third: tuple[str, ...]
    of_site: tuple[str, ...]


def page_headings(
    nodes: Mapping[str, Sequence[LexborNode]], urls: Iterable[str | None]
) -> PageHeadings:
    """The headings of a page.

    Args:
        nodes: its elements `h1`, `h2` and `h3`.
        urls: the one it was fetched from, and those that it gives itself; relative links are
            resolved against the first.
    """
    known = [url for url in urls if url]
    base = known[0][:_LONGEST] if known else ""
    # Some sites give each page the URL of the home page.
    here = [place for url in known if (place := _place(url)) and place[1:] != ("/", "")]
    texts: dict[str, list[str]] = {"h1": [], "h2": [], "h3": []}
    here_first: list[str] = []
    others: list[str] = []
    of_site: list[str] = []
    for tag, most, linked in (("h1", _FIRST, _FIRST), ("h2", _SECOND, _LINKED)):
        for at, node in enumerate(nodes[tag][:linked]):
            link = _link_of(node)
            if at >= most and link is None:
                continue
            if not (text := _text_of(node)):
                continue
            leads = _leads(link, text, base, here)
            if leads == "above":
                of_site.append(text)
            if at < most:
                texts[tag].append(text)
            if leads == "here" and not _is_date(text):
                here_first.append(text)
            elif tag == "h1" and leads != "above":
                others.append(text)
    third = map(_text_of, nodes["h3"][:_THIRD])
    return PageHeadings(
        all_first=tuple(texts["h1"]),
        first=(*here_first, *others),
        second=tuple(text for text in texts["h2"] if text not in of_site),
        third=tuple(filter(None, third)),
        of_site=tuple(dict.fromkeys(of_site)),
    )


def _text_of(node: LexborNode) -> str:
    """The text of a heading, without the sign of the link to its own place on the page."""
    text = squeezed(node.text(deep=True) or "")
    last = node.last_child
    while last is not None and not last.is_element_node and not (last.text_content or "").strip():
        last = last.prev
    if last is None or last.tag != "a":
        return text
    sign = squeezed(last.text(deep=True) or "")
    is_sign = (
        sign and not any(map(str.isalnum, sign)) and "#" in (last.attributes.get("href") or "")
    )
    return text.removesuffix(sign).rstrip() if is_sign else text


def _is_date(text: str) -> bool:
    """Whether a heading is the date above the entries of a day: it has more digits than letters."""
    return sum(map(str.isdigit, text)) > sum(map(str.isalpha, text))


def _link_of(node: LexborNode) -> LexborNode | None:
    """The link that is the only element of a heading, or around it."""
    parent = node.parent
    if parent is not None and parent.tag == "a":
        return parent
    inner: LexborNode | None = node
    for _ in range(_DEPTH):
        inner = inner.first_child if inner is not None else None
        while inner is not None and not inner.is_element_node:
            inner = inner.next
        if inner is not None and inner.tag == "a":
            return inner
    return None


def _leads(link: LexborNode | None, text: str, base: str, here: Sequence[_Place]) -> str:
    """Where a heading leads: `above` the page, `here`, or nowhere that tells anything."""
    href = link.attributes.get("href") if link is not None else None
    if link is None or not href or href.startswith("#"):
        return ""
    if squeezed(link.text(deep=True) or "") != text:
        return ""
    try:
        place = _place(urljoin(base, href.strip()[:_LONGEST]))
    except ValueError:
        return ""
    if place is None:
        return ""
    if place in here or any(_is_part_of(page, place) for page in here):
        return "here"
    return "above" if any(_is_above(place, page) for page in here) else ""


def _is_part_of(page: _Place, story: _Place) -> bool:
    """Whether a page is a part or another form of a story, such as its second page."""
    host, path, query = story
    if page[0] != host or query or path == "/" or not page[1].startswith(path.rstrip("/") + "/"):
        return False
    rest = page[1].removeprefix(path).strip("/").split("/")
    return all(map(_PART.fullmatch, rest))


def _is_above(folder: _Place, page: _Place) -> bool:
    """Whether a place is a folder that the page is in, on its host or the host of its domain."""
    host, path, query = folder
    return (
        not query
        and path.endswith("/")
        and page[1].startswith(path)
        and page[1] != path
        and (page[0] == host or (path == "/" and page[0].endswith(f".{host}")))
    )


def _place(url: str) -> _Place | None:
    try:
        parts = urlsplit(url[:_LONGEST])
    except ValueError:
        return None
    if not parts.netloc:
        return None
    folder, _, name = (parts.path or "/").rpartition("/")
    if name.lower().startswith(_INDEX):
        name = ""
    host = parts.netloc.casefold().removeprefix("www.")
    return host, f"{folder}/{name}", parts.query
