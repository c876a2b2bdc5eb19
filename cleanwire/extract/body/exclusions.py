"""What of a body is none, whatever the model says: hidden text, comments, a second printing.

Invariant: what the model sees is the page as it is; what is set apart here is taken out of
its answer, and the body is chosen anew from the rest. Nothing is set apart that is most of the
body: what a script shows later, or a paywall folds away, is the story.
"""

import dataclasses
from collections.abc import Sequence
from itertools import accumulate

from cleanwire.extract.body import comments
from cleanwire.extract.body.repeats import without_repeats
from cleanwire.extract.body.rules import Rule
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.hidden import Sheet
from cleanwire.extract.model.select_blocks import BlockSelection, chosen

MOST = 1 / 3
"""From this share of the body's words on, what is hidden is taken for the story."""


def set_apart(
    page: BlockList, decision: BlockSelection, sheet: Sheet, title: str | None
) -> tuple[BlockSelection, dict[int, Rule]]:
    """A decision without hidden text, comments and repeated runs, and which rule took which block.

    Args:
        page: an HTML page.
        decision: what the model decided of it.
        sheet: what its style sheets hide.
        title: its headline.
    """
    rules: dict[int, Rule] = {}
    if not decision.chosen:
        return decision, rules
    around = elements_around(page, decision.chosen)
    weights = [0.0] * len(page)
    words = decision.block_words[decision.chosen].tolist()
    for place, count in zip(decision.chosen, words, strict=True):
        weights[place] = count
    apart: set[int] = set()
    for start, end in comments.sections(page, decision.chosen, around, weights, title):
        apart.update(range(start, end))
    hidden = _hidden(page, around, weights, sheet)
    rules.update(dict.fromkeys(hidden, "hidden"))
    rules.update(dict.fromkeys(apart, "comments"))
    apart |= hidden
    if not apart.isdisjoint(decision.chosen):
        probability = decision.probability.copy()
        probability[sorted(apart)] = 0.0
        places = [
            place for place in chosen(probability, decision.block_words) if place not in apart
        ]
        decision = dataclasses.replace(decision, chosen=places, probability=probability)
    once = without_repeats(page, decision.chosen)
    if len(once) < len(decision.chosen):
        rules.update(dict.fromkeys(set(decision.chosen).difference(once), "second printing"))
        decision = dataclasses.replace(decision, chosen=once)
    return decision, rules


def elements_around(page: BlockList, places: Sequence[int]) -> list[int]:
    """The elements around blocks, in document order."""
    found: set[int] = set()
    parents = page.parents
    for element in {page.inside[place] for place in places}:
        while element >= 0 and element not in found:
            found.add(element)
            element = parents[element]  # noqa: PLW2901 - climbs from where the loop stands
    return sorted(found)


def _hidden(
    page: BlockList, around: Sequence[int], weights: Sequence[float], sheet: Sheet
) -> set[int]:
    """The blocks in hidden elements, unless they are most of the body."""
    sums = [0.0, *accumulate(weights)]
    most = MOST * sums[-1]
    found: set[int] = set()
    after = 0
    for element in around:
        attributes, start, end = page.attributes[element], page.starts[element], page.ends[element]
        if not attributes or start < after or not sheet.hides(page.tags[element], attributes):
            continue
        if sums[end] - sums[start] < most:
            found.update(range(start, end))
            after = end
    return found if sum(weights[place] for place in found) < most else set()
