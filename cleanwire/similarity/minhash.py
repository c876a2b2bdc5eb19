"""Body text -> signature: a bottom-k or FracMinHash sample of the text's shingle hashes.

A shingle is `SHINGLE` consecutive words; its hash has 64 bits. For a short text (at most `SHORT`
distinct shingles) the sample holds the `FLOOR` lowest hashes (bottom-k: Broder 1997). For a longer
text it holds every hash up to 2**64 / `SCALE` (FracMinHash: Irber et al. 2022, as genome search
uses it). One sample serves both as index and as sketch: what two samples share below the smaller of
their two bounds is an unbiased sample of what the texts share.

Invariant: for one `VERSION`, the signature of a text is the same for ever, on every machine and
Python. Any change that changes a value (words, hash, sample, packing) is a new version.

Words are runs of letters, digits and `_` after NFKC and full case folding. So the quotes, dashes
and blanks that syndication changes make no difference; `.` and `,` between digits belong to the
figure. In scripts without blanks between words every character counts as one word, which stands for
the last few characters of its run.
"""

import base64
import binascii
import dataclasses
import re
import struct
import unicodedata

import numpy as np

from cleanwire.similarity.tokens import (
    FLOOR,
    MAX_FIGURES,
    SCALE,
    SHINGLE,
    SHORT,
    U64,
    Ints,
    in_order,
    read_words,
    shingle_hashes,
    sketch,
)

__all__ = [
    "FLOOR",
    "MAX_FIGURES",
    "SCALE",
    "SHINGLE",
    "SHORT",
    "VERSION",
    "Signature",
    "shingles",
    "sign",
]

VERSION = 3

_HEAD = struct.Struct(">BB8sIQ")

_STACK = 1000
# Normalising sorts the marks on one letter, in a time that grows with the square of their number.
# The pattern also takes some other characters for marks; a long run of those separates words as one
# of them does.
_STACKED = re.compile(
    rf"((?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){{{_STACK}}})(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f])+"
)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """A text as the index knows it.

    Attributes:
        digest: 8 bytes over the text's words in order; equal for texts that are equal once
            normalised.
        shingles: the number of distinct shingles.
        bound: `sample` holds every shingle hash up to and including this one.
        sample: distinct 64-bit shingle hashes, uint64, ascending.
        places: for each hash of the sample, its position among them in the order of the text,
            int64.
        figures: distinct 64-bit hashes of the words that hold a digit, uint64, ascending; the
            lowest `MAX_FIGURES`.
    """

    digest: bytes
    shingles: int
    bound: int
    sample: U64
    places: Ints
    figures: U64

    def pack(self) -> str:
        """The signature as text: URL-safe base64 over a fixed big-endian layout.

        The layout: version (1 byte), number of figures (1), digest (8), shingles (4), bound (8),
        the figures (8 each), the sample in the order of the text (8 each).
        """
        head = _HEAD.pack(VERSION, len(self.figures), self.digest, self.shingles, self.bound)
        told = np.empty_like(self.sample)
        told[self.places] = self.sample
        body = self.figures.astype(">u8").tobytes() + told.astype(">u8").tobytes()
        return base64.urlsafe_b64encode(head + body).decode("ascii")

    @classmethod
    def unpack(cls, packed: str) -> "Signature":
        """The inverse of `pack`.

        Raises:
            ValueError: the text is not a packed signature of this version.
        """
        try:
            data = base64.urlsafe_b64decode(packed)
            version, figures, digest, shingles, bound = _HEAD.unpack_from(data)
            hashes = np.frombuffer(data, ">u8", offset=_HEAD.size).astype(np.uint64)
        except (binascii.Error, struct.error, ValueError) as error:
            raise ValueError(f"not a packed signature: {error}") from None
        if version != VERSION:
            raise ValueError(f"signature version {version}, expected {VERSION}")
        sample, places = in_order(hashes[figures:])
        return cls(digest, shingles, bound, sample, places, hashes[:figures])


def signature(text: str) -> Signature:
    """The signature of a body text of any length; an empty text has no shingles."""
    return sign(text)[0]


def sign(text: str) -> tuple[Signature, int]:
    """The signature of a body text, and the number of its words."""
    made = sketch(_bytes(text), False)  # noqa: FBT003 - compiled for positions
    if not made[0]:
        made = sketch(_bytes(_normalized(text)), True)  # noqa: FBT003 - compiled for positions
    _, words, digest, shingles, bound, sample, places, figures = made
    named = int(digest).to_bytes(8, "big")
    return Signature(named, shingles, int(bound), sample, places, figures), words


def shingles(text: str) -> U64:
    """All distinct shingle hashes of a body text, uint64, in the order of the text.

    A signature holds a sample of them.
    """
    read, words, _ = read_words(_bytes(text), False)  # noqa: FBT003 - compiled for positions
    if not read:
        _, words, _ = read_words(_bytes(_normalized(text)), True)  # noqa: FBT003 - compiled for positions
    found: U64 = shingle_hashes(words)
    return found


def _bytes(text: str) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The text's UTF-8, for the compiled loops."""
    # A writable buffer: numba takes three times as long to check a read-only array.
    return np.frombuffer(bytearray(text.encode("utf-8", "replace")), np.uint8)


def _normalized(text: str) -> str:
    """The text in NFKC and case-folded, line by line."""
    # NFKC composes nothing across a line end, and `read_words` folds ASCII itself.
    return "\n".join(line if line.isascii() else _folded(line) for line in text.split("\n"))


def _folded(line: str) -> str:
    if len(line) > _STACK:
        line = _STACKED.sub(r"\1", line)
    folded = unicodedata.normalize("NFKC", line).casefold()
    return unicodedata.normalize("NFKC", folded)
