"""The sums over a page's blocks are those that numpy adds up."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.model import forest, page_figures
from cleanwire.extract.model.block_features import Hints, features
from cleanwire.extract.model.card_rows import LINKED_CARDS
from cleanwire.extract.model.feature_names import BLOCK_FEATURES
from tests.extract.drawn_pages import pages

AT = BLOCK_FEATURES.index


def figures_by_numpy(rows, probability, chosen, is_heading):
    words = rows[AT("words")].astype(np.float64)
    density, cards = rows[AT("density")], rows[AT("card_count")]
    body, expected = words[chosen], probability * words
    long = words * (words >= 8)
    linked_card = rows[AT("card_linked")] >= LINKED_CARDS
    in_cards = (cards > 0) & linked_card
    sure = (probability >= 0.9) & (words >= 20) & (rows[AT("ended")] > 0) & ~linked_card
    found = np.zeros(page_figures.FIGURES)
    found[page_figures.TOTAL], found[page_figures.TAKEN] = words.sum(), body.sum()
    found[page_figures.BLOCKS], found[page_figures.LONG_BLOCKS] = len(body), (body >= 20).sum()
    found[page_figures.LONG_TOTAL], found[page_figures.LONG_TAKEN] = long.sum(), long[chosen].sum()
    found[page_figures.EXPECTED] = expected.sum()
    found[page_figures.EXPECTED_TAKEN] = expected[chosen].sum()
    found[page_figures.LONGEST] = body.max(initial=0)
    found[page_figures.ENDED] = rows[AT("ended")][chosen].sum()
    found[page_figures.LINKED] = (density * words).sum()
    found[page_figures.LINKED_TAKEN] = (density * words)[chosen].sum()
    found[page_figures.LINKED_HEADINGS] = ((density > 0.5) & is_heading).sum()
    found[page_figures.SIBLINGS] = rows[AT("e1_siblings")].max()
    found[page_figures.IN_LISTS] = (rows[AT("in_list")] * words).sum()
    found[page_figures.THREE_LONGEST] = np.sort(body)[-3:].sum()
    found[page_figures.WIDEST_GAP] = np.diff(np.flatnonzero(chosen)).max(initial=0)
    found[page_figures.IN_CARDS] = words[in_cards].sum()
    found[page_figures.MOST_CARDS] = cards[in_cards].max(initial=0)
    found[page_figures.SURE_WORDS] = words[sure].sum()
    return found


@given(pages(), st.randoms(use_true_random=False))
def test_sums_are_those_of_numpy(page: BlockList, draw) -> None:
    rows = features(page, Hints(), forest.NAMES)
    probability = np.array([draw.choice((0.0, 0.4, 0.9, 0.95, 1.0)) for _ in page.texts])
    chosen = np.array([draw.random() < 0.5 for _ in page.texts])
    is_heading = np.array([page.tags[element] == "h2" for element in page.inside])
    found = np.empty(page_figures.FIGURES)
    page_figures.fill_figures(
        rows, probability, chosen.view(np.uint8), is_heading.view(np.uint8), found
    )
    expected = figures_by_numpy(rows, probability, chosen, is_heading)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
