"""Streams of teasers: cards, each with a linked headline and a lead.

Invariant: a stream is taken out of a body only beside a story. The rest of the body has a hundred
words of which the model is sure, and most cards have no word of the page's title or description. So
a list of products, places or books that is the story itself is kept. How much of a body is in
streams is told apart from that; `model/page_kind.py` decides what follows.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.body.topic import topic_counts, topic_words
from cleanwire.extract.dom.attributes import value_of
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.model.feature_names import BLOCK_FEATURES
from cleanwire.extract.model.select_blocks import BlockSelection

FEWEST_CARDS = 5
"""Fewer elements of one style and one parent are no stream."""

MOST_PROSE = 80
"""A card has fewer words of prose than this, on average."""

MOST_EXCERPT = 150
"""A card of a page that lists stories has fewer words of prose than this, on average: lists print
longer leads than a box beside a story does."""

HEADLINED = 0.8
"""At least this share of the cards has a linked headline."""

ON_TOPIC = 0.34
"""Less than this share of the cards has a word of the page's title or description."""

STORY_WORDS = 100
"""The fewest words of the rest of the body of which the model is sure."""

_SURE = 0.8
_LINKED = 0.8
_HEADLINE_WORDS = 3
_DENSITY, _CARDS, _LINKED_CARDS = map(
    BLOCK_FEATURES.index, ("density", "card_count", "card_linked")
)


def stream_blocks(
    page: BlockList, selection: BlockSelection, topic: Sequence[str | None]
) -> list[int]:
    """The chosen blocks that are in streams of teasers, ascending.

    Args:
        page: an HTML page.
        selection: the blocks that are chosen.
        topic: the title and the description of the page.
    """
    if not _may_have_streams(selection):
        return []
    words = selection.block_words
    found = np.zeros(len(page), bool)
    about: NDArray[np.bool_] | None = None
    for blocks in _streams(page, selection, MOST_PROSE):
        if about is None:
            about = topic_counts(page.texts, topic_words(*topic)) > 0
        if sum(bool(about[part].any()) for part in blocks) < ON_TOPIC * len(blocks):
            for part in blocks:
                found[part] = True
    chosen = np.array(selection.chosen)
    if not found[chosen].any():
        return []
    rest = chosen[~found[chosen]]
    sure = rest[selection.probability[rest] > _SURE]
    if words[sure].sum() < STORY_WORDS:
        return []
    taken: list[int] = chosen[found[chosen]].tolist()
    return taken


def stream_share(page: BlockList, selection: BlockSelection) -> float:
    """The share of the chosen words that are in streams of teasers on any topic, 0 to 1.

    Args:
        page: an HTML page.
        selection: the blocks that are chosen.
    """
    if not _may_have_streams(selection):
        return 0.0
    found = np.zeros(len(page), bool)
    for blocks in _streams(page, selection, MOST_EXCERPT):
        for part in blocks:
            found[part] = True
    words = selection.block_words[selection.chosen]
    return float(words[found[selection.chosen]].sum() / max(float(words.sum()), 1.0))


def _may_have_streams(selection: BlockSelection) -> bool:
    """Whether a chosen block is in a card; the features tell at once that on most pages none is."""
    rows = selection.rows
    in_cards = (rows[_CARDS] >= FEWEST_CARDS) & (rows[_LINKED_CARDS] >= HEADLINED)
    return bool(in_cards[selection.chosen].any())


def _streams(page: BlockList, selection: BlockSelection, most_prose: int) -> Iterator[list[slice]]:
    """The blocks of each card, stream by stream.

    Args:
        page: an HTML page.
        selection: the blocks that are chosen.
        most_prose: the cards of a stream have fewer words of prose, on average.
    """
    words, density = selection.block_words, selection.rows[_DENSITY]
    headlines = (density >= _LINKED) & (words >= _HEADLINE_WORDS)
    for cards in _groups(page, headlines):
        blocks = [slice(page.starts[card], page.ends[card]) for card in cards]
        prose = [float(words[part][density[part] < _LINKED].sum()) for part in blocks]
        if sum(prose) < most_prose * len(cards):
            yield blocks


def _groups(page: BlockList, headlines: NDArray[np.bool_]) -> list[list[int]]:
    """The repeated elements, most of which have a headline and all of which have two blocks."""
    with_headline = np.concatenate(((0,), np.cumsum(headlines)))
    by_style: dict[tuple[int, str, str], list[int]] = {}
    arrays = page.as_arrays()
    with_text = np.flatnonzero(arrays.ends > arrays.starts)
    parents = arrays.parents[with_text]
    # Only elements of which a parent has enough can be a stream.
    enough = np.bincount(parents)[parents] >= FEWEST_CARDS
    for element, parent in zip(with_text[enough].tolist(), parents[enough].tolist(), strict=True):
        key = parent, page.tags[element], value_of(page.attributes[element], "class")
        by_style.setdefault(key, []).append(element)
    found = []
    for elements in by_style.values():
        if len(elements) < FEWEST_CARDS:
            continue
        starts = np.array([page.starts[element] for element in elements])
        ends = np.array([page.ends[element] for element in elements])
        share = (with_headline[ends] > with_headline[starts]).mean()
        if share >= HEADLINED and (ends - starts).mean() >= 2:  # noqa: PLR2004 - a headline and a lead
            found.append(elements)
    return found
