"""Texts -> how many characters of each kind they have.

Invariant: all texts of a page are counted at once, in any script, in one compiled pass. A table
maps each character of the Basic Multilingual Plane to the kinds that it is of, one bit a kind.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.text import CLOSERS, ENDS, UNSPACED
from cleanwire.native import compiled

Counts = NDArray[np.float64]

COMMAS = ",;，、；،؛"

GOOD_WORDS = 8
"""A text of fewer words is no prose."""
LONG_WORDS = 20
"""A text of this many words is prose even without a mark."""

UNMARKED = (0x0E00, 0x0EFF)
"""The range of Thai and Lao, which end a sentence without a mark."""

UNMARKED_LENGTH = 48
"""A text that ends in such a script and has this many characters counts as ended."""

_PLANE = 1 << 16
_SPACE, _UPPER, _LETTER, _COMMA, _END, _UNSPACED, _DIGIT, _CLOSER = range(8)
_KINDS = 8


def _table() -> NDArray[np.uint8]:
    """For each character of the plane the kinds that it is of; bit k is of kind k."""
    categories = np.array([unicodedata.category(chr(code)) for code in range(_PLANE)])
    table = np.zeros(_PLANE, np.uint8)
    for first, last in UNSPACED:
        table[first : last + 1] |= 1 << _UNSPACED
    table[np.char.startswith(categories, "L")] |= 1 << _LETTER
    table[np.isin(categories, ("Lu", "Lt"))] |= 1 << _UPPER
    table[categories == "Nd"] |= 1 << _DIGIT
    for kind, characters in (_SPACE, " "), (_COMMA, COMMAS), (_END, ENDS), (_CLOSER, CLOSERS):
        table[[ord(character) for character in characters]] |= 1 << kind
    return table


_TABLE = _table()


@compiled("void(uint32[::1], int64[::1], uint8[::1], float64[:, ::1], uint8[::1])")
def _count(
    codes: NDArray[np.uint32],
    lengths: NDArray[np.int64],
    table: NDArray[np.uint8],
    counts: Counts,
    ended: NDArray[np.uint8],
) -> None:
    """Count the characters of each text by kind, and tell which texts end as a sentence does.

    Args:
        codes: the code points of the texts, each text with a line end after it, uint32.
        lengths: how many characters each text has, int64, shape (texts,).
        table: the kinds of each character of the plane, uint8.
        counts: filled; shape (kinds, texts).
        ended: filled with 0 and 1; shape (texts,).
    """
    start = 0
    found = np.zeros(_KINDS, np.int64)
    for text in range(len(lengths)):
        found[:] = 0
        end = start + lengths[text]
        last = before = 0
        for at in range(start, end):
            before = last
            last = table[min(codes[at], _PLANE - 1)]
            for kind in range(_KINDS):
                found[kind] += (last >> kind) & 1
        for kind in range(_KINDS):
            counts[kind, text] = found[kind]
        final = codes[end - 1] if end > start else 0
        ended[text] = (
            (last >> _END) & 1
            or ((last >> _CLOSER) & 1 and (before >> _END) & 1)
            or (UNMARKED[0] <= final <= UNMARKED[1] and lengths[text] >= UNMARKED_LENGTH)
        )
        start = end + 1


class Characters:
    """The characters of texts, counted by kind; each attribute has one number for each text.

    Args:
        texts: the texts, without line ends; each has at least one character.

    Attributes:
        length: how many characters it has.
        words: how many words; in scripts without blanks two characters make one.
        upper: capital letters.
        letter: letters.
        comma: commas and semicolons.
        end: full stops, question marks and exclamation marks.
        digit: decimal digits.
        closer: closing quotes and brackets.
        ended_bits: 1 if the text ends as a sentence does, a closing quote or bracket after it
            included; else 0. uint8.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        joined = "\n".join(texts) + "\n"
        encoded = bytearray(joined.encode("utf-32-le", "replace"))
        count = len(texts)
        lengths = np.fromiter(map(len, texts), np.int64, count)
        counts = np.empty((_KINDS, count), np.float64)
        self.ended_bits = np.empty(count, np.uint8)
        _count(np.frombuffer(encoded, np.uint32), lengths, _TABLE, counts, self.ended_bits)
        self.length: Counts = lengths.astype(np.float64)
        self.upper, self.letter = counts[_UPPER], counts[_LETTER]
        self.comma, self.end = counts[_COMMA], counts[_END]
        self.digit, self.closer = counts[_DIGIT], counts[_CLOSER]
        self.words: Counts = counts[_SPACE] + 1 + np.floor(counts[_UNSPACED] / 2)

    @property
    def ended(self) -> Counts:
        """1 for each text that ends as a sentence does, else 0; float64, shape (texts,)."""
        return self.ended_bits.astype(np.float64)

    def good(self) -> NDArray[np.bool_]:
        """Which texts read as prose: of some length, and ended, with parts, or long."""
        good: NDArray[np.bool_] = (self.words >= GOOD_WORDS) & (
            (self.ended_bits > 0) | (self.comma + self.end >= 2) | (self.words >= LONG_WORDS)  # noqa: PLR2004 - a sentence with parts
        )
        return good
