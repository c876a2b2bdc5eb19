"""Finds the further articles of an endless page: those that a reader meets below the page's own.

Invariant: an article counts as another one only after the page's own, which is the `article`
element whose `h1` is the page's title. Each has a date near its headline. So the chapters of a
story, the entries of a live blog and the parts of a list are none.
"""

from bisect import bisect_left
from collections.abc import Sequence

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.metadata.dates import find_date

OWN_WORDS = 60
"""With fewer words of the body in the page's own article, nothing is taken out."""

_MOST_ARTICLES = 200
"""How many articles are asked for a date."""
_NEAR = 8
"""How many blocks after a headline are searched for a date."""
_DATE_LINE = 80
"""The most characters of a line with a date."""


def other_articles(
    page: BlockList, title: str | None, word_sums: Sequence[float]
) -> list[tuple[int, int]]:
    """The runs of blocks that are articles other than the page's own.

    Args:
        page: an HTML page.
        title: the page's headline.
        word_sums: for each block the number of the body's words before it, and at the end the
            number of all.

    Returns:
        For each run the index of its first block, and the index after its last block.
    """
    if title is None or page.tags.count("article") < 2:  # noqa: PLR2004 - the page's own and another
        return []
    headlines = [index for index, element in enumerate(page.inside) if page.tags[element] == "h1"]
    found: list[tuple[int, int]] = []
    after = looked_at = 0
    for element, tag in enumerate(page.tags):
        start, end = page.starts[element], page.ends[element]
        if tag != "article" or start < after:
            continue
        at = bisect_left(headlines, start)
        if at == len(headlines) or headlines[at] >= end:
            continue
        is_own = not after
        if is_own and (
            page.texts[headlines[at]] != title or word_sums[end] - word_sums[start] < OWN_WORDS
        ):
            continue
        looked_at += 1
        if looked_at > _MOST_ARTICLES:
            break
        if not _is_dated(page, headlines[at], end):
            continue
        after = end
        if not is_own:
            found.append((start, end))
    return found


def _is_dated(page: BlockList, headline: int, end: int) -> bool:
    """Whether a line shortly after a headline has a date."""
    return any(
        len(page.texts[index]) <= _DATE_LINE and find_date(page.texts[index]) is not None
        for index in range(headline + 1, min(headline + 1 + _NEAR, end))
    )
