"""Columns of numbers that grow.

Invariant: `grown` returns a new array. Old references and memoryviews keep the old contents, so
refresh them after every growth.
"""

import dataclasses
from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_bytes(column: NDArray[Any]) -> memoryview:
    """A writable view of a column's bytes; writing through it costs a third of what numpy costs."""
    return column.view(np.uint8).reshape(-1).data


def grown(column: NDArray[Any], more: int) -> NDArray[Any]:
    """A copy of a column with `more` rows of zeros at its end.

    The operating system gives the new rows physical memory only once they are written to.
    """
    larger = np.zeros((len(column) + more, *column.shape[1:]), column.dtype)
    larger[: len(column)] = column
    return larger


@dataclasses.dataclass(slots=True, eq=False)
class Bucket:
    """The rows of one bucket of event time, in the order in which they were added."""

    rows: "array[int]" = dataclasses.field(default_factory=lambda: array("I"))
    first: int = 0
    """The index in `rows` of the first row that still counts, or of a row before it."""
