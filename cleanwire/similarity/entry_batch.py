"""Entries of the index, one by one and many on their way into its columns.

Invariant: nothing is decided; what was appended stands in every column at one place.
"""

import binascii
import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from cleanwire.similarity.hash_table_kernels import Keys, keys_of
from cleanwire.similarity.key_table import ID_BYTES, Bools
from cleanwire.similarity.minhash import Signature
from cleanwire.similarity.templates import LEAD_HASHES
from cleanwire.similarity.verify import MOST_FIGURES, Figures, high_bits, lead_bits

_KEY = 4
_DIGEST = 8
_FIGURES = 2 * MOST_FIGURES
_LEAD = 2 * LEAD_HASHES


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """An article as a row of the index: its signature, cut to what the index keeps.

    Attributes:
        id: the article's.
        sequence: its place among all candidates.
        bucket: of event time; see `decide`.
        digest: of its words.
        shingles: how many distinct ones it has.
        bound: the high 32 bits of its sample's.
        keys: of its sample, 32 bits each.
        figures: the high 16 bits of the hashes of its figures, the lowest `MOST_FIGURES`.
        lead: the high 16 bits of the sample hashes of its lead, the lowest `LEAD_HASHES`; none
            where it is not known.
    """

    id: str
    sequence: int
    bucket: int
    digest: bytes
    shingles: int
    bound: int
    keys: Keys
    figures: Figures
    lead: Figures

    @classmethod
    def of(cls, signature: Signature, *, article: str, sequence: int, bucket: int) -> "Entry":
        """The entry of an article with this signature."""
        return cls(
            id=article,
            sequence=sequence,
            bucket=bucket,
            digest=signature.digest,
            shingles=signature.shingles,
            bound=signature.bound >> 32,
            keys=keys_of(signature.sample),
            figures=high_bits(signature.figures),
            lead=lead_bits(signature.sample, signature.places),
        )


class EntryBatch:
    """Entries on their way into the columns: what `Index.add` takes, as lists and bytes."""

    def __init__(self) -> None:
        self.names = bytearray()
        self.sequences: list[int] = []
        self.buckets: list[int] = []
        self.bounds: list[int] = []
        self.digests = bytearray()
        self.lengths: list[int] = []
        self.samples: list[int] = []
        self.counts: list[int] = []
        self.figures = bytearray()
        self.lead_counts: list[int] = []
        self.leads = bytearray()
        self.keys = bytearray()
        self.tentative: list[bool] = []

    def append(
        self, key: bytes, bucket: int, fields: Mapping[str, Any], *, tentative: bool
    ) -> None:
        """Add an entry whose id is the hexadecimal of `key`; `fields` are those of its record."""
        keys = binascii.a2b_base64(fields["keys"])
        figures = binascii.a2b_base64(fields["figures"])
        self.names += key
        self.sequences.append(fields["order"])
        self.buckets.append(bucket)
        self.bounds.append(fields["bound"])
        self.digests += binascii.a2b_base64(fields["digest"])
        self.lengths.append(fields["shingles"])
        self.samples.append(len(keys) // _KEY)
        self.keys += keys
        self.counts.append(len(figures) // 2)
        self.figures += figures.ljust(_FIGURES, b"\0")
        lead = binascii.a2b_base64(fields["lead"])
        self.lead_counts.append(len(lead) // 2)
        self.leads += lead.ljust(_LEAD, b"\0")
        self.tentative.append(tentative)

    def kept(self, which: Bools) -> "EntryBatch":
        """Those entries for which `which` holds, in their order."""
        other = EntryBatch()
        other.names = chosen(self.names, ID_BYTES, which)
        other.sequences = list(itertools.compress(self.sequences, which))
        other.buckets = list(itertools.compress(self.buckets, which))
        other.bounds = list(itertools.compress(self.bounds, which))
        other.digests = chosen(self.digests, _DIGEST, which)
        other.lengths = list(itertools.compress(self.lengths, which))
        other.samples = list(itertools.compress(self.samples, which))
        other.counts = list(itertools.compress(self.counts, which))
        other.figures = chosen(self.figures, _FIGURES, which)
        other.lead_counts = list(itertools.compress(self.lead_counts, which))
        other.leads = chosen(self.leads, _LEAD, which)
        other.keys = chosen(self.keys, _KEY, np.repeat(which, self.samples))
        other.tentative = list(itertools.compress(self.tentative, which))
        return other


def chosen(column: bytearray, width: int, which: Bools) -> bytearray:
    """Those rows of a column, of `width` bytes each, for which `which` holds."""
    return bytearray(np.frombuffer(column, f"V{width}")[which].tobytes())
