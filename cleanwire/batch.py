"""Entries of the index on their way into its columns.

The rule here: nothing is decided; what was appended stands in every column at one place.
"""

import base64
from collections.abc import Mapping
from typing import Any

from cleanwire.verify import MOST_FIGURES


class EntryBatch:
    """Entries on their way into the columns: what `Index.add` takes, as lists and bytes."""

    def __init__(self) -> None:
        self.names = bytearray()
        self.orders: list[int] = []
        self.buckets: list[int] = []
        self.bounds: list[int] = []
        self.digests = bytearray()
        self.lengths: list[int] = []
        self.samples: list[int] = []
        self.counts: list[int] = []
        self.figures = bytearray()
        self.keys = bytearray()
        self.tentative: list[bool] = []

    def append(
        self, key: bytes, bucket: int, fields: Mapping[str, Any], *, tentative: bool
    ) -> None:
        """Add an entry whose id is the hexadecimal of `key`; `fields` are those of its record."""
        keys = base64.b64decode(fields["keys"])
        figures = base64.b64decode(fields["figures"])
        self.names += key
        self.orders.append(fields["order"])
        self.buckets.append(bucket)
        self.bounds.append(fields["bound"])
        self.digests += base64.b64decode(fields["digest"])
        self.lengths.append(fields["shingles"])
        self.samples.append(len(keys) // 4)
        self.keys += keys
        self.counts.append(len(figures) // 2)
        self.figures += figures.ljust(2 * MOST_FIGURES, b"\0")
        self.tentative.append(tentative)
