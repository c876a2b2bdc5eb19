"""Runs of paragraphs that a page prints twice: for the phone and for the desktop.

Invariant: a run goes only where it stands a second time in another container. A line, a
quotation or a refrain that a story repeats stays.
"""

from collections.abc import Sequence

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.text import words_in

FEWEST_WORDS = 8
"""A block of fewer words begins no run."""

RUN_WORDS = 30
LONE_WORDS = 60
"""A single paragraph is a run from so many words on."""

_HOLDS = frozenset({"div", "section", "td", "article", "aside", "span", "main"})


def without_repeats(page: BlockList, chosen: Sequence[int]) -> list[int]:
    """The chosen blocks without the second printing of a run."""
    texts = [page.texts[place] for place in chosen]
    if len(set(texts)) == len(texts):
        return list(chosen)
    first: dict[str, int] = {}
    kept: list[int] = []
    at, count = 0, len(texts)
    while at < count:
        earlier = first.setdefault(texts[at], at)
        length = 0
        if earlier < at and words_in(texts[at]) >= FEWEST_WORDS:
            length = _run(page, chosen, texts, earlier, at)
        if length:
            at += length
        else:
            kept.append(chosen[at])
            at += 1
    return kept


def _run(
    page: BlockList, chosen: Sequence[int], texts: Sequence[str], earlier: int, at: int
) -> int:
    """How many blocks from a place on are the second printing of those from an earlier one."""
    length = words = long = 0
    while (
        at + length < len(texts)
        and earlier + length < at
        and texts[at + length] == texts[earlier + length]
        and _apart(page, chosen[earlier + length], chosen[at + length])
    ):
        count = words_in(texts[at + length])
        words += count
        long += count >= FEWEST_WORDS
        length += 1
    if (long > 1 and words >= RUN_WORDS) or words >= LONE_WORDS or earlier + 1 == at:
        return length
    return 0


def _apart(page: BlockList, one: int, other: int) -> bool:
    """Whether two blocks stand in different containers."""
    first, second = page.inside[one], page.inside[other]
    if first == second:
        return False
    return page.parents[first] != page.parents[second] or page.tags[first] in _HOLDS
