"""Tells where on a page an element is, by its names and those of the elements around it.

Invariant: only whole words of a name count: `authority` is no author, `Responsive` no response,
`baby` no by. Elements in comments, in teasers or in a bar of the site do not tell of the story.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Sequence

from selectolax.lexbor import LexborNode

from cleanwire.extract.dom.attributes import value_of
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.text import ends_sentence, squeezed, words_in
from cleanwire.extract.metadata.titles.site_names import folded

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+")
_NAMES_LENGTH = 300
"""How many characters of a class or an id are read."""

_MOST_ANCESTORS = 6
_MOST_MARGINS = 40
_HEADING_TAGS = ("h1", "h2", "h3", "h4", "h5")
_HEADINGS = ",".join(_HEADING_TAGS)
_MOST_HEADINGS = 6
_ITEMS = ("article", "li")
_LINK_WORDS = 4
"""The fewest words of a linked heading, or of a link, that is a headline; a section has fewer."""

_STANDFIRST_LENGTH = 400
"""The most characters of the headline and of what is between it and the byline."""

_CARD_LENGTH = 800
"""The most characters of a card: a picture, a headline, a standfirst, a byline."""

_CARD_WITH_BLANKS = 10 * _CARD_LENGTH
_LINK_DEPTH = 3
"""How many elements above a heading may be the link around it."""

_STOP_AT = frozenset({"body", "article", "main", "html"})
"""Elements whose names tell nothing of where on the page an element is."""

_STATES = ("has", "hasnt", "with", "without", "is", "isnt", "no", "not", "js")
"""A name that begins with one of these words tells what an element has, not what it is."""

_ELSEWHERE = frozenset(
    (
        "comment comments commentlist respond response responses avatar avatars image images thumb "
        "thumbs thumbnail thumbnails photo photos photographer credit credits caption captions "
        "figcaption social share sharing related relatedposts teaser teasers widget widgets "
        "sidebar "
        "popular recent recommend recommended recommendation recommendations card cards quote "
        "quotes "
        "blockquote follow bio biography about footer pullquote infobox breadcrumb breadcrumbs "
        "tags topics keywords"
    ).split()
)
"""Names of elements that are not the story's own."""

_BESIDE_A_BYLINE = frozenset("share sharing social card image photo avatar".split())
"""Those of them that may be in the names of a byline."""

_BUILDER_WORDS = frozenset({"widget", "card", "image"})
"""Words that the site builder Elementor has in the names of all its parts."""

_BYLINES = frozenset("byline bylines author authors".split())
_BARS = frozenset(
    (
        "topbar masthead navbar today clock weather ticker siteheader currentdate todaydate "
        "todaysdate datetoday datenow livedate servertime"
    ).split()
)
"""Names of bars of the site."""

_STORIES = frozenset("article entry post story content single headline hentry".split())
"""Names of elements of the story."""

_NAVIGATION = frozenset(
    "navigation pagination pager breadcrumb breadcrumbs toc related prev next menu tabs "
    "links".split()
)
"""Names of `nav` and `footer` elements that lead to other pages."""


def words_of(names: str | None) -> list[str]:
    """The words of a class or an id, in lower case: `postByline-name` has three."""
    if not names:
        return []
    if names.islower() and names.isalpha() and len(names) < _NAMES_LENGTH:
        return [names]
    found: list[str] = []
    for name in names[:_NAMES_LENGTH].split():
        words = [word.lower() for word in _WORD.findall(name)]
        if words and (len(words) == 1 or words[0] not in _STATES):
            found += words
    return found


def with_pairs(words: list[str]) -> list[str]:
    """The words, and each joined with the next one, so that `last-modified` is a word too."""
    return words + [one + other for one, other in itertools.pairwise(words)]


def words_of_element(node: LexborNode) -> list[str]:
    """The words of an element's class and id."""
    attributes = node.attributes
    identifier = attributes.get("id") or ""
    # An identifier has no blanks: with them it is a title, whose words tell of the story.
    return words_of(attributes.get("class")) + words_of(identifier if " " not in identifier else "")


def in_comments_or_teaser(node: LexborNode | None) -> bool:
    """Whether an element is in comments, teasers or the like, by its names or those around it."""
    for _ in range(_MOST_ANCESTORS):
        if node is None or node.tag in _STOP_AT:
            return False
        words = words_of_element(node)
        found = _ELSEWHERE.intersection(words)
        if "footer" in found and (node.tag == "footer" or not _STORIES.isdisjoint(words)):
            # A story's own `footer` is part of the story, and `read_html` removes all others.
            found -= {"footer"}
        if found and not (
            (found <= _BESIDE_A_BYLINE and _BYLINES.intersection(words))
            or (found <= _BUILDER_WORDS and "elementor" in words)
        ):
            return True
        node = node.parent
    return False


def is_in_card(node: LexborNode, own: Iterable[str]) -> bool:
    """Whether an element is beside, or in, a link to another story.

    Args:
        node: the element.
        own: texts that lead to no other story: the page's titles and the names of the people in the
            element.
    """
    known = {folded(text) for text in own if text}
    around = node.parent
    for _ in range(_MOST_ANCESTORS):
        if around is None or around.tag in ("body", "main", "html"):
            return False
        text = around.text(deep=True, separator=" ") or ""
        # Squeezing a whole page for each element would cost too much.
        if len(text) > _CARD_WITH_BLANKS or len(squeezed(text)) > _CARD_LENGTH:
            return False
        is_card = _is_card(around, known)
        if is_card is not None:
            return is_card and not _is_beside_headline(around, known)
        around = around.parent
    return False


def _is_card(node: LexborNode, known: Collection[str]) -> bool | None:
    """Whether an element has a link to another story; None if neither it nor a heading tells."""
    headings = node.css(_HEADINGS)[:_MOST_HEADINGS]
    if any(_is_known(_folded_text(heading), known) for heading in headings):
        return False
    linked = [heading for heading in headings if _is_link(heading)]
    if any(words_in(squeezed(heading.text(deep=True) or "")) >= _LINK_WORDS for heading in linked):
        return True
    # A heading that is no link is of this page; a short one that is leads to a section or a series.
    if len(linked) < len(headings):
        return False
    links = node.css("a[href]")[:_MOST_HEADINGS] if node.tag in _ITEMS and not headings else []
    links = [node] if node.tag == "a" else links
    return True if any(_is_headline(link, known) for link in links) else None


def _is_beside_headline(node: LexborNode, known: Collection[str]) -> bool:
    """Whether an element follows the page's own headline, or is right before it."""
    after = node.next
    while after is not None and not after.is_element_node:
        after = after.next
    if after is not None and after.tag in _HEADING_TAGS and _is_known(_folded_text(after), known):
        return True
    length = 0
    at: LexborNode | None = node
    for _ in range(_MOST_ANCESTORS):
        before = at.prev if at is not None else None
        while before is not None and not before.is_element_node:
            before = before.prev
        if before is None:
            at = at.parent if at is not None else None
            continue
        length += len(squeezed(before.text(deep=True, separator=" ") or ""))
        if length > _STANDFIRST_LENGTH:
            return False
        headings = [before] if before.tag in _HEADING_TAGS else before.css(_HEADINGS)
        if any(_is_known(_folded_text(heading), known) for heading in headings[:_MOST_HEADINGS]):
            return True
        at = before
    return False


def _is_headline(link: LexborNode, known: Collection[str]) -> bool:
    """Whether a link has the words of another story's headline; a date is none."""
    if _is_known(_folded_text(link), known) or "bookmark" in (link.attributes.get("rel") or ""):
        return False
    words = words_in(link.text(deep=True, separator=" ") or "")
    dates = sum(words_in(time.text(deep=True, separator=" ") or "") for time in link.css("time"))
    return words - dates >= _LINK_WORDS


def _folded_text(node: LexborNode) -> str:
    return folded(squeezed(node.text(deep=True) or ""))


def _is_known(text: str, known: Collection[str]) -> bool:
    """Whether a heading has a known text, or is a part of one."""
    return bool(text) and any(name and (name in text or text in name) for name in known)


def _is_link(heading: LexborNode) -> bool:
    """Whether all of the text of a heading, if it has any, is a link."""
    text = _folded_text(heading)
    around: LexborNode | None = heading
    for _ in range(_LINK_DEPTH if text else 0):
        around = around.parent if around is not None else None
        if around is not None and around.tag == "a":
            return True
    return bool(text) and any(_folded_text(link) == text for link in heading.css("a[href]"))


def names_site_bar(words: list[str]) -> bool:
    """Whether names are those of a bar of the site, which often has the day of the visit."""
    return not _BARS.isdisjoint(with_pairs(words))


def in_site_bar(node: LexborNode | None) -> bool:
    """Whether an element is in a bar of the site, by names, or in the header of the whole page."""
    header = False
    while node is not None and node.tag not in ("body", "html"):
        if node.tag in ("article", "main"):
            return False
        if names_site_bar(words_of_element(node)):
            return True
        if node.tag == "header" and _STORIES.isdisjoint(words_of_element(node)):
            header = node.css_first("h1,h2") is None
        node = node.parent
    return header


def in_prose(node: LexborNode, text: str) -> bool:
    """Whether an element is in a sentence of the story.

    Args:
        node: the element.
        text: its text.
    """
    around = node.parent
    for _ in range(_MOST_ANCESTORS):
        if around is None or around.tag in _STOP_AT or around.tag in ("div", "section", "header"):
            return False
        if around.tag in ("p", "li", "dd", "td", "blockquote", "figcaption"):
            whole = squeezed(around.text(deep=True) or "")
            words = words_in(whole) - words_in(text)
            return words >= 30 or (words >= 6 and ends_sentence(whole))  # noqa: PLR2004 - a byline has fewer
        around = around.parent
    return False


def lines_below_bars(page: BlockList, first: int, last: int) -> list[str]:
    """The texts of the blocks from `first` up to `last`, without those in a bar of the site."""
    known: dict[int, bool] = {}
    return [
        page.texts[index]
        for index in range(first, last)
        if not _is_in_site_bar(page, page.inside[index], known)
    ]


def _is_in_site_bar(page: BlockList, element: int, known: dict[int, bool]) -> bool:
    """Whether an element is, or is in, a bar of the site; `known` remembers the answers."""
    path = []
    in_bar = False
    while element > 0:
        if element in known:
            in_bar = known[element]
            break
        path.append(element)
        tag, attributes = page.tags[element], page.attributes[element]
        if tag in ("article", "main"):
            break
        names = words_of(value_of(attributes, "class")) + words_of(value_of(attributes, "id"))
        if names_site_bar(names) or (tag == "header" and _is_site_header(page, element, names)):
            in_bar = True
            break
        element = page.parents[element]
    for passed in path:
        known[passed] = in_bar
    return in_bar


def _is_site_header(page: BlockList, element: int, names: Iterable[str]) -> bool:
    """Whether a `header` is that of the site: neither its names nor a headline are a story's."""
    inside = page.inside[page.starts[element] : page.ends[element]]
    return _STORIES.isdisjoint(names) and not any(page.tags[at] in ("h1", "h2") for at in inside)


def story_margins(navigation: Sequence[LexborNode]) -> list[LexborNode]:
    """The `footer` and `nav` elements that are the story's own, so they may have its byline."""
    return [node for node in navigation[:_MOST_MARGINS] if _is_of_story(node)]


def _is_of_story(node: LexborNode) -> bool:
    """Whether an element is the story's own: in its article, and not in comments or teasers."""
    words = words_of_element(node)
    if not _NAVIGATION.isdisjoint(words):
        return False
    around: LexborNode | None = node
    path = []
    while around is not None and around.tag not in ("body", "html"):
        path.append(around)
        around = around.parent
    tags = {element.tag for element in path}
    if tags & {"aside", "header"} or not (
        tags & {"article", "main"} or not _STORIES.isdisjoint(words)
    ):
        return False
    return all(_ELSEWHERE.isdisjoint({*words_of_element(element)} - {"footer"}) for element in path)
