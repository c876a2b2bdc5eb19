"""Compiled loops: where Python is the bottleneck, numba turns a function into machine code.

Invariant: what is compiled gives, bit for bit, what the same function gives as plain
Python. So only integers, comparisons and single divisions stand in such a function, in an
order that is written down, and a test runs some of them both ways.

Machine code is made when a module is imported for the first time, and kept beside it, or in
`NUMBA_CACHE_DIR`, or in the user's cache folder; where none of them can be written to, every
process makes its own.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(signature: str) -> Callable[[Function], Function]:
    """Compile a function for one signature, in numba's notation.

    The lock of the interpreter is free while it runs, so that a long one stops no heartbeat.
    """

    def decorate(function: Function) -> Function:
        try:
            made: Any = numba.njit(signature, cache=True, nogil=True)(function)
        except RuntimeError:
            # No folder for the cache can be written to.
            made = numba.njit(signature, nogil=True)(function)
        return cast("Function", made)

    return decorate


def inlined(function: Function) -> Function:
    """A small function that becomes part of every compiled one that calls it."""
    made: Any = numba.njit(inline="always")(function)
    return cast("Function", made)
