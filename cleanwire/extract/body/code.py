"""Keeps code that stands between the blocks of a story, and takes out the line numbers beside it.

Invariants:

- Code is kept only between two kept blocks, and only if a reader finds it there: one of the two is
  in the same container as the code, and hardly any other text is between them. What is hidden or
  was excluded stays out. Code before or after a story is left to the model.
- Line numbers are numbers that rise by one, in a row of a table that has code in another cell.
"""

import bisect
import dataclasses
from collections.abc import Collection, Iterator, Sequence

from cleanwire.extract.body.rules import Rule
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.headings import HEADINGS
from cleanwire.extract.dom.hidden import Sheet
from cleanwire.extract.dom.text import words_in
from cleanwire.extract.model.select_blocks import BlockSelection

MOST_BETWEEN = 30
"""How many words may be between the two kept blocks besides the code: a caption, a file's name."""

_LINES = HEADINGS | {"p", "li", "ul", "ol", "dl", "dt", "dd", "blockquote"}
"""Elements that hold lines of a story; they are no containers."""

_MOST_DIGITS = 6


def with_code(
    page: BlockList, selection: BlockSelection, sheet: Sheet, rules: dict[int, Rule]
) -> BlockSelection:
    """A selection with the code between its blocks, and without the numbers of the code's lines.

    Args:
        page: an HTML page.
        selection: the blocks that are chosen once rules took blocks out.
        sheet: what the page's style sheets hide.
        rules: the blocks that rules took out; what is decided here is added.
    """
    code = code_of(page)
    if not code or not selection.chosen:
        return selection
    chosen = set(selection.chosen)
    numbers = line_numbers(page, code)
    added = code_between(page, code, selection.chosen, numbers.union(rules), sheet)
    rules.update(dict.fromkeys(numbers & chosen, "line numbers"))
    rules.update(dict.fromkeys(added, "code"))
    return dataclasses.replace(selection, chosen=sorted((chosen - numbers).union(added)))


def code_of(page: BlockList) -> list[int]:
    """The indices of the page's `pre` elements that have text and are in no other `pre`."""
    if "pre" not in page.tags:
        return []
    found: list[int] = []
    after = 0
    for element, tag in enumerate(page.tags):
        if tag == "pre" and page.starts[element] >= after and page.ends[element] > after:
            found.append(element)
            after = page.ends[element]
    return found


def line_numbers(page: BlockList, code: Sequence[int]) -> set[int]:
    """The indices of the blocks that number the lines of code beside them.

    Args:
        page: an HTML page.
        code: its `pre` elements, as `code_of` returns them.
    """
    numbered = [element for element in code if _is_count(page, element)]
    if not numbered:
        return set()
    rows = _rows(page)
    others = {rows[element] for element in set(code).difference(numbered)} - {-1}
    return {
        index for element in numbered if rows[element] in others for index in _blocks(page, element)
    }


def code_between(
    page: BlockList,
    code: Sequence[int],
    chosen: Sequence[int],
    left_out: Collection[int],
    sheet: Sheet,
) -> list[int]:
    """The indices of the blocks of code that stand between chosen blocks and are not chosen.

    Args:
        page: an HTML page.
        code: its `pre` elements, as `code_of` returns them.
        chosen: the indices of the body's blocks, ascending.
        left_out: the indices of the blocks that a rule takes out.
        sheet: what the page's style sheets hide.
    """
    in_code = {index for element in code for index in _blocks(page, element)}
    kept = [index for index in chosen if index not in in_code]
    taken = set(chosen).union(left_out)
    containers: dict[int, list[int]] = {}
    hidden: dict[int, dict[int, bool]] = {}
    found: list[int] = []
    for element in code:
        indices = _blocks(page, element)
        missing = [index for index in indices if index not in taken]
        at = bisect.bisect(kept, indices.start)
        if not missing or not 0 < at < len(kept):
            continue
        before, after = kept[at - 1], kept[at]
        if at not in containers:
            # Runs of code have the same kept blocks around them, so these are looked at once.
            between = sum(
                words_in(page.texts[index])
                for index in range(before + 1, after)
                if index not in in_code and index not in left_out
            )
            containers[at] = (
                [_container(page, before), _container(page, after)]
                if between <= MOST_BETWEEN
                else []
            )
        inside = [around for around in containers[at] if _holds(page, around, indices)]
        known = hidden.setdefault(at, dict.fromkeys(containers[at], False))
        if inside and not _is_hidden(page, element, known, sheet):
            found += missing
    return found


def _blocks(page: BlockList, element: int) -> range:
    return range(page.starts[element], page.ends[element])


def _up(page: BlockList, element: int) -> Iterator[int]:
    """An element and all elements around it, the innermost first."""
    while element >= 0:
        yield element
        element = page.parents[element]


def _container(page: BlockList, index: int) -> int:
    """The smallest element around a block that holds other blocks too and is no list or quote."""
    return next(
        element
        for element in _up(page, page.inside[index])
        if element == 0 or (len(_blocks(page, element)) > 1 and page.tags[element] not in _LINES)
    )


def _holds(page: BlockList, element: int, indices: range) -> bool:
    return page.starts[element] <= indices.start and indices.stop <= page.ends[element]


def _is_hidden(page: BlockList, element: int, known: dict[int, bool], sheet: Sheet) -> bool:
    """Whether an element is hidden, or one around it up to one that is known.

    Args:
        page: an HTML page.
        element: the element.
        known: elements, the containers among them, and whether they are hidden; what is found out
            is added, so that elements around much code are looked at once.
        sheet: what the page's style sheets hide.
    """
    climbed = []
    is_hidden = False
    for around in _up(page, element):
        if around in known:
            is_hidden = known[around]
            break
        climbed.append(around)
        attributes = page.attributes[around]
        if attributes and sheet.hides(page.tags[around], attributes):
            is_hidden = True
            break
    known.update(dict.fromkeys(climbed, is_hidden))
    return is_hidden


def _is_count(page: BlockList, element: int) -> bool:
    """Whether a text is numbers that rise by one."""
    numbers = [word for index in _blocks(page, element) for word in page.texts[index].split()]
    if not numbers or not all(map(_is_number, numbers)):
        return False
    first = int(numbers[0])
    return all(int(number) == first + at for at, number in enumerate(numbers))


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _MOST_DIGITS


def _rows(page: BlockList) -> list[int]:
    """For each element the row of a table that it is in; -1 if it is in none."""
    rows: list[int] = []
    for element, (tag, parent) in enumerate(zip(page.tags, page.parents, strict=True)):
        rows.append(element if tag == "tr" else rows[parent] if element else -1)
    return rows
