"""The trained model: its data, read once, and its forests.

Invariant: a forest gives the same answer on every machine. It is made of oblivious trees: every
level of a tree asks one question, as CatBoost grows them. The answers to the six questions of a
tree are the number of its leaf. The compiled pass takes the tables of the forest as arguments, so
that machine code never holds the numbers of an older model.

`tools/training` makes `model.npz`; docs/model.md says from which pages and how good it is.
"""

import importlib.resources
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.model.class_names import TabledNames
from cleanwire.native import compiled

FILE = "model.npz"
SHARES = 255
"""Content shares are stored as bytes: the share times this number."""
GAINS = 127
"""Gains are stored as bytes: the gain times this number."""


@compiled("void(float32[:, ::1], int64[:, ::1], float32[:, ::1], float32[:, ::1], float64[::1])")
def _add_leaves(
    rows: NDArray[np.float32],
    questions: NDArray[np.int64],
    thresholds: NDArray[np.float32],
    leaves: NDArray[np.float32],
    sums: NDArray[np.float64],
) -> None:
    """Add the leaf of each tree to the sum of each column.

    Args:
        rows: the features, shape (features, columns).
        questions: for each level and tree the feature that it tests, shape (depth, trees).
        thresholds: for each level and tree the value to compare it with, the same shape.
        leaves: for each tree the values of its leaves, shape (trees, 2 ** depth).
        sums: what is added to, shape (columns,).
    """
    depth, trees = questions.shape
    columns = rows.shape[1]
    leaf = np.empty(columns, np.int64)
    for tree in range(trees):
        # The columns are the inner loop, so that the comparisons take several of them at once.
        leaf[:] = 0
        for level in range(depth):
            feature, threshold = questions[level, tree], thresholds[level, tree]
            bit = 1 << level
            for column in range(columns):
                leaf[column] += bit if rows[feature, column] > threshold else 0
        for column in range(columns):
            sums[column] += leaves[tree, leaf[column]]


class Forest:
    """Oblivious trees over rows of features.

    Args:
        questions: for each level and tree the feature that it tests, int16, shape (depth, trees).
        thresholds: for each level and tree the value to compare it with, float32, the same shape.
        leaves: for each tree the values of its leaves, in logits, float32, shape (trees, 2 **
            depth).
        bias: a logit that is added to the sum of the trees.
    """

    def __init__(
        self,
        questions: NDArray[np.int16],
        thresholds: NDArray[np.float32],
        leaves: NDArray[np.float32],
        bias: float,
    ) -> None:
        self._questions = np.ascontiguousarray(questions, np.int64)
        self._thresholds = np.ascontiguousarray(thresholds, np.float32)
        self._leaves = np.ascontiguousarray(leaves, np.float32)
        self._bias = bias

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """The probability for each column.

        Args:
            rows: the features, float32, shape (features, columns).

        Returns:
            float64, shape (columns,).
        """
        logits = np.zeros(rows.shape[1], np.float64)
        _add_leaves(
            np.ascontiguousarray(rows), self._questions, self._thresholds, self._leaves, logits
        )
        answer: NDArray[np.float64] = 1 / (1 + np.exp(-(logits + self._bias)))
        return answer

    def borders(self, feature: int) -> NDArray[np.float32]:
        """The values that a feature is compared with, ascending, each once."""
        tested: NDArray[np.float32] = np.unique(self._thresholds[self._questions == feature])
        return tested


def _forest(data: Mapping[str, NDArray[np.generic]], name: str) -> Forest:
    return Forest(
        data[f"{name}_questions"].astype(np.int16),
        data[f"{name}_thresholds"].astype(np.float32),
        data[f"{name}_leaves"].astype(np.float32),
        float(data[f"{name}_bias"][0]),
    )


def _strings(data: NDArray[np.generic]) -> list[str]:
    return data.tobytes().decode("utf-8").split("\n")


def _load() -> dict[str, NDArray[np.generic]]:
    packed = importlib.resources.files(__package__).joinpath(FILE)
    with (
        importlib.resources.as_file(packed) as path,
        np.load(path, allow_pickle=False) as arrays,
    ):
        return dict(arrays)


_DATA = _load()

BLOCKS = _forest(_DATA, "blocks")
"""The forest over `BLOCK_FEATURES`."""
LINES = _forest(_DATA, "lines")
"""The forest over `LINE_FEATURES`."""
LINES_AGAIN = _forest(_DATA, "again")
"""The forest over `SECOND_LINE_FEATURES`."""
PAGES = _forest(_DATA, "pages")
"""The forest over `PAGE_FEATURES`."""
PAGES_AGAIN = _forest(_DATA, "pages_again")
"""The forest over `PAGE_FEATURES` and the sum of the weights of the page's tokens."""
PAGE_THRESHOLD = float(_DATA["page_threshold"][0])
"""The least probability of an article in the second forest."""
TOKEN_WEIGHTS: dict[str, float] = dict(
    zip(_strings(_DATA["signs"]), _DATA["sign_weights"].astype(np.float64).tolist(), strict=True)
)
"""The weight of each token of `page_kind.page_tokens`."""
TOKEN_BIAS = float(_DATA["sign_bias"][0])
NAMES = TabledNames(
    dict(
        zip(
            _strings(_DATA["names"]),
            zip(
                (_DATA["name_shares"].astype(np.float64) / SHARES).tolist(),
                (_DATA["name_gains"].astype(np.float64) / GAINS).tolist(),
                strict=True,
            ),
            strict=True,
        )
    )
)
"""The content shares of element names."""
WORDS = dict(
    zip(
        _strings(_DATA["words"]),
        (_DATA["word_shares"].astype(np.float64) / SHARES).tolist(),
        strict=True,
    )
).get
"""Word -> the content share of the lines it is in, or None."""
del _DATA
