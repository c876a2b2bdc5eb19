"""Finds readers' comments on a page, by the names and headings of elements in any language.

Invariants:

- A name counts only as a whole: `comments-area` holds comments, `has-comments` and `commentary` do
  not.
- A name alone is not enough. Most of the story must be outside the element and before it. If more
  of the body is inside than outside, or if the name may mean any discussion (`DOUBTFUL`), the
  element must also look like comments inside.
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
"""What a name says of an element: that it is one comment, a section of comments, or a section that
may be a discussion of anything."""

FEWEST_WORDS = 60
"""With fewer words outside the comments there is no story, and the comments are the page itself."""

_PRODUCTS = ("disqus", "livefyre", "hyvor")


def section_names() -> frozenset[str]:
    """The names of elements that hold comments: words of all languages, and products."""
    return frozenset((*words("comment_sections"), *_PRODUCTS))


def stems() -> tuple[str, ...]:
    """Strings of which an ASCII text has at least one if it names comments.

    Searching for a few short stems is faster than for all words. An ASCII word that contains no
    stem is added as a stem of its own, so that no word is overlooked.
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
    # In a name, other words may be between the words of a phrase. So its first word is the stem.
    return (*found, *(word.split()[0] for word in others))


_SECTIONS = section_names()
_PHRASES = tuple(frozenset(phrase.split()) for phrase in words("comment_phrases"))
_ITEMS = frozenset(words("comment_items"))
_DOUBTFUL = frozenset(words("comment_doubtful"))
_CONTAINERS = frozenset(words("comment_lists")) | frozenset(
    (
        "list lists area section sections wrap wrapper wrapping container thread threads feed "
        "stream group tree children region module widget app root embed zone"
    ).split()
)
_NEUTRAL = _CONTAINERS.union(
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
"""If the attributes of an element are ASCII and have no stem in them, it holds no comments."""

_NAMING_ATTRIBUTES = (
    "class",
    "id",
    "role",
    "aria-label",
    "data-testid",
    "data-component",
    "itemprop",
)
"""The attributes that may name comments."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SEPARATORS = re.compile(r"[-_:./\s\d]+")
_NAME_LENGTH = 200
_NAMES = 20
"""How many names in one attribute are read."""

_ELEMENTS = 400
"""How many elements after a heading are searched for comments that look alike."""

_WORD = alternation("comment_headings")
_UNIT = alternation("comment_units")
_COUNTED_HEADING = re.compile(
    rf"\(?\d{{1,7}}\)? {{0,2}}(?:{_UNIT})? {{0,2}}(?:(?:{alternation('comment_writers')}) )?"
    rf"(?:{_WORD})(?: (?:{alternation('comment_topics')}) .{{1,200}})?:?"
    rf"|(?:{_WORD}) {{0,2}}[(\[（:·–-]? {{0,2}}\d{{1,7}} {{0,2}}[)\]）]?(?:{_UNIT})?"
)
_PLAIN_HEADING = re.compile(
    rf"(?:(?:{alternation('comment_writers', 'comment_owners')}) "
    rf"|{alternation('comment_prefixes')})?"
    rf"(?:{_WORD})(?: (?:{alternation('comment_suffixes')}))?:?|{alternation('leave_a_comment')}"
)
_HEADING_LENGTH = 120


def sections(
    page: BlockList,
    chosen: Sequence[int],
    ancestors: Sequence[int],
    body_words: Sequence[float],
    title: str | None,
) -> Iterator[tuple[int, int]]:
    """The runs of blocks that are comments.

    Args:
        page: an HTML page.
        chosen: the indices of the body's blocks, ascending; at least one.
        ancestors: the indices of the elements around them, ascending.
        body_words: for each block its number of words if it is in the body, else 0.
        title: the page's headline.

    Yields:
        The index of the first block of a run, and the index after its last block.
    """
    # Comments come after the story, so an element that begins before it or with it holds none.
    first = chosen[0]
    later = [element for element in ancestors if page.starts[element] > first]
    written = "\n".join([page.attributes[element] for element in later]).lower()
    headings_at = [
        index
        for index, element in enumerate(page.inside[first:], first)
        if page.tags[element] in HEADINGS and len(page.texts[index]) <= _HEADING_LENGTH
    ]
    headings = "\n".join([page.texts[index] for index in headings_at if index > first]).lower()
    word_sums: list[float] = []
    if _may_name_comments(written):
        word_sums = [0.0, *accumulate(body_words)]
        yield from _by_names(page, later, word_sums, _headlines(page, title))
    if _may_name_comments(headings):
        yield from _by_headings(page, headings_at, word_sums or [0.0, *accumulate(body_words)])


def _by_names(
    page: BlockList, ancestors: Sequence[int], word_sums: Sequence[float], headlines: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """The runs in elements whose names say that they hold comments, or that they are comments.

    Single comments count only if an element has two of them or more. `word_sums` has for each block
    the number of the body's words before it, and at its end the number of all.
    """
    items: dict[int, list[int]] = {}
    after = 0
    for element in ancestors:
        start, end = page.starts[element], page.ends[element]
        if start < after:
            continue
        kind = kind_by_names(page.tags[element], page.attributes[element])
        if not kind or _holds_story(page, element, headlines):
            continue
        if kind == ITEM and "omment" not in value_of(page.attributes[element], "itemtype"):
            if page.tags[element] != "p":
                items.setdefault(page.parents[element], []).append(element)
            continue
        inside, outside = (
            word_sums[end] - word_sums[start],
            word_sums[-1] - word_sums[end] + word_sums[start],
        )
        if _is_after_story(word_sums, start, end) and (
            _looks_like_comments(page, element) or (kind != DOUBTFUL and outside >= inside)
        ):
            yield start, end
            after = end
    for siblings in items.values():
        start, end = page.starts[siblings[0]], page.ends[siblings[-1]]
        if len(siblings) > 1 and start >= after and _is_after_story(word_sums, start, end):
            for element in siblings:
                yield page.starts[element], page.ends[element]


def _by_headings(
    page: BlockList, headings_at: Sequence[int], word_sums: Sequence[float]
) -> Iterator[tuple[int, int]]:
    """The runs below a heading such as `12 comments`, up to the next heading of its level."""
    for rank, index in enumerate(headings_at):
        text = page.texts[index].lower()
        counted = _COUNTED_HEADING.fullmatch(text) is not None
        if not counted and _PLAIN_HEADING.fullmatch(text) is None:
            continue
        heading = page.inside[index]
        parent = page.parents[heading]
        # If the heading is alone in an element, its comments come after that element.
        while parent > 0 and page.ends[parent] == index + 1:
            parent = page.parents[parent]
        level = page.tags[heading]
        end = page.ends[parent]
        for other in itertools.islice(headings_at, rank + 1, None):
            if other >= end:
                break
            if page.tags[page.inside[other]] <= level:
                end = other
                break
        if _is_after_story(word_sums, index, end) and (
            counted or _has_alike_elements(page, heading, index + 1, end)
        ):
            yield index, end


def _is_after_story(word_sums: Sequence[float], start: int, end: int) -> bool:
    """Whether enough of the story is before a run, and no more of it after the run."""
    before, after = word_sums[start], word_sums[-1] - word_sums[end]
    return before >= FEWEST_WORDS and before >= after


def _headlines(page: BlockList, title: str | None) -> list[int]:
    """The indices of the blocks that are the page's headline, ascending."""
    return [
        index
        for index, element in enumerate(page.inside)
        if page.tags[element] == "h1" or page.texts[index] == title
    ]


def _holds_story(page: BlockList, element: int, headlines: Sequence[int]) -> bool:
    """Whether an element holds the headline, or says that it is the article's body."""
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
            found += tag in ("li", "article") or bool(kind_by_names(tag, page.attributes[at]))
            if found > 1:
                return True
        at += 1
    indices = range(page.starts[element], page.ends[element])
    return any(
        page.tags[page.inside[index]] in HEADINGS
        and _COUNTED_HEADING.fullmatch(page.texts[index][:_HEADING_LENGTH].lower()) is not None
        for index in indices
    )


def _has_alike_elements(page: BlockList, heading: int, start: int, end: int) -> bool:
    """Whether two elements of the same parent, tag and class hold blocks of the run.

    Paragraphs do not count, because those of a story are alike too.
    """
    style_ids: list[str] = []
    for at in range(heading + 1, min(heading + _ELEMENTS, len(page.tags))):
        first, last = page.starts[at], page.ends[at]
        if first >= end:
            break
        if start <= first < last <= end and page.tags[at] in ("li", "article", "div", "section"):
            name = value_of(page.attributes[at], "class")[:_NAME_LENGTH]
            style_ids.append(f"{page.parents[at]} {page.tags[at]} {name}")
    style_ids.sort()
    return any(one == other for one, other in pairwise(style_ids))


def _may_name_comments(text: str) -> bool:
    """Whether a text may name comments. False only if it does not; a quick test before the slow."""
    return not text.isascii() or any(map(text.__contains__, _STEMS))


def kind_by_names(tag: str, attributes: str) -> int:
    """What the tag and the attributes of an element say of it.

    Args:
        tag: its name.
        attributes: as a serialised tree has them, each with a blank before it.

    Returns:
        `ITEM`, `SECTION` or `DOUBTFUL`; 0 if they say nothing of comments.
    """
    found = 0
    lowered = attributes.lower()
    if not _may_name_comments(lowered) and "-" not in tag and ":" not in tag:
        return 0
    names = [tag] if "-" in tag or ":" in tag else []
    for attribute in _NAMING_ATTRIBUTES:
        if f' {attribute}="' in attributes:
            value = value_of(attributes, attribute)[:_NAME_LENGTH]
            names += [value] if attribute == "aria-label" else value.split()[:_NAMES]
    if "schema.org/Comment" in attributes or "schema.org/UserComment" in attributes:
        found = ITEM
    for name in names:
        found = max(found, _kind_by_name(name), key=(0, ITEM, DOUBTFUL, SECTION).index)
    return found


def _kind_by_name(name: str) -> int:
    """What one name says: every word of it must be about comments, or be neutral."""
    parts = [part for part in _SEPARATORS.split(_CAMEL.sub(" ", name).lower()) if part]
    own = [part for part in parts if part not in _NEUTRAL]
    if not own:
        return SECTION if any(phrase.issubset(parts) for phrase in _PHRASES) else 0
    if all(part in _SECTIONS or part in _ITEMS or part in _DOUBTFUL for part in own):
        if any(part in _SECTIONS for part in own):
            return SECTION
        if any(part in _DOUBTFUL for part in own):
            return DOUBTFUL
        return SECTION if any(part in _CONTAINERS for part in parts) else ITEM
    return 0
