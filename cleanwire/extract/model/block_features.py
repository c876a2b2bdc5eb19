"""Blocks -> numbers: what the model sees of an HTML page.

Invariant: the features of all blocks are a function of the page and of the table of names alone.
`BLOCK_FEATURES` (`feature_names.py`) names the rows in order. Compiled passes fill them: rows of
texts (`text_rows.py`), of elements (`element_rows.py`), and of cards and groups (`card_rows.py`).
"""

import dataclasses
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.tag_names import TAG_NAMES
from cleanwire.extract.model.card_rows import fill_card_rows, fill_group_rows
from cleanwire.extract.model.character_counts import Characters
from cleanwire.extract.model.class_names import Names
from cleanwire.extract.model.element_rows import (
    ARTICLE,
    FIGURE,
    LIST,
    fill_core_rows,
    fill_name_rows,
    fill_style_rows,
    fill_surrounding_rows,
)
from cleanwire.extract.model.feature_names import BLOCK_FEATURES
from cleanwire.extract.model.quotes import quoted
from cleanwire.extract.model.sums import Floats, number_keys, totals
from cleanwire.extract.model.text_rows import LINKED, fill_text_rows

_INDEX = {name: index for index, name in enumerate(BLOCK_FEATURES)}

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
"""Tags -> the number that the model knows them by; 0 for all others."""
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_FLAGS = {
    "article": ARTICLE,
    "main": ARTICLE,
    "figure": FIGURE,
    "figcaption": FIGURE,
    "ul": LIST,
    "ol": LIST,
    "dl": LIST,
}
_MODEL_TAGS = np.array([_TAGS.get(name, 0) for name in TAG_NAMES], np.uint8)
_TAG_FLAGS = np.array([_FLAGS.get(name, 0) for name in TAG_NAMES], np.uint8)
_LEAD = 40
_BODY = 200
_LONGEST_SEARCH = 500_000_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the metadata of a page say of its article.

    Attributes:
        title: the headline.
        description: the lead, or a summary.
        body: the text of the body.
    """

    title: str | None = None
    description: str | None = None
    body: str | None = None


def features(page: BlockList, hints: Hints, names: Names) -> NDArray[np.float32]:
    """The features of the blocks of an HTML page.

    Args:
        page: a page with at least one block.
        hints: what its metadata say of its article.
        names: the table of names.

    Returns:
        A row for each name of `BLOCK_FEATURES`, in that order, and a column for each block.
    """
    rows = np.empty((len(BLOCK_FEATURES), len(page)), np.float32)
    arrays = page.as_arrays()
    kinds = Characters(page.texts)
    density = np.minimum(arrays.linked / np.maximum(kinds.length, 1), 1.0)
    prose = kinds.words * (kinds.good() & (density < LINKED))
    tag_numbers = _MODEL_TAGS[arrays.tags[arrays.inside]]
    fill_text_rows(
        *(rows, kinds.words, kinds.upper, kinds.letter, density, prose, kinds.ended_bits),
        ((tag_numbers >= _TAGS["h1"]) & (tag_numbers <= _TAGS["h6"])).view(np.uint8),
        _title_at(page, hints.title),
    )
    rows[_INDEX["tag"]] = tag_numbers
    rows[_INDEX["page_articles"]] = page.tags.count("article")
    _fill_copies(rows, page, hints)
    _fill_element_rows(rows, page, names, kinds.words, density, prose)
    return rows


def _fill_copies(rows: NDArray[np.float32], page: BlockList, hints: Hints) -> None:
    """Fill the rows that compare whole texts: "copies", "lead" and "in_body"."""
    texts = page.texts
    seen = Counter(texts)
    rows[_INDEX["copies"]] = [seen[text] for text in texts] if len(seen) < len(texts) else 1
    lead = (hints.description or "")[:_LEAD]
    rows[_INDEX["lead"]] = (
        [text.startswith(lead) for text in texts] if len(lead) > _LEAD // 2 else 0
    )
    body = hints.body or ""
    # Each text is searched for in the body, so the product of their sizes is bounded.
    known = _BODY < len(body) <= _LONGEST_SEARCH // len(texts)
    rows[_INDEX["in_body"]] = quoted([text[:_LEAD] for text in texts], body) if known else np.nan


def _title_at(page: BlockList, title: str | None) -> int:
    """The block of the headline: the title's text, else the first `h1`; -1 if there is neither."""
    if title:
        try:
            return page.texts.index(title)
        except ValueError:
            pass
    return next((index for index, at in enumerate(page.inside) if page.tags[at] == "h1"), -1)


def _fill_element_rows(  # noqa: PLR0913, PLR0917 - what is known of the blocks
    rows: NDArray[np.float32],
    page: BlockList,
    names: Names,
    words: Floats,
    density: Floats,
    prose: Floats,
) -> None:
    """Fill the rows of the elements that a block is in."""
    arrays = page.as_arrays()
    inside, parents, starts, ends = arrays.inside, arrays.parents, arrays.starts, arrays.ends
    shares, style_ids = names.of(page)
    flags = _TAG_FLAGS[arrays.tags]
    trust = fill_name_rows(rows, inside, parents, flags, np.ascontiguousarray(shares))
    # Prose under names that seldom hold content counts for less.
    trusted = prose * np.minimum(1.0, (trust + 0.02) / 0.3)
    mass = max(float(np.cumsum(trusted)[-1]), 1.0)
    prose_sums = totals(trusted, starts, ends)
    styles = int(style_ids.max()) + 1
    group = np.empty(len(parents), np.int64)
    groups = number_keys(parents * styles + style_ids, group)
    siblings = np.bincount(group, minlength=groups)[group]
    fill_surrounding_rows(
        *(rows, inside, parents, starts, ends),
        *(siblings, words, density, prose_sums, mass),
    )
    in_card = fill_card_rows(
        *(rows, inside, parents, starts, ends), *(group, groups, density, prose_sums)
    )
    fill_group_rows(rows, starts, ends, group, groups, in_card, trusted)
    fill_core_rows(
        *(rows, inside, parents, starts, ends), *(words, density, trusted, prose_sums, mass)
    )
    fill_style_rows(rows, inside, parents, style_ids, styles, words, trusted, mass)
