"""Rows of features -> an oblivious forest.

Invariant: what is returned is what is written: leaves are rounded to half precision before
anybody sees them.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from catboost import CatBoostClassifier
from numpy.typing import NDArray

from cleanwire.extract.model.forest import Forest

SETTINGS: Mapping[str, float] = {
    "iterations": 200,
    "depth": 6,
    "learning_rate": 0.12,
    "l2_leaf_reg": 10,
    "rsm": 0.3,
    "border_count": 64,
    "random_seed": 1,
}
FIXED = {
    "nan_mode": "Min",
    "thread_count": 2,
    "verbose": 0,
    "allow_writing_files": False,
}

SEVERAL = 5

Arrays = dict[str, NDArray[np.generic]]


def grow(  # noqa: PLR0913 - the examples in three parts, and two ways to grow
    name: str,
    rows: NDArray[np.float32],
    content: NDArray[np.bool_],
    weights: NDArray[np.float64],
    *,
    settings: Mapping[str, float] = SETTINGS,
    calibration: tuple[float, float] = (1.0, 0.0),
) -> tuple[Forest, Arrays]:
    """A forest and the arrays that are written of it.

    Args:
        name: what its arrays' names begin with.
        rows: shape (examples, features).
        content: the answer to each.
        weights: what each weighs.
        settings: CatBoost's, beside the fixed ones.
        calibration: what each logit is multiplied by, and what is added then (Platt 1999).
    """
    grown = CatBoostClassifier(**(SETTINGS | settings), **FIXED)
    grown.fit(rows, content.astype(np.int64), sample_weight=weights / weights.mean())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        grown.save_model(str(path), format="json")
        trees = json.loads(path.read_text("utf-8"))
    count, depth = len(trees["oblivious_trees"]), int((SETTINGS | settings)["depth"])
    questions = np.zeros((depth, count), np.uint8)
    thresholds = np.full((depth, count), np.inf, np.float32)
    leaves = np.zeros((count, 1 << depth))
    for number, tree in enumerate(trees["oblivious_trees"]):
        for level, split in enumerate(tree["splits"] or ()):
            questions[level, number] = split["float_feature_index"]
            thresholds[level, number] = split["border"]
        leaves[number, : len(tree["leaf_values"])] = tree["leaf_values"]
    scale, (bias,) = trees["scale_and_bias"]
    slope, offset = calibration
    bias = bias * slope + offset
    rounded = (leaves * scale * slope).astype(np.float16)
    return _written(name, questions, thresholds, rounded, bias)


def grow_several(
    name: str,
    rows: NDArray[np.float32],
    content: NDArray[np.bool_],
    weights: NDArray[np.float64],
    settings: Mapping[str, float],
) -> tuple[Forest, Arrays]:
    """A forest that is the mean of `SEVERAL`, each from another seed (Breiman 1996).

    Few examples make a single forest a matter of luck. The arguments are those of `grow`.
    """
    found = [
        grow(name, rows, content, weights, settings={**settings, "random_seed": seed + 1})[1]
        for seed in range(SEVERAL)
    ]
    questions, thresholds = (
        np.concatenate([arrays[f"{name}_{part}"] for arrays in found], axis=1)
        for part in ("questions", "thresholds")
    )
    leaves = np.concatenate([arrays[f"{name}_leaves"] for arrays in found])
    rounded = (leaves.astype(np.float64) / SEVERAL).astype(np.float16)
    bias = float(np.mean([arrays[f"{name}_bias"] for arrays in found]))
    return _written(name, questions, thresholds, rounded, bias)


def _written(
    name: str,
    questions: NDArray[np.generic],
    thresholds: NDArray[np.generic],
    leaves: NDArray[np.float16],
    bias: float,
) -> tuple[Forest, Arrays]:
    """A forest by the arrays that are written of it, and these."""
    forest = Forest(
        questions.astype(np.int16), thresholds.astype(np.float32), leaves.astype(np.float32), bias
    )
    return forest, {
        f"{name}_questions": questions,
        f"{name}_thresholds": thresholds,
        f"{name}_leaves": leaves,
        f"{name}_bias": np.array([bias]),
    }
