"""Which elements of a page hold readers' comments, told by names and headings in any language.

Invariant: a whole name, never a part of one: `comments-area` holds comments, `has-comments`
and `commentary` do not. And never a name alone: the story has to stand outside, before it, and
an element that holds more than the story has to look like comments inside, too.
"""

import itertools
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from cleanwire.extract.dom.attributes import value_of
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.headings import HEADINGS
from cleanwire.extract.vocabulary import alternation, words

ITEM, SECTION, DOUBTFUL = 1, 2, 3
"""What a name says: one comment, a section of them, or a section of whatever people discuss."""

FEWEST_WORDS = 60
"""A story of fewer words outside its comments is none: the comments are the page."""

_PRODUCTS = ("disqus", "livefyre", "hyvor")


def section_names() -> frozenset[str]:
    """Names of elements that hold comments."""
    return frozenset((*words("comment_sections"), *_PRODUCTS))


def stems() -> tuple[str, ...]:
    """What an ASCII text contains if it names comments.

    Few short stems are searched for faster than all words. A word that has none of them is one
    itself, so that no word is overlooked.
    """
    found = (*words("comment_stems"), *_PRODUCTS)
    named = words(
        "comment_sections",
        "comment_items",
        "comment_doubtful",
        "comment_phrases",
        "comment_headings",
        "leave_a_comment",
    )
    others = [word for word in named if word.isascii() and not any(map(word.__contains__, found))]
    # The words of a phrase may stand apart in a name; one of them is enough.
    return (*found, *(word.split()[0] for word in others))


_SECTIONS = section_names()
_PHRASES = tuple(frozenset(phrase.split()) for phrase in words("comment_phrases"))
_ITEMS = frozenset(words("comment_items"))
_DOUBTFUL = frozenset(words("comment_doubtful"))
_GATHERS = frozenset(words("comment_lists")) | frozenset(
    (
        "list lists area section sections wrap wrapper wrapping container thread threads feed "
        "stream group tree children region module widget app root embed zone"
    ).split()
)
_NEUTRAL = _GATHERS.union(
    (
        "body block blocks box content contents holder inner outer main item items form wp post "
        "posts article entry story news page single user users reader readers fb facebook panel "
        "tab pane row col ui js c l o m s v component view template title heading header text "
        "layout the all div ol ul sub depth level even odd site blog detail details bottom "
        "below threaded public native new old id parent byuser alt n sec thread"
    ).split(),
    words("comment_neutral"),
    *_PHRASES,
)
_STEMS = stems()
"""Parts of the names in ASCII: an element without any of them holds no comments."""

_MARKED = ("class", "id", "role", "aria-label", "data-testid", "data-component", "itemprop")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_APART = re.compile(r"[-_:./\s\d]+")
_NAME_LENGTH = 200
_NAMES = 20
_ELEMENTS = 400

_WORD = alternation("comment_headings")
_UNIT = alternation("comment_units")
_COUNTED = re.compile(
    rf"\(?\d{{1,7}}\)? {{0,2}}(?:{_UNIT})? {{0,2}}(?:(?:{alternation('comment_writers')}) )?"
    rf"(?:{_WORD})(?: (?:{alternation('comment_topics')}) .{{1,200}})?:?"
    rf"|(?:{_WORD}) {{0,2}}[(\[（:·–-]? {{0,2}}\d{{1,7}} {{0,2}}[)\]）]?(?:{_UNIT})?"
)
_NAMED = re.compile(
    rf"(?:(?:{alternation('comment_writers', 'comment_owners')}) "
    rf"|{alternation('comment_prefixes')})?"
    rf"(?:{_WORD})(?: (?:{alternation('comment_suffixes')}))?:?|{alternation('leave_a_comment')}"
)
_HEADING_LENGTH = 120


def sections(
    page: BlockList,
    chosen: Sequence[int],
    around: Sequence[int],
    weights: Sequence[float],
    title: str | None,
) -> Iterator[tuple[int, int]]:
    """The runs of blocks that are comments, as first block and the one after the last.

    Args:
        page: an HTML page.
        chosen: the blocks of its body, ascending; at least one.
        around: the elements around them, ascending.
        weights: of each block its words if it is of the body, else 0.
        title: the page's headline.
    """
    # Comments come after the story: what begins before it, or with it, holds none.
    first = chosen[0]
    later = [element for element in around if page.starts[element] > first]
    written = "\n".join([page.attributes[element] for element in later]).lower()
    places = [
        place
        for place, element in enumerate(page.inside[first:], first)
        if page.tags[element] in HEADINGS and len(page.texts[place]) <= _HEADING_LENGTH
    ]
    headings = "\n".join([page.texts[place] for place in places if place > first]).lower()
    sums: list[float] = []
    if _may_name(written):
        sums = [0.0, *accumulate(weights)]
        yield from _named(page, later, sums, _headlines(page, title))
    if _may_name(headings):
        yield from _headed(page, places, sums or [0.0, *accumulate(weights)])


def _named(
    page: BlockList, around: Sequence[int], sums: Sequence[float], headlines: Sequence[int]
) -> Iterator[tuple[int, int]]:
    items: dict[int, list[int]] = {}
    after = 0
    for element in around:
        start, end = page.starts[element], page.ends[element]
        if start < after:
            continue
        said = says(page.tags[element], page.attributes[element])
        if not said or _holds_story(page, element, headlines):
            continue
        if said == ITEM and "omment" not in value_of(page.attributes[element], "itemtype"):
            if page.tags[element] != "p":
                items.setdefault(page.parents[element], []).append(element)
            continue
        inside, outside = sums[end] - sums[start], sums[-1] - sums[end] + sums[start]
        if _follows(sums, start, end) and (
            _looks_like_comments(page, element) or (said != DOUBTFUL and outside >= inside)
        ):
            yield start, end
            after = end
    for siblings in items.values():
        start, end = page.starts[siblings[0]], page.ends[siblings[-1]]
        if len(siblings) > 1 and start >= after and _follows(sums, start, end):
            for element in siblings:
                yield page.starts[element], page.ends[element]


def _headed(
    page: BlockList, places: Sequence[int], sums: Sequence[float]
) -> Iterator[tuple[int, int]]:
    for rank, place in enumerate(places):
        text = page.texts[place].lower()
        counted = _COUNTED.fullmatch(text) is not None
        if not counted and _NAMED.fullmatch(text) is None:
            continue
        heading = page.inside[place]
        parent = page.parents[heading]
        # A heading in an element of its own speaks for what comes after that element.
        while parent > 0 and page.ends[parent] == place + 1:
            parent = page.parents[parent]
        level = page.tags[heading]
        end = page.ends[parent]
        for other in itertools.islice(places, rank + 1, None):
            if other >= end:
                break
            if page.tags[page.inside[other]] <= level:
                end = other
                break
        if _follows(sums, place, end) and (counted or _repeats(page, heading, place + 1, end)):
            yield place, end


def _follows(sums: Sequence[float], start: int, end: int) -> bool:
    """Whether the story stands outside a run, and most of it before."""
    before, after = sums[start], sums[-1] - sums[end]
    return before >= FEWEST_WORDS and before >= after


def _headlines(page: BlockList, title: str | None) -> list[int]:
    """The blocks that are the page's headline, ascending."""
    return [
        place
        for place, element in enumerate(page.inside)
        if page.tags[element] == "h1" or page.texts[place] == title
    ]


def _holds_story(page: BlockList, element: int, headlines: Sequence[int]) -> bool:
    """Whether the headline is in an element, or it says that it is the article's body."""
    if page.tags[element] == "main" or "articleBody" in page.attributes[element]:
        return True
    at = bisect_left(headlines, page.starts[element])
    return at < len(headlines) and headlines[at] < page.ends[element]


def _looks_like_comments(page: BlockList, element: int) -> bool:
    """Whether an element holds two comments or more, or a heading that counts them."""
    found = 0
    at = element + 1
    while at < len(page.tags) and page.parents[at] >= element:
        if page.ends[at] > page.starts[at]:
            tag = page.tags[at]
            found += tag in ("li", "article") or bool(says(tag, page.attributes[at]))
            if found > 1:
                return True
        at += 1
    places = range(page.starts[element], page.ends[element])
    return any(
        page.tags[page.inside[place]] in HEADINGS
        and _COUNTED.fullmatch(page.texts[place][:_HEADING_LENGTH].lower()) is not None
        for place in places
    )


def _repeats(page: BlockList, heading: int, start: int, end: int) -> bool:
    """Whether two elements of one look, neither of them a paragraph, hold the run's blocks."""
    looks: list[str] = []
    for at in range(heading + 1, min(heading + _ELEMENTS, len(page.tags))):
        first, last = page.starts[at], page.ends[at]
        if first >= end:
            break
        if start <= first < last <= end and page.tags[at] in ("li", "article", "div", "section"):
            name = value_of(page.attributes[at], "class")[:_NAME_LENGTH]
            looks.append(f"{page.parents[at]} {page.tags[at]} {name}")
    looks.sort()
    return any(one == other for one, other in pairwise(looks))


def _may_name(text: str) -> bool:
    """Whether a text may name comments: cheap, and not wrong about a text that does."""
    return not text.isascii() or any(map(text.__contains__, _STEMS))


def says(tag: str, attributes: str) -> int:
    """What the names of an element say: `ITEM`, `SECTION`, `DOUBTFUL`, or 0."""
    found = 0
    lowered = attributes.lower()
    if not _may_name(lowered) and "-" not in tag and ":" not in tag:
        return 0
    names = [tag] if "-" in tag or ":" in tag else []
    for attribute in _MARKED:
        if f' {attribute}="' in attributes:
            value = value_of(attributes, attribute)[:_NAME_LENGTH]
            names += [value] if attribute == "aria-label" else value.split()[:_NAMES]
    if "schema.org/Comment" in attributes or "schema.org/UserComment" in attributes:
        found = ITEM
    for name in names:
        found = max(found, _said(name), key=(0, ITEM, DOUBTFUL, SECTION).index)
    return found


def _said(name: str) -> int:
    parts = [part for part in _APART.split(_CAMEL.sub(" ", name).lower()) if part]
    own = [part for part in parts if part not in _NEUTRAL]
    if not own:
        return SECTION if any(phrase.issubset(parts) for phrase in _PHRASES) else 0
    if all(part in _SECTIONS or part in _ITEMS or part in _DOUBTFUL for part in own):
        if any(part in _SECTIONS for part in own):
            return SECTION
        if any(part in _DOUBTFUL for part in own):
            return DOUBTFUL
        return SECTION if any(part in _GATHERS for part in parts) else ITEM
    return 0
