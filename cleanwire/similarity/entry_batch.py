"""Entries of the index: one by one, and many on their way into its columns.

Invariant: nothing is decided here. Each appended entry has the same position in every column.
"""

import binascii
import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from cleanwire.similarity.hash_table_layout import Keys, keys_of
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
        id: the article's id.
        sequence: the position of its candidate among all candidates.
        bucket: its bucket of event time (`policy.Clock`).
        digest: 8 bytes over its words.
        shingles: how many distinct shingles it has.
        bound: the high 32 bits of its sample's bound.
        keys: the keys of its sample hashes, uint32.
        figures: the high 16 bits of the hashes of its figures, uint16; the lowest `MOST_FIGURES`.
        lead: the high 16 bits of the sample hashes of its lead, uint16; the lowest `LEAD_HASHES`.
            Empty if the lead is not known.
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
    """Entries on their way into the columns of an `Index`, as lists and bytes.

    `keys` holds the keys of all samples, one sample after the other; `samples` holds their sizes.
    """

    def __init__(self) -> None:
        self.id_keys = bytearray()
        self.sequences: list[int] = []
        self.buckets: list[int] = []
        self.bounds: list[int] = []
        self.digests = bytearray()
        self.shingles: list[int] = []
        self.samples: list[int] = []
        self.figure_counts: list[int] = []
        self.figures = bytearray()
        self.lead_counts: list[int] = []
        self.leads = bytearray()
        self.keys = bytearray()
        self.tentative: list[bool] = []

    def append(
        self, key: bytes, bucket: int, fields: Mapping[str, Any], *, tentative: bool
    ) -> None:
        """Append an entry from the fields of its record.

        Args:
            key: the 16 bytes that its id spells in hex.
            bucket: its bucket of event time.
            fields: the fields as `pack_record` wrote them, arrays as base64.
            tentative: as for `Index.add`.
        """
        keys = binascii.a2b_base64(fields["keys"])
        figures = binascii.a2b_base64(fields["figures"])
        self.id_keys += key
        self.sequences.append(fields["order"])
        self.buckets.append(bucket)
        self.bounds.append(fields["bound"])
        self.digests += binascii.a2b_base64(fields["digest"])
        self.shingles.append(fields["shingles"])
        self.samples.append(len(keys) // _KEY)
        self.keys += keys
        self.figure_counts.append(len(figures) // 2)
        self.figures += figures.ljust(_FIGURES, b"\0")
        lead = binascii.a2b_base64(fields["lead"])
        self.lead_counts.append(len(lead) // 2)
        self.leads += lead.ljust(_LEAD, b"\0")
        self.tentative.append(tentative)

    def kept(self, which: Bools) -> "EntryBatch":
        """A batch of the entries for which `which` is true, in the same order."""
        other = EntryBatch()
        other.id_keys = chosen(self.id_keys, ID_BYTES, which)
        other.sequences = list(itertools.compress(self.sequences, which))
        other.buckets = list(itertools.compress(self.buckets, which))
        other.bounds = list(itertools.compress(self.bounds, which))
        other.digests = chosen(self.digests, _DIGEST, which)
        other.shingles = list(itertools.compress(self.shingles, which))
        other.samples = list(itertools.compress(self.samples, which))
        other.figure_counts = list(itertools.compress(self.figure_counts, which))
        other.figures = chosen(self.figures, _FIGURES, which)
        other.lead_counts = list(itertools.compress(self.lead_counts, which))
        other.leads = chosen(self.leads, _LEAD, which)
        other.keys = chosen(self.keys, _KEY, np.repeat(which, self.samples))
        other.tentative = list(itertools.compress(self.tentative, which))
        return other


def chosen(column: bytearray, width: int, which: Bools) -> bytearray:
    """The rows of a packed column for which `which` is true; a row has `width` bytes."""
    return bytearray(np.frombuffer(column, f"V{width}")[which].tobytes())
