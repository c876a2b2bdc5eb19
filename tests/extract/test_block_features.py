"""The compiled passes over blocks and elements give what plain numpy gives, bit for bit."""

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanwire import native
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.dom.parsing import parsed
from cleanwire.extract.model import forest
from cleanwire.extract.model.block_features import Hints, features
from cleanwire.extract.model.class_names import Names
from cleanwire.extract.model.feature_names import BLOCK_FEATURES
from cleanwire.extract.model.sums import _number_sorted, number_keys
from tests.extract import reference_features
from tests.extract.drawn_pages import TEXTS, pages


@given(pages(), st.sampled_from((None, TEXTS[1], TEXTS[3])))
def test_compiled_rows_equal_numpy(page: BlockList, title: str | None) -> None:
    hints = Hints(title=title, description=TEXTS[1], body=" ".join(TEXTS * 2))
    expected = reference_features.features(page, hints, forest.NAMES)
    found = features(page, hints, forest.NAMES)
    for index, name in enumerate(BLOCK_FEATURES):
        assert found[index].tobytes() == expected[index].tobytes(), name


@pytest.mark.parametrize("number", [number_keys, _number_sorted])
@given(keys=st.lists(st.integers(0, 2**50) | st.integers(0, 20), max_size=200))
def test_equal_keys_get_equal_numbers_in_order(
    keys: list[int], number: Callable[[object, object], int]
) -> None:
    numbers = np.empty(len(keys), np.int64)
    count = number(np.array(keys, np.int64), numbers)
    order = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    assert count == len(order)
    assert numbers.tolist() == [order[key] for key in keys]


def test_keys_of_one_slot_take_bounded_time() -> None:
    high = np.arange(60_000)
    keys = np.tile((high << 20) | (high ^ 5), 2)
    numbers = np.empty(len(keys), np.int64)
    native.require()
    began = time.process_time()
    assert number_keys(keys, numbers) == len(high)
    assert time.process_time() - began < 1
    assert (numbers == np.tile(high, 2)).all()


def test_features_do_not_depend_on_pages_before() -> None:
    """A page without prose has no group; which one stands in must not follow from the memory."""
    wanted = parsed('<body class="b"><div class="z">One</div><div class="y">Two</div></body>')
    earlier = parsed('<body class="a"><div class="y">One</div><div class="z">Two</div></body>')
    page = read_html(wanted)
    fresh = features(page, Hints(), Names(lambda _: None))
    used = Names(lambda _: None)
    features(read_html(earlier), Hints(), used)
    assert features(page, Hints(), used).tobytes() == fresh.tobytes()


@pytest.mark.parametrize("columns", [1, 7, 3000])
def test_forest_adds_the_leaves_in_order(columns: int) -> None:
    draw = np.random.default_rng(7)
    questions = draw.integers(0, 5, (3, 40)).astype(np.int16)
    thresholds = draw.normal(size=(3, 40)).astype(np.float32)
    leaves = draw.normal(size=(40, 8)).astype(np.float32)
    rows = draw.normal(size=(5, columns)).astype(np.float32)
    rows[2, ::3] = np.nan
    leaf = sum((rows[questions[level]] > thresholds[level][:, None]) << level for level in range(3))
    sums = np.zeros(columns)
    for tree in range(40):
        sums += leaves[tree][leaf[tree]]
    expected = 1 / (1 + np.exp(-(sums + 0.5)))
    found = forest.Forest(questions, thresholds, leaves, 0.5)(rows)
    assert found.tobytes() == expected.tobytes()
