"""The rows of tables that hold data, with each cell in its column; tables stay whole.

Invariant: a value never moves to another column. An empty cell keeps its column. A cell that spans
columns takes all of them. A cell that spans rows keeps its column free in the rows below. A row
that only lays out a page is no row of data: it has a cell of several blocks, or it and the rows
near it have a single cell with text. If most rows of data of a table are in the body, all are, so
that a table keeps its head.
"""

import dataclasses
from collections.abc import Iterator, Sequence

from cleanwire.extract.body.rules import Rule
from cleanwire.extract.dom.attributes import value_of
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.hidden import Sheet
from cleanwire.extract.model.select_blocks import BlockSelection

CELL = " | "
"""The separator between the cells of a row."""

MAX_SPAN = 50
"""The most columns or rows that one cell spans here; browsers allow 1,000 columns."""

MAX_COLUMNS = 200
"""The column up to which cells that span rows are followed."""

FEWEST_ROWS = 3
"""A table with fewer rows of data is not kept whole."""

MOST_ROWS = 0.6
"""From this share of its rows in the body on a table is kept whole."""

_ROWS_NEAR = 6
"""How many rows above and below a row are looked at."""

_CELLS = frozenset({"td", "th"})
_ROW_GROUPS = frozenset({"tbody", "thead", "tfoot"})


def with_whole_tables(
    page: BlockList, selection: BlockSelection, sheet: Sheet, rules: dict[int, Rule]
) -> BlockSelection:
    """A selection with all rows of data of the tables of which most rows are chosen.

    Args:
        page: an HTML page.
        selection: the blocks that are chosen once rules took blocks out.
        sheet: what the page's style sheets hide.
        rules: the blocks that rules decided on; what is decided here is added.
    """
    if "table" not in page.tags or not selection.chosen:
        return selection
    chosen = set(selection.chosen)
    added: set[int] = set()
    for rows in Rows(page, selection.chosen).of_data():
        blocks = [range(page.starts[row], page.ends[row]) for row in rows]
        kept = sum(2 * len(chosen.intersection(part)) >= len(part) for part in blocks)
        if len(rows) < FEWEST_ROWS or kept < MOST_ROWS * len(rows):
            continue
        for row, part in zip(rows, blocks, strict=True):
            attributes = page.attributes[row]
            if not attributes or not sheet.hides("tr", attributes):
                added.update(part)
    added = added.difference(chosen, rules)
    if not added:
        return selection
    rules.update(dict.fromkeys(added, "table"))
    return dataclasses.replace(selection, chosen=sorted(chosen | added))


class Rows:
    """The rows of a page's tables.

    Args:
        page: the page.
        chosen: the indices of the blocks of the body.
    """

    def __init__(self, page: BlockList, chosen: Sequence[int]) -> None:
        self._page = page
        self._chosen = chosen
        self._in_body: frozenset[int] = frozenset()
        self._cells: dict[int, list[int]] = {}
        self._tables: dict[int, list[int]] = {}
        self._position_of: dict[int, tuple[int, int]] = {}
        self._known: dict[int, bool] = {}
        self._columns: dict[int, list[int]] = {}

    def __contains__(self, row: int) -> bool:
        """Whether a row (the index of its `tr`) holds data: two cells or more of one block each."""
        known = self._known.get(row)
        if known is None:
            if not self._cells:
                self._find_rows()
            known = self._known[row] = self._holds_data(row)
        return known

    def cells(self, row: int) -> list[str]:
        """The texts of a row of data, one for each column that it reaches.

        A cell that is not in the body has the text "", unless at least half of the row's blocks are
        in the body.
        """
        page = self._page
        if row not in self._columns:
            self._fill_columns(self._position_of[row][0])
        indices = range(page.starts[row], page.ends[row])
        in_body = self._in_body
        if 2 * sum(index in in_body for index in indices) >= len(indices):
            in_body = frozenset(indices)
        texts = []
        for cell in self._columns[row]:
            inner = range(page.starts[cell], page.ends[cell]) if cell >= 0 else ()
            texts.append(" ".join([page.texts[index] for index in inner if index in in_body]))
        return texts

    def of_data(self) -> Iterator[list[int]]:
        """For each table its rows that hold data and have text."""
        if not self._cells:
            self._find_rows()
        for rows in self._tables.values():
            ends, starts = self._page.ends, self._page.starts
            yield [row for row in rows if ends[row] > starts[row] and row in self]

    def _find_rows(self) -> None:
        """Find the rows of each table and the cells of each row, in one pass."""
        page = self._page
        self._in_body = frozenset(self._chosen)
        for element, (tag, parent) in enumerate(zip(page.tags, page.parents, strict=True)):
            if tag in _CELLS and page.tags[parent] == "tr":
                self._cells.setdefault(parent, []).append(element)
            elif tag == "tr":
                table = page.parents[parent] if page.tags[parent] in _ROW_GROUPS else parent
                rows = self._tables.setdefault(table, [])
                self._position_of[element] = table, len(rows)
                rows.append(element)

    def _holds_data(self, row: int) -> bool:
        """Whether a row holds data; `_known` remembers the answer."""
        page = self._page
        cells = self._cells.get(row, [])
        if len(cells) <= 1:
            return False
        for cell in cells:
            for index in range(page.starts[cell] + 1, page.ends[cell]):
                if page.inside[index] != page.inside[index - 1] or index in page.parted:
                    return False
        return self._filled(row) > 1 or self._has_columns(row)

    def _filled(self, row: int) -> int:
        """How many cells of a row have text."""
        page = self._page
        return sum(page.ends[cell] > page.starts[cell] for cell in self._cells.get(row, ()))

    def _has_columns(self, row: int) -> bool:
        """Whether a row near this one has text in two cells or more."""
        table, at = self._position_of[row]
        near = self._tables[table][max(0, at - _ROWS_NEAR) : at + _ROWS_NEAR + 1]
        return any(self._filled(other) > 1 for other in near)

    def _fill_columns(self, table: int) -> None:
        """Fill `_columns` for all rows of a table: the cell that begins in each column, or -1."""
        spanning: dict[int, int] = {}
        for row in self._tables[table]:
            columns: list[int] = []
            reserved = set(spanning)
            spanning = {column: rows - 1 for column, rows in spanning.items() if rows > 1}
            for cell in self._cells.get(row, ()):
                while len(columns) in reserved:
                    columns.append(-1)
                attributes = self._page.attributes[cell]
                columns_spanned = _span(attributes, "colspan")
                rows_below = _span(attributes, "rowspan") - 1
                if rows_below > 0:
                    spanned = range(len(columns), min(len(columns) + columns_spanned, MAX_COLUMNS))
                    spanning |= dict.fromkeys(spanned, rows_below)
                columns += [cell, *[-1] * (columns_spanned - 1)]
            while len(columns) in reserved:
                columns.append(-1)
            self._columns[row] = columns


def _span(attributes: str, name: str) -> int:
    """How many columns or rows a cell spans, 1 to `MAX_SPAN`."""
    if name not in attributes:
        return 1
    value = value_of(attributes, name).strip()[:4]
    return min(max(int(value), 1), MAX_SPAN) if value.isascii() and value.isdigit() else 1
