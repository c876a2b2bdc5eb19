"""The trained model: what it knows, read once, and how it is asked.

Invariant: numpy alone, and the same answer on every machine. A forest is made of oblivious
trees (every level of a tree asks one question, as CatBoost grows them): the answers to its six
questions are the number of its leaf, so that a forest is six comparisons and one lookup for all
trees and all blocks at once.

`model.npz` is made by `tools/training`; docs/model.md says of what and how well.
"""

import importlib.resources
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.model.class_names import Names

FILE = "model.npz"
SHARES = 255
GAINS = 127
TOGETHER = 1024
"""Columns that are asked for at once: what is in between fits a processor's cache."""


class Forest:
    """Oblivious trees over rows of features.

    Args:
        questions: of each level and tree the feature it asks of; shape (depth, trees).
        thresholds: what the feature is compared with; the same shape.
        leaves: of each tree what its leaves say, in logits; shape (trees, 2 ** depth).
        bias: added to their sum.
    """

    def __init__(
        self,
        questions: NDArray[np.int16],
        thresholds: NDArray[np.float32],
        leaves: NDArray[np.float32],
        bias: float,
    ) -> None:
        self._questions = questions.astype(np.intp)
        self._thresholds = thresholds[:, :, None]
        self._leaves = np.ascontiguousarray(leaves).ravel()
        self._first = (np.arange(leaves.shape[0]) * leaves.shape[1]).astype(np.int32)[:, None]
        self._bias = bias

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of each column the probability; `rows` has shape (features, columns)."""
        if rows.shape[1] > TOGETHER:
            parts = range(0, rows.shape[1], TOGETHER)
            return np.concatenate([self(rows[:, start : start + TOGETHER]) for start in parts])
        leaf = np.repeat(self._first, rows.shape[1], axis=1)
        for level, (questions, thresholds) in enumerate(
            zip(self._questions, self._thresholds, strict=True)
        ):
            leaf += (rows[questions] > thresholds).astype(np.int32) << level
        logits = self._leaves[leaf].sum(axis=0, dtype=np.float64) + self._bias
        answer: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
        return answer


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
LINES = _forest(_DATA, "lines")
LINES_AGAIN = _forest(_DATA, "again")
PAGES = _forest(_DATA, "pages")
PAGES_AGAIN = _forest(_DATA, "pages_again")
PAGE_THRESHOLD = float(_DATA["page_threshold"][0])
SIGNS: dict[str, float] = dict(
    zip(_strings(_DATA["signs"]), _DATA["sign_weights"].astype(np.float64).tolist(), strict=True)
)
SIGN_BIAS = float(_DATA["sign_bias"][0])
NAMES = Names(
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
    ).get
)
WORDS = dict(
    zip(
        _strings(_DATA["words"]),
        (_DATA["word_shares"].astype(np.float64) / SHARES).tolist(),
        strict=True,
    )
).get
del _DATA
