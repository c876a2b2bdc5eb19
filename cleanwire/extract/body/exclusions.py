"""Excludes hidden text, comments, other articles, repeats and streams of teasers from the body.

Invariant: the model always sees the whole page. Blocks are excluded from its answer, and the body
is chosen again from the rest. Hidden text that is a third of the body or more is not excluded,
because it is the story: a script shows it later, or a paywall folds it away.
"""

import dataclasses
from collections.abc import Sequence
from itertools import accumulate

from cleanwire.extract.body import comments
from cleanwire.extract.body.other_articles import other_articles
from cleanwire.extract.body.repeats import without_repeats
from cleanwire.extract.body.rules import Rule
from cleanwire.extract.body.streams import stream_blocks
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.hidden import Sheet
from cleanwire.extract.metadata.metadata import Metadata
from cleanwire.extract.model.select_blocks import BlockSelection, chosen

STORY_SHARE = 1 / 3
"""Hidden text with this share of the body's words or more is the story."""


def exclude_blocks(
    page: BlockList,
    selection: BlockSelection,
    sheet: Sheet,
    metadata: Metadata,
) -> tuple[BlockSelection, dict[int, Rule]]:
    """A selection of blocks without what rules exclude, as the module says.

    Args:
        page: an HTML page.
        selection: the blocks that the model selects.
        sheet: what the page's style sheets hide.
        metadata: what the page says of itself.

    Returns:
        The selection; hidden text, comments and other articles have the probability 0 in it.
    """
    rules: dict[int, Rule] = {}
    if not selection.chosen:
        return selection, rules
    ancestors = ancestors_of(page, selection.chosen)
    body_words = [0.0] * len(page)
    words = selection.block_words[selection.chosen].tolist()
    for index, count in zip(selection.chosen, words, strict=True):
        body_words[index] = count
    excluded: set[int] = set()
    for start, end in comments.sections(
        page, selection.chosen, ancestors, body_words, metadata.title
    ):
        excluded.update(range(start, end))
    word_sums = [0.0, *accumulate(body_words)]
    hidden = _hidden(page, ancestors, body_words, word_sums, sheet)
    others = {
        index
        for start, end in other_articles(page, metadata, word_sums)
        for index in range(start, end)
    }
    rules.update(dict.fromkeys(others, "another article"))
    rules.update(dict.fromkeys(hidden, "hidden"))
    rules.update(dict.fromkeys(excluded, "comments"))
    excluded |= hidden | others
    if not excluded.isdisjoint(selection.chosen):
        probability = selection.probability.copy()
        probability[sorted(excluded)] = 0.0
        indices = [
            index for index in chosen(probability, selection.block_words) if index not in excluded
        ]
        selection = dataclasses.replace(selection, chosen=indices, probability=probability)
    unrepeated = without_repeats(page, selection.chosen)
    if len(unrepeated) < len(selection.chosen):
        repeated = set(selection.chosen).difference(unrepeated)
        rules.update(dict.fromkeys(repeated, "second printing"))
        selection = dataclasses.replace(selection, chosen=unrepeated)
    stream = stream_blocks(page, selection, (metadata.title, metadata.description))
    if stream:
        rules.update(dict.fromkeys(stream, "teasers"))
        gone = set(stream)
        kept = [index for index in selection.chosen if index not in gone]
        selection = dataclasses.replace(selection, chosen=kept)
    return selection, rules


def ancestors_of(page: BlockList, indices: Sequence[int]) -> list[int]:
    """The indices of the elements around blocks, in document order."""
    found: set[int] = set()
    parents = page.parents
    for element in {page.inside[index] for index in indices}:
        while element >= 0 and element not in found:
            found.add(element)
            element = parents[element]  # noqa: PLW2901 - the loop variable climbs to the root
    return sorted(found)


def _hidden(
    page: BlockList,
    ancestors: Sequence[int],
    body_words: Sequence[float],
    word_sums: Sequence[float],
    sheet: Sheet,
) -> set[int]:
    """The indices of the blocks in hidden elements, unless those are the story (`STORY_SHARE`)."""
    story_words = STORY_SHARE * word_sums[-1]
    found: set[int] = set()
    after = 0
    for element in ancestors:
        attributes, start, end = page.attributes[element], page.starts[element], page.ends[element]
        if not attributes or start < after or not sheet.hides(page.tags[element], attributes):
            continue
        if word_sums[end] - word_sums[start] < story_words:
            found.update(range(start, end))
            after = end
    return found if sum(body_words[index] for index in found) < story_words else set()
