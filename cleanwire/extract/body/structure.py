"""Blocks -> their kinds: paragraph, heading, list item, quote, code, table row; and as Markdown.

Invariant: the kind comes from the nearest element around a block that has a kind. The cells of a
table's row become one block only if the row holds data (`tables.py`).
"""

import re
from collections.abc import Iterable, Sequence

from cleanwire.events import BlockKind, TextBlock
from cleanwire.extract.body.tables import CELL, Rows
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.headings import HEADINGS
from cleanwire.extract.dom.text import UNSEEN, squeezed
from cleanwire.extract.dom.wraps import is_wrapped, wrapped_paragraphs

_BULLETS = ("- ", "* ", "• ")
_MOST_ANCESTORS = 8
_KIND_OF_TAG: dict[str, BlockKind] = {
    "pre": "code",
    "li": "list-item",
    "dt": "list-item",
    "dd": "list-item",
    "blockquote": "quote",
}
_OF_ONE_LINE = ("heading", "list-item")
_BLANK_LINES = re.compile(r"\n[ \t]*\n")
_STOP_AT = frozenset({"article", "main", "body", "section"})


def structured(page: BlockList, chosen: Sequence[int]) -> list[TextBlock]:
    """The chosen blocks with their kinds.

    The cells of a row of data become one block, each in its column. The lines of a list item or of
    a heading become one block too.

    Args:
        page: the page.
        chosen: the indices of the blocks, ascending.

    Returns:
        The blocks in the same order.
    """
    found: list[tuple[BlockKind, int, str]] = []
    rows = Rows(page, chosen)
    open_row = previous = last_element = -1
    for index in chosen:
        text = page.texts[index]
        if page.flat:
            kind: BlockKind = "list-item" if text.startswith(_BULLETS) else "paragraph"
            found.append((kind, 0, text))
            continue
        kind, level, element = _kind(page, index, rows)
        if kind == "table-row":
            if element != open_row:
                found.append((kind, 0, CELL.join(rows.cells(element))))
            open_row = element
            continue
        open_row = -1
        if kind == "code":
            raw = UNSEEN.sub("", page.raw.get(index, text)).strip("\n")
            prose = _prose_in(raw)
            found += [("paragraph", 0, part) for part in prose] or [(kind, level, raw)]
        elif kind in _OF_ONE_LINE and previous == index - 1 and page.inside[index] == last_element:
            found[-1] = (kind, level, f"{found[-1][2]} {text}")
        else:
            found.append((kind, level, text))
        previous, last_element = index, page.inside[index]
    return [TextBlock(kind=kind, level=level, text=text) for kind, level, text in found]


def paragraphs_of(texts: Iterable[str]) -> list[TextBlock]:
    """Texts as blocks of the kind paragraph."""
    return [TextBlock(kind="paragraph", level=0, text=text) for text in texts]


def _prose_in(raw: str) -> list[str]:
    """The paragraphs of preformatted text, if it is prose that was hard-wrapped; else none."""
    parts = [part.splitlines() for part in _BLANK_LINES.split(raw)]
    wrapped = [part for part in parts if is_wrapped(part)]
    if 2 * sum(map(len, wrapped)) < sum(map(len, parts)):
        return []
    width = max((len(line) for part in wrapped for line in part), default=0)
    return [
        squeezed(line) for part in parts for line in wrapped_paragraphs(part, width) if line.strip()
    ]


def _kind(page: BlockList, index: int, rows: Rows) -> tuple[BlockKind, int, int]:
    """The kind of a block, its level if it is a heading, and the element that gives the kind."""
    element = page.inside[index]
    for _ in range(_MOST_ANCESTORS):
        tag = page.tags[element]
        if tag in HEADINGS:
            return "heading", int(tag[1]), element
        if tag in _KIND_OF_TAG:
            return _KIND_OF_TAG[tag], 0, element
        if tag == "tr":
            return ("table-row" if element in rows else "paragraph"), 0, element
        if tag in _STOP_AT or element == 0:
            break
        element = page.parents[element]
    return "paragraph", 0, element


def markdown(blocks: Iterable[TextBlock], *, title: str | None = None) -> str:
    """Blocks as Markdown: CommonMark with the tables of GitHub Flavored Markdown.

    Args:
        blocks: the body.
        title: the headline; None for none.

    Returns:
        The text, which ends in a line feed.
    """
    lines = [f"# {_escaped(title)}"] if title else []
    previous: TextBlock | None = None
    for block in blocks:
        together = previous is not None and previous.kind == block.kind
        if lines and not (together and block.kind in ("list-item", "table-row")):
            lines.append("")
        lines += _lines(block, first=not together)
        previous = block
    return "\n".join(lines) + "\n"


def _lines(block: TextBlock, *, first: bool) -> list[str]:
    """The lines of one block; the `first` row of a table is followed by the row of dashes."""
    if block.kind == "code":
        fence = "```"
        while fence in block.text:
            fence += "`"
        return [fence, *block.text.splitlines(), fence]
    text = _escaped(block.text)
    if block.kind == "heading":
        return [f"{'#' * block.level} {text}"]
    if block.kind == "list-item":
        return [f"- {text}"]
    if block.kind == "quote":
        return [f"> {text}"]
    if block.kind == "table-row":
        cells = block.text.split(CELL)
        row = "| " + " | ".join(_escaped(cell).replace("|", "\\|") for cell in cells) + " |"
        return [row, "|" + " --- |" * len(cells)] if first else [row]
    return [text]


def _escaped(text: str) -> str:
    """A text with backslashes where Markdown would read markup."""
    for mark in ("\\", "`", "*", "_", "[", "<"):
        text = text.replace(mark, "\\" + mark)
    if text.startswith(("#", ">", "+ ", "- ", "=")):
        return "\\" + text
    number = text[:10].partition(".")[0]
    if number.isdecimal() and text[len(number) :].startswith(". "):
        return f"{number}\\{text[len(number) :]}"
    return text
