"""Compiled loops: numba turns a function into machine code where Python is the bottleneck.

Invariant: a compiled function gives, bit for bit, what the same function gives as plain Python. So
such a function has only integers, comparisons and single divisions, in an order that is written
down, and a test runs some of them both ways.

Machine code is made when a module is imported for the first time. It is kept beside the module, in
`NUMBA_CACHE_DIR`, or in the user's cache folder. If none of them is writable, every process makes
its own.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(signature: str) -> Callable[[Function], Function]:
    """Compile a function for one signature, in numba's notation.

    The function runs without the interpreter's lock, so that a long run stops no heartbeat.
    """

    def decorate(function: Function) -> Function:
        try:
            made: Any = numba.njit(signature, cache=True, nogil=True)(function)
        except RuntimeError:
            # No folder for the cache is writable.
            made = numba.njit(signature, nogil=True)(function)
        return cast("Function", made)

    return decorate


def inlined(function: Function) -> Function:
    """Compile a small function into every compiled function that calls it."""
    made: Any = numba.njit(inline="always")(function)
    return cast("Function", made)
