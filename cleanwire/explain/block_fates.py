"""Every block of a page, what became of it, and what decided that.

Invariants:
    - The blocks that were read come from the record of the extraction (`extract.steps`). Nothing is
      decided here again.
    - Navigation and what browsers do not show are read from a second parse, because the first tree
      has lost them. They are placed by the blocks around them.
"""

import collections
import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from selectolax.lexbor import LexborHTMLParser, LexborNode

from cleanwire.errors import TooLarge
from cleanwire.explain.explanation import (
    MOST_BLOCK_CHARACTERS,
    MOST_BLOCKS,
    MOST_CHARACTERS,
    MOST_ELEMENTS,
    Block,
    Blocks,
    Brand,
    Fate,
    Unseen,
    shown,
)
from cleanwire.extract.body.assembly import kind_of_block
from cleanwire.extract.body.rules import KEEPS
from cleanwire.extract.dom.attributes import value_of
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.blocks import INVISIBLE, RARELY_USED, read_html
from cleanwire.extract.dom.text import squeezed, words_in
from cleanwire.extract.preparation import prepare
from cleanwire.extract.steps import HtmlSteps, Steps

_NAVIGATION = frozenset({"nav", "footer"})
_SILENT = frozenset({"script", "style", "template", "svg", "iframe"})
"""Elements that are counted only: what they hold is no text."""

_UP = 6
"""How many elements around a block its path shows."""

_CLASSES = 2
_AHEAD = 50
"""How many blocks are looked ahead when two readings of a page are laid side by side."""

_ELEMENT_CHARACTERS = 200
_READ_CHARACTERS = 2_000_000
"""Elements that hold each other have the same text again and again: no more of it is read."""


def blocks_of(steps: Steps, html: bytes | None) -> Blocks:
    """The blocks of a page.

    Args:
        steps: what the extraction decided.
        html: an HTML page, in UTF-8; None for a plain-text page.
    """
    # What is over the bound is not even made.
    read = list(itertools.islice(_blocks(steps), MOST_BLOCKS))
    total = len(steps.page)
    unseen: tuple[Unseen, ...] = ()
    counts: Mapping[str, int] = {}
    if html is not None:
        if steps.page.pruned:
            read, navigation = _with_navigation(read, steps, html)
            total += navigation
        unseen, counts = _unseen(html)
    listed = _bounded(read)
    chosen = steps.by_model.chosen
    return Blocks(
        listed=listed,
        left_out=total - len(listed),
        reading=steps.reading if isinstance(steps, HtmlSteps) else "page",
        from_data=isinstance(steps, HtmlSteps) and steps.only_in_jsonld,
        expected_f1=_expected_f1(steps) if chosen else None,
        least_probability=float(steps.by_model.probability[chosen].min()) if chosen else None,
        removed=dict(steps.removed),
        brand=_brand(steps),
        unseen=unseen,
        unseen_counts=counts,
    )


def _blocks(steps: Steps) -> Iterator[Block]:
    page = steps.page
    by_model = set(steps.by_model.chosen)
    gone = {place for place, rule in steps.rules.items() if rule not in KEEPS}
    kept = set(steps.selection.chosen) - gone
    from_data = isinstance(steps, HtmlSteps) and steps.only_in_jsonld
    for place, text in enumerate(page.texts):
        fate: Fate = "body" if place in kept and not from_data else "out"
        by = "model"
        if place in kept and from_data:
            by = "JSON-LD"
        elif place in steps.rules:
            by = steps.rules[place]
        elif (place in by_model) != (place in kept):
            by = "model again"
        linked = page.linked[place] / max(len(text), 1)
        yield Block(
            number=place,
            text=shown(text, MOST_BLOCK_CHARACTERS),
            words=words_in(text),
            path="" if page.flat else path_in(page, page.inside[place]),
            linked=round(min(linked, 1.0), 3),
            probability=round(float(steps.by_model.probability[place]), 4),
            fate=fate,
            by=by,
            looks_like=None
            if fate == "body"
            else kind_of_block(text, linked=2 * page.linked[place] >= len(text)),
        )


def _with_navigation(blocks: Sequence[Block], steps: Steps, html: bytes) -> tuple[list[Block], int]:
    """The blocks with those of the navigation, in document order, and how many are navigation."""
    tree = LexborHTMLParser(html)
    sheet = prepare(tree).sheet
    try:
        whole = read_html(tree, whole=True, sheet=sheet)
    except TooLarge:
        return list(blocks), 0
    inside = _in_navigation(whole)
    merged = _merged(blocks, steps.page.texts, whole, inside)
    return list(itertools.islice(merged, MOST_BLOCKS)), sum(map(inside.__getitem__, whole.inside))


def _merged(
    blocks: Sequence[Block], texts: Sequence[str], whole: BlockList, inside: Sequence[bool]
) -> Iterator[Block]:
    at = 0
    for place, text in enumerate(whole.texts):
        element = whole.inside[place]
        if inside[element]:
            yield _navigation(whole, place, text)
        else:
            # Both readings have this block, unless the navigation cut a line in two.
            ahead = next(
                (
                    other
                    for other in range(at, min(at + _AHEAD, len(texts)))
                    if texts[other] == text
                ),
                None,
            )
            if ahead is not None:
                yield from blocks[at : ahead + 1]
                at = ahead + 1
    yield from blocks[at:]


def _navigation(whole: BlockList, place: int, text: str) -> Block:
    return Block(
        number=None,
        text=shown(text, MOST_BLOCK_CHARACTERS),
        words=words_in(text),
        path=path_in(whole, whole.inside[place]),
        linked=round(min(whole.linked[place] / max(len(text), 1), 1.0), 3),
        probability=None,
        fate="out",
        by="navigation",
        looks_like=kind_of_block(text, linked=2 * whole.linked[place] >= len(text)),
    )


def _in_navigation(page: BlockList) -> list[bool]:
    """For each element whether it is navigation or stands in it."""
    found: list[bool] = []
    for tag, parent in zip(page.tags, page.parents, strict=True):
        found.append(tag in _NAVIGATION or (parent >= 0 and found[parent]))
    return found


def path_in(page: BlockList, element: int) -> str:
    """The elements around a block, the innermost last."""
    names: list[str] = []
    while element > 0 and len(names) < _UP:
        attributes = page.attributes[element]
        names.append(name_of(page.tags[element], value_of(attributes, "id"), _class_of(attributes)))
        element = page.parents[element]
    return shown(" > ".join(reversed(names)))


def _class_of(attributes: str) -> str:
    return value_of(attributes, "class") if "class=" in attributes else ""


def path_of_node(node: LexborNode) -> str:
    """The elements around an element of a tree, itself last."""
    names: list[str] = []
    around: LexborNode | None = node
    while around is not None and around.tag not in ("body", "html") and len(names) < _UP:
        attributes = around.attributes
        tag = around.tag or ""
        names.append(name_of(tag, attributes.get("id") or "", attributes.get("class") or ""))
        around = around.parent
    return shown(" > ".join(reversed(names)))


def name_of(tag: str, name: str, classes: str) -> str:
    """An element as a CSS selector would name it, with the first of its classes."""
    named = f"#{name[:40]}" if name else ""
    return shown(tag + named + "".join(f".{part[:40]}" for part in classes.split()[:_CLASSES]), 120)


def _unseen(html: bytes) -> tuple[tuple[Unseen, ...], Mapping[str, int]]:
    tags = ",".join([*(tag for tag in INVISIBLE if tag not in _NAVIGATION), RARELY_USED])
    counts: collections.Counter[str] = collections.Counter()
    listed: list[Unseen] = []
    read = 0
    for node in LexborHTMLParser(html).css(f"body :is({tags})"):
        tag = node.tag or ""
        counts[tag] += 1
        if tag in _SILENT or len(listed) >= MOST_ELEMENTS or read > _READ_CHARACTERS:
            continue
        text = node.text(deep=True, separator=" ") or ""
        read += len(text)
        if line := squeezed(text[: 4 * _ELEMENT_CHARACTERS]):
            listed.append(
                Unseen(tag=tag, path=path_of_node(node), text=shown(line, _ELEMENT_CHARACTERS))
            )
    return tuple(listed), dict(sorted(counts.items()))


def _bounded(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The first blocks, as many as are within the bound of characters."""
    sizes = itertools.accumulate(len(block.text) for block in blocks)
    count = sum(1 for _ in itertools.takewhile(MOST_CHARACTERS.__ge__, sizes))
    return tuple(blocks[:count])


def _expected_f1(steps: Steps) -> float:
    """The expected F1 of the model's choice, as `select_blocks.chosen` estimates it."""
    words = steps.by_model.block_words.astype(np.float64)
    expected = steps.by_model.probability * words
    chosen: Sequence[int] = steps.by_model.chosen
    size = words[chosen].sum() + expected.sum()
    return round(float(2 * expected[chosen].sum() / max(float(size), 1e-9)), 4)


def _brand(steps: Steps) -> Brand | None:
    unbranded = steps.unbranded
    if unbranded.brand is None or unbranded.witness is None:
        return None
    title = steps.title or ""
    changed = [
        number
        for number, (block, text) in enumerate(zip(steps.blocks, unbranded.paragraphs, strict=True))
        if block.text != text
    ]
    return Brand(
        brand=shown(unbranded.brand),
        first_witness="the title, before a dash without a blank after it",
        second_witness=unbranded.witness,
        title_before=shown(title),
        title=shown(unbranded.title or ""),
        places=unbranded.removed,
        paragraphs=tuple(changed[:MOST_BLOCKS]),
    )
