"""Where an element stands, by the names of itself and of what is around it.

Invariant: a name counts as a whole word (`authority` is no author, `Responsive` no response,
`baby` no by), and what stands among comments, teasers or in a site's bar is not the page's own.
"""

import itertools
import re
from collections.abc import Iterable, Sequence

from selectolax.lexbor import LexborNode

from cleanwire.extract.dom.attributes import value_of
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.text import ends_sentence, squeezed, words_in

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
_NAMES = 300
_UP = 6
_MARGINS = 40
_OWN = frozenset({"body", "article", "main", "html"})
_STATES = ("has", "with", "is", "no", "js")
"""A name that begins so tells what an element has, not what it is."""

_ELSEWHERE = frozenset(
    (
        "comment comments commentlist respond response responses avatar avatars image images thumb "
        "thumbs thumbnail thumbnails photo photos photographer credit credits caption captions "
        "figcaption social share sharing related relatedposts teaser teasers widget widgets "
        "sidebar "
        "popular recent recommend recommended recommendation recommendations card cards quote "
        "quotes "
        "blockquote follow bio biography about footer pullquote"
    ).split()
)
_BESIDE_A_BYLINE = frozenset("share sharing social card image photo avatar".split())
_BUILT = frozenset({"widget", "card", "image"})
"""A site builder calls each of its parts so."""

_BYLINES = frozenset("byline bylines author authors".split())
_BARS = frozenset(
    (
        "topbar masthead navbar today clock weather ticker siteheader currentdate todaydate "
        "todaysdate datetoday datenow livedate servertime"
    ).split()
)
_STORIES = frozenset("article entry post story content single headline hentry".split())
_LEADING = frozenset(
    "navigation pagination pager breadcrumb breadcrumbs toc related prev next menu tabs "
    "links".split()
)


def words_of(names: str | None) -> list[str]:
    """The words of a class or an id in lower case: `postByline-name` has three."""
    if not names:
        return []
    if names.islower() and names.isalpha() and len(names) < _NAMES:
        return [names]
    found: list[str] = []
    for name in names[:_NAMES].split():
        words = [word.lower() for word in _WORD.findall(name)]
        if words and (len(words) == 1 or words[0] not in _STATES):
            found += words
    return found


def joined(words: list[str]) -> list[str]:
    """The words, and each with the next one: `last-modified` is a word, too."""
    return words + [one + other for one, other in itertools.pairwise(words)]


def words_around(node: LexborNode) -> list[str]:
    """The words of an element's class and id."""
    attributes = node.attributes
    return words_of(attributes.get("class")) + words_of(attributes.get("id"))


def is_elsewhere(node: LexborNode | None) -> bool:
    """Whether an element stands among comments or teasers, by its names or those around it."""
    for _ in range(_UP):
        if node is None or node.tag in _OWN:
            return False
        words = words_around(node)
        found = _ELSEWHERE.intersection(words)
        if "footer" in found and (node.tag == "footer" or not _STORIES.isdisjoint(words)):
            # The foot of a story is a part of it; the tree that is read has no other `footer`.
            found -= {"footer"}
        if found and not (
            (found <= _BESIDE_A_BYLINE and _BYLINES.intersection(words))
            or (found <= _BUILT and "elementor" in words)
        ):
            return True
        node = node.parent
    return False


def is_bar(words: list[str]) -> bool:
    """Whether names are those of a site's bar, where the day of the visit stands."""
    return not _BARS.isdisjoint(joined(words))


def in_bar(node: LexborNode | None) -> bool:
    """Whether an element stands in a site's bar: by its names, or in a header of the whole page."""
    header = False
    while node is not None and node.tag not in ("body", "html"):
        if node.tag in ("article", "main"):
            return False
        if is_bar(words_around(node)):
            return True
        if node.tag == "header" and _STORIES.isdisjoint(words_around(node)):
            header = node.css_first("h1,h2") is None
        node = node.parent
    return header


def in_prose(node: LexborNode, text: str) -> bool:
    """Whether an element with a text stands in a sentence of the story.

    Args:
        node: the element.
        text: what it has.
    """
    around = node.parent
    for _ in range(_UP):
        if around is None or around.tag in _OWN or around.tag in ("div", "section", "header"):
            return False
        if around.tag in ("p", "li", "dd", "td", "blockquote", "figcaption"):
            whole = squeezed(around.text(deep=True) or "")
            words = words_in(whole) - words_in(text)
            return words >= 30 or (words >= 6 and ends_sentence(whole))  # noqa: PLR2004 - a byline has fewer
        around = around.parent
    return False


def lines_below_bars(page: BlockList, first: int, last: int) -> list[str]:
    """The blocks of a page from `first` up to `last` but for those in a site's bar."""
    known: dict[int, bool] = {}
    return [
        page.texts[place]
        for place in range(first, last)
        if not _is_barred(page, page.inside[place], known)
    ]


def _is_barred(page: BlockList, element: int, known: dict[int, bool]) -> bool:
    """Whether an element of a page is a site's bar or stands in one."""
    path = []
    barred = False
    while element > 0:
        if element in known:
            barred = known[element]
            break
        path.append(element)
        tag, attributes = page.tags[element], page.attributes[element]
        if tag in ("article", "main"):
            break
        names = words_of(value_of(attributes, "class")) + words_of(value_of(attributes, "id"))
        if is_bar(names) or (tag == "header" and _is_site_header(page, element, names)):
            barred = True
            break
        element = page.parents[element]
    for passed in path:
        known[passed] = barred
    return barred


def _is_site_header(page: BlockList, element: int, names: Iterable[str]) -> bool:
    inside = page.inside[page.starts[element] : page.ends[element]]
    return _STORIES.isdisjoint(names) and not any(page.tags[at] in ("h1", "h2") for at in inside)


def margins(navigation: Sequence[LexborNode]) -> list[LexborNode]:
    """Those `footer` and `nav` elements that are the story's own, and may hold its byline."""
    return [node for node in navigation[:_MARGINS] if _is_of_story(node)]


def _is_of_story(node: LexborNode) -> bool:
    words = words_around(node)
    if not _LEADING.isdisjoint(words):
        return False
    around: LexborNode | None = node
    path = []
    while around is not None and around.tag not in ("body", "html"):
        path.append(around)
        around = around.parent
    tags = {place.tag for place in path}
    if tags & {"aside", "header"} or not (
        tags & {"article", "main"} or not _STORIES.isdisjoint(words)
    ):
        return False
    return all(_ELSEWHERE.isdisjoint({*words_around(place)} - {"footer"}) for place in path)
