"""The features of blocks in plain numpy: what the compiled passes have to equal, bit for bit.

Invariant: this file shares no arithmetic with the compiled passes. It goes from an element to all
around it by doubling the distance to the ancestor.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.model.block_features import _FLAGS, _TAGS, Hints, _title_at
from cleanwire.extract.model.class_names import Names
from cleanwire.extract.model.feature_names import BLOCK_FEATURES
from tests.extract.reference_cards import (
    Characters,
    Elements,
    Floats,
    Texts,
    card_features,
    group_features,
    window,
)

_INDEX = {name: index for index, name in enumerate(BLOCK_FEATURES)}
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_ARTICLE, _FIGURE, _LIST = 1, 2, 4
_LEAD = 40
_BODY = 200
LINKED = 0.5


def features(page: BlockList, hints: Hints, names: Names) -> NDArray[np.float32]:
    """What `block_features.features` returns."""
    rows = np.empty((len(BLOCK_FEATURES), len(page)), np.float32)
    texts = _text_features(rows, page, hints)
    _element_features(rows, page, names, texts)
    return rows


def _text_features(rows: NDArray[np.float32], page: BlockList, hints: Hints) -> Texts:
    """Fill the rows from "words" to "in_body"."""
    texts = page.texts
    count = len(texts)
    kinds = Characters(texts)
    words = kinds.words
    density = np.minimum(np.array(page.linked) / np.maximum(kinds.length, 1), 1.0)
    good = kinds.good() & (density < LINKED)
    prose = words * good
    in_links = density * words
    before = np.cumsum(words) - words
    mass = max(float(prose.sum()), 1.0)
    read = np.cumsum(prose)
    near = window(words, 3)
    seen = Counter(texts)
    title = _title_at(page, hints.title)
    rows[_INDEX["words"]] = words
    rows[_INDEX["upper"]] = kinds.upper / np.maximum(kinds.letter, 1)
    rows[_INDEX["ended"]] = kinds.ended
    rows[_INDEX["density"]] = density
    following = rows[_INDEX["next_density"]]
    following[:-1] = density[1:]
    following[-1] = 1
    rows[_INDEX["density_3"]] = window(in_links, 3) / near
    rows[_INDEX["density_8"]] = window(in_links, 8) / window(words, 8)
    rows[_INDEX["prose_3"]] = window(prose, 3) / near
    _fill_neighbours(rows, page, words, density)
    rows[_INDEX["words_before"]] = before
    rows[_INDEX["prose_words_before"]] = read - prose
    rows[_INDEX["prose_after"]] = 1 - read / mass
    rows[_INDEX["page_blocks"]] = count
    rows[_INDEX["page_words"]] = words.sum()
    rows[_INDEX["copies"]] = [seen[text] for text in texts]
    rows[_INDEX["words_from_title"]] = before - before[title] if title >= 0 else np.nan
    lead = (hints.description or "")[:_LEAD]
    rows[_INDEX["lead"]] = (
        [text.startswith(lead) for text in texts] if len(lead) > _LEAD // 2 else 0
    )
    body = hints.body or ""
    # Each text is searched for in the body, so the product of their sizes is bounded.
    known = len(body) > _BODY
    rows[_INDEX["in_body"]] = [text[:_LEAD] in body for text in texts] if known else np.nan
    return Texts(words, density, prose)


def _fill_neighbours(
    rows: NDArray[np.float32], page: BlockList, words: Floats, density: Floats
) -> None:
    """Fill the rows from "previous_density" to "heading_distance"."""
    count = len(words)
    for name, values, outside in (("density", density, 1.0), ("words", words, 0.0)):
        row = rows[_INDEX[f"previous_{name}"]]
        row[0], row[1:] = outside, values[:-1]
    row = rows[_INDEX["next_words"]]
    row[-1], row[:-1] = 0, words[1:]
    at = np.arange(count)
    is_heading = np.array([page.tags[element] in _HEADINGS for element in page.inside])
    # The heading above a block; a heading's own is the one before it.
    last = np.maximum.accumulate(np.where(is_heading, at, -1))
    above = np.concatenate(((-1,), last[:-1]))
    rows[_INDEX["heading_density"]] = np.where(above >= 0, density[above], np.nan)
    rows[_INDEX["heading_distance"]] = np.where(above >= 0, at - above, np.nan)


def _element_features(
    rows: NDArray[np.float32], page: BlockList, names: Names, texts: Texts
) -> None:
    """Fill the rows from "share_low_own" on, of the elements that a block is in."""
    parents = np.array(page.parents)
    parents[0] = 0
    shares, style_ids = names.of(page)
    elements = Elements(
        inside=np.array(page.inside),
        parents=parents,
        starts=np.array(page.starts),
        ends=np.array(page.ends),
        style_ids=style_ids,
        styles=int(style_ids.max()) + 1,
    )
    trust = _name_features(rows, page, elements, shares)
    # Prose under names that seldom hold content counts for less.
    trusted = texts.prose * np.minimum(1.0, (trust + 0.02) / 0.3)
    # Added up in order, as the compiled passes do.
    mass = max(float(np.cumsum(trusted)[-1]), 1.0)
    rows[_INDEX["trusted_before"]] = np.cumsum(trusted) / mass
    believed = Texts(texts.words, texts.density, trusted)
    prose_sums = elements.total(trusted)
    _surrounding_features(rows, elements, believed, prose_sums, mass)
    _core_features(rows, elements, believed, prose_sums, mass)
    _style_features(rows, elements, believed, mass)


def _name_features(
    rows: NDArray[np.float32], page: BlockList, elements: Elements, shares: Floats
) -> Floats:
    """Fill the rows from "share_low_own" to "page_articles".

    Args:
        rows: the features, which are filled.
        page: the page.
        elements: its elements.
        shares: as `Names.of` returns them; shape (3, elements).

    Returns:
        For each block the least content share of its element and all around it.
    """
    share_low, share_high, low = shares
    inside, parents = elements.inside, elements.parents
    least, most, lowest = share_low.copy(), share_high.copy(), low.copy()
    flags = np.array([_FLAGS.get(tag, 0) for tag in page.tags])
    depth = np.ones(len(page.tags))
    depth[0] = 0
    up = parents
    while True:
        np.minimum(least, least[up], out=least)
        np.maximum(most, most[up], out=most)
        np.minimum(lowest, lowest[up], out=lowest)
        flags |= flags[up]
        depth = depth + depth[up]
        if not up.any():
            break
        up = up[up]
    outer = parents[inside]
    outer2 = parents[outer]
    trust: Floats = least[inside]
    around = flags[inside]
    rows[_INDEX["share_low_own"]] = share_low[inside]
    rows[_INDEX["share_low_outer"]] = share_low[outer]
    rows[_INDEX["share_low_outer2"]] = share_low[outer2]
    rows[_INDEX["share_high_outer"]] = share_high[outer]
    rows[_INDEX["share_high_outer2"]] = share_high[outer2]
    rows[_INDEX["low_own"]] = low[inside]
    rows[_INDEX["share_least"]] = trust
    rows[_INDEX["share_most"]] = most[inside]
    rows[_INDEX["low_least"]] = lowest[inside]
    rows[_INDEX["tag"]] = [_TAGS.get(page.tags[element], 0) for element in page.inside]
    rows[_INDEX["depth"]] = depth[inside]
    rows[_INDEX["in_article"]] = (around & _ARTICLE) > 0
    rows[_INDEX["in_figure"]] = (around & _FIGURE) > 0
    rows[_INDEX["in_list"]] = (around & _LIST) > 0
    rows[_INDEX["page_articles"]] = page.tags.count("article")
    return trust


def _surrounding_features(
    rows: NDArray[np.float32],
    elements: Elements,
    texts: Texts,
    prose_sums: Floats,
    mass: float,
) -> None:
    """Fill the rows from "siblings_own" to "e4_blocks"."""
    inside, parents = elements.inside, elements.parents
    starts, ends = elements.starts, elements.ends
    size = ends - starts
    all_words = np.maximum(elements.total(texts.words), 1)
    links = elements.total(texts.density * texts.words) / all_words

    pairs = parents * elements.styles + elements.style_ids
    _, inverse, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    siblings = counts[inverse]
    rows[_INDEX["siblings_own"]] = siblings[inside]
    cards = card_features(rows, elements, texts, prose_sums, groups=(inverse, counts))
    group_features(rows, elements, texts, inverse, cards)

    # Of nested elements with the same blocks only the outermost counts.
    same = (starts == starts[parents]) & (ends == ends[parents])
    same[0] = False
    run = np.where(same, parents, np.arange(len(parents)))
    while not np.array_equal(run, further := run[run]):
        run = further
    e1 = run[inside]
    e2 = run[parents[e1]]
    e3 = run[parents[e2]]
    e4 = run[parents[e3]]
    rows[_INDEX["e1_prose"]] = prose_sums[e1] / mass
    rows[_INDEX["e1_pure"]] = (prose_sums / all_words)[e1]
    rows[_INDEX["e1_links"]] = links[e1]
    rows[_INDEX["e1_siblings"]] = siblings[e1]
    rows[_INDEX["e2_prose"]] = prose_sums[e2] / mass
    rows[_INDEX["e2_links"]] = links[e2]
    rows[_INDEX["e2_siblings"]] = siblings[e2]
    rows[_INDEX["e3_prose"]] = prose_sums[e3] / mass
    rows[_INDEX["e3_links"]] = links[e3]
    rows[_INDEX["e3_blocks"]] = size[e3]
    rows[_INDEX["e4_prose"]] = prose_sums[e4] / mass
    rows[_INDEX["e4_blocks"]] = size[e4]


def _core_features(
    rows: NDArray[np.float32],
    elements: Elements,
    texts: Texts,
    prose_sums: Floats,
    mass: float,
) -> None:
    """Fill the rows from "top_distance" to "net10_share"."""
    prose = texts.prose
    size = elements.ends - elements.starts
    outer = elements.parents[elements.inside]
    direct = np.bincount(outer, weights=prose, minlength=len(elements.parents))
    top = int(direct.argmax())
    rows[_INDEX["top_distance"]] = np.maximum(elements.distance(top), 0)
    rows[_INDEX["top_direct"]] = outer == top
    beyond = len(elements.inside) + 1
    for name, share in (("core4", 0.4), ("core6", 0.6), ("core8", 0.8)):
        holds = prose_sums >= share * mass
        gap = elements.distance(int(np.where(holds, size, beyond).argmin()))
        rows[_INDEX[f"{name}_inside"]] = gap <= 0
        # The distance to the largest of the three says nothing more.
        if name != "core8":
            rows[_INDEX[f"{name}_distance"]] = gap
    clean = prose * (1 - texts.density)
    against = np.where(prose > 0, 0, 3 + texts.density * texts.words)
    for name, price in (("net3", 0.3), ("net10", 1.0)):
        best = int(elements.total(clean - price * against).argmax())
        gap = elements.distance(best)
        rows[_INDEX[f"{name}_inside"]] = gap <= 0
        rows[_INDEX[f"{name}_distance"]] = gap
        rows[_INDEX[f"{name}_share"]] = prose_sums[best] / mass


def _style_features(
    rows: NDArray[np.float32], elements: Elements, texts: Texts, mass: float
) -> None:
    """Fill the rows from "style_words" to "style_count"."""
    style_ids = elements.style_ids
    outer = elements.parents[elements.inside]
    pairs = style_ids[elements.inside] * elements.styles + style_ids[outer]
    _, group, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    words = np.bincount(group, weights=texts.words)
    prose = np.bincount(group, weights=texts.prose)
    rows[_INDEX["style_words"]] = words[group] / texts.words.sum()
    rows[_INDEX["style_prose"]] = (prose / words)[group]
    rows[_INDEX["style_prose_share"]] = prose[group] / mass
    rows[_INDEX["style_count"]] = counts[group]
