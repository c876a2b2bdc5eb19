"""The chosen blocks -> the blocks of the body, and the count of what is none.

Invariant: every block that is not given out is counted in `removed` once, by its kind.
"""

from collections import Counter

from cleanwire.events import TextBlock
from cleanwire.extract.body.boilerplate import is_breadcrumb, is_counter, is_date_line, is_separator
from cleanwire.extract.body.rules import Rule
from cleanwire.extract.body.structure import structured
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.text import ends_sentence
from cleanwire.extract.model.select_blocks import BlockSelection


def assembled(
    page: BlockList, selection: BlockSelection, title: str | None, rules: dict[int, Rule]
) -> tuple[list[TextBlock], int, Counter[str]]:
    """The blocks of the body, how many words they have, and what was removed, by kind.

    Adds to `rules` the chosen blocks that a rule takes out here.
    """
    removed: Counter[str] = Counter()
    kept: list[int] = []
    for index in selection.chosen:
        text = page.texts[index]
        rule: Rule | None = None
        if is_separator(text):
            rule = "separator"
        elif page.flat and is_counter(text) and not ends_sentence(text):
            rule = "counter"
        elif not kept and text == title:
            rule = "title"
        elif not kept and is_date_line(text):
            rule = "date"
        if rule is None:
            kept.append(index)
        else:
            removed[rule] += 1
            rules[index] = rule
    chosen = set(selection.chosen)
    removed.update(
        [
            kind_of_block(text, linked=2 * linked >= len(text))
            for index, (text, linked) in enumerate(zip(page.texts, page.linked, strict=True))
            if index not in chosen
        ]
    )
    if page.pruned:
        removed["navigation"] = page.pruned
    return structured(page, kept), int(selection.block_words[kept].sum()), removed


def kind_of_block(text: str, *, linked: bool) -> str:
    """The kind of a block that was not chosen, for `Extracted.removed`."""
    if is_breadcrumb(text):
        return "breadcrumb"
    if linked:
        return "link"
    if is_separator(text):
        return "separator"
    return "counter" if is_counter(text) else "other"
