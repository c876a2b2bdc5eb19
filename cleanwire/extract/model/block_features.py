"""Blocks -> numbers: what the model sees of an HTML page.

Invariant: a row of numbers a block, for all blocks at once, a function of the page alone
and of the table of names. `NAMES` is the order of the columns; a trained model fits one order,
so a change here wants a new model.

Sums over an element come from running sums, since its blocks are a run; what holds for an
element and all around it (the least worth of their names, whether one is an `article`) comes
from doubling the distance to the element above, about five rounds for any depth.
"""

import dataclasses
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.model.character_counts import Characters
from cleanwire.extract.model.class_names import Names

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NAMES = (
    "words upper ended density next_density density_3 density_8 prose_3 words_before "
    "prose_words_before prose_after page_blocks page_words copies words_from_title lead in_body "
    "share_low_own share_low_outer share_low_outer2 share_high_outer share_high_outer2 low_own "
    "share_least share_most low_least tag depth in_article in_figure in_list page_articles "
    "trusted_before siblings_own "
    "e1_prose e1_pure e1_links e1_siblings e2_prose e2_links e2_siblings e3_prose e3_links "
    "e3_blocks e4_prose e4_blocks top_distance top_direct "
    "core4_inside core4_distance core6_inside core6_distance core8_inside "
    "net3_inside net3_distance net3_share net10_inside net10_distance net10_share "
    "look_words look_prose look_prose_share look_count"
).split()

LINKED = 0.5

_TAGS = {
    "p": 1,
    "li": 2,
    "h1": 3,
    "h2": 4,
    "h3": 5,
    "h4": 6,
    "h5": 6,
    "h6": 6,
    "td": 7,
    "th": 7,
    "blockquote": 8,
    "figcaption": 9,
    "dt": 10,
    "dd": 10,
    "pre": 11,
    "div": 12,
    "section": 13,
    "article": 14,
    "header": 15,
    "footer": 16,
    "aside": 16,
    "nav": 16,
    "body": 17,
    "main": 17,
}
_ARTICLE, _FIGURE, _LIST = 1, 2, 4
_FLAGS = {
    "article": _ARTICLE,
    "main": _ARTICLE,
    "figure": _FIGURE,
    "figcaption": _FIGURE,
    "ul": _LIST,
    "ol": _LIST,
    "dl": _LIST,
}
_LEAD = 40
_BODY = 200
_LONGEST_SEARCH = 500_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a page says of its article beside its blocks: title, lead, body."""

    title: str | None = None
    description: str | None = None
    body: str | None = None


def features(page: BlockList, hints: Hints, names: Names) -> NDArray[np.float32]:
    """The features of a page with at least one block; shape (len(NAMES), blocks)."""
    rows = np.empty((len(NAMES), len(page)), np.float32)
    texts = _texts(rows, page, hints)
    _elements(rows, page, names, texts)
    return rows


@dataclasses.dataclass(slots=True)
class _Texts:
    words: Floats
    density: Floats
    prose: Floats


def window(values: Floats, span: int) -> Floats:
    """Sums over the blocks from `span` before to `span` after."""
    count = len(values)
    sums = np.concatenate(((0.0,), np.cumsum(values)))
    at = np.arange(count)
    upper: Floats = sums[np.minimum(at + span + 1, count)]
    return upper - sums[np.maximum(at - span, 0)]


def _texts(rows: NDArray[np.float32], page: BlockList, hints: Hints) -> _Texts:
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
    rows[0] = words
    rows[1] = kinds.upper / np.maximum(kinds.letter, 1)
    rows[2] = kinds.ended
    rows[3] = density
    rows[4, :-1] = density[1:]
    rows[4, -1] = 1
    rows[5] = window(in_links, 3) / near
    rows[6] = window(in_links, 8) / window(words, 8)
    rows[7] = window(prose, 3) / near
    rows[8] = before
    rows[9] = read - prose
    rows[10] = 1 - read / mass
    rows[11] = count
    rows[12] = words.sum()
    rows[13] = [seen[text] for text in texts]
    rows[14] = before - before[title] if title >= 0 else np.nan
    lead = (hints.description or "")[:_LEAD]
    rows[15] = [text.startswith(lead) for text in texts] if len(lead) > _LEAD // 2 else 0
    body = hints.body or ""
    # Each text is looked for in it, so both together are bounded.
    known = _BODY < len(body) <= _LONGEST_SEARCH // count
    rows[16] = [text[:_LEAD] in body for text in texts] if known else np.nan
    return _Texts(words, density, prose)


def _title_at(page: BlockList, title: str | None) -> int:
    """Where the headline stands: the text itself, else the first first-level heading."""
    if title:
        try:
            return page.texts.index(title)
        except ValueError:
            pass
    return next((place for place, at in enumerate(page.inside) if page.tags[at] == "h1"), -1)


def _elements(rows: NDArray[np.float32], page: BlockList, names: Names, texts: _Texts) -> None:  # noqa: PLR0915 - one column after the other
    count, elements = len(page), len(page.tags)
    words, prose = texts.words, texts.prose
    at = np.arange(count)
    inside = np.array(page.inside)
    parents = np.array(page.parents)
    parents[0] = 0
    starts, ends = np.array(page.starts), np.array(page.ends)
    size = ends - starts

    (share_low, share_high, low), looks = names.of(page)
    least, most, lowest = share_low.copy(), share_high.copy(), low.copy()
    flags = np.array([_FLAGS.get(tag, 0) for tag in page.tags])
    depth = np.ones(elements)
    depth[0] = 0
    articles = page.tags.count("article")
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
    tags = page.tags
    rows[17] = share_low[inside]
    rows[18] = share_low[outer]
    rows[19] = share_low[outer2]
    rows[20] = share_high[outer]
    rows[21] = share_high[outer2]
    rows[22] = low[inside]
    rows[23] = trust = least[inside]
    rows[24] = most[inside]
    rows[25] = lowest[inside]
    rows[26] = [_TAGS.get(tags[element], 0) for element in page.inside]
    rows[27] = depth[inside]
    around = flags[inside]
    rows[28] = (around & _ARTICLE) > 0
    rows[29] = (around & _FIGURE) > 0
    rows[30] = (around & _LIST) > 0
    rows[31] = articles

    # Prose under names that seldom hold content counts for less.
    prose = prose * np.minimum(1.0, (trust + 0.02) / 0.3)
    mass = max(float(prose.sum()), 1.0)

    def total(values: Floats) -> Floats:
        sums = np.concatenate(((0.0,), np.cumsum(values)))
        found: Floats = sums[ends] - sums[starts]
        return found

    rows[32] = np.cumsum(prose) / mass
    all_words = np.maximum(total(words), 1)
    e_prose = total(prose)
    e_links = total(texts.density * words) / all_words

    # How many elements of the same looks stand side by side.
    kinds = int(looks.max()) + 1
    pairs = parents * kinds + looks
    _, inverse, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    siblings = counts[inverse]
    rows[33] = siblings[inside]

    # The elements around a block, each that holds more than the one before.
    same = (starts == starts[parents]) & (ends == ends[parents])
    same[0] = False
    run = np.where(same, parents, np.arange(elements))
    while not np.array_equal(run, further := run[run]):
        run = further
    e1 = run[inside]
    e2 = run[parents[e1]]
    e3 = run[parents[e2]]
    e4 = run[parents[e3]]
    rows[34] = e_prose[e1] / mass
    rows[35] = (e_prose / all_words)[e1]
    rows[36] = e_links[e1]
    rows[37] = siblings[e1]
    rows[38] = e_prose[e2] / mass
    rows[39] = e_links[e2]
    rows[40] = siblings[e2]
    rows[41] = e_prose[e3] / mass
    rows[42] = e_links[e3]
    rows[43] = size[e3]
    rows[44] = e_prose[e4] / mass
    rows[45] = size[e4]

    def distance(element: int) -> Ints:
        first, last = starts[element], ends[element]
        gap: Ints = np.maximum(first - at, at - last + 1)
        return gap

    direct = np.bincount(outer, weights=prose, minlength=elements)
    top = int(direct.argmax())
    rows[46] = np.maximum(distance(top), 0)
    rows[47] = outer == top
    for row, share in ((48, 0.4), (50, 0.6), (52, 0.8)):
        core = distance(int(np.where(e_prose >= share * mass, size, count + 1).argmin()))
        rows[row] = core <= 0
        if row < 52:  # noqa: PLR2004 - the last one tells no more by its distance
            rows[row + 1] = core
    clean = prose * (1 - texts.density)
    against = np.where(prose > 0, 0, 3 + texts.density * words)
    for row, much in ((53, 0.3), (56, 1.0)):
        best = int(total(clean - much * against).argmax())
        gap = distance(best)
        rows[row] = gap <= 0
        rows[row + 1] = gap
        rows[row + 2] = e_prose[best] / mass

    look = looks[inside] * kinds + looks[outer]
    _, look, counts = np.unique(look, return_inverse=True, return_counts=True)
    look_words = np.bincount(look, weights=words)
    look_prose = np.bincount(look, weights=prose)
    rows[59] = look_words[look] / words.sum()
    rows[60] = (look_prose / look_words)[look]
    rows[61] = look_prose[look] / mass
    rows[62] = counts[look]
