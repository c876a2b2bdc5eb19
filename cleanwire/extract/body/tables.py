"""The rows of tables of data: cells in their columns.

Invariant: a value never moves to another column. A cell without text keeps its place, a cell
over several columns takes as many, and a cell over several rows keeps its column free in the
rows below. A row that lays out a page (a cell of several blocks, a single cell with text in a
table of nothing else) is no row of data.
"""

from collections.abc import Sequence

from cleanwire.extract.dom.attributes import value_of
from cleanwire.extract.dom.block_list import BlockList

CELL = " | "
"""What stands between the cells of a row."""

MAX_SPAN = 50
"""Columns or rows that one cell may take; browsers allow 1,000 columns."""

MAX_COLUMNS = 200
"""Cells over several rows are followed up to this column."""

_NEAR = 6
_CELLS = frozenset({"td", "th"})
_PARTS = frozenset({"tbody", "thead", "tfoot"})


class Rows:
    """The rows of a page's tables.

    Args:
        page: the page.
        chosen: the blocks that are given out.
    """

    def __init__(self, page: BlockList, chosen: Sequence[int]) -> None:
        self._page = page
        self._chosen = chosen
        self._taken: frozenset[int] = frozenset()
        self._cells: dict[int, list[int]] = {}
        self._tables: dict[int, list[int]] = {}
        self._places: dict[int, tuple[int, int]] = {}
        self._data: dict[int, bool] = {}
        self._columns: dict[int, list[int]] = {}

    def __contains__(self, row: int) -> bool:
        """Whether a row, told by its element, holds data: two cells or more, of one block each."""
        known = self._data.get(row)
        if known is None:
            if not self._cells:
                self._find()
            known = self._data[row] = self._look(row)
        return known

    def cells(self, row: int) -> list[str]:
        """The texts of a row of data, one for each column that it reaches.

        A cell that is not given out has no text here, unless most of its row is given out.
        """
        page = self._page
        if row not in self._columns:
            self._fill(self._places[row][0])
        places = range(page.starts[row], page.ends[row])
        taken = self._taken
        if 2 * sum(place in taken for place in places) >= len(places):
            taken = frozenset(places)
        texts = []
        for cell in self._columns[row]:
            inner = range(page.starts[cell], page.ends[cell]) if cell >= 0 else ()
            texts.append(" ".join([page.texts[place] for place in inner if place in taken]))
        return texts

    def _find(self) -> None:
        """Find the rows of each table and the cells of each row, in one pass."""
        page = self._page
        self._taken = frozenset(self._chosen)
        for element, (tag, parent) in enumerate(zip(page.tags, page.parents, strict=True)):
            if tag in _CELLS and page.tags[parent] == "tr":
                self._cells.setdefault(parent, []).append(element)
            elif tag == "tr":
                table = page.parents[parent] if page.tags[parent] in _PARTS else parent
                rows = self._tables.setdefault(table, [])
                self._places[element] = table, len(rows)
                rows.append(element)

    def _look(self, row: int) -> bool:
        page = self._page
        cells = self._cells.get(row, [])
        if len(cells) <= 1:
            return False
        for cell in cells:
            for place in range(page.starts[cell] + 1, page.ends[cell]):
                if page.inside[place] != page.inside[place - 1] or place in page.parted:
                    return False
        return self._filled(row) > 1 or self._has_columns(row)

    def _filled(self, row: int) -> int:
        page = self._page
        return sum(page.ends[cell] > page.starts[cell] for cell in self._cells.get(row, ()))

    def _has_columns(self, row: int) -> bool:
        """Whether a row near this one has text in two cells or more."""
        table, at = self._places[row]
        near = self._tables[table][max(0, at - _NEAR) : at + _NEAR + 1]
        return any(self._filled(other) > 1 for other in near)

    def _fill(self, table: int) -> None:
        """Tell of each row of a table the cells by column; -1 where none begins."""
        hanging: dict[int, int] = {}
        for row in self._tables[table]:
            columns: list[int] = []
            held = set(hanging)
            hanging = {column: rows - 1 for column, rows in hanging.items() if rows > 1}
            for cell in self._cells.get(row, ()):
                while len(columns) in held:
                    columns.append(-1)
                attributes = self._page.attributes[cell]
                across = _span(attributes, "colspan")
                down = _span(attributes, "rowspan") - 1
                if down > 0:
                    over = range(len(columns), min(len(columns) + across, MAX_COLUMNS))
                    hanging |= dict.fromkeys(over, down)
                columns += [cell, *[-1] * (across - 1)]
            while len(columns) in held:
                columns.append(-1)
            self._columns[row] = columns


def _span(attributes: str, name: str) -> int:
    """How many columns or rows a cell takes."""
    if name not in attributes:
        return 1
    value = value_of(attributes, name).strip()[:4]
    return min(max(int(value), 1), MAX_SPAN) if value.isascii() and value.isdigit() else 1
