"""The loop over a text's bytes: words, shingles, and the sample of the shingle hashes.

Invariant: one pass, no state, and no answer that depends on the machine. `minhash` says what a
signature is, and makes one from the numbers of this module.

The bytes are UTF-8. A text is plain if NFKC and case folding change nothing in it but the letters
that this loop folds itself (those up to U+07FF) and general punctuation, which separates words
anyway. For any other text the loop asks for the normalised form: it returns 0.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.native import compiled, inlined
from cleanwire.similarity.character_classes import (
    CHARACTERS,
    FIRST,
    IDEOGRAPH,
    LETTER,
    NOTHING,
    SEPARATOR,
    SHARP_S,
    UNKNOWN,
    is_digit,
    is_numeral,
    is_vague,
    kind_of,
    point_of,
)

U64 = NDArray[np.uint64]
U8 = NDArray[np.uint8]
Ints = NDArray[np.int64]

SHINGLE = 3
SCALE = 8
FLOOR = 96
SHORT = 512
"""A text of at most this many distinct shingles is sampled by `FLOOR`, a longer text by `SCALE`."""

MAX_FIGURES = 32

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FULL = np.uint64(2**64 - 1)
_ONE = np.uint64(1)
IDEOGRAPHS = 4
"""A Chinese or Japanese character counts as a word that stands for the last so many characters of
its run. So three characters in a row say as much as three words of another script."""

SYLLABLES = 8
"""The same for scripts that write sounds without blanks: Thai, Lao, Khmer, Myanmar, Tibetan."""


def _folded() -> U64:
    """A table of ASCII: letters, digits and `_` in lower case; 0 for all other bytes."""
    table = np.zeros(256, np.uint64)
    for byte in b"abcdefghijklmnopqrstuvwxyz_0123456789":
        table[byte] = byte
    table[ord("A") : ord("Z") + 1] = table[ord("a") : ord("z") + 1]
    return table


_FOLDED = _folded()
_MASKS = np.where(_FOLDED > 0, _FULL, np.uint64(0))
_DIGITS = np.array([0x30 <= byte <= 0x39 for byte in range(256)], np.uint64)
_SIMPLE = np.array([byte < 0x80 and byte not in b".," for byte in range(256)])


@compiled("uint64(uint64)")
def mix(value: np.uint64) -> np.uint64:
    """SplitMix64's finaliser (Steele et al. 2014): every input bit moves every output bit."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@inlined
def _with(value: np.uint64, byte: int) -> np.uint64:
    """The hash of a word, extended by one byte (after Fowler, Noll and Vo).

    The shift keeps the hash from being a polynomial, for which collisions can be made at will.
    """
    value = (value ^ np.uint64(byte)) * _MULTIPLIER
    return value ^ (value >> np.uint64(29))


@compiled("Tuple((int64, uint64[::1], uint64[::1]))(uint8[::1], boolean)")
def read_words(data: U8, normal: bool) -> tuple[int, U64, U64]:
    """The hashes of the words in order, and of the words that hold a digit.

    In scripts without blanks a run of digits or of Han numerals is a figure.

    Args:
        data: the text in UTF-8, uint8.
        normal: whether the text is in NFKC and case-folded.

    Returns:
        1, the words and the figures, both uint64; or 0 and no words if the text is neither plain
        nor normal.
    """
    size = len(data)
    words = np.empty(size // 2 + 2, np.uint64)
    figures = np.empty(size // 2 + 2, np.uint64)
    count = digits = np.uint64(0)
    # The current word: its hash (0 if there is none), and whether it holds a digit.
    value = figure = np.uint64(0)
    # The latest run of numerals: its hash, its length, its end, and whether it surely is a figure.
    numeral = np.uint64(0)
    numerals = numeral_end = 0
    is_clear = False
    at = 0
    # The run of characters that count as words: its length, its end, and the last values.
    run = end = 0
    characters = np.empty(SYLLABLES, np.uint64)
    while at < size:
        byte = data[at]
        if _SIMPLE[byte]:
            # No branch on whether a word ends here: processors cannot predict it.
            words[count] = figures[digits] = value
            ended = np.uint64((value != 0) & (_FOLDED[byte] == 0))
            count += ended
            digits += ended & figure
            figure = (figure | _DIGITS[byte]) & _MASKS[byte]
            value = _with(value, _FOLDED[byte]) & _MASKS[byte]
            at += 1
            continue
        length = 1
        # A character of two bytes: its folded form. A longer one: its code point.
        point = whole = 0
        if byte < 0x80:  # a point or a comma
            joins = 0 < at < size - 1 and _DIGITS[data[at - 1]] and _DIGITS[data[at + 1]]
            kind = LETTER if joins else SEPARATOR
        elif byte < 0xE0:  # UTF-8 lead bytes
            length = 2
            point = ((np.int64(byte) & 0x1F) << 6) | (np.int64(data[at + 1]) & 0x3F)
            known = np.int64(CHARACTERS[point - FIRST])
            kind = SEPARATOR if known == 1 else (NOTHING if known == 2 else LETTER)
            if kind == LETTER and is_digit(point):
                figure = _ONE
            if known > 2:
                point = known
            elif known == 0 and not normal and point != SHARP_S:
                kind = UNKNOWN
        else:
            length = 4 if byte >= 0xF0 else 3
            kind = kind_of(byte, data[at + 1], data[at + 2], normal)
            if normal:
                whole = point_of(byte, data[at + 1], data[at + 2], data[at + length - 1])
                if kind == LETTER and is_digit(whole):
                    figure = _ONE
        if kind == UNKNOWN:
            return 0, words[:0], figures[:0]
        if kind == NOTHING:
            end += length if at == end else 0
            at += length
            continue
        if kind == LETTER:
            if point == SHARP_S:
                value = _with(_with(value, 0x73), 0x73)
            elif point:
                value = _with(_with(value, 0xC0 | (point >> 6)), 0x80 | (point & 0x3F))
            else:
                for index in range(at, at + length):
                    value = _with(value, data[index])
            at += length
            continue
        if value != 0:
            words[count] = figures[digits] = value
            count += _ONE
            digits += figure
            value = figure = np.uint64(0)
        if whole and (is_numeral(whole) or is_digit(whole)):
            if at != numeral_end:
                if numerals > 1 or is_clear:
                    figures[digits] = numeral
                    digits += _ONE
                numeral, numerals, is_clear = np.uint64(0), 0, False
            for index in range(at, at + length):
                numeral = _with(numeral, data[index])
            numerals += 1
            is_clear = is_clear or not is_vague(whole)
            numeral_end = at + length
        if kind != SEPARATOR:
            own = np.uint64(0)
            for index in range(at, at + length):
                own = own * np.uint64(256) + np.uint64(data[index])
            width = IDEOGRAPHS if kind == IDEOGRAPH else SYLLABLES
            run = run + 1 if at == end else 1
            end = at + length
            characters[run % SYLLABLES] = own
            total = np.uint64(0)
            for back in range(min(width, run)):
                total = total * _MULTIPLIER + characters[(run - back) % SYLLABLES]
            words[count] = total
            count += _ONE
        at += length
    if value != 0:
        words[count] = figures[digits] = value
        count += _ONE
        digits += figure
    if numerals > 1 or is_clear:
        figures[digits] = numeral
        digits += _ONE
    for index in range(count):
        words[index] = mix(words[index])
    for index in range(digits):
        figures[index] = mix(figures[index])
    return 1, words[:count], figures[:digits]


@compiled("uint64(uint64[::1])")
def text_hash(words: U64) -> np.uint64:
    """A hash over the words in order."""
    value = np.uint64(len(words))
    for word in words:
        value = (value ^ word) * _MULTIPLIER
        value ^= value >> np.uint64(29)
    return mix(value)


@compiled("uint64[::1](uint64[::1])")
def distinct(values: U64) -> U64:
    """The values in ascending order, each once."""
    ordered = np.sort(values)
    kept = 0
    for at in range(len(ordered)):
        if at == 0 or ordered[at] != ordered[at - 1]:
            ordered[kept] = ordered[at]
            kept += 1
    return ordered[:kept]


@compiled("uint64[::1](uint64[::1])")
def shingle_hashes(words: U64) -> U64:
    """The distinct hashes of all runs of `SHINGLE` words, in the order of the text.

    A text with fewer words is one shingle; a text without words has none.
    """
    width = min(SHINGLE, len(words))
    count = len(words) - width + 1 if width else 0
    size = 8
    while size < 2 * count:
        size *= 2
    # A hash set with open addressing. 0 is an empty slot; a hash of 0 becomes 1, which is no more
    # likely than any other value.
    slots = np.zeros(size, np.uint64)
    found = np.empty(count, np.uint64)
    kept = 0
    for start in range(count):
        total = np.uint64(0)
        for offset in range(width):
            total = total * _MULTIPLIER + words[start + offset]
        total = max(mix(total), _ONE)
        at = np.int64(total & np.uint64(size - 1))
        while slots[at] not in (np.uint64(0), total):
            at = (at + 1) & (size - 1)
        if slots[at] == np.uint64(0):
            slots[at] = total
            found[kept] = total
            kept += 1
    return found[:kept]


@compiled("Tuple((uint64, uint64[::1]))(uint64[::1])")
def sample_of(hashes: U64) -> tuple[np.uint64, U64]:
    """The sample of distinct shingle hashes.

    Args:
        hashes: uint64, distinct, in the order of the text.

    Returns:
        The bound, and the hashes up to it, in the order of the text.
    """
    count = len(hashes)
    if count <= FLOOR:
        return _FULL, hashes.copy()
    bound = _FULL // np.uint64(SCALE)
    if count <= SHORT:
        # A bound that about FLOOR * 1.5 hashes stay below. If it leaves too few, all hashes are
        # taken.
        bound = _FULL
        if count > FLOOR + FLOOR // 2:
            bound = _FULL // np.uint64(count) * np.uint64(FLOOR + FLOOR // 2)
    while True:
        taken = np.empty(count, np.uint64)
        kept = 0
        for value in hashes:
            if value <= bound:
                taken[kept] = value
                kept += 1
        if count > SHORT or kept == FLOOR:
            return bound, taken[:kept].copy()
        bound = _FULL if kept < FLOOR else np.sort(taken[:kept])[FLOOR - 1]


@compiled("Tuple((uint64[::1], int64[::1]))(uint64[::1])")
def in_order(values: U64) -> tuple[U64, Ints]:
    """Values in ascending order, and the position of each in the input; the sort is stable."""
    positions = np.argsort(values, kind="mergesort")
    return values[positions], positions


@compiled(
    "Tuple((int64, int64, uint64, int64, uint64, uint64[::1], int64[::1], uint64[::1]))"
    "(uint8[::1], boolean)"
)
def sketch(data: U8, normal: bool) -> tuple[int, int, np.uint64, int, np.uint64, U64, Ints, U64]:
    """All numbers of a signature in one call.

    Args:
        data: the text in UTF-8, uint8.
        normal: whether the text is in NFKC and case-folded.

    Returns:
        The status of `read_words` (1 or 0), the number of words, the hash of the text, the number
        of distinct shingles, the bound, the sample in ascending order, the position of each of its
        hashes in the order of the text, and the lowest `MAX_FIGURES` figures.
    """
    read, words, figures = read_words(data, normal)
    hashes = shingle_hashes(words)
    bound, in_text_order = sample_of(hashes)
    sample, positions = in_order(in_text_order)
    return (
        read,
        len(words),
        text_hash(words),
        len(hashes),
        bound,
        sample,
        positions,
        distinct(figures)[:MAX_FIGURES].copy(),
    )
