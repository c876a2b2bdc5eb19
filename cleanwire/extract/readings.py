"""Reads a page again where the story is in what is not read first.

Invariant: most pages are parsed once. Navigation and the text for browsers without scripts are read
only if the body is short, or if the navigation holds more text than the body. Another reading
counts only if its body is longer.
"""

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.dom.hidden import Sheet
from cleanwire.extract.model.block_features import Hints
from cleanwire.extract.model.select_blocks import BlockSelection, select_blocks
from cleanwire.extract.preparation import prepare, scriptless_words
from cleanwire.extract.steps import Reading

FEW_WORDS = 60
"""If the body of a page has fewer words, its navigation is read too. If it has fewer than twice as
many, its text for browsers without scripts is read too."""

_WORD_LENGTH = 5.0
"""About how many characters a word has."""


def read_again(
    html: str | bytes, page: BlockList, selection: BlockSelection, sheet: Sheet, hints: Hints
) -> tuple[BlockList, BlockSelection, Reading]:
    """The blocks and the body of a page, by the reading that shows the story.

    Args:
        html: the page.
        page: its blocks without navigation.
        selection: the body that was chosen from these.
        sheet: what the page's style sheets hide.
        hints: what its metadata say of its article.
    """
    reading: Reading = "page"
    outweighed = page.pruned_text > _WORD_LENGTH * max(selection.chosen_words, FEW_WORDS)
    if page.pruned and (selection.chosen_words < FEW_WORDS or outweighed):
        whole = LexborHTMLParser(html)
        prepare(whole)
        other = read_html(whole, whole=True, sheet=sheet)
        again = select_blocks(other, hints)
        if again.chosen_words > 2 * selection.chosen_words or (
            outweighed and _navigation_words(other, again) > max(selection.chosen_words, FEW_WORDS)
        ):
            page, selection, reading = other, again, "with navigation"
    if selection.chosen_words < 2 * FEW_WORDS:
        scriptless = LexborHTMLParser(html)
        words = scriptless_words(scriptless)
        if words >= FEW_WORDS and words > 2 * selection.chosen_words:
            prepare(scriptless)
            other = read_html(scriptless, scriptless=True, sheet=sheet)
            again = select_blocks(other, hints)
            if again.chosen_words > 2 * selection.chosen_words:
                page, selection, reading = other, again, "without scripts"
    return page, selection, reading


def _navigation_words(page: BlockList, selection: BlockSelection) -> float:
    """How many of the chosen words are in `nav` and `footer`."""
    inside = np.zeros(len(page), bool)
    for tag, start, end in zip(page.tags, page.starts, page.ends, strict=True):
        if tag in ("nav", "footer"):
            inside[start:end] = True
    words = selection.block_words[selection.chosen]
    return float(words[inside[selection.chosen]].sum())
