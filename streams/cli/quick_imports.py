"""Imports without the garbage collector, which would look at all modules again and again.

Invariant: after the block the collector works as it did before.

What a worker imports makes some hundred thousand objects, and all of them stay. The collector would
take a fifth of the time of its start.
"""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Leave the collector out while the block imports."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
