"""A table of data stays whole if most of its rows are in the body."""

import numpy as np
import pytest

from cleanwire.explain import explain_page
from cleanwire.extract.body.tables import with_whole_tables
from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.dom.hidden import sheet_of
from cleanwire.extract.dom.parsing import parsed
from cleanwire.extract.model import forest
from cleanwire.extract.model.block_features import Hints, features
from cleanwire.extract.model.feature_names import BLOCK_FEATURES
from cleanwire.extract.model.select_blocks import BlockSelection

HEAD = "<tr><th>Year</th><th>Ships</th></tr>"
ROWS = "".join(
    f"<tr><td>{year}</td><td>{7 * year % 90} ships</td></tr>" for year in range(2015, 2020)
)
TAIL = "<tr><td>Sum</td><td>All</td></tr>"


def table(*rows):
    return f"<table>{''.join(rows)}</table>"


def decided(body, chosen, rules=()):
    """The texts that are added if all blocks with a text of `chosen` are in the body."""
    page = read_html(parsed(f"<html><body><p>Ships by year.</p>{body}</body></html>"))
    indices = [
        index for index, text in enumerate(page.texts) if any(part in text for part in chosen)
    ]
    rows = features(page, Hints(), forest.NAMES)
    before = BlockSelection(indices, np.full(len(page), 0.5), rows)
    named = dict.fromkeys(
        [index for index, text in enumerate(page.texts) if text in rules], "hidden"
    )
    after = with_whole_tables(page, before, sheet_of([]), named)
    assert set(indices) <= set(after.chosen)
    assert after.chosen == sorted(after.chosen)
    added = [index for index in after.chosen if index not in indices]
    assert [index for index, rule in named.items() if rule == "table"] == added
    return [page.texts[index] for index in added]


@pytest.mark.parametrize(
    ("body", "added"),
    [
        (table(HEAD, ROWS), ["Year", "Ships"]),
        (table("<thead>", HEAD, "</thead><tbody>", ROWS, TAIL, "</tbody>"), ["Year", "Ships", "Sum", "All"]),
    ],
)  # fmt: skip
def test_the_other_rows_are_added(body, added):
    assert decided(body, ["20", "ships"]) == added


@pytest.mark.parametrize(
    ("body", "chosen"),
    [
        (table(HEAD, ROWS), ["2015", "2016"]),
        (table(HEAD, "<tr><td>2015</td><td>15 ships</td></tr>"), ["20", "ships"]),
        (table("<tr><td><p>Menu</p><p>News</p></td><td>Sport</td></tr>", ROWS), ["20", "ships"]),
        (table("<tr><td>Menu</td></tr>", *["<tr><td>A line of text.</td></tr>"] * 9), ["A line"]),
        (table("<tr hidden>", HEAD.removeprefix("<tr>"), ROWS), ["20", "ships"]),
        (table(HEAD, ROWS), []),
        ("<p>Years</p>", ["Ships"]),
    ],
)
def test_other_blocks_are_left_to_the_model(body, chosen):
    assert decided(body, chosen) == []


def test_what_a_rule_took_out_stays_out():
    assert decided(table(HEAD, ROWS), ["20", "ships"], rules=["Ships"]) == ["Year"]


def test_an_explanation_names_the_rule(monkeypatch):
    words_row = BLOCK_FEATURES.index("words")

    def likes_long_blocks(rows):
        return np.where(rows[words_row] > 1, 0.9, 0.1)

    monkeypatch.setattr(forest, "BLOCKS", likes_long_blocks)
    story = "<p>The harbour counts its ships once a year, on the first day of spring.</p>" * 2
    explanation = explain_page(
        f"<html><body><h1>Ships</h1>{story}{table(HEAD, ROWS)}</body></html>"
    )
    found = {block.text: (block.fate, block.by) for block in explanation.blocks.listed}
    assert found["Year"] == ("body", "table")
    assert "Year | Ships" in explanation.article.text
