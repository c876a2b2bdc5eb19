"""Columns of numbers that grow.

Invariant: a column that has grown is another array; who holds the old one, or a look at its
memory, has what stood there then.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_bytes(column: NDArray[Any]) -> memoryview:
    """A column's memory: what is written into it stands in the column, at a third of the cost."""
    return column.view(np.uint8).reshape(-1).data


def grown(column: NDArray[Any], more: int) -> NDArray[Any]:
    """A column with so many more rows; memory that nobody writes to is not taken."""
    larger = np.zeros((len(column) + more, *column.shape[1:]), column.dtype)
    larger[: len(column)] = column
    return larger
