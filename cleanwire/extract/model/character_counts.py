"""Texts -> how many characters of each kind they have.

Invariant: all texts of a page are counted at once, in any script, without a loop over characters in
Python. A table maps each character of the Basic Multilingual Plane to three counters in one integer
(21 bits each), so that one sum counts three kinds.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.text import CLOSERS, ENDS, UNSPACED

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

_FIELD = 21
_MASK = (1 << _FIELD) - 1
_PLANE = 1 << 16
_END, _CLOSER = 1, 2


def _tables() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """The three tables of counters, and a table of characters that end a text."""
    categories = np.array([unicodedata.category(chr(code)) for code in range(_PLANE)])
    unspaced = np.zeros(_PLANE, np.int64)
    for first, last in UNSPACED:
        unspaced[first : last + 1] = 1

    def these(characters: str) -> NDArray[np.int64]:
        table = np.zeros(_PLANE, np.int64)
        table[[ord(character) for character in characters]] = 1
        return table

    letter = np.char.startswith(categories, "L").astype(np.int64)
    upper = np.isin(categories, ("Lu", "Lt")).astype(np.int64)
    digit = (categories == "Nd").astype(np.int64)

    def packed(*fields: NDArray[np.int64]) -> NDArray[np.int64]:
        return fields[0] | fields[1] << _FIELD | fields[2] << 2 * _FIELD

    ends, closers = these(ENDS), these(CLOSERS)
    return (
        packed(these(" "), upper, letter),
        packed(these(COMMAS), ends, unspaced),
        packed(digit, closers, these("")),
        (ends * _END + closers * _CLOSER).astype(np.uint8),
    )


_FIRST, _SECOND, _THIRD, _LAST = _tables()


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
        ended: 1 if the text ends as a sentence does, a closing quote or bracket after it included;
            else 0.
        first: the code point of the first character, cut to 16 bits.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        joined = "\n".join(texts) + "\n"
        codes = np.frombuffer(joined.encode("utf-32-le", "replace"), "<u4")
        self._codes = np.minimum(codes, _PLANE - 1)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        stops = np.cumsum(lengths + 1)
        self._starts = stops - lengths - 1
        self.length: Counts = lengths.astype(np.float64)
        space, self.upper, self.letter = self._counts(_FIRST)
        self.comma, self.end, unspaced = self._counts(_SECOND)
        self.words: Counts = space + 1 + np.floor(unspaced / 2)
        final = self._codes[np.maximum(stops - 2, 0)]
        last = _LAST[final]
        before = _LAST[self._codes[np.maximum(stops - 3, 0)]]
        unmarked = (final >= UNMARKED[0]) & (final <= UNMARKED[1]) & (lengths >= UNMARKED_LENGTH)
        ended = (last == _END) | ((last == _CLOSER) & (before == _END)) | unmarked
        self.ended: Counts = ended.astype(np.float64)
        self.first = self._codes[self._starts]

    def good(self) -> NDArray[np.bool_]:
        """Which texts read as prose: of some length, and ended, with parts, or long."""
        return (self.words >= GOOD_WORDS) & (
            (self.ended > 0) | (self.comma + self.end >= 2) | (self.words >= LONG_WORDS)  # noqa: PLR2004 - a sentence with parts
        )

    def digits_and_closers(self) -> tuple[Counts, Counts]:
        """How many digits each text has, and how many closing quotes and brackets."""
        digit, closer, _ = self._counts(_THIRD)
        return digit, closer

    def _counts(self, table: NDArray[np.int64]) -> tuple[Counts, Counts, Counts]:
        """The three counts that a table holds, for each text."""
        sums = np.add.reduceat(table[self._codes], self._starts)
        first, second, third = sums & _MASK, (sums >> _FIELD) & _MASK, sums >> 2 * _FIELD
        return first.astype(np.float64), second.astype(np.float64), third.astype(np.float64)
