"""Removes the second copy of runs of paragraphs that a page has twice: for phones and for desktops.

Invariant: a run is removed only if the same run is earlier on the page in another container. A
line, a quotation or a refrain that a story repeats is kept.
"""

from collections.abc import Sequence

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.text import words_in

FEWEST_WORDS = 8
"""A run begins with a block of at least this many words."""

RUN_WORDS = 30
"""The fewest words of a run in which two blocks have `FEWEST_WORDS` each."""

LONE_WORDS = 60
"""The fewest words of any other run, such as a single paragraph."""

_CONTAINERS = frozenset({"div", "section", "td", "article", "aside", "span", "main"})


def without_repeats(page: BlockList, chosen: Sequence[int]) -> list[int]:
    """The indices of the chosen blocks, without second copies of runs."""
    texts = [page.texts[index] for index in chosen]
    if len(set(texts)) == len(texts):
        return list(chosen)
    first: dict[str, int] = {}
    kept: list[int] = []
    at, count = 0, len(texts)
    while at < count:
        earlier = first.setdefault(texts[at], at)
        length = 0
        if earlier < at and words_in(texts[at]) >= FEWEST_WORDS:
            length = _repeated_length(page, chosen, texts, earlier, at)
        if length:
            at += length
        else:
            kept.append(chosen[at])
            at += 1
    return kept


def _repeated_length(
    page: BlockList, chosen: Sequence[int], texts: Sequence[str], earlier: int, at: int
) -> int:
    """The length in blocks of the run at `at`, if it copies the run at `earlier`; else 0.

    A block directly after its first copy is a run whatever its length.

    Args:
        page: the page.
        chosen: the indices of the chosen blocks.
        texts: their texts, in the same order.
        earlier: the position in `texts` at which the first copy begins.
        at: the position at which the second copy may begin.
    """
    length = words = long_blocks = 0
    while (
        at + length < len(texts)
        and earlier + length < at
        and texts[at + length] == texts[earlier + length]
        and _in_different_containers(page, chosen[earlier + length], chosen[at + length])
    ):
        count = words_in(texts[at + length])
        words += count
        long_blocks += count >= FEWEST_WORDS
        length += 1
    if (long_blocks > 1 and words >= RUN_WORDS) or words >= LONE_WORDS or earlier + 1 == at:
        return length
    return 0


def _in_different_containers(page: BlockList, one: int, other: int) -> bool:
    """Whether two blocks are in different containers."""
    first, second = page.inside[one], page.inside[other]
    if first == second:
        return False
    return page.parents[first] != page.parents[second] or page.tags[first] in _CONTAINERS
