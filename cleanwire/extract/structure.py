"""What kind of block each one is: paragraph, heading, list item, quote, code, table row.

The rule here: the kind comes from the elements around a block, the nearest that says something
first. A table's row is one block only where the table holds data: a table that lays out a page
has paragraphs in its cells.
"""

from collections.abc import Iterable, Sequence

from cleanwire.events import BlockKind, TextBlock
from cleanwire.extract.blocks import HEADINGS, Page
from cleanwire.extract.text import UNSEEN

CELL = " | "
"""What stands between the cells of a row."""

_BULLETS = ("- ", "* ", "• ")
_ABOVE = 8
_SIMPLE: dict[str, BlockKind] = {
    "pre": "code",
    "li": "list-item",
    "dt": "list-item",
    "dd": "list-item",
    "blockquote": "quote",
}
_BOUNDS = frozenset({"article", "main", "body", "section"})


def structured(page: Page, chosen: Sequence[int]) -> list[TextBlock]:
    """The chosen blocks with their kinds; the cells of a row of data become one."""
    found: list[tuple[BlockKind, int, list[str]]] = []
    rows = _DataRows(page)
    open_row = -1
    for place in chosen:
        text = page.texts[place]
        if page.flat:
            kind: BlockKind = "list-item" if text.startswith(_BULLETS) else "paragraph"
            found.append((kind, 0, [text]))
            continue
        kind, level, element = _kind(page, place, rows)
        if kind == "table-row" and element == open_row:
            found[-1][2].append(text)
            continue
        open_row = element if kind == "table-row" else -1
        if kind == "code":
            text = UNSEEN.sub("", page.raw.get(place, text)).strip("\n")
        found.append((kind, level, [text]))
    return [
        TextBlock(kind=kind, level=level, text=CELL.join(cells)) for kind, level, cells in found
    ]


def paragraphs_of(texts: Iterable[str]) -> list[TextBlock]:
    """Texts of which nothing is known but that they are paragraphs."""
    return [TextBlock(kind="paragraph", level=0, text=text) for text in texts]


class _DataRows:
    """Which rows hold data: two cells or more, of one block each."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._known: dict[int, bool] = {}

    def __contains__(self, row: int) -> bool:
        known = self._known.get(row)
        if known is None:
            known = self._known[row] = self._look(row)
        return known

    def _look(self, row: int) -> bool:
        page, end = self._page, self._page.ends[row]
        cells = 0
        element = row + 1
        while element < len(page.tags) and page.starts[element] < end:
            if page.parents[element] == row:
                if page.ends[element] - page.starts[element] > 1:
                    return False
                cells += 1
            element += 1
        return cells > 1


def _kind(page: Page, place: int, rows: _DataRows) -> tuple[BlockKind, int, int]:
    element = page.inside[place]
    for _ in range(_ABOVE):
        tag = page.tags[element]
        if tag in HEADINGS:
            return "heading", int(tag[1]), element
        if tag in _SIMPLE:
            return _SIMPLE[tag], 0, element
        if tag == "tr":
            return ("table-row" if element in rows else "paragraph"), 0, element
        if tag in _BOUNDS or element == 0:
            break
        element = page.parents[element]
    return "paragraph", 0, element


def markdown(blocks: Iterable[TextBlock], *, title: str | None = None) -> str:
    """Blocks as CommonMark with tables (GitHub's extension), ended by a line feed."""
    lines = [f"# {_escaped(title)}"] if title else []
    before: TextBlock | None = None
    for block in blocks:
        together = before is not None and before.kind == block.kind
        if lines and not (together and block.kind in ("list-item", "table-row")):
            lines.append("")
        lines += _lines(block, first=not together)
        before = block
    return "\n".join(lines) + "\n"


def _lines(block: TextBlock, *, first: bool) -> list[str]:
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
    """Text that Markdown would read as markup, taken literally."""
    for mark in ("\\", "`", "*", "_", "[", "<"):
        text = text.replace(mark, "\\" + mark)
    if text.startswith(("#", ">", "+ ", "- ", "=")):
        return "\\" + text
    number = text[:10].partition(".")[0]
    if number.isdecimal() and text[len(number) :].startswith(". "):
        return f"{number}\\{text[len(number) :]}"
    return text
