"""Finds the further articles of an endless page: those that a reader meets below the page's own.

Invariant: an article counts as another one only after the page's own, which is the `article`
element whose `h1` is the page's title, and only if it has a date near its headline and an address
or authors that are not those of the page's own. If the day is that of the page's own, it must also
have other authors and stand beside no article. So the chapters of a story, the parts of a list, and
the entries of a live blog or a diary are none. What stands below a time, a weekday or a date is
none, either, and a page that its data call a live blog has none at all. Only the first articles of
a page are looked at (`_MOST_ARTICLES`); the rest stays.
"""

import dataclasses
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.text import words_in
from cleanwire.extract.metadata.authors.line_authors import authors_in_lines
from cleanwire.extract.metadata.authors.person_names import names
from cleanwire.extract.metadata.dates import find_date
from cleanwire.extract.metadata.metadata import Metadata

OWN_WORDS = 60
"""With fewer words of the body in the page's own article, nothing is taken out."""

_MOST_ARTICLES = 200
"""How many articles are looked at."""
_NEAR = 8
"""How many blocks after a headline are searched for a date and a byline."""
_LINE = 80
"""The most characters of a line with a date or a byline."""
_LABEL_WORDS = 3
"""A heading of at most this many words is no headline: `Monday`, `4 May`, `Day two`."""
_DAY = len("2026-05-04")
_LIVE_BLOG = "LiveBlogPosting"
"""The type of schema.org."""

_CLOCK = re.compile(r"\W{0,3}\d{1,2}\s?(?:[:.hH：時时点點시]\s?\d\d(?!\d)|[AaPp]\.?[Mm]\b)")
"""The time of day that a heading begins with."""
_ADDRESS = re.compile(
    r' (?:data-(?:[\w-]{0,40}-)?(?:url|href|link|permalink)|itemid)="(?:https?:/)?/[^"#]{2,2000}"'
)
"""An attribute with the address of an article; a place on a page is no address of its own."""


def other_articles(
    page: BlockList, metadata: Metadata, word_sums: Sequence[float]
) -> list[tuple[int, int]]:
    """The runs of blocks that are articles other than the page's own.

    Args:
        page: an HTML page.
        metadata: what the page says of itself.
        word_sums: for each block the number of the body's words before it, and at the end the
            number of all.

    Returns:
        For each run the index of its first block, and the index after its last block.
    """
    title = metadata.title
    if title is None or page.tags.count("article") < 2 or _is_live_blog(page, metadata):  # noqa: PLR2004 - the page's own and another
        return []
    articles = _with_headlines(page)
    found: list[tuple[int, int]] = []
    own: _Head | None = None
    after = looked_at = 0
    for element, headline in articles.items():
        start, end = page.starts[element], page.ends[element]
        if start < after:
            continue
        if own is None and (
            page.texts[headline] != title or word_sums[end] - word_sums[start] < OWN_WORDS
        ):
            continue
        looked_at += 1
        if looked_at > _MOST_ARTICLES:
            break
        head = _head_of(page, element, headline, metadata)
        if not head.days:
            continue
        after = end
        if own is None:
            dates = filter(None, (metadata.published_at, metadata.modified_at))
            own = _Head(
                days=head.days.union(date[:_DAY] for date in dates),
                authors=head.authors.union(metadata.authors),
            )
        elif _is_another(page, articles, element, head, own):
            found.append((start, end))
    return found


def _with_headlines(page: BlockList) -> dict[int, int]:
    """The articles of a page that have a headline; of each the block of its first one."""
    headlines = [index for index, element in enumerate(page.inside) if page.tags[element] == "h1"]
    found: dict[int, int] = {}
    for element, tag in enumerate(page.tags):
        if tag == "article":
            at = bisect_left(headlines, page.starts[element])
            if at < len(headlines) and headlines[at] < page.ends[element]:
                found[element] = headlines[at]
    return found


def _is_live_blog(page: BlockList, metadata: Metadata) -> bool:
    """Whether the data of a page, in JSON-LD or microdata, call it a live blog."""
    return (
        metadata.is_live
        or _LIVE_BLOG.lower() in metadata.types
        or any(_LIVE_BLOG in attributes for attributes in page.attributes)
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Head:
    """What the short lines after a headline say.

    Attributes:
        days: the days in them (ISO 8601).
        authors: who wrote the article.
    """

    days: frozenset[str]
    authors: frozenset[str]


def _head_of(page: BlockList, element: int, headline: int, metadata: Metadata) -> _Head:
    """What the lines after the headline of an article say."""
    near = range(headline + 1, min(headline + 1 + _NEAR, page.ends[element]))
    short = [index for index in near if len(page.texts[index]) <= _LINE]
    lines = [page.texts[index] for index in short]
    marked = [page.texts[index] for index in short if _is_in_byline(page, index, element)]
    written = authors_in_lines(lines, metadata.not_names, language=metadata.dates.language)
    return _Head(
        days=frozenset(date[:_DAY] for date in map(find_date, lines) if date),
        authors=frozenset((*written, *names(marked, not_names=metadata.not_names))),
    )


def _is_in_byline(page: BlockList, index: int, article: int) -> bool:
    """Whether a block is in an element that is marked as the byline of an article."""
    element = page.inside[index]
    while element > article:
        if page.tags[element] == "address" or "byline" in page.attributes[element]:
            return True
        element = page.parents[element]
    return False


def _is_another(
    page: BlockList, articles: Mapping[int, int], element: int, head: _Head, own: _Head
) -> bool:
    """Whether an article is no entry of the page's own, as the module says.

    Args:
        page: the page.
        articles: the block of the headline of each article on it.
        element: the article.
        head: what the article's first lines say.
        own: what those of the page's own say.
    """
    text = page.texts[articles[element]]
    if words_in(text) <= _LABEL_WORDS or _CLOCK.match(text) or find_date(text):
        return False
    is_by_others = not all(
        any(name in author or author in name for author in own.authors) for name in head.authors
    )
    if head.days.isdisjoint(own.days):
        return (
            is_by_others
            or page.links[articles[element]] > 0
            or _ADDRESS.search(page.attributes[element]) is not None
        )
    parent = page.parents[element]
    return is_by_others and sum(page.parents[article] == parent for article in articles) == 1
