"""Joins hard-wrapped lines, as mails and terminals have them, to paragraphs.

Invariant: lines count as hard-wrapped only if their breaks show it. At three breaks in five or
more, the first word of the next line would not have fitted; and at half of them or more, the
sentence goes on. Verses, addresses and lists have neither.
"""

from collections.abc import Sequence
from itertools import pairwise

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.text import ends_sentence

FEWEST_LINES = 3
NARROWEST, WIDEST = 40, 100
"""The least and the greatest width, in characters, of hard-wrapped lines."""

_FULL_SHARE = 0.6
"""The least share of breaks at which the next word would not have fitted."""

_MID_SENTENCE_SHARE = 0.5
"""The least share of breaks at which the sentence goes on."""

_LINE_SHARE = 0.55
"""A line shorter than this share of the longest line ends its paragraph."""

_ITEM_MARKS = ("- ", "* ", "• ", "– ", ">", "|")


def unwrap_blocks(page: BlockList) -> None:
    """Join the blocks of a page that are hard-wrapped lines of a paragraph, broken by `br`."""
    groups = _groups(page)
    widths: dict[int, int] = {}
    for start, end in groups:
        lines = page.texts[start:end]
        if end - start >= FEWEST_LINES and is_wrapped(lines):
            element = page.inside[start]
            widths[element] = max(widths.get(element, 0), *map(len, lines))
    if not widths:
        return
    heads = list(range(len(page)))
    for start, end in groups:
        width = widths.get(page.inside[start], 0)
        if width:
            for index, joined in enumerate(_continues(page.texts[start:end], width), start + 1):
                if joined:
                    heads[index] = heads[index - 1]
    _join_blocks(page, heads)


def _groups(page: BlockList) -> list[tuple[int, int]]:
    """The runs of two blocks or more that only single line breaks separate, as start and end."""
    found = []
    at, count = 0, len(page)
    while at < count:
        end = at + 1
        while end < count and page.inside[end] == page.inside[at] and end not in page.parted:
            end += 1
        if end - at > 1:
            found.append((at, end))
        at = end
    return found


def _join_blocks(page: BlockList, heads: Sequence[int]) -> None:
    """Make one block of the blocks that have the same head, given the head of each block."""
    new_indices = [0]
    for index in range(1, len(heads)):
        new_indices.append(new_indices[-1] + (heads[index] == index))
    total = new_indices[-1] + 1
    texts: list[list[str]] = [[] for _ in range(total)]
    for new, text in zip(new_indices, page.texts, strict=True):
        texts[new].append(text)
    page.texts[:] = [join_lines(lines) for lines in texts]
    for values in (page.linked, page.links, page.bold):
        sums = [0] * total
        for new, value in zip(new_indices, values, strict=True):
            sums[new] += value
        values[:] = sums
    page.inside[:] = [page.inside[index] for index, head in enumerate(heads) if head == index]
    page.raw = {new_indices[index]: raw for index, raw in page.raw.items()}
    page.parted = {new_indices[index] for index in page.parted if index < len(new_indices)}
    new_indices.append(total)
    page.starts[:] = [new_indices[index] for index in page.starts]
    page.ends[:] = [new_indices[index] for index in page.ends]
    page.arrays = None


def wrapped_paragraphs(lines: Sequence[str], width: int = 0) -> list[str]:
    """Lines without a blank line between them as paragraphs.

    Args:
        lines: lines of plain text; leading blanks may mark the first line of a paragraph.
        width: the width, in characters, of the page's other hard-wrapped lines; 0 if unknown.

    Returns:
        The paragraphs; the lines as they were if they are not hard-wrapped.
    """
    continues = _continues(lines, width)
    found = [[line] for line in lines[:1]]
    for line, joined in zip(lines[1:], continues, strict=True):
        if joined:
            found[-1].append(line.strip())
        else:
            found.append([line])
    return [join_lines(part) for part in found]


def unwrapped_lines(lines: Sequence[str]) -> list[str]:
    """The lines of a page, blank ones included, with each hard-wrapped paragraph as one line."""
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    widths = [max(map(len, group)) for group in groups if is_wrapped(group)]
    if not widths:
        return list(lines)
    width = max(widths)
    return [line for group in groups for line in wrapped_paragraphs(group, width)]


def join_lines(lines: Sequence[str]) -> str:
    """Lines as one, with a blank between them if their script has blanks between words."""
    text = lines[0]
    for line in lines[1:]:
        close = _unspaced(text[-1:]) and _unspaced(line[:1])
        text = f"{text}{line}" if close else f"{text} {line}"
    return text


def is_wrapped(lines: Sequence[str]) -> bool:
    """Whether lines without a blank line between them are hard-wrapped."""
    return any(_continues(lines))


def _continues(lines: Sequence[str], width: int = 0) -> list[bool]:
    """For each line but the first whether it continues the line before it."""
    none = [False] * max(len(lines) - 1, 0)
    if len(lines) < (2 if width else FEWEST_LINES):
        return none
    longest = max(*map(len, lines), width)
    if not NARROWEST <= longest <= WIDEST:
        return none
    full, mid_sentence = 0, 0
    continues = []
    for line, following in pairwise(lines):
        word = following.split(maxsplit=1)[0] if following.strip() else ""
        fits = len(line.rstrip()) + 1 + len(word) <= longest
        indented = following[:1].isspace() and not line[:1].isspace()
        joined = not (
            fits
            or indented
            or len(line) < _LINE_SHARE * longest
            or following.lstrip().startswith(_ITEM_MARKS)
        )
        continues.append(joined)
        full += not fits
        mid_sentence += joined and not ends_sentence(line) and not following.lstrip()[:1].isupper()
    breaks = len(continues)
    return (
        continues
        if full >= _FULL_SHARE * breaks and mid_sentence >= _MID_SENTENCE_SHARE * breaks
        else none
    )


def _unspaced(character: str) -> bool:
    """Whether a character is CJK text or punctuation, so that no blank belongs beside it."""
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"
