"""Lines broken to fit a width, as in mails and terminals: made paragraphs again.

Invariant: lines are taken for broken ones only if the breaks themselves show it: the first
word of the next line would not have fitted, and most breaks fall within a sentence. Verses,
addresses and lists do neither.
"""

from collections.abc import Sequence
from itertools import pairwise

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.text import ends_sentence

FEWEST_LINES = 3
NARROWEST, WIDEST = 40, 100
"""The widths, in characters, that lines are broken to."""

_FULL_SHARE = 0.6
_WITHIN_SHARE = 0.5
_LINE_SHARE = 0.55
_MARKS = ("- ", "* ", "• ", "– ", ">", "|")


def unwrap(page: BlockList) -> None:
    """Join the blocks of a page that are lines of one paragraph, broken by `br`."""
    groups = _groups(page)
    widths: dict[int, int] = {}
    for start, end in groups:
        lines = page.texts[start:end]
        if end - start >= FEWEST_LINES and is_broken(lines):
            element = page.inside[start]
            widths[element] = max(widths.get(element, 0), *map(len, lines))
    if not widths:
        return
    heads = list(range(len(page)))
    for start, end in groups:
        width = widths.get(page.inside[start], 0)
        if width:
            for place, joined in enumerate(_joins(page.texts[start:end], width), start + 1):
                if joined:
                    heads[place] = heads[place - 1]
    _join(page, heads)


def _groups(page: BlockList) -> list[tuple[int, int]]:
    """The runs of two blocks and more that only single breaks part."""
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


def _join(page: BlockList, heads: Sequence[int]) -> None:
    """Make one block of those that have the same head."""
    news = [0]
    for place in range(1, len(heads)):
        news.append(news[-1] + (heads[place] == place))
    total = news[-1] + 1
    texts: list[list[str]] = [[] for _ in range(total)]
    for new, text in zip(news, page.texts, strict=True):
        texts[new].append(text)
    page.texts[:] = [together(lines) for lines in texts]
    for values in (page.linked, page.links, page.bold):
        sums = [0] * total
        for new, value in zip(news, values, strict=True):
            sums[new] += value
        values[:] = sums
    page.inside[:] = [page.inside[place] for place, head in enumerate(heads) if head == place]
    page.raw = {news[place]: raw for place, raw in page.raw.items()}
    page.parted = {news[place] for place in page.parted if place < len(news)}
    news.append(total)
    page.starts[:] = [news[place] for place in page.starts]
    page.ends[:] = [news[place] for place in page.ends]


def paragraphs(lines: Sequence[str], width: int = 0) -> list[str]:
    """Lines without a blank line between them as paragraphs; as they are if not broken.

    Args:
        lines: of plain text; leading blanks may mark the first line of a paragraph.
        width: that the page's other lines were broken to, if known.
    """
    joins = _joins(lines, width)
    found = [[line] for line in lines[:1]]
    for line, joined in zip(lines[1:], joins, strict=True):
        if joined:
            found[-1].append(line.strip())
        else:
            found.append([line])
    return [together(part) for part in found]


def unbroken(lines: Sequence[str]) -> list[str]:
    """The lines of a page, blank ones included, with those of each broken paragraph as one."""
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    widths = [max(map(len, group)) for group in groups if is_broken(group)]
    if not widths:
        return list(lines)
    width = max(widths)
    return [line for group in groups for line in paragraphs(group, width)]


def together(lines: Sequence[str]) -> str:
    """Broken lines as one: with a blank between them where the script has blanks."""
    text = lines[0]
    for line in lines[1:]:
        close = _unspaced(text[-1:]) and _unspaced(line[:1])
        text = f"{text}{line}" if close else f"{text} {line}"
    return text


def is_broken(lines: Sequence[str]) -> bool:
    """Whether lines without a blank line between them were broken to fit a width."""
    return any(_joins(lines))


def _joins(lines: Sequence[str], width: int = 0) -> list[bool]:
    """Of each line but the first whether it goes on with the one before."""
    none = [False] * max(len(lines) - 1, 0)
    if len(lines) < (2 if width else FEWEST_LINES):
        return none
    longest = max(*map(len, lines), width)
    if not NARROWEST <= longest <= WIDEST:
        return none
    full, within = 0, 0
    joins = []
    for line, following in pairwise(lines):
        word = following.split(maxsplit=1)[0] if following.strip() else ""
        fits = len(line.rstrip()) + 1 + len(word) <= longest
        indented = following[:1].isspace() and not line[:1].isspace()
        joined = not (
            fits
            or indented
            or len(line) < _LINE_SHARE * longest
            or following.lstrip().startswith(_MARKS)
        )
        joins.append(joined)
        full += not fits
        within += joined and not ends_sentence(line) and not following.lstrip()[:1].isupper()
    breaks = len(joins)
    return joins if full >= _FULL_SHARE * breaks and within >= _WITHIN_SHARE * breaks else none


def _unspaced(character: str) -> bool:
    """Whether a character is of a script without blanks between words, or its punctuation."""
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"
